"""What `manage.py doctor` looks at. Findings name settings, schemas and ids; never secrets, never people."""

import re
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import urlsplit

import redis
from celery import current_app
from django.conf import settings
from django.core.checks import run_checks
from django.db import Error as DatabaseError
from django.db import connection
from django.db.models import Max
from django_celery_beat.models import PeriodicTask
from kombu.exceptions import OperationalError as BrokerError

from clinics.models import Sender, SenderStatus
from clinics.queries import secrets_of, signers_of
from medsync.lib.ed25519 import is_public_key
from medsync.stack import locate, migrations

OLDEST_POSTGRES = 150000
LEAST_FREE_BYTES = 1_000_000_000
WORKER_SECONDS = 2.0
# Something is due every ten seconds, and each tick is noted.
BEAT_SILENCE = timedelta(minutes=2)
LOOPBACK_HOSTS = {"localhost", "127.0.0.1", "::1"}


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report; `helps` says what to do when it is not well."""

    well: bool
    text: str
    helps: str = ""


def examine(now: datetime) -> Iterator[Finding]:
    """Yield what was found, from the ground up; what rests on a database that is away is left out."""
    yield from _python()
    yield from _settings()
    yield from _twilio()
    yield from _telnyx()
    yield from _disk()
    if locate.database_url() is None:
        yield Finding(
            False, "database: MedSync is not running here", "Start it with `make run`, or set DATABASE_URL."
        )
        return
    reached = True
    try:
        yield from _database()
    except DatabaseError as error:
        reached = False
        yield Finding(
            False,
            f"database: not reachable ({type(error).__name__})",
            "Look at DATABASE_URL, and whether that server runs and accepts this machine.",
        )
    broker = [*_broker()]
    yield from broker
    if all(finding.well for finding in broker):
        yield from _worker()
    if reached:
        for look in (_migrations, lambda: _beat(now), _senders):
            yield from _asked(look)


def _asked(look: Callable[[], Iterator[Finding]]) -> Iterator[Finding]:
    """Yield a look's findings; tables that are missing are a finding too."""
    try:
        yield from look()
    except DatabaseError as error:
        yield Finding(False, f"tables: cannot be read ({type(error).__name__})", "Run `manage.py prepare`.")


def _python() -> Iterator[Finding]:
    found = sys.version.split()[0]
    yield Finding(sys.version_info[:2] == (3, 11), f"python: {found}", "MedSync runs on Python 3.11.")


def _settings() -> Iterator[Finding]:
    messages = run_checks()
    for message in messages:
        yield Finding(False, f"settings: {message.msg} ({message.id})", message.hint or "")
    if not messages:
        kind = "production" if settings.PRODUCTION else "demo" if settings.DEMO else "this machine"
        yield Finding(True, f"settings: safe for {kind}")
    if not settings.FIELD_ENCRYPTION_KEYS:
        yield Finding(
            False,
            "settings: no FIELD_ENCRYPTION_KEYS, provider tokens cannot be stored or read",
            "Start once with `make run`, which makes one, or set Fernet keys.",
        )


def _twilio() -> Iterator[Finding]:
    sid, token, base = (
        settings.TWILIO_ACCOUNT_SID,
        settings.TWILIO_AUTH_TOKEN,
        settings.TWILIO_WEBHOOK_BASE_URL,
    )
    if not sid and not token:
        yield Finding(True, "twilio: no master account set (TWILIO_ACCOUNT_SID); fine without Twilio")
    elif not re.fullmatch(r"AC[0-9a-f]{32}", sid):
        yield Finding(
            False, "twilio: TWILIO_ACCOUNT_SID is not AC and 32 hex digits", "Copy it from the console."
        )
    elif len(token) < 32 or token != token.strip():
        yield Finding(
            False,
            "twilio: TWILIO_AUTH_TOKEN is missing, cut off or has blanks around it",
            "Every webhook would be refused. Copy the token of the same account.",
        )
    else:
        yield Finding(True, "twilio: the master account is set")
    if settings.TWILIO_API_BASE_URL:
        yield Finding(True, f"twilio: calls go to {_host(settings.TWILIO_API_BASE_URL)}, not to Twilio")
    if sid and (urlsplit(base).scheme != "https" or _host(base) in LOOPBACK_HOSTS):
        yield Finding(
            False,
            "webhooks: TWILIO_WEBHOOK_BASE_URL is not a public https address",
            "Set it to the address under which Twilio reaches this server, exactly as in Twilio's console.",
        )
    elif base:
        yield Finding(True, f"webhooks: {base.rstrip('/')}/api/webhooks/whatsapp and …/sms")


def _disk() -> Iterator[Finding]:
    folder = locate.home()
    while not folder.exists():
        folder = folder.parent
    free = shutil.disk_usage(folder).free
    yield Finding(
        free >= LEAST_FREE_BYTES,
        f"disk: {free / 1e9:.1f} GB free",
        "Postgres stops when the disk is full: make room.",
    )


def _database() -> Iterator[Finding]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version_num')::int, current_setting('server_version')")
        number, name = cursor.fetchone()
        yield Finding(
            number >= OLDEST_POSTGRES, f"database: PostgreSQL {name.split()[0]}", "MedSync needs 15 or newer."
        )
        cursor.execute("SELECT 1 FROM pg_extension WHERE extname = 'btree_gist'")
        yield Finding(
            cursor.fetchone() is not None,
            "database: extension btree_gist",
            "Run `manage.py prepare`; on a managed server its owner must allow the extension.",
        )


def _broker() -> Iterator[Finding]:
    if not settings.REDIS_URL:
        yield Finding(False, "broker: REDIS_URL is not set", "Web and worker meet there: set it.")
        return
    client = redis.Redis.from_url(settings.REDIS_URL, socket_connect_timeout=2, socket_timeout=2)
    try:
        client.ping()
        yield Finding(True, "broker: answers")
    except redis.RedisError as error:
        yield Finding(
            False,
            f"broker: not reachable ({type(error).__name__})",
            "Look at REDIS_URL, and whether that server runs.",
        )
    finally:
        client.close()


def _worker() -> Iterator[Finding]:
    try:
        answers = current_app.control.inspect(timeout=WORKER_SECONDS).ping() or {}
    except (BrokerError, redis.RedisError, OSError):
        answers = {}
    yield Finding(
        bool(answers),
        f"worker: {len(answers)} answering" if answers else "worker: none answers",
        "Messages wait until one runs: celery -A medsync worker -P threads",
    )


def _migrations() -> Iterator[Finding]:
    behind = migrations.behind()
    if not behind:
        yield Finding(True, "migrations: every schema is up to date")
    for schema, count in behind.items():
        yield Finding(
            False, f"migrations: schema {schema} is behind in {count} apps", "Run `manage.py prepare`."
        )


def _beat(now: datetime) -> Iterator[Finding]:
    last = PeriodicTask.objects.aggregate(last=Max("last_run_at"))["last"]
    if last is None:
        yield Finding(
            False,
            "beat: has not ticked yet",
            "Just started? Look again in ten seconds. Else: celery -A medsync beat",
        )
        return
    silence = now - last
    yield Finding(
        silence < BEAT_SILENCE,
        f"beat: last noted tick {max(int(silence.total_seconds()), 0)} s ago",
        "Nothing periodic happens without it: celery -A medsync beat",
    )


def _telnyx() -> Iterator[Finding]:
    key, public = settings.TELNYX_API_KEY, settings.TELNYX_PUBLIC_KEY
    if not key and not public:
        yield Finding(True, "telnyx: no master account set (TELNYX_API_KEY); fine without Telnyx")
    elif not key or key != key.strip():
        yield Finding(
            False, "telnyx: TELNYX_API_KEY is missing or has blanks around it", "Nothing could be sent."
        )
    elif not is_public_key(public):
        yield Finding(
            False,
            "telnyx: TELNYX_PUBLIC_KEY is not the base64 of 32 bytes",
            "Every webhook would be refused. Copy it from Keys & credentials of the same account.",
        )
    else:
        yield Finding(True, "telnyx: the master account is set")
    if settings.TELNYX_API_BASE_URL:
        yield Finding(True, f"telnyx: calls go to {_host(settings.TELNYX_API_BASE_URL)}, not to Telnyx")


def _senders() -> Iterator[Finding]:
    active = Sender.objects.filter(status=SenderStatus.ACTIVE).exclude(account__provider="local")
    lame = 0
    for sender in active.select_related("account").order_by("id"):
        account = sender.account
        if not secrets_of(account) or not signers_of(account) or account.state != account.State.ACTIVE:
            lame += 1
            yield Finding(
                False,
                f"sender {sender.id}: its {account.provider} account has no token or is {account.state}",
                "Link the number again with a token, or set TWILIO_AUTH_TOKEN (Telnyx: TELNYX_API_KEY and "
                "TELNYX_PUBLIC_KEY) for the master account.",
            )
    if not lame:
        yield Finding(True, "senders: every active number has an account with credentials")


def _host(url: str) -> str:
    return urlsplit(url).hostname or "?"
