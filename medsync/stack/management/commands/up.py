"""`manage.py up`: start everything on this machine."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from medsync.stack.up import main


class Command(BaseCommand):
    """Start Postgres, Valkey, web, worker and beat, and keep them running until Ctrl-C."""

    help = (
        "Start everything MedSync needs on this machine, and keep it running until Ctrl-C. "
        "Environment: MEDSYNC_PORT (8000), MEDSYNC_HOME (.medsync), MEDSYNC_DEMO (1; 0 starts empty), "
        "DATABASE_URL and REDIS_URL to use servers of your own."
    )
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Run until told to stop."""
        sys.exit(main())
