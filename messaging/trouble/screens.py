"""What stopped, what still goes, what helps: as the banner reads it. No statement is made here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse
from django.utils.text import get_text_list
from django.utils.translation import gettext as _

from clinics.models import Channel, Clinic, Sender
from medsync.lib import phone
from messaging import times
from messaging.trouble.queries import Trouble


@dataclass(frozen=True, slots=True)
class Banner:
    """One account's trouble. `url` leads to the number, "" for those who cannot change it."""

    title: str
    text: str
    tone: str
    url: str


def banner(trouble: Trouble, *, clinic: Clinic, leads: bool, now: datetime) -> Banner:
    """Return what staff read; `leads` for owners and Managers, who can see to it."""
    sentences = [_what(trouble, clinic, now), _goes(trouble, clinic), _helps(trouble, leads=leads)]
    return Banner(
        title=_("Nothing goes out from %(numbers)s") % {"numbers": _names(trouble.senders, clinic)},
        text=" ".join(filter(None, sentences)),
        tone="bad" if trouble.refused else "warn",
        url=reverse("numbers:one", args=[trouble.senders[0].pk]) if leads else "",
    )


def _what(trouble: Trouble, clinic: Clinic, now: datetime) -> str:
    if trouble.since is None:
        return _("The provider refuses the account.")
    at = times.moment(trouble.since, clinic.zone, now=now)
    if trouble.refused:
        return _("The provider has refused the account since %(at)s.") % {"at": at}
    return _("The provider has not answered since %(at)s.") % {"at": at}


def _goes(trouble: Trouble, clinic: Clinic) -> str:
    waits = _("Messages wait and go by themselves once it works; what patients write still comes in.")
    if not trouble.others:
        return waits
    return waits + " " + _("Still sending: %(numbers)s.") % {"numbers": _names(trouble.others, clinic)}


def _helps(trouble: Trouble, *, leads: bool) -> str:
    if not trouble.refused:
        return _("We keep trying. Call about what cannot wait.")
    if leads:
        return _("Check the account’s token and its balance.")
    return _("Tell an owner or a Manager; call about what cannot wait.")


def _names(senders: Sequence[Sender], clinic: Clinic) -> str:
    names = [
        f"{phone.display(sender.phone_number, clinic.country)} ({Channel(sender.channel).label})"
        for sender in senders
    ]
    return get_text_list(names, _("and"))
