"""The form of a clinic's own words for one text of the product."""

from __future__ import annotations

from typing import Any

from django import forms

from clinics.forms import CleanCharField
from messaging import gate, linting
from messaging.language import LANGUAGES, SPOKEN
from messaging.saved_texts.own import Text


class OwnWordsForm(forms.Form):
    """Words in each language; an empty field stands for the built-in ones."""

    def __init__(self, data: Any = None, *, text: Text) -> None:
        self._text = text
        bodies = {code: text.own.get(code) or text.entry.bodies[code] for code in SPOKEN}
        super().__init__(
            data, initial={f"text_{code}": body for code, body in bodies.items()}, label_suffix=""
        )
        for code in SPOKEN:
            self.fields[f"text_{code}"] = CleanCharField(
                label=LANGUAGES[code],
                required=False,
                max_length=gate.LONGEST_BODY,
                widget=forms.Textarea(attrs={"rows": 4, "lang": code, "dir": "auto", "data-text": code}),
            )

    def languages(self) -> list[tuple[forms.BoundField, str, bool]]:
        """Return each language's field, the built-in words, and whether the clinic's own stand there."""
        entry = self._text.entry
        return [(self[f"text_{code}"], entry.bodies[code], code in self._text.own) for code in SPOKEN]

    @property
    def texts(self) -> dict[str, str]:
        """Return the words by language."""
        return {code: self.cleaned_data[f"text_{code}"] for code in SPOKEN}

    def clean(self) -> dict[str, Any]:
        """Ask for variables that are filled, and for nothing that a carrier takes as an order."""
        data = super().clean() or {}
        for code in SPOKEN:
            body = data.get(f"text_{code}", "")
            if body and body != self._text.entry.bodies[code]:
                entry = self._text.entry
                hint = entry.key in linting.SAYS_HOW_TO_STOP
                for problem in linting.problems_of(body, names=entry.placeholders, stop_hint=hint):
                    self.add_error(f"text_{code}", problem)
        return data
