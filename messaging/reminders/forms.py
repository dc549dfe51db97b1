"""The form of a clinic's rules; what is wrong with them says `rules`."""

from __future__ import annotations

from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinics.forms import CleanCharField
from messaging.language import LANGUAGES
from messaging.models import ReminderSettings
from messaging.reminders import composing, due
from messaging.reminders.rules import Rules, problems_of

_TEXTS: dict[str, str | Promise] = {
    "reminder_default": gettext_lazy("The usual reminder"),
    "appt_reminder": gettext_lazy("Reminder of the visit"),
}
_NONE = -1  # a step that is no number: refused, never guessed


class RulesForm(forms.Form):
    """Whether, how long before, in which words."""

    enabled = forms.BooleanField(label=gettext_lazy("Send reminders"), required=False)
    language = forms.ChoiceField(label=gettext_lazy("Language when unknown"), required=False)
    template_key = forms.ChoiceField(label=gettext_lazy("First line"))
    custom_message = CleanCharField(
        label=gettext_lazy("In your own words"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3, "dir": "auto"}),
    )

    def __init__(self, data: QueryDict | None, *, present: ReminderSettings) -> None:
        initial = {
            name: getattr(present, name) for name in ("enabled", "language", "template_key", "custom_message")
        }
        super().__init__(data, initial=initial, label_suffix="")
        self.steps = (
            [_hours(text) for text in data.getlist("steps") if text.strip()] if data else present.steps
        )
        spoken = [("", _("The clinic’s")), *LANGUAGES.items()]
        if present.language and present.language not in LANGUAGES:
            spoken.append((present.language, present.language))
        self.fields["language"].choices = spoken  # type: ignore[attr-defined]
        keys = composing.choices()
        self.fields["template_key"].choices = [(key, _TEXTS.get(key, key)) for key in keys]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Ask the rules."""
        data = super().clean() or {}
        if not self.errors:
            for field, sentences in problems_of(self.rules()).items():
                for sentence in sentences:
                    self.add_error(field if field in self.fields else None, sentence)
        return data

    def rules(self) -> Rules:
        """Return what the form asks for."""
        data = self.cleaned_data
        return Rules(
            enabled=data["enabled"],
            steps=self.steps,
            language=data["language"],
            template_key=data["template_key"],
            custom_message=data["custom_message"],
        )

    def unsaved(self) -> ReminderSettings:
        """Return the rules as a row that is not stored."""
        rules = self.rules()
        return ReminderSettings(
            enabled=rules.enabled,
            steps=due.in_order(rules.steps),
            language=rules.language,
            template_key=rules.template_key,
            custom_message=rules.custom_message,
        )


def _hours(text: str) -> int:
    return int(text) if text.strip().isdecimal() and len(text.strip()) <= 3 else _NONE
