"""The end of a shift: what is open, and the visits of which nobody has said whether they took place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import get_language, ngettext

from clinics.models import Clinic
from messaging import times
from messaging.inbox import screens as inbox
from messaging.inbox.parts import Link
from messaging.inbox.queries import View
from messaging.today import rows
from messaging.today.side import Side
from scheduling.models import Appointment, Status


@dataclass(frozen=True, slots=True)
class Unmarked:
    """A visit to mark; `answer` is the one that is proposed, "" to leave it open."""

    field: str
    time: str
    name: str
    about: str
    here: bool
    answer: str


@dataclass(frozen=True, slots=True)
class Shift:
    """The page."""

    visits: list[Unmarked]
    open: list[Link]
    url: str
    back_url: str


def shift(
    unmarked: Sequence[Appointment], *, column: Side, needs_reply: int, query: str, clinic: Clinic
) -> Shift:
    """Return what is open. Only who was marked as arrived is proposed as came: nothing is decided silently."""
    language = get_language() or "en"
    return Shift(
        visits=[
            Unmarked(
                field=f"visit-{visit.pk}",
                time=times.clock_time(visit.starts_at, clinic.zone),
                name=rows.name_of(visit),
                about=f"{visit.type.name_in(language)} · {visit.practitioner.name}",
                here=visit.status == Status.ARRIVED,
                answer="came" if visit.status == Status.ARRIVED else "",
            )
            for visit in unmarked
        ],
        open=list(_open(column, needs_reply)),
        url=reverse("today:close") + query,
        back_url=reverse("today:page") + query,
    )


def _open(column: Side, needs_reply: int) -> list[Link]:
    found = []
    if needs_reply:
        words = ngettext("%(n)s thread needs a reply", "%(n)s threads need a reply", needs_reply)
        found.append(
            Link(words % {"n": inbox.figure(needs_reply)}, inbox.view_url(View.NEEDS_REPLY), "inbox")
        )
    if column.requests:
        words = ngettext("%(n)s request waits", "%(n)s requests wait", len(column.requests))
        found.append(
            Link(words % {"n": column.requests_part.count}, inbox.view_url(View.REQUESTS), "request")
        )
    calls = [call for call in column.calls if not call.done]
    if calls:
        words = ngettext("%(n)s call to make", "%(n)s calls to make", len(calls))
        found.append(Link(words % {"n": column.calls_part.count}, reverse("today:tasks"), "call"))
    tasks = [task for task in column.tasks if not task.done]
    if tasks:
        words = ngettext("%(n)s task is open", "%(n)s tasks are open", len(tasks))
        found.append(Link(words % {"n": column.tasks_part.count}, reverse("today:tasks"), "flag"))
    if column.failed:
        words = ngettext(
            "%(n)s thread with a text that did not arrive",
            "%(n)s threads with a text that did not arrive",
            len(column.failed),
        )
        found.append(Link(words % {"n": column.failed_part.count}, column.failed_part.all_url, "warning"))
    return found
