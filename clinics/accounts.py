"""Log-in: sign-up is closed, secrets of second factors are encrypted, and some must have a second factor."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import default_token_generator
from allauth.account.utils import user_pk_to_url_str
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect

from clinics.models import Clinic, User
from clinics.permissions import LEADERS
from clinics.tenancy import public_path, public_url
from medsync.lib import crypto

LANGUAGE_COOKIE_SECONDS = 365 * 24 * 3600
_SAID_BY_THE_PAGE = frozenset({"account/messages/logged_in.txt", "account/messages/logged_out.txt"})


class ClosedAccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs up by themselves."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Say no: accounts come from `create_clinic` and from invitations."""
        return False

    def add_message(
        self, request: Any, level: int, message_template: Any = None, *args: Any, **kwargs: Any
    ) -> None:
        """Say nothing where the page that follows says it: that somebody is logged in, or out."""
        if str(message_template) not in _SAID_BY_THE_PAGE:
            super().add_message(request, level, message_template, *args, **kwargs)

    def post_login(self, request: HttpRequest, user: User, **kwargs: Any) -> HttpResponse:
        """Go on in the language that the user chose on whatever device."""
        response: HttpResponse = super().post_login(request, user, **kwargs)
        if user.language:
            remember_language(response, user.language)
        return response


class SecondFactors(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors, whose secrets are kept like all other secrets."""

    def encrypt(self, text: str) -> str:
        """Encrypt under the first of FIELD_ENCRYPTION_KEYS."""
        return crypto.encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Decrypt under any of FIELD_ENCRYPTION_KEYS."""
        return crypto.decrypt(encrypted_text)


def lacks_second_factor(user: User, role: str | None, clinic: Clinic | None = None) -> bool:
    """Tell whether this user must set up a second factor before going on with that role in that clinic.

    Owners, Managers and operators must where MEDSYNC_REQUIRE_MFA is on, everybody where the clinic wants it;
    recovery codes alone are none.
    """
    asked = settings.MEDSYNC_REQUIRE_MFA and (user.is_staff or role in LEADERS)
    if not asked and not (clinic is not None and clinic.second_factor):
        return False
    kinds = [Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    return not Authenticator.objects.filter(user_id=user.pk, type__in=kinds).exists()


def to_second_factor() -> HttpResponse:
    """Lead to the page where a second factor is set up, which says why."""
    return HttpResponseRedirect(public_path("mfa_index") + "?required=1")


def password_link(user: User) -> str:
    """Return the absolute URL at which the user sets a password; it works once, for PASSWORD_RESET_TIMEOUT seconds."""
    return public_url(
        "account_reset_password_from_key", user_pk_to_url_str(user), default_token_generator.make_token(user)
    )


def remember_language(response: HttpResponse, language: str) -> None:
    """Keep the language of the screens on this device."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=LANGUAGE_COOKIE_SECONDS,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
