"""Workers that die: each is a process of its own that brings one clinic's outbox on until it is killed.

Run as `python -m tests.faults.mortal SCHEMA [remind]`, on the database of its environment. Each line on stdin starts a
worker, forked from a process that has loaded everything and holds no connection; its process id is printed. Two threads
work as a worker's do: one delivers, one sweeps; with `remind` a third looks for visits to remind of.
"""

import os
import sys
import threading
from collections.abc import Callable
from typing import Any

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "medsync.settings")
django.setup()

from django.db import connection  # noqa: E402
from django.db.utils import DatabaseError  # noqa: E402

from clinics.tenancy import in_clinic  # noqa: E402
from medsync.lib import clock, jobs  # noqa: E402
from messaging import outbox, providers  # noqa: E402
from messaging.reminders import sweeping  # noqa: E402

providers.get("twilio")  # loads the SDK
jobs.enqueue = lambda task, **ids: None  # there is no broker to ring: both threads look all the time
_PAUSE = 0.05


def live(schema: str, *, reminds: bool) -> None:
    """Work for ever."""
    for task in (outbox.sweep, sweeping.sweep) if reminds else (outbox.sweep,):
        threading.Thread(target=_for_ever, args=(schema, task), daemon=True).start()
    _for_ever(schema, outbox.work)


def _for_ever(schema: str, task: Callable[..., Any]) -> None:
    tick = threading.Event()
    while not tick.wait(_PAUSE):
        try:
            with in_clinic(schema):
                task(now=clock.now())
        except DatabaseError:  # a worker's task would be started again, too
            connection.close()


def main(schema: str, *, reminds: bool) -> None:
    """Fork a worker for each line; the dead are buried before the next."""
    for _line in sys.stdin:
        child = os.fork()
        if not child:
            os.close(0)
            live(schema, reminds=reminds)
        print(child, flush=True)
        os.waitpid(child, 0)


if __name__ == "__main__":
    main(sys.argv[1], reminds="remind" in sys.argv[2:])
