"""Runs pieces of code beside a stack, each in a process of its own, forked from one that has loaded everything.

Run as `python -m tests.stack.forking`, on the stack of its environment. Each line on stdin is a piece of code as JSON;
the line that comes back is what it raised, or an empty text. A fresh `manage.py shell` does the same, but loads Django
each time.
"""

import json
import os
import sys
import traceback
from importlib import import_module

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "medsync.settings")
django.setup()
for name in ("messaging.outbox", "messaging.live", "messaging.reminders.reminding", "scheduling.operations"):
    import_module(name)  # what the pieces ask for most


def run(code: str) -> str:
    """Run a piece to its end, what runs at the exit included; return its traceback, if any."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.close(reader)
        os.dup2(sys.stderr.fileno(), 1)  # what it prints is not an answer
        with os.fdopen(writer, "w") as said:
            try:
                exec(compile(code, "<piece>", "exec"), {"__name__": "__piece__"})
            except BaseException:
                said.write(traceback.format_exc())
        sys.exit()
    os.close(writer)
    with os.fdopen(reader) as said:
        raised = said.read()
    os.waitpid(child, 0)
    return raised


if __name__ == "__main__":
    for line in sys.stdin:
        print(json.dumps(run(json.loads(line))), flush=True)
