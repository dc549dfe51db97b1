"""Requests, declined visits and untold changes wake their clinic, at the end of the transaction that stored them."""

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


ASKED = "NEW.status = 'pending_review'"
# The earliest of: an offer of other times runs out, half of the time is over, the request runs out.
DEADLINE = (
    "LEAST(($1).offered_until, ($1).respond_by, CASE WHEN ($1).nudged_at IS NULL AND ($1).offered_until IS NULL "
    "THEN ($1).created_at + (($1).respond_by - ($1).created_at) / 2 END)"
)
DECLINED = "NEW.status = 'confirmed' AND NEW.declined_at IS NOT NULL"
# So long a patient may think better of it: scheduling.attendance.SECOND_THOUGHTS.
TWO_MINUTES_LATER = "($1).declined_at + interval ''2 minutes''"


class Migration(migrations.Migration):
    dependencies = [
        ("clinics", "0010_rows_that_wake"),
        ("scheduling", "0009_declined"),
    ]

    operations = [
        wakes("wake_requests_new", "scheduling_appointment", "INSERT", ASKED, "requests", DEADLINE),
        wakes(
            "wake_requests",
            "scheduling_appointment",
            "UPDATE OF status, offered_until, respond_by",
            f"{ASKED} AND (NEW.status <> OLD.status OR NEW.offered_until IS DISTINCT FROM OLD.offered_until "
            "OR NEW.respond_by IS DISTINCT FROM OLD.respond_by)",
            "requests",
            DEADLINE,
        ),
        wakes(
            "wake_declined_new", "scheduling_appointment", "INSERT", DECLINED, "requests", TWO_MINUTES_LATER
        ),
        wakes(
            "wake_declined",
            "scheduling_appointment",
            "UPDATE OF status, declined_at",
            f"{DECLINED} AND (NEW.status <> OLD.status OR NEW.declined_at IS DISTINCT FROM OLD.declined_at)",
            "requests",
            TWO_MINUTES_LATER,
        ),
        wakes(
            "wake_untold_new",
            "scheduling_appointmentevent",
            "INSERT",
            "NOT NEW.announced",
            "untold",
            "($1).at",
        ),
        wakes(
            "wake_untold",
            "scheduling_appointmentevent",
            "UPDATE OF announced",
            "NOT NEW.announced AND OLD.announced",
            "untold",
            "($1).at",
        ),
    ]
