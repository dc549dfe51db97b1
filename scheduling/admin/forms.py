"""Forms of the clinic's admin that show more, or less, than a model's columns."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from clinics.models import Channel
from clinics.models.clinic import validate_zone
from medsync.lib import phone
from scheduling import texts
from scheduling.models import AppointmentType, Patient

# The languages that patients are written to in.
LANGUAGES = [("en", "English"), ("es", "Español"), ("zh", "中文")]


class PatientForm(forms.ModelForm):  # type: ignore[type-arg]
    """A patient; the number is asked for once, and then belongs to the contact point."""

    preferred_language = forms.ChoiceField(
        label=_("language"),
        choices=[("", "—"), *LANGUAGES],
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    preferred_channel = forms.ChoiceField(
        label=_("prefers"),
        choices=[("", "—"), *((c.value, c.label) for c in (Channel.WHATSAPP, Channel.SMS))],
        required=False,
        widget=UnfoldAdminSelectWidget,
    )
    timezone = forms.CharField(
        label=_("time zone"),
        required=False,
        max_length=64,
        validators=[validate_zone],
        widget=UnfoldAdminTextInputWidget,
    )
    phone = forms.CharField(
        label=_("phone"), required=False, max_length=64, widget=UnfoldAdminTextInputWidget
    )
    region = "US"

    class Meta:
        model = Patient
        fields = [
            *("name", "called", "preferred_language", "preferred_channel", "timezone"),
            *("date_of_birth", "record_number"),
        ]

    def clean_phone(self) -> str:
        """Return the number as E.164, or ""."""
        text: str = self.cleaned_data.get("phone", "")
        if not text:
            return ""
        try:
            return phone.parse(text, self.region)
        except phone.InvalidPhone as error:
            raise forms.ValidationError(_("This is no phone number.")) from error


class TypeForm(forms.ModelForm):  # type: ignore[type-arg]
    """A type of visit, with one field for each language instead of JSON."""

    class Meta:
        model = AppointmentType
        fields = [
            "duration",
            "grid",
            "least_notice",
            "horizon_days",
            "buffer_before",
            "buffer_after",
            "accept_at_once",
            "bookable",
            "practitioners",
            "rank",
            "active",
        ]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for code, language in LANGUAGES:
            self.fields[f"name_{code}"].initial = self.instance.names.get(code, "")
            self.fields[f"instructions_{code}"].initial = self.instance.instructions.get(code, "")
            self.fields[f"name_{code}"].label = _("Name, %(language)s") % {"language": language}
            self.fields[f"instructions_{code}"].label = _("Instructions, %(language)s") % {
                "language": language
            }

    name_en = forms.CharField(max_length=80, widget=UnfoldAdminTextInputWidget)
    name_es = forms.CharField(max_length=80, required=False, widget=UnfoldAdminTextInputWidget)
    name_zh = forms.CharField(max_length=80, required=False, widget=UnfoldAdminTextInputWidget)
    instructions_en = forms.CharField(max_length=600, required=False, widget=UnfoldAdminTextareaWidget)
    instructions_es = forms.CharField(max_length=600, required=False, widget=UnfoldAdminTextareaWidget)
    instructions_zh = forms.CharField(max_length=600, required=False, widget=UnfoldAdminTextareaWidget)

    def clean(self) -> dict[str, Any] | None:
        """Refuse instructions that patients may not be sent: they stand in confirmations."""
        data = super().clean()
        for code, _language in LANGUAGES:
            field = f"instructions_{code}"
            for problem in texts.problems_of(self.cleaned_data.get(field, "")):
                self.add_error(field, problem)
        return data

    def clean_duration(self) -> int:
        """Refuse a visit without length."""
        minutes: int = self.cleaned_data["duration"]
        if not 5 <= minutes <= 480:
            raise forms.ValidationError(_("Between 5 minutes and 8 hours."))
        return minutes

    def clean_grid(self) -> int:
        """Refuse a grid that never ends."""
        minutes: int = self.cleaned_data["grid"]
        if not 5 <= minutes <= 240:
            raise forms.ValidationError(_("Between 5 minutes and 4 hours."))
        return minutes

    def save(self, commit: bool = True) -> Any:
        """Gather the languages."""
        data = self.cleaned_data
        self.instance.names = {code: data[f"name_{code}"] for code, _l in LANGUAGES if data[f"name_{code}"]}
        self.instance.instructions = {
            code: data[f"instructions_{code}"] for code, _l in LANGUAGES if data[f"instructions_{code}"]
        }
        return super().save(commit)
