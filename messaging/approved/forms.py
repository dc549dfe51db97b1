"""The forms of approved texts: one of the clinic's own, one that the account has already, what one goes out for."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from clinics.forms import CleanCharField
from clinics.models import ProviderAccount
from messaging.approved import rules
from messaging.approved.choosing import one_line, wish_of
from messaging.approved.starter import MARKETING, SAMPLES, SPELLED, USES, UTILITY, names_of, numbered
from messaging.approved.words import NAMES
from messaging.language import LANGUAGES
from messaging.models import ContentTemplate

_SID = re.compile(r"HX[0-9a-fA-F]{32}\Z")
_UNNAMED = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_NOTHING = ("", gettext_lazy("Nothing: only members choose it"))


def account_choices(accounts: Sequence[ProviderAccount]) -> list[tuple[str, str]]:
    """Return the accounts to choose from."""
    return [
        (str(account.pk), f"{account.provider.capitalize()} · {account.external_id}") for account in accounts
    ]


class _AccountForm(forms.Form):
    """A form whose text belongs to one of the clinic's accounts; a single one is not asked for."""

    account = forms.ChoiceField(label=gettext_lazy("WhatsApp account"))

    def __init__(self, data: Any = None, *, accounts: Sequence[ProviderAccount], **kwargs: Any) -> None:
        super().__init__(data, label_suffix="", **kwargs)
        self.accounts = {str(account.pk): account for account in accounts}
        field = self.fields["account"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = account_choices(accounts)
        if len(accounts) == 1:
            field.widget = forms.HiddenInput()
            field.initial = str(accounts[0].pk)


class NewTextForm(_AccountForm):
    """A text of the clinic's own: written with {names}, checked by Meta's rules, submitted at once."""

    name = CleanCharField(label=gettext_lazy("Name"), max_length=80)
    language = forms.ChoiceField(
        label=gettext_lazy("Language"), choices=[(SPELLED[code], name) for code, name in LANGUAGES.items()]
    )
    category = forms.ChoiceField(
        label=gettext_lazy("Category"),
        choices=[
            (UTILITY, gettext_lazy("Utility: about a visit or a question of the patient")),
            (MARKETING, gettext_lazy("Marketing: everything else; costs more")),
        ],
    )
    body = CleanCharField(
        label=gettext_lazy("Text"),
        max_length=rules.LONGEST_BODY,
        widget=forms.Textarea(attrs={"rows": 5, "dir": "auto"}),
        help_text=gettext_lazy("Variables in braces: Hello {patient_name}, …"),
    )
    button_1 = CleanCharField(label=gettext_lazy("First button"), required=False, max_length=60)
    button_2 = CleanCharField(label=gettext_lazy("Second button"), required=False, max_length=60)
    button_3 = CleanCharField(label=gettext_lazy("Third button"), required=False, max_length=60)

    @property
    def buttons(self) -> list[str]:
        """Return the words of the buttons."""
        given = (self.cleaned_data.get(f"button_{n}", "") for n in (1, 2, 3))
        return [title for title in map(one_line, given) if title]

    @property
    def variables(self) -> list[dict[str, str]]:
        """Return the variables with what reviewers see in their place."""
        samples = samples_for(self.cleaned_data["language"])
        _body, names = numbered(self.cleaned_data["body"])
        return [
            {"n": str(n), "name": name, "sample": samples.get(name, name)} for n, name in enumerate(names, 1)
        ]

    def clean(self) -> dict[str, Any]:
        """Refuse what WhatsApp would."""
        data = super().clean() or {}
        if not data.get("body"):
            return data
        body, names = numbered(data["body"])
        unknown = [f"{{{name}}}" for name in _UNNAMED.findall(data["body"]) if name not in NAMES]
        if unknown:
            listed = ", ".join(dict.fromkeys(unknown))
            self.add_error("body", _("There is no variable %(names)s.") % {"names": listed})
        samples = {str(n): name for n, name in enumerate(names, 1)}
        for problem in rules.problems(body, samples=samples):
            self.add_error("body", problem)
        for problem in rules.problems("-", buttons=self.buttons):
            self.add_error("button_1", problem)
        return data


class MapForm(_AccountForm):
    """A text that the account has already, by its SID."""

    content_sid = CleanCharField(
        label=gettext_lazy("Content SID"),
        max_length=64,
        help_text=gettext_lazy("Begins with HX; it stands in the provider’s console."),
    )
    key = forms.ChoiceField(
        label=gettext_lazy("Goes out for"), required=False, choices=[_NOTHING, *USES.items()]
    )

    def clean_content_sid(self) -> str:
        """Return the SID."""
        value: str = self.cleaned_data["content_sid"].strip()
        if not _SID.match(value):
            raise forms.ValidationError(_("HX and 32 figures or letters a to f."))
        return value


class UseForm(forms.Form):
    """What a text goes out for, and what each of its variables is filled with."""

    key = forms.ChoiceField(
        label=gettext_lazy("Goes out for"), required=False, choices=[_NOTHING, *USES.items()]
    )

    def __init__(self, data: Any = None, *, text: ContentTemplate) -> None:
        initial = {"key": text.key or wish_of(text)} | {
            f"name_{one['n']}": one.get("name", "") for one in text.variables
        }
        super().__init__(data, initial=initial, label_suffix="")
        for one in text.variables:
            known = [
                (name, str(NAMES.get(name, name)))
                for name in dict.fromkeys((*NAMES, one.get("name", "")))
                if name
            ]
            self.fields[f"name_{one['n']}"] = forms.ChoiceField(
                label=f"{{{{{one['n']}}}}} · {one.get('sample', '')}",
                required=False,
                choices=[("", _("filled in by hand")), *known],
            )

    @property
    def names(self) -> Mapping[str, str]:
        """Return what each variable is filled with, by its number."""
        return {
            field.removeprefix("name_"): value
            for field, value in self.cleaned_data.items()
            if field.startswith("name_")
        }

    def clean(self) -> dict[str, Any]:
        """A text that goes out by itself needs a value for every variable."""
        data = super().clean() or {}
        if not data.get("key"):
            return data
        possible = names_of(data["key"])
        for field, value in list(data.items()):  # an error takes its field out
            if field.startswith("name_") and value not in possible:
                self.add_error(
                    field, _("This is not known when the text goes out by itself. Choose something else.")
                )
        return data


class AnewForm(forms.Form):
    """A rejected text in other words."""

    body = CleanCharField(
        label=gettext_lazy("Text"),
        max_length=rules.LONGEST_BODY,
        widget=forms.Textarea(attrs={"rows": 5, "dir": "auto"}),
    )

    def __init__(self, data: Any = None, *, text: ContentTemplate) -> None:
        super().__init__(data, initial={"body": text.body}, label_suffix="")
        self._text = text
        for one in text.variables:
            self.fields[f"sample_{one['n']}"] = CleanCharField(
                label=_("Example for %(name)s") % {"name": f"{{{{{one['n']}}}}}"},
                initial=one.get("sample", ""),
                max_length=200,
            )

    @property
    def samples(self) -> Mapping[str, str]:
        """Return the examples by number, of the variables that are still there."""
        body = self.cleaned_data["body"]
        return {
            n: self.cleaned_data[f"sample_{n}"]
            for n in (str(one["n"]) for one in self._text.variables)
            if f"{{{{{n}}}}}" in body
        }

    def clean(self) -> dict[str, Any]:
        """Refuse what WhatsApp would."""
        data = super().clean() or {}
        if data.get("body"):
            known = {name.removeprefix("sample_"): value for name, value in data.items() if name != "body"}
            for problem in rules.problems(data["body"], samples=known):
                self.add_error("body", problem)
        return data


def samples_for(language: str) -> Mapping[str, str]:
    """Return the examples in a language as WhatsApp spells it."""
    return SAMPLES.get(language.partition("_")[0], SAMPLES["en"])
