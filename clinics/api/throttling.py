"""How often a token may ask. A limit against loops, not a security measure."""

from typing import TYPE_CHECKING

from rest_framework.request import Request
from rest_framework.throttling import SimpleRateThrottle

if TYPE_CHECKING:  # DRF reads this class while it makes APIView
    from rest_framework.views import APIView


class TokenThrottle(SimpleRateThrottle):
    """Counts by token; the cache key holds its id only."""

    scope = "token"

    def get_cache_key(self, request: Request, view: "APIView") -> str | None:
        """Return the key, or None for requests without a token (they get a 401 anyway)."""
        return f"throttle-{request.auth.pk}" if request.auth else None
