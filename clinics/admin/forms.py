"""Forms of the platform's admin that call operations instead of saving rows."""

from typing import Any
from zoneinfo import available_timezones

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminEmailInputWidget,
    UnfoldAdminIntegerFieldWidget,
    UnfoldAdminPasswordWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from clinics.carriers import CARRIERS
from clinics.forms import LONGEST_EMAIL
from clinics.models import Channel, Clinic, ClinicState, ProviderAccount, Sender, User
from clinics.senders import LinkError, RateOutOfRange, link_sender, set_rate
from medsync.lib import clock, phone
from medsync.lib.ed25519 import is_public_key

# What an operator reads when a number cannot be linked, by the error's code.
LINK_ERRORS = {
    "already_linked": _("This number is already linked."),
    "linked_elsewhere": _("This number is already linked to another clinic."),
    "sender_limit": _("The clinic has three numbers on this channel already; take one off first."),
    "no_account": _(
        "Give the account with its token, or set TWILIO_ACCOUNT_SID or TELNYX_API_KEY for the master account."
    ),
    "wrong_channel": _("This provider does not carry this channel."),
    "profile_missing": _(
        "Give a messaging profile that only this number has: a STOP holds for a whole profile."
    ),
    "profile_taken": _("Another number has this messaging profile; make a new one at the provider."),
    "demo_clinic": _("A demo clinic's patients are invented: real numbers are not connected to it."),
    "local_refused": _("The local provider works in the demo only."),
}


class NewClinicForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a new clinic needs; the rest follows from its country."""

    timezone = forms.ChoiceField(
        label=_("Time zone"),
        choices=[(zone, zone) for zone in sorted(available_timezones())],
        widget=UnfoldAdminSelectWidget,
        initial="America/New_York",
    )
    language = forms.ChoiceField(
        label=_("Language"), choices=settings.LANGUAGES, widget=UnfoldAdminSelectWidget
    )
    owner_email = forms.EmailField(
        label=_("Owner's e-mail"), max_length=LONGEST_EMAIL, widget=UnfoldAdminEmailInputWidget
    )
    owner_name = forms.CharField(
        label=_("Owner's name"), max_length=120, required=False, widget=UnfoldAdminTextInputWidget
    )

    class Meta:
        model = Clinic
        fields = ["name", "slug", "country", "timezone", "language", "phone"]

    def clean_country(self) -> str:
        """Ask for a country code."""
        country: str = self.cleaned_data["country"]
        if len(country) != 2 or not country.isalpha():
            raise ValidationError(_("Use a country code of two letters, such as US or MX."))
        return country.upper()


class NewUserForm(forms.ModelForm):  # type: ignore[type-arg]
    """A user without a password: it is set by a link."""

    class Meta:
        model = User
        fields = ["email", "name", "is_staff"]

    def clean_email(self) -> str:
        """Compare addresses in any case."""
        email: str = self.cleaned_data["email"].lower()
        if User.objects.filter(email__iexact=email).exists():
            raise ValidationError(_("There is a user with this address."))
        return email


class AccountForm(forms.ModelForm):  # type: ignore[type-arg]
    """A provider account; its token goes in and never comes out."""

    new_token = forms.CharField(
        label=_("Auth token"),
        required=False,
        strip=True,
        widget=UnfoldAdminPasswordWidget(render_value=False, attrs={"autocomplete": "new-password"}),
        help_text=_(
            "Never shown. Leave it empty to keep the one we have; the old one stays valid for 24 hours."
        ),
    )

    reminder_share = forms.IntegerField(
        label=_("Percent kept for reminders"),
        min_value=0,
        max_value=100,
        initial=50,
        widget=UnfoldAdminIntegerFieldWidget,
        help_text=_("Of the people whom it may reach in 24 hours outside of their windows."),
    )

    class Meta:
        model = ProviderAccount
        fields = [
            "provider",
            "external_id",
            "clinic",
            "public_key",
            "state",
            "people_a_day",
            "reminder_share",
        ]


class PaceForm(forms.ModelForm):  # type: ignore[type-arg]
    """A number's own rate: all that is changed of a linked number."""

    per_second = forms.FloatField(
        label=_("Messages a second"),
        required=False,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}),
        help_text=_("Empty: what the provider takes from an ordinary number of the channel."),
    )

    class Meta:
        model = Sender
        fields = ["per_second"]

    def clean_per_second(self) -> float | None:
        """Store it, inside the transaction of the view, so that a refusal can still be shown beside the field."""
        value: float | None = self.cleaned_data["per_second"]
        try:
            if not set_rate(self.instance, per_second=value):
                raise ValidationError(_("This number was taken off meanwhile."))
        except RateOutOfRange as error:
            raise ValidationError(
                _("Enter a number between %(low)g and %(high)g, or nothing."),
                params={"low": error.slowest, "high": error.fastest},
            ) from error
        return value


class LinkForm(forms.ModelForm):  # type: ignore[type-arg]
    """Link a number: `clean` calls the operation, which alone can say whether the number may be linked."""

    provider = forms.ChoiceField(
        label=_("Provider"),
        choices=[
            *((slug, known.label) for slug, known in CARRIERS.items()),
            ("local", _("built-in phones (demo)")),
        ],
        widget=UnfoldAdminSelectWidget,
    )
    channel = forms.ChoiceField(
        label=_("Channel"),
        choices=[(c.value, c.label) for c in (Channel.WHATSAPP, Channel.SMS)],
        widget=UnfoldAdminSelectWidget,
    )
    account_sid = forms.CharField(
        label=_("Account SID"),
        required=False,
        max_length=64,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Empty: the platform's own account."),
    )
    auth_token = forms.CharField(
        label=_("Auth token"),
        required=False,
        widget=UnfoldAdminPasswordWidget(render_value=False, attrs={"autocomplete": "new-password"}),
    )
    public_key = forms.CharField(
        label=_("Public key"),
        required=False,
        max_length=64,
        widget=UnfoldAdminTextInputWidget,
        help_text=_("Telnyx: of the clinic’s own account; the auth token is its API key then."),
    )
    linked: Sender | None = None

    class Meta:
        model = Sender
        fields = [
            *("clinic", "phone_number", "channel", "display_name", "provider_sender_id"),
            "messaging_profile_id",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "clinic" in self.fields:
            self.fields["clinic"].queryset = Clinic.objects.filter(state=ClinicState.READY)  # type: ignore[attr-defined]

    def clean_public_key(self) -> str:
        """Ask for the base64 of 32 bytes."""
        value: str = self.cleaned_data["public_key"].strip()
        if value and not is_public_key(value):
            raise ValidationError(_("A public key has 44 characters and ends with “=”."))
        return value

    def clean(self) -> dict[str, Any]:
        """Link, inside the transaction of the view, so that a refusal can still be shown beside the form."""
        data = super().clean() or {}
        if self.errors:
            return data
        try:
            number = phone.parse_own(data["phone_number"], data["clinic"].country)
        except phone.InvalidPhone:
            self.add_error("phone_number", _("This is no phone number."))
            return data
        try:
            self.linked = link_sender(
                data["clinic"],
                phone_number=number,
                channel=data["channel"],
                provider=data["provider"],
                account_sid=data["account_sid"],
                auth_token=data["auth_token"],
                public_key=data["public_key"],
                messaging_profile_id=data["messaging_profile_id"],
                display_name=data["display_name"],
                provider_sender_id=data["provider_sender_id"],
                now=clock.now(),
            )
        except LinkError as error:
            self.add_error(None, LINK_ERRORS.get(error.code, LINK_ERRORS["no_account"]))
        return data

    def _post_clean(self) -> None:
        """Do not validate a row of our own: the operation has made one, or has said why not."""
