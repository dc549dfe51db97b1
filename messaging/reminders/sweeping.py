"""The clock's turn: every step that is due is taken up, and the clinic's clock is set to the next one."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from clinics import clocks
from clinics.clocks import REMINDERS
from messaging.models import ReminderSettings
from messaging.reminders import queries
from messaging.reminders.reminding import SENT, remind

logger = logging.getLogger(__name__)

_BATCH = 200
_AGAIN = timedelta(minutes=5)


def sweep(*, now: datetime) -> int:
    """Take up what is due in the entered clinic; return how many messages were queued. Idempotent.

    One visit that fails stops no other; it is tried again in five minutes, as long as its reminder makes sense.
    """
    rules = ReminderSettings.load()
    queued, failed = _all_due(rules, now) if rules.enabled else (0, False)
    with clocks.visit(REMINDERS, now=now) as visit:
        rules = ReminderSettings.load()  # under the clock's lock: who changed them wakes it after this
        if not rules.enabled:
            visit.sleep()
        elif failed:
            visit.next_at = now + _AGAIN
        else:
            visit.next_at = queries.next_due(rules.steps, now=now)
    return queued


def _all_due(rules: ReminderSettings, now: datetime) -> tuple[int, bool]:
    """Take up every step that is due; return how many messages were queued, and whether one failed."""
    queued, failed = 0, False
    tried: list[UUID] = []
    steps, since = rules.steps, rules.enabled_at
    while found := queries.due_visits(steps, now=now, limit=_BATCH, besides=tried, enabled_at=since):
        for due_visit in found:
            tried.append(due_visit.visit_id)
            try:
                reminded = remind(due_visit.visit_id, step=due_visit.step, rules=rules, now=now)
            except Exception as error:  # one visit must not keep the rest from being reminded
                logger.error("visit %s not reminded: %s", due_visit.visit_id, type(error).__name__)
                failed = True
                continue
            queued += bool(reminded and reminded.outcome == SENT)
    if queued:
        logger.info("%d reminders queued", queued)
    return queued, failed
