"""System checks that refuse an unsafe production, each naming the setting and what helps.

They run with `manage.py check` and `doctor`; the web, the worker and beat call `refuse_unsafe` as they start,
because a server started by uvicorn or Celery runs no checks by itself.
"""

import ipaddress
import os
from collections.abc import Iterator, Sequence
from importlib.metadata import version
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from django.apps import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Tags, Warning, register, run_checks
from django.core.exceptions import ImproperlyConfigured

from medsync.lib.ed25519 import is_public_key

SHORTEST_SECRET = 50
FEWEST_DIFFERENT = 10
OLDEST_TENANTS = (4, 0, 1)


@register(Tags.security)
def safe_production(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Return what forbids this configuration; most rules bind production only, those of isolation everybody."""
    found: list[CheckMessage] = [*_isolation(), *_demo()]
    if settings.PRODUCTION:
        found += [*_secrets(), *_outside()]
    return found


def refuse_unsafe() -> None:
    """Raise ImproperlyConfigured, naming every error, when this process must not serve."""
    errors = [message for message in run_checks(tags=[Tags.security]) if message.is_serious()]
    if errors:
        raise ImproperlyConfigured(
            "MedSync does not start with this configuration:\n"
            + "\n".join(f"- {error.id}: {error.msg} {error.hint or ''}".rstrip() for error in errors)
        )


def _secrets() -> Iterator[CheckMessage]:
    if settings.DEBUG:
        yield Error(
            "DEBUG is on: error pages show what patients wrote.", hint="Unset DEBUG.", id="medsync.E001"
        )
    key = settings.SECRET_KEY
    if len(key) < SHORTEST_SECRET or len(set(key)) < FEWEST_DIFFERENT or "insecure" in key:
        yield Error(
            "SECRET_KEY is missing, short or a known default.",
            hint=f"Set SECRET_KEY to at least {SHORTEST_SECRET} random characters.",
            id="medsync.E002",
        )
    if not settings.FIELD_ENCRYPTION_KEYS:
        yield Error(
            "FIELD_ENCRYPTION_KEYS is empty: provider tokens could not be stored.",
            hint="Set it to Fernet keys, comma-separated, the newest first.",
            id="medsync.E003",
        )
    elif not all(_is_fernet_key(key) for key in settings.FIELD_ENCRYPTION_KEYS):
        yield Error(
            "FIELD_ENCRYPTION_KEYS holds something that is not a Fernet key.",
            hint="Each key is 32 bytes in URL-safe base64, 44 characters.",
            id="medsync.E003",
        )


def _outside() -> Iterator[CheckMessage]:
    """Return what is wrong with how the world reaches us."""
    if not settings.ALLOWED_HOSTS or any(host in {"*", "."} for host in settings.ALLOWED_HOSTS):
        yield Error(
            "ALLOWED_HOSTS lets any host name in: links to invitations could be forged.",
            hint="Set ALLOWED_HOSTS to the names you serve.",
            id="medsync.E004",
        )
    for name in ("PUBLIC_BASE_URL", "TWILIO_WEBHOOK_BASE_URL"):
        url = getattr(settings, name)
        parts = urlsplit(url)
        if (url or name == "PUBLIC_BASE_URL") and not (parts.scheme == "https" and parts.hostname):
            yield Error(
                f"{name} is not an https address.",
                hint="Set MEDSYNC_BASE_URL or ALLOWED_ORIGINS (and TWILIO_WEBHOOK_BASE_URL) to https://your.host.",
                id="medsync.E009",
            )
    yield from _telnyx()
    if not settings.REDIS_URL:
        yield Error(
            "REDIS_URL is missing: web and worker could not hear each other.",
            hint="Set REDIS_URL to a Valkey 8, Redis 7 or newer.",
            id="medsync.E010",
        )
    if settings.EMAIL_BACKEND.endswith("console.EmailBackend"):
        yield Error(
            "Mail is written to the log, and with it the links that set passwords.",
            hint="Set EMAIL_URL to your mail server (smtp+tls://user:password@host:587), or to dummymail:// for none.",
            id="medsync.E011",
        )


def _telnyx() -> Iterator[CheckMessage]:
    """Return what would make Telnyx's webhooks refused, or let its key travel in clear."""
    if settings.TELNYX_API_KEY and not is_public_key(settings.TELNYX_PUBLIC_KEY):
        yield Error(
            "TELNYX_API_KEY is set without a TELNYX_PUBLIC_KEY that is one: every webhook would be refused.",
            hint="Set it to the public key of the same account, 44 characters of base64.",
            id="medsync.E012",
        )
    base = settings.TELNYX_API_BASE_URL
    if base and urlsplit(base).scheme != "https":
        yield Error(
            "TELNYX_API_BASE_URL is not an https address: the API key would travel in clear.",
            hint="Unset it, or set it to an https address.",
            id="medsync.E013",
        )


def _demo() -> Iterator[CheckMessage]:
    if settings.LOCAL_PROVIDER_ALLOWED and not (settings.DEMO or settings.DEBUG):
        yield Error(
            "The local provider is on: it answers as anybody's phone.",
            hint="It belongs to MEDSYNC_DEMO=1 or DEBUG only.",
            id="medsync.E005",
        )
    if settings.PRODUCTION and settings.DEMO:
        yield Error(
            "MEDSYNC_DEMO is on in production: the demo's password is public and its phone answers as anybody.",
            hint="Set MEDSYNC_DEMO=0.",
            id="medsync.E005",
        )
    if not settings.DEMO:
        return
    if not _is_loopback(os.environ.get("MEDSYNC_BIND") or "127.0.0.1"):
        yield Error(
            "MEDSYNC_DEMO is on while MEDSYNC_BIND reaches beyond this machine: the demo's password is public.",
            hint="Unset MEDSYNC_BIND, or set MEDSYNC_DEMO=0.",
            id="medsync.E006",
        )
    if not _is_loopback(urlsplit(settings.PUBLIC_BASE_URL).hostname or ""):
        yield Warning(
            "The demo is reached from outside, and its password is public.",
            hint="For real patients start with MEDSYNC_DEMO=0.",
            id="medsync.W006",
        )


def _isolation() -> Iterator[CheckMessage]:
    """Return what would let one clinic see another's rows, or starve the database of connections."""
    if settings.DATABASES["default"].get("CONN_MAX_AGE", 0) != 0:
        yield Error(
            "CONN_MAX_AGE is not 0: under ASGI such connections are never used again, and never given back.",
            hint="Leave it at 0; the pool keeps connections.",
            id="medsync.E007",
        )
    if _release(version("django-tenants")) < OLDEST_TENANTS:
        yield Error(
            "django-tenants is older than 4.0.1, which mixes up clinics under load.",
            hint="Install what requirements.txt names.",
            id="medsync.E008",
        )


def _release(text: str) -> tuple[int, ...]:
    """Return the numbers a version begins with."""
    numbers = []
    for part in text.split("."):
        if not part.isdigit():
            break
        numbers.append(int(part))
    return tuple(numbers)


def _is_fernet_key(key: str) -> bool:
    try:
        Fernet(key)
    except (ValueError, TypeError):
        return False
    return True


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
