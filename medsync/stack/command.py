"""The base of commands that need a running database and answer a machine: one line of JSON."""

import json
import sys
from collections.abc import Mapping
from typing import Any

from django.core.management.base import BaseCommand

from medsync.stack import locate


class StackCommand(BaseCommand):
    """Run `answer(**options)` against the stack of MEDSYNC_HOME or DATABASE_URL, and print its result as JSON.

    With neither it exits 2 and one sentence. Errors for people are raised as CommandError.
    """

    requires_system_checks = []

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Refuse to run without a database, before anything tries to connect."""
        if locate.database_url() is None:
            self.stderr.write(locate.NOT_RUNNING)
            sys.exit(2)
        return super().execute(*args, **options)

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the answer on one line."""
        self.stdout.write(json.dumps(self.answer(**options), ensure_ascii=False, default=str))

    def answer(self, **options: Any) -> Mapping[str, Any]:
        """Do the work and return what is printed."""
        raise NotImplementedError
