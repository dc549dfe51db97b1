"""Bearer tokens."""

from datetime import timedelta

from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed
from rest_framework.request import Request

from clinics.models import ApiToken, User
from medsync.lib import clock

SEEN_EVERY = timedelta(minutes=1)


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Bearer msk_…`. A session cookie opens nothing here, so no request needs a CSRF token."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        """Return the token's user, or None without a token. Raises AuthenticationFailed for a bad one."""
        scheme, _, secret = get_authorization_header(request).partition(b" ")
        if scheme.lower() != b"bearer":
            return None
        now = clock.now()
        token = (
            ApiToken.objects.select_related("user")
            .filter(token_hash=ApiToken.hash(secret.strip().decode("latin-1")), revoked_at=None)
            .first()
        )
        if token is None or not token.user.is_active:
            raise AuthenticationFailed
        if token.last_used_at is None or now - token.last_used_at > SEEN_EVERY:
            ApiToken.objects.filter(pk=token.pk).update(last_used_at=now)
        return token.user, token

    def authenticate_header(self, request: Request) -> str:
        """Make a missing token a 401, not a 403."""
        return "Bearer"
