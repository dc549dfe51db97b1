"""What members chose on the page for a deed: until when, for whom, which threads, and what they had seen of them."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from clinics.access import ClinicRequest
from clinics.models import User
from clinics.queries import members_of
from medsync.lib import clock
from medsync.lib.ids import id_in
from messaging import snoozing
from messaging.history import MOST_AT_ONCE, Seen


class Refused(Exception):
    """What was asked cannot be done; the sentence says what helps."""


def seen(request: ClinicRequest) -> Seen:
    """Return the last message and the newest deed that the page showed."""
    return Seen(message=id_in(request.POST.get("seen", "")), deed=id_in(request.POST.get("deed", "")))


def until(request: ClinicRequest) -> datetime | None:
    """Return the chosen instant: of a preset, or of the member's own wall time in the clinic's zone."""
    given = request.POST.get("until", "")
    wall = clock.wall_in(given)
    return clock.moment_in(given) if wall is None else snoozing.at_wall(wall, request.clinic.zone)


def member(request: ClinicRequest) -> User | None:
    """Return the present member that was chosen, None for nobody. Raises Refused."""
    chosen = request.POST.get("to", "")
    if chosen == "":
        return None
    found = next((m.user for m in members_of(request.clinic) if str(m.user_id) == chosen), None)
    if found is None:
        raise Refused(_("This person is no longer in the team. Choose somebody else."))
    return found


def stamps(request: ClinicRequest) -> dict[UUID, str]:
    """Return by id what the page showed of the chosen threads; nothing when it is no such list."""
    found: dict[UUID, str] = {}
    for thread in request.POST.getlist("thread")[: MOST_AT_ONCE + 1]:
        text, _colon, stamp = thread.partition(":")
        pk = id_in(text)
        if pk is None or not stamp:
            return {}
        found[pk] = stamp
    return found
