"""How a member wants to be told."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from messaging.models import AlertSettings


class AlertForm(forms.ModelForm):  # type: ignore[type-arg]
    """What to tell, by which way, and when not."""

    class Meta:
        model = AlertSettings
        fields = ("request", "handover", "waiting", "account", "push", "email", "quiet_from", "quiet_until")
        widgets = {
            "quiet_from": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "quiet_until": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        }

    def clean(self) -> dict[str, Any]:
        """Ask for both ends of the quiet time, or for none."""
        data = super().clean() or {}
        if not self.errors and (data.get("quiet_from") is None) != (data.get("quiet_until") is None):
            missing = "quiet_until" if data.get("quiet_until") is None else "quiet_from"
            self.add_error(missing, _("Give both times, or none."))
        return data

    def save(self, commit: bool = True) -> AlertSettings:
        """Store what was chosen; the row is made when there is none."""
        chosen = {name: self.cleaned_data[name] for name in self.fields}
        row, _made = AlertSettings.objects.update_or_create(user=self.instance.user, defaults=chosen)
        return row
