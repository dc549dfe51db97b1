"""Connecting a number, renewing a token, sending a test: what is typed, made sure of."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clinics.forms import CleanCharField
from clinics.models import Channel
from medsync.lib import phone as phones
from medsync.lib.ed25519 import is_public_key

_SID = re.compile(r"AC[0-9A-Za-z]{32}", re.ASCII)
_UUID = re.compile(r"[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}", re.ASCII)


class NumberField(CleanCharField):
    """A phone number in any spelling, as E.164."""

    def __init__(self, *, region: str = "US", **kwargs: Any) -> None:
        super().__init__(max_length=40, **kwargs)
        self.region = region

    def clean(self, value: Any) -> str:
        """Return E.164. Raises ValidationError."""
        text = super().clean(value)
        try:
            return phones.parse_own(text, self.region)
        except phones.InvalidPhone as error:
            raise forms.ValidationError(
                _("This is no phone number. Write it with its country code.")
            ) from error


class _Connecting(forms.Form):
    """A number that is registered at the provider."""

    phone_number = NumberField(label=_("Number"))

    def __init__(self, *args: Any, region: str, has_master: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["phone_number"].region = region  # type: ignore[attr-defined]
        self.has_master = has_master


class ConnectForm(_Connecting):
    """A number at Twilio."""

    without_account = _("Leave SID and token empty to send through the platform’s account.")

    channel = forms.ChoiceField(
        label=_("Used for"), choices=[(c.value, c.label) for c in (Channel.WHATSAPP, Channel.SMS)]
    )
    display_name = CleanCharField(label=_("Display name"), max_length=120, required=False)
    provider_sender_id = CleanCharField(
        label=_("Provider’s id (XE… or PN…), if you have it"), max_length=64, required=False
    )
    account_sid = CleanCharField(label=_("Account SID"), max_length=64, required=False)
    auth_token = forms.CharField(label=_("Auth token"), max_length=255, required=False)

    def clean(self) -> dict[str, Any]:
        """A token belongs to an account; without the platform's own account the clinic's is needed."""
        data = super().clean() or {}
        sid, token = data.get("account_sid", ""), data.get("auth_token", "")
        if sid and not _SID.fullmatch(sid):
            self.add_error("account_sid", _("An account SID begins with AC and has 34 characters."))
        if token and not sid:
            self.add_error("account_sid", _("Whose token is it? Give the SID too."))
        if not sid and not self.has_master:
            self.add_error("account_sid", _("This MedSync has no account of its own: give the clinic’s."))
        return data


class TelnyxForm(_Connecting):
    """A number at Telnyx, which carries SMS only."""

    without_account = _("Leave both keys empty to send through the platform’s account.")

    display_name = CleanCharField(label=_("Display name"), max_length=120, required=False)
    messaging_profile_id = CleanCharField(label=_("Messaging profile ID"), max_length=64, required=False)
    auth_token = forms.CharField(label=_("API key"), max_length=255, required=False)
    public_key = CleanCharField(label=_("Public key"), max_length=64, required=False)

    def clean_messaging_profile_id(self) -> str:
        """Ask for an id as Telnyx writes them."""
        value: str = self.cleaned_data["messaging_profile_id"]
        if value and not _UUID.fullmatch(value):
            raise forms.ValidationError(_("A messaging profile ID has 36 characters, with four dashes."))
        return value.lower()

    def clean_public_key(self) -> str:
        """Ask for the base64 of 32 bytes."""
        value: str = self.cleaned_data["public_key"]
        if value and not is_public_key(value):
            raise forms.ValidationError(_("A public key has 44 characters and ends with “=”."))
        return value

    def clean(self) -> dict[str, Any]:
        """Of the clinic's own account both keys are needed: one to send, one to know who calls us."""
        data = super().clean() or {}
        key, public = data.get("auth_token", ""), data.get("public_key", "")
        if public and not key and not self.errors:
            return data  # an account that is known already; an unknown one is refused with a way out
        if key and not public and "public_key" not in self.errors:
            self.add_error("public_key", _("Give the public key of the same account too."))
        if not public and not self.has_master and "public_key" not in self.errors:
            self.add_error("public_key", _("This MedSync has no account of its own: give the clinic’s."))
        return data


class TokenForm(forms.Form):
    """A new token for the number's own account."""

    auth_token = forms.CharField(label=_("New auth token"), max_length=255)


class TestForm(forms.Form):
    """Where a test goes."""

    to = NumberField(label=_("Your phone"))

    def __init__(self, *args: Any, region: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].region = region  # type: ignore[attr-defined]
