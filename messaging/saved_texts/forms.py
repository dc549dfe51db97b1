"""The form of a saved text: its names, and its words in each language."""

from __future__ import annotations

import re
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinics.forms import CleanCharField
from messaging import gate, linting, variables
from messaging.language import LANGUAGES, SPOKEN
from messaging.models import SavedText, TextCategory

_SHORTCUT = re.compile(r"[\w-]+\Z")


class SavedTextForm(forms.Form):
    """A name, a shortcut, what it is for, and at least one language."""

    name = CleanCharField(label=gettext_lazy("Name"), max_length=80)
    shortcut = CleanCharField(
        label=gettext_lazy("Shortcut"),
        max_length=24,
        required=False,
        help_text=gettext_lazy("Typed behind the / in a reply."),
    )
    category = forms.ChoiceField(label=gettext_lazy("Used for"), choices=TextCategory.choices)

    def __init__(self, data: Any = None, *, text: SavedText | None = None) -> None:
        known = text or SavedText()
        initial = {"name": known.name, "shortcut": known.shortcut, "category": known.category}
        initial |= {f"text_{code}": known.texts.get(code, "") for code in SPOKEN}
        super().__init__(data, initial=initial, label_suffix="")
        for code in SPOKEN:
            self.fields[f"text_{code}"] = CleanCharField(
                label=LANGUAGES[code],
                required=False,
                max_length=gate.LONGEST_BODY,
                widget=forms.Textarea(attrs={"rows": 4, "lang": code, "dir": "auto", "data-text": code}),
            )

    def bodies(self) -> list[forms.BoundField]:
        """Return the fields of the languages."""
        return [self[f"text_{code}"] for code in SPOKEN]

    @property
    def texts(self) -> dict[str, str]:
        """Return the words by language, without empty ones."""
        return {code: body for code in SPOKEN if (body := self.cleaned_data[f"text_{code}"])}

    def clean_shortcut(self) -> str:
        """Return the shortcut without its /; letters, figures, - and _ only."""
        value: str = self.cleaned_data["shortcut"].lstrip("/").strip().lower()
        if value and not _SHORTCUT.match(value):
            raise forms.ValidationError(_("Use letters, figures and hyphens, without spaces."))
        return value

    def clean(self) -> dict[str, Any]:
        """Ask for words, for variables that exist, and for nothing that a carrier takes as an order."""
        data = super().clean() or {}
        written = [f"text_{code}" for code in SPOKEN if data.get(f"text_{code}")]
        if not written and not any(self.errors.get(f"text_{code}") for code in SPOKEN):
            self.add_error("text_en", _("Write the text in at least one language."))
        for field in written:
            for problem in linting.problems_of(data[field], names=variables.NAMES):
                self.add_error(field, problem)
        return data
