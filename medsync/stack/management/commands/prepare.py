"""`manage.py prepare`: make the database ready to serve."""

from typing import Any

from django.conf import settings
from django.core.management import call_command

from medsync.stack import demo
from medsync.stack.command import StackCommand


class Command(StackCommand):
    """Migrate every schema; seed the demo where it is on, close its accounts where it is off. Safe to run again."""

    help = "Migrate every clinic's schema and, with MEDSYNC_DEMO=1, seed the demo clinics. Safe to run again."

    def answer(self, **options: Any) -> dict[str, Any]:
        """Return what was done."""
        call_command("migrate_schemas", verbosity=options["verbosity"], interactive=False)
        if settings.DEMO:
            demo.seed()
        else:
            demo.close_accounts()
        return {"migrated": True, "demo": bool(settings.DEMO)}
