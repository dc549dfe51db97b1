"""Two questions a load balancer asks: do you live, and may I send you people."""

import logging
import threading
import time
from collections.abc import Callable

import redis
from django.conf import settings
from django.db import Error as DatabaseError
from django.db import connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from medsync.stack import migrations

logger = logging.getLogger(__name__)

MIGRATIONS_SECONDS = 30.0
BROKER_SECONDS = 2.0


class _Remembered:
    """When the migrations were last seen complete; they do not come undone, so it is not asked each time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._good_until = 0.0

    def good(self) -> bool:
        """Say whether the last look was good and is recent."""
        with self._lock:
            return time.monotonic() < self._good_until

    def remember(self) -> None:
        """Trust the present state for a while."""
        with self._lock:
            self._good_until = time.monotonic() + MIGRATIONS_SECONDS

    def forget(self) -> None:
        """Look again at the next question."""
        with self._lock:
            self._good_until = 0.0


remembered = _Remembered()


@never_cache
@require_safe
def healthz(request: HttpRequest) -> JsonResponse:
    """Say that this process answers; touches nothing else, for a restart would not mend a database."""
    return JsonResponse({"alive": True})


@never_cache
@require_safe
def readyz(request: HttpRequest) -> JsonResponse:
    """Return 200 when database, broker and migrations are well, else 503: {"ready": bool, "checks": {name: bool}}."""
    database = _holds("database", _database)
    checks = {
        "database": database,
        "broker": _holds("broker", _broker),
        "migrations": database and _holds("migrations", _migrations),
    }
    ready = all(checks.values())
    return JsonResponse({"ready": ready, "checks": checks}, status=200 if ready else 503)


def _holds(name: str, check: Callable[[], bool]) -> bool:
    try:
        return check()
    except (DatabaseError, redis.RedisError, OSError) as error:
        logger.warning("not ready: %s: %s", name, type(error).__name__)
        return False


def _database() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
        return bool(cursor.fetchone() == (1,))


def _broker() -> bool:
    if not settings.REDIS_URL:
        return False
    client = redis.Redis.from_url(
        settings.REDIS_URL, socket_connect_timeout=BROKER_SECONDS, socket_timeout=BROKER_SECONDS
    )
    try:
        return bool(client.ping())
    finally:
        client.close()


def _migrations() -> bool:
    if remembered.good():
        return True
    if migrations.behind():
        return False
    remembered.remember()
    return True
