"""Forms of log-in, profile, team and invitations."""

from typing import Any

from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from clinics.models import Role, Theme, User
from clinics.permissions import may_give
from medsync.lib.text import clean

LONGEST_EMAIL: int | None = User._meta.get_field("email").max_length


class CleanCharField(forms.CharField):
    """Text from a person, made storable."""

    def to_python(self, value: Any) -> Any:
        """Replace what the database refuses."""
        return super().to_python(clean(value) if isinstance(value, str) else value)


class NewPersonForm(forms.Form):
    """Name and password of somebody who takes an invitation and has no account."""

    name = CleanCharField(label=_("Your name"), max_length=120)
    password1 = forms.CharField(label=_("Choose a password"), strip=False, max_length=128)
    password2 = forms.CharField(label=_("Once more"), strip=False, max_length=128)

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean(self) -> dict[str, Any]:
        """Compare both spellings, then ask the rules for passwords."""
        data = super().clean() or {}
        first, again = data.get("password1"), data.get("password2")
        if first and again and first != again:
            self.add_error("password2", _("The two are not the same."))
        elif first:
            try:
                validate_password(first, User(email=self.email, name=data.get("name", "")))
            except ValidationError as error:
                self.add_error("password1", error)
        return data


class TokenForm(forms.Form):
    """The name of a new API token."""

    name = CleanCharField(label=_("What is it for?"), max_length=80)


class PreferencesForm(forms.ModelForm):  # type: ignore[type-arg]
    """How the screens look and sound for one person."""

    MOST_UNDO_SECONDS = 30

    class Meta:
        model = User
        fields = ("theme", "sounds", "undo_seconds")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["theme"].choices = [("", _("As the device")), *Theme.choices]  # type: ignore[attr-defined]

    def clean_undo_seconds(self) -> int:
        """Refuse what would hold a reply back for too long."""
        seconds: int = self.cleaned_data["undo_seconds"]
        if seconds > self.MOST_UNDO_SECONDS:
            raise ValidationError(_("At most 30 seconds."))
        return seconds


class PinForm(forms.Form):
    """The PIN that opens a locked screen; empty takes it away."""

    pin = forms.RegexField(
        r"^[0-9]{4,8}$",
        label=_("PIN"),
        required=False,
        error_messages={"invalid": _("Four to eight digits.")},
    )


class LanguageForm(forms.Form):
    """The language of the screens."""

    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)


class RoleForm(forms.Form):
    """A role that the member who asks may give."""

    role = forms.ChoiceField(label=_("Role"))

    def __init__(self, *args: Any, giver: str | None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["role"].choices = [  # type: ignore[attr-defined]
            (value, label) for value, label in Role.choices if may_give(giver, value)
        ]


class InviteForm(RoleForm):
    """Whom to invite, as what."""

    email = forms.EmailField(label=_("E-mail"), max_length=LONGEST_EMAIL)
    field_order = ["email", "role"]
