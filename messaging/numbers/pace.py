"""How fast a number may send: what its provider allows, and what may be entered in its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinics.carriers import carrier
from clinics.models import Channel, Sender
from clinics.senders import FASTEST, SLOWEST, RateOutOfRange
from messaging.outbox import pacing


class PaceForm(forms.Form):
    """Messages a second; empty for what the provider allows."""

    per_second = forms.FloatField(label=gettext_lazy("Messages a second"), required=False)


@dataclass(frozen=True, slots=True)
class Pace:
    """The card: what is entered, what it may be, and what it means."""

    form: PaceForm
    value: str
    slowest: str
    fastest: str
    allowed: str  # "" when any number is taken
    help: str
    problem: str


def pace(sender: Sender, form: PaceForm | None = None) -> Pace:
    """Return the card of a number, with what was refused when a form is given."""
    known = pacing.allowed(sender)
    given: Any = form["per_second"].value() if form else sender.per_second
    return Pace(
        form=form or PaceForm(),
        value="" if given is None else f"{given:g}" if isinstance(given, float) else str(given),
        slowest=f"{SLOWEST:g}",
        fastest=f"{FASTEST[Channel(sender.channel)]:g}",
        allowed="" if known is None else f"{known:g}",
        help=_help(sender, known),
        problem=" ".join(str(error) for error in form.errors.get("per_second", ())) if form else "",
    )


def out_of_range(error: RateOutOfRange) -> str:
    """Return what may be entered."""
    return _("Enter a number between %(low)s and %(high)s, or nothing.") % {
        "low": _figure(error.slowest),
        "high": _figure(error.fastest),
    }


def _help(sender: Sender, known: float | None) -> str:
    if known is None:
        return _("Empty: as fast as it goes.")
    words = {"n": _figure(known), "provider": carrier(sender.account.provider).label}
    if sender.channel == Channel.WHATSAPP:
        return (
            _(
                "Empty: %(n)s, what WhatsApp takes from every number. %(provider)s raises it on request, up to 400; enter what "
                "it has confirmed."
            )
            % words
        )
    return (
        _(
            "Empty: %(n)s, what %(provider)s takes from an ordinary number. A campaign or a toll-free number may send more: "
            "enter what %(provider)s allows it. What comes faster waits there, or is refused."
        )
        % words
    )


def _figure(value: float) -> str:
    return number_format(value, 1 if value % 1 else 0)
