"""Rows that fall due wake their clinic, at the end of the transaction that stored them (`clinics.clocks`).

What falls due later than it did wakes nobody: the clock stands no later than its former time. Neither does what is
settled, so a status callback costs nothing.
"""

from django.db import migrations


def wakes(name: str, table: str, event: str, when: str, job: str, at: str) -> migrations.RunSQL:
    """Return the operation that makes a trigger: `at` is an expression of the row $1, in the clinic's time."""
    return migrations.RunSQL(
        f"""
        CREATE CONSTRAINT TRIGGER {name} AFTER {event} ON {table}
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN ({when})
        EXECUTE FUNCTION public.clinics_wake_by_row('{job}', '{at}')
        """,
        f"DROP TRIGGER {name} ON {table}",
    )


def changed(*columns: str) -> str:
    """Return the condition that one of the columns is not as it was."""
    return " OR ".join(f"NEW.{column} IS DISTINCT FROM OLD.{column}" for column in columns)


IN_OUTBOX = "NEW.next_attempt_at IS NOT NULL"
ASLEEP = "NEW.work_state = 'snoozed' AND NEW.put_away_at IS NULL AND NEW.snoozed_until IS NOT NULL"
NEEDY = "NEW.work_state = 'needs_reply' AND NEW.put_away_at IS NULL"
WAITS = f"{NEEDY} AND NEW.waiting_since IS NOT NULL AND NEW.handed_over_at IS NULL"
HANDED_OVER = f"{NEEDY} AND NEW.handed_over_at IS NOT NULL"
# So long somebody waits before the others are told: messaging.alerts.watching.PATIENCE.
TEN_MINUTES_LATER = "($1).waiting_since + interval ''10 minutes''"


class Migration(migrations.Migration):
    dependencies = [
        ("clinics", "0010_rows_that_wake"),
        ("scheduling", "0009_declined"),
        ("messaging", "0019_attachment_pages"),
    ]

    operations = [
        wakes("wake_outbox_new", "messaging_message", "INSERT", IN_OUTBOX, "outbox", "($1).next_attempt_at"),
        wakes(
            "wake_outbox",
            "messaging_message",
            "UPDATE OF next_attempt_at",
            f"{IN_OUTBOX} AND (OLD.next_attempt_at IS NULL OR NEW.next_attempt_at < OLD.next_attempt_at)",
            "outbox",
            "($1).next_attempt_at",
        ),
        wakes(
            "wake_snoozed_new", "messaging_conversation", "INSERT", ASLEEP, "snoozed", "($1).snoozed_until"
        ),
        wakes(
            "wake_snoozed",
            "messaging_conversation",
            "UPDATE",
            f"{ASLEEP} AND ({changed('work_state', 'put_away_at', 'snoozed_until')})",
            "snoozed",
            "($1).snoozed_until",
        ),
        wakes(
            "wake_alerts_waiting_new", "messaging_conversation", "INSERT", WAITS, "alerts", TEN_MINUTES_LATER
        ),
        wakes(
            "wake_alerts_waiting",
            "messaging_conversation",
            "UPDATE",
            f"{WAITS} AND ({changed('work_state', 'put_away_at', 'waiting_since', 'handed_over_at')})",
            "alerts",
            TEN_MINUTES_LATER,
        ),
        wakes(
            "wake_alerts_handed_new",
            "messaging_conversation",
            "INSERT",
            HANDED_OVER,
            "alerts",
            "($1).handed_over_at",
        ),
        wakes(
            "wake_alerts_handed",
            "messaging_conversation",
            "UPDATE",
            f"{HANDED_OVER} AND ({changed('work_state', 'put_away_at', 'handed_over_at')})",
            "alerts",
            "($1).handed_over_at",
        ),
        wakes(
            "wake_alerts_request",
            "scheduling_appointment",
            "INSERT",
            "NEW.status = 'pending_review'",
            "alerts",
            "($1).created_at",
        ),
        wakes(
            "wake_alerts_nudged",
            "scheduling_appointment",
            "UPDATE OF nudged_at",
            "NEW.status = 'pending_review' AND NEW.nudged_at IS NOT NULL "
            "AND NEW.nudged_at IS DISTINCT FROM OLD.nudged_at",
            "alerts",
            "($1).nudged_at",
        ),
    ]
