"""What staff note down for each other: tasks, the note to the next shift, the list of the first day. Public through `scheduling.operations`."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from clinics.models import User
from medsync.lib.text import clean
from scheduling.errors import SchedulingError
from scheduling.models import SchedulingSettings, Task, TaskKind

TEXT_LENGTH = 500


class TextMissing(SchedulingError):
    """A task without words."""

    def __init__(self) -> None:
        super().__init__("text_missing")


def add_task(
    text: str,
    *,
    by: User,
    assignee: UUID | None = None,
    due_at: datetime | None = None,
    kind: TaskKind = TaskKind.OTHER,
    now: datetime,
) -> Task:
    """Store a task in a member's words, for a member or for whoever comes first. Raises TextMissing."""
    words = clean(text).strip()[:TEXT_LENGTH]
    if not words:
        raise TextMissing
    return Task.objects.create(
        kind=kind, text=words, created_by=by, assignee_id=assignee, due_at=due_at, created_at=now
    )


def finish_task(task_id: UUID, *, now: datetime) -> bool:
    """Mark a task as done; return whether it was open. Doing it twice changes nothing."""
    return bool(Task.objects.filter(pk=task_id, done_at=None).update(done_at=now))


def reopen_task(task_id: UUID) -> bool:
    """Take back that a task is done; return whether it was."""
    return bool(Task.objects.filter(pk=task_id, done_at__isnull=False).update(done_at=None))


def put_away_first_day(*, now: datetime) -> None:
    """Put the list of the first day away, for all members."""
    SchedulingSettings.objects.update_or_create(pk=1, defaults={"first_day_put_away_at": now})
