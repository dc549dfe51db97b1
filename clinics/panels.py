"""The parts of the settings page: each room registers the form of its own settings, the page is one."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from clinics.models import Clinic
from clinics.tenancy import forget_clinics

FormFor = Callable[[Clinic, Mapping[str, Any] | None], forms.ModelForm]  # type: ignore[type-arg]


@dataclass(frozen=True, slots=True)
class Panel:
    """A part of the settings page; `form_for` binds its form to what is kept, and to what was posted."""

    slug: str
    title: str | Promise
    lead: str | Promise
    form_for: FormFor


_panels: list[tuple[int, Panel]] = []


def register(order: int, panel: Panel) -> None:
    """Add a panel. Called once, from AppConfig.ready."""
    _panels.append((order, panel))
    _panels.sort(key=lambda entry: entry[0])


def panels() -> list[Panel]:
    """Return the panels in their order."""
    return [panel for _order, panel in _panels]


class OneRowForm(forms.ModelForm):  # type: ignore[type-arg]
    """For a room's settings, which are one row that may not be there yet; writes its own columns only."""

    def save(self, commit: bool = True) -> Any:
        """Store what was chosen."""
        chosen = {name: self.cleaned_data[name] for name in self.fields}
        row, _made = self._meta.model._default_manager.update_or_create(pk=1, defaults=chosen)
        return row


class _OfClinic(forms.ModelForm):  # type: ignore[type-arg]
    """Writes its own columns only: the clinic's state is nobody's to change here."""

    def save(self, commit: bool = True) -> Clinic:
        """Store what was chosen, and let this process read it at once."""
        row: Clinic = self.instance
        row.save(update_fields=list(self.fields))
        forget_clinics()
        return row


class ClinicForm(_OfClinic):
    """What patients and staff see of the clinic itself."""

    language = forms.ChoiceField(
        label=_("Language of patients"),
        choices=[("en", "English"), ("es", "Español"), ("zh", "中文")],
        help_text=_("For texts to patients of whom no language is known."),
    )

    class Meta:
        model = Clinic
        fields = ("name", "phone", "language")
        help_texts = {
            "phone": _("Text only: a number works for messages once it is connected under Clinic numbers."),
        }


class SafetyForm(_OfClinic):
    """How the clinic's screens are protected."""

    class Meta:
        model = Clinic
        fields = ("idle_minutes", "second_factor")
        help_texts = {"idle_minutes": _("Between 5 and 120.")}


def _of_clinic(form: type[_OfClinic]) -> FormFor:
    # A row of its own: the one at hand is shared by requests, and a refused form has changed its instance.
    return lambda clinic, data: form(data, instance=Clinic.objects.get(pk=clinic.pk))


CLINIC = Panel("clinic", _("Clinic"), _("What patients and your team read."), _of_clinic(ClinicForm))
SAFETY = Panel("safety", _("Safety"), _("For everybody who works here."), _of_clinic(SafetyForm))
