"""`manage.py doctor`: what is wrong here, and what helps."""

import sys
from typing import Any

from django.core.management.base import BaseCommand

from medsync.lib.clock import now
from medsync.stack.doctor import examine


class Command(BaseCommand):
    """Look at everything MedSync stands on; exit 1 when something needs a hand."""

    help = "Say what is wrong with this installation and what helps. Exit code 0: well, 1: problems."
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        """Print one line a finding, and what helps below each that is not well."""
        problems = 0
        for finding in examine(now()):
            mark = self.style.SUCCESS("ok  ") if finding.well else self.style.ERROR("FAIL")
            self.stdout.write(f"{mark} {finding.text}")
            if not finding.well:
                problems += 1
                if finding.helps:
                    self.stdout.write(f"     → {finding.helps}")
        self.stdout.write("All is well." if not problems else f"{problems} to look at.")
        sys.exit(1 if problems else 0)
