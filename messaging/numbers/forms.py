"""Connecting a number, renewing a token, sending a test: what is typed, made sure of."""

import re
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clinics.forms import CleanCharField
from clinics.models import Channel
from medsync.lib import phone as phones

_SID = re.compile(r"AC[0-9A-Za-z]{32}", re.ASCII)


class NumberField(CleanCharField):
    """A phone number in any spelling, as E.164."""

    def __init__(self, *, region: str = "US", **kwargs: Any) -> None:
        super().__init__(max_length=40, **kwargs)
        self.region = region

    def clean(self, value: Any) -> str:
        """Return E.164. Raises ValidationError."""
        text = super().clean(value)
        try:
            return phones.parse(text, self.region)
        except phones.InvalidPhone as error:
            raise forms.ValidationError(
                _("This is no phone number. Write it with its country code.")
            ) from error


class ConnectForm(forms.Form):
    """A number that is registered at the provider."""

    phone_number = NumberField(label=_("Number"))
    channel = forms.ChoiceField(
        label=_("Used for"), choices=[(c.value, c.label) for c in (Channel.WHATSAPP, Channel.SMS)]
    )
    display_name = CleanCharField(label=_("Display name"), max_length=120, required=False)
    provider_sender_id = CleanCharField(
        label=_("Provider’s id (XE… or PN…), if you have it"), max_length=64, required=False
    )
    account_sid = CleanCharField(label=_("Account SID"), max_length=64, required=False)
    auth_token = forms.CharField(label=_("Auth token"), max_length=255, required=False)

    def __init__(self, *args: Any, region: str, has_master: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["phone_number"].region = region  # type: ignore[attr-defined]
        self.has_master = has_master

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


class TokenForm(forms.Form):
    """A new token for the number's own account."""

    auth_token = forms.CharField(label=_("New auth token"), max_length=255)


class TestForm(forms.Form):
    """Where a test goes."""

    to = NumberField(label=_("Your phone"))

    def __init__(self, *args: Any, region: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["to"].region = region  # type: ignore[attr-defined]
