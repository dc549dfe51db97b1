#!/usr/bin/env python
"""Run a management command of MedSync."""

import os
import sys


def main() -> None:
    """Hand the command line to Django."""
    if sys.argv[1:] == ["up"]:
        # It owns processes and needs no Django of its own: the second start is quicker by a third.
        from medsync.stack.up import main as up

        sys.exit(up())
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "medsync.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
