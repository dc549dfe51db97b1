"""How often a token may ask. A limit against loops, not a security measure: without the cache nobody is refused."""

import logging
from typing import TYPE_CHECKING

from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

if TYPE_CHECKING:  # DRF reads this class while it makes APIView
    from rest_framework.views import APIView

logger = logging.getLogger(__name__)


class TokenThrottle(SimpleRateThrottle):
    """Counts by token; the cache key holds its id only."""

    scope = "token"

    def get_cache_key(self, request: Request, view: "APIView") -> str | None:
        """Return the key, or None for requests without a token (they get a 401 anyway)."""
        return f"throttle-{request.auth.pk}" if request.auth else None

    def allow_request(self, request: Request, view: "APIView") -> bool:
        """Count the request, and tell whether it may go on."""
        try:
            return super().allow_request(request, view)
        except RedisError as error:
            logger.warning("api request not counted: %s", type(error).__name__)
            return True
