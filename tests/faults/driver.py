"""A process that writes all the time: webhooks and outgoing texts. Prints each write once it was acknowledged.

Run as `python -m tests.faults.driver THREADS`, on the database of its environment; ends when its stdin does.
One line each: "in <MessageSid>" after a 2xx, "out <message id>" after the commit.
"""

import os
import sys
import threading
import time
from uuid import UUID

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "medsync.settings")
django.setup()

from django.db import connection  # noqa: E402
from django.db.utils import DatabaseError, InterfaceError  # noqa: E402

from clinics.models import Clinic  # noqa: E402
from clinics.tenancy import in_clinic  # noqa: E402
from medsync.lib import clock  # noqa: E402
from messaging import outbox  # noqa: E402
from messaging.models import Conversation  # noqa: E402
from tests.messaging import hooks  # noqa: E402

_stop = threading.Event()
_print = threading.Lock()


def say(*words: object) -> None:
    """Print a line at once and whole: the end of the process cuts none in two."""
    with _print:
        sys.stdout.write(" ".join(str(word) for word in words) + "\n")
        sys.stdout.flush()


def write_in(clinic: Clinic, n: int) -> None:
    """Post webhooks of one patient; what got no 2xx is posted again, as the provider would."""
    form = None
    while not _stop.is_set():
        try:
            form = form or hooks.message_form(clinic, "gracias", sender=f"+1646555{n:04}")  # reads the number
            status = hooks.post(form, token="token-of-alpha").status_code
        except (DatabaseError, InterfaceError):
            status = 503
        finally:
            connection.close()  # as the server does after each request; the test client does not
        if form is not None and 200 <= status < 300:
            say("in", form["MessageSid"])
            form = None
        else:
            say("refused", status)
            time.sleep(0.05)


def write_out(clinic: Clinic, conversation_id: UUID, n: int) -> None:
    """Queue texts in one thread."""
    count = 0
    while not _stop.is_set():
        count += 1
        try:
            with in_clinic(clinic):
                message = outbox.queue(
                    Conversation.objects.get(pk=conversation_id),
                    body=f"{n}.{count}",
                    purpose="notice",
                    author="system",
                    now=clock.now(),
                )
            say("out", message.pk)
        except (DatabaseError, InterfaceError):
            time.sleep(0.05)
        finally:
            connection.close()


def main(count: int) -> None:
    """Write until the parent closes our stdin."""
    clinic = Clinic.objects.get(slug="alpha")
    hooks.number_of(clinic)
    with in_clinic(clinic):
        ids = list(Conversation.objects.order_by("id").values_list("pk", flat=True))
    connection.close()
    writers = [threading.Thread(target=write_in, args=(clinic, n), daemon=True) for n in range(count)]
    writers += [
        threading.Thread(target=write_out, args=(clinic, ids[n], n), daemon=True) for n in range(count)
    ]
    for writer in writers:
        writer.start()
    say("ready")
    sys.stdin.read()
    _stop.set()
    for writer in writers:
        writer.join(20)


if __name__ == "__main__":
    main(int(sys.argv[1]))
