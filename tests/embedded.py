"""Starts an embedded Postgres for this test process before Django reads its settings.

Loaded by `-p tests.embedded`, because pytest-django reads the settings before any conftest.py. Under xdist each
worker has a server of its own; the controller, which runs no test, has none. DATABASE_URL wins (any Postgres 15+
whose database may be emptied).
"""

import atexit
import os
import shutil
import sys
import tempfile
from pathlib import Path

from cryptography.fernet import Fernet

os.environ["MEDSYNC_HOME"] = tempfile.mkdtemp(prefix="medsync-tests-")
os.environ["MEDSYNC_ENV"] = ""
os.environ["SECRET_KEY"] = "tests-only-" + "x" * 50
os.environ["FIELD_ENCRYPTION_KEYS"] = Fernet.generate_key().decode()
os.environ["MEDSYNC_DEMO"] = "1"
os.environ["ALLOWED_HOSTS"] = "testserver,localhost,127.0.0.1,medsync.example"
os.environ["TWILIO_ACCOUNT_SID"] = "AC00000000000000000000000000000001"
os.environ["TWILIO_AUTH_TOKEN"] = "master-token-of-the-tests"
os.environ["TWILIO_WEBHOOK_BASE_URL"] = "https://medsync.example"
# Nothing that a test forgets to stand in for may leave this machine.
os.environ["TWILIO_API_BASE_URL"] = "http://127.0.0.1:9"
os.environ.pop("REDIS_URL", None)

_home = Path(os.environ["MEDSYNC_HOME"])
(_home / "static").mkdir()
_controls_workers = "PYTEST_XDIST_WORKER" not in os.environ and any(a.startswith("-n") for a in sys.argv)

if "DATABASE_URL" not in os.environ and not _controls_workers:
    from medsync.stack.postgres import EmbeddedPostgres

    _server = EmbeddedPostgres(_home, durable=False)
    os.environ["DATABASE_URL"] = _server.start().url
    atexit.register(lambda: (_server.stop(), shutil.rmtree(_home, ignore_errors=True)))
else:
    atexit.register(shutil.rmtree, _home, ignore_errors=True)
