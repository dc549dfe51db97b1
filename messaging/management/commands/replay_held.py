"""Process held webhooks again, after what held them up was mended."""

import json
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from clinics.models import HeldEvent
from medsync.lib import clock
from messaging import held


class Command(BaseCommand):
    """Prints how many were tried and how many are done with, as JSON on one line."""

    help = __doc__ or ""

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the reason to look at."""
        parser.add_argument(
            "--reason", choices=HeldEvent.Reason.values, help="only those held for this reason"
        )

    def handle(self, *args: Any, reason: str | None = None, **options: Any) -> None:
        """Replay what is open, oldest first."""
        open_ = held.waiting().exclude(reason=HeldEvent.Reason.CONFLICT)
        if reason:
            open_ = held.waiting().filter(reason=reason)
        tried = done = 0
        for event in open_.iterator():
            tried += 1
            done += held.replay(event, now=clock.now())
        self.stdout.write(json.dumps({"tried": tried, "done": done}))
