"""The inbox's places in the rail, with their counts."""

from collections.abc import Iterator
from typing import cast

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from clinics.models import Clinic, SenderStatus, User
from clinics.rail import Item, Waiting
from medsync.lib import clock
from messaging.inbox import listing, screens
from messaging.inbox.list_words import LABELS
from messaging.inbox.queries import View


def counts(request: HttpRequest) -> dict[View, int]:
    """Return how many threads stand in each view, read once a request."""
    known: dict[View, int] | None = getattr(request, "inbox_counts", None)
    if known is None:
        known = listing.counts(cast("User", request.user), now=clock.now())
        request.inbox_counts = known  # type: ignore[attr-defined]
    return known


def views(request: HttpRequest, clinic: Clinic, user: User) -> Iterator[Item]:
    """Yield the views of the inbox in their fixed order."""
    found = counts(request)
    for view, (label, short, icon) in LABELS.items():
        if view in (View.ALL, View.BLOCKED):  # they stand in the list's own menu
            continue
        yield Item(
            key=view.value,
            label=str(label),
            icon=icon,
            url=screens.view_url(view),
            count=screens.figure(found.get(view, 0)),
            red=view is View.NEEDS_REPLY,
            short=str(short),
        )


def phone(request: HttpRequest, clinic: Clinic, user: User) -> Iterator[Item]:
    """Yield the page that plays patients' phones, where there is one."""
    if has_phones(request, clinic):
        yield Item("phone", _("The phone"), "phone", reverse("phone:desk"), new_window=True)


def has_phones(request: HttpRequest, clinic: Clinic) -> bool:
    """Tell whether this clinic's patients can be played on the phone page; asked once a request."""
    known: bool | None = getattr(request, "inbox_has_phones", None)
    if known is None:
        known = settings.LOCAL_PROVIDER_ALLOWED and bool(
            clinic.senders.filter(status=SenderStatus.ACTIVE, account__provider="local").exists()
        )
        request.inbox_has_phones = known  # type: ignore[attr-defined]
    return known


def waiting(user: User) -> Waiting:
    """Return what waits for staff in the clinic that is entered."""
    found = listing.counts(user, now=clock.now())
    return Waiting(found[View.NEEDS_REPLY], found[View.REQUESTS])
