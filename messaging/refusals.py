"""What is counted without content: refused signatures, unknown numbers, callbacks that fit nothing."""

import logging
from datetime import datetime, timedelta
from uuid import UUID

from django.db import Error, connection

from medsync.lib.ids import new_id

logger = logging.getLogger(__name__)

ALERT_AFTER = 3
ALERT_WINDOW = timedelta(minutes=5)


def count(name: str, *, now: datetime) -> None:
    """Add one to the day's counter of that name."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO public.clinics_counter (id, name, day, count) VALUES (%s, %s, %s, 1)
            ON CONFLICT (name, day) DO UPDATE SET count = clinics_counter.count + 1
            """,
            [new_id(), name, now.date()],
        )


def refused(provider: str, sender_id: UUID | None, *, now: datetime) -> None:
    """Note a request that nobody we know had signed; three in five minutes on one sender raise an alert.

    A database that is down changes nothing about the refusal, so its errors end here.
    """
    logger.warning("webhook of %s refused", provider)
    try:
        count(f"webhook.refused.{provider}", now=now)
        if sender_id is not None:
            _mark_health(sender_id, now)
    except Error as error:
        logger.warning("refusal not counted: %s", type(error).__name__)


def _mark_health(sender_id: UUID, now: datetime) -> None:
    with connection.cursor() as cursor:
        # One statement, so that simultaneous refusals are all counted.
        cursor.execute(
            """
            INSERT INTO public.clinics_senderhealth AS h
                (sender_id, credentials_error, refused_count, refused_since, refused_in_window)
            VALUES (%(sender)s, '', 1, %(now)s, 1)
            ON CONFLICT (sender_id) DO UPDATE SET
                refused_count = h.refused_count + 1,
                refused_since = CASE WHEN h.refused_since > %(start)s THEN h.refused_since ELSE %(now)s END,
                refused_in_window = CASE WHEN h.refused_since > %(start)s THEN h.refused_in_window + 1 ELSE 1 END,
                alert_since = CASE
                    WHEN h.alert_since IS NULL AND h.refused_since > %(start)s
                         AND h.refused_in_window + 1 >= %(limit)s THEN %(now)s
                    ELSE h.alert_since END
            """,
            {"sender": sender_id, "now": now, "start": now - ALERT_WINDOW, "limit": ALERT_AFTER},
        )
