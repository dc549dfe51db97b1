"""Forms of the patients' pages: what staff type, made storable and checked; sentences that name the way out."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from clinics.forms import CleanCharField
from clinics.models import Channel
from clinics.models.clinic import validate_zone
from medsync.lib import phone as phones
from messaging.consent import WORDING_LENGTH
from messaging.language import LANGUAGES
from messaging.models import ConsentHow, Purpose
from scheduling.deciding import REASON_LENGTH
from scheduling.models import Cancellation, Patient, Relation

OLDEST_AGE = 130  # years

_PHONE_ERRORS = {
    "letters": _("A phone number has no letters."),
    "too_short": _("This number is too short; write it with its area code."),
    "too_long": _("This is too long for a phone number."),
}
_NO_PHONE = _("This is no phone number. Write it as people here do, or with + and the country code.")


class PhoneField(forms.CharField):
    """A phone number as people of the clinic's country write it; the text stays as it was typed."""

    region = "US"

    def clean(self, value: Any) -> str:
        """Return the text when it is a number, "" for none."""
        text: str = super().clean(value)
        if not text:
            return ""
        try:
            phones.parse(text, self.region)
        except phones.InvalidPhone as error:
            raise forms.ValidationError(_PHONE_ERRORS.get(error.code, _NO_PHONE)) from None
        return text


def _relations() -> list[tuple[str, Any]]:
    others = [(r.value, capfirst(str(r.label))) for r in Relation if r is not Relation.SELF]
    return [(Relation.SELF.value, _("The patient’s own")), *others]


_WHO = (
    "name",
    "called",
    "date_of_birth",
    "preferred_language",
    "preferred_channel",
    "timezone",
    "record_number",
)


class PatientForm(forms.Form):
    """Who somebody is."""

    name = CleanCharField(label=_("Full name"), max_length=160)
    called = CleanCharField(
        label=_("To be called by"),
        max_length=80,
        required=False,
        help_text=_("What texts say; empty: the first word of the name."),
    )
    date_of_birth = forms.DateField(
        label=_("Born"), required=False, widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    preferred_language = forms.ChoiceField(label=_("Language"), required=False)
    preferred_channel = forms.ChoiceField(
        label=_("Rather by"),
        required=False,
        choices=[
            ("", _("As the clinic begins")),
            *((c.value, c.label) for c in (Channel.WHATSAPP, Channel.SMS)),
        ],
        help_text=_("For what we begin, when the patient has not written for 90 days."),
    )
    timezone = CleanCharField(
        label=_("Time zone"),
        max_length=64,
        required=False,
        validators=[validate_zone],
        help_text=_("For quiet hours; empty: the clinic’s. Such as America/New_York."),
    )
    record_number = CleanCharField(
        label=_("Record number"),
        max_length=64,
        required=False,
        help_text=_("As your other system has it."),
    )

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today
        languages: list[tuple[str, Any]] = [("", _("As they write")), *LANGUAGES.items()]
        known = str(self.initial.get("preferred_language") or "")
        if known and known not in LANGUAGES:
            languages.append((known, known))
        self.fields["preferred_language"].choices = languages  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        """Refuse a name of spaces."""
        name = str(self.cleaned_data["name"]).strip()
        if not name:
            raise forms.ValidationError(_("Write a name."))
        return name

    def clean_date_of_birth(self) -> date | None:
        """Refuse the future and the impossible past."""
        born: date | None = self.cleaned_data["date_of_birth"]
        if born is not None and born > self.today:
            raise forms.ValidationError(_("This date is in the future."))
        if born is not None and born.year < self.today.year - OLDEST_AGE:
            raise forms.ValidationError(_("This is no living person’s date of birth."))
        return born

    @property
    def who(self) -> dict[str, Any]:
        """Return what `scheduling.patients` stores."""
        return {name: self.cleaned_data[name] for name in _WHO}

    @staticmethod
    def initial_of(patient: Patient) -> dict[str, Any]:
        """Return what the form begins with."""
        return {name: getattr(patient, name) for name in _WHO}


class NumberForm(forms.Form):
    """A number, and whose it is."""

    phone = PhoneField(label=_("Phone"), max_length=64)
    relation = forms.ChoiceField(label=_("Whose number is it?"), choices=_relations)

    def __init__(self, *args: Any, region: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["phone"].region = region  # type: ignore[attr-defined]


class NewPatientForm(PatientForm, NumberForm):
    """A new patient, maybe with a number."""

    field_order = ["name", "phone", "relation", "called", "date_of_birth"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["phone"].required = False


class ConsentForm(forms.Form):
    """What a patient told a member: for what, yes or no, how, when, in which words."""

    point = forms.UUIDField()
    channel = forms.ChoiceField(choices=[(c.value, c.label) for c in (Channel.WHATSAPP, Channel.SMS)])
    purpose = forms.ChoiceField(choices=[(p.value, p.label) for p in (Purpose.CARE, Purpose.NEWS)])
    answer = forms.ChoiceField(choices=[("yes", _("yes")), ("no", _("no"))])
    how = forms.ChoiceField(choices=ConsentHow.choices)
    said_on = forms.DateField()
    words = CleanCharField(max_length=WORDING_LENGTH)

    def __init__(self, *args: Any, today: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.today = today

    def clean_said_on(self) -> date:
        """Refuse the future."""
        said_on: date = self.cleaned_data["said_on"]
        if said_on > self.today:
            raise forms.ValidationError(_("This date is in the future."))
        return said_on

    @property
    def first_error(self) -> str:
        """Return what is wrong, in one sentence with the name of the field."""
        names = {
            "said_on": _("When was it said?"),
            "words": _("In which words?"),
            "how": _("How was it said?"),
        }
        for name, errors in self.errors.items():
            return f"{names.get(name, _('Record what a patient said'))} {errors[0]}"
        return ""


class CancelForm(forms.Form):
    """Why a visit does not take place, and whether the patient hears of it by a text."""

    WHY = (
        (Cancellation.CLINIC.value, _("The clinic cancels")),
        (Cancellation.PATIENT.value, _("The patient cancelled, here or on the phone")),
        (Cancellation.ERROR.value, _("It was entered in error")),
    )

    why = forms.ChoiceField(label=_("Why?"), choices=WHY, initial=Cancellation.CLINIC.value)
    reason = CleanCharField(label=_("Reason"), max_length=REASON_LENGTH, required=False)
    tell = forms.BooleanField(label=_("Tell the patient"), required=False, initial=True)


class BookForm(forms.Form):
    """Which kind of visit, with whom, from which day on."""

    type = forms.UUIDField(required=False)
    doctor = forms.UUIDField(required=False)
    day = forms.DateField(required=False)
