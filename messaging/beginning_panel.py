"""How the clinic begins: on which channel, and at which hours it rather waits. On the settings page."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from clinics.models import Clinic
from clinics.panels import OneRowForm, Panel
from messaging.facts import forget_facts
from messaging.models import FirstChannel, MessagingSettings


class BeginningForm(OneRowForm):
    """Quiet hours, and the channel of those who have never written and prefer none."""

    class Meta:
        model = MessagingSettings
        fields = ("first_channel", "quiet_from", "quiet_until")
        widgets = {
            name: forms.TimeInput(attrs={"type": "time"}, format="%H:%M")
            for name in ("quiet_from", "quiet_until")
        }
        help_texts = {
            "first_channel": _(
                "Who has written in the last 90 days is answered there; others as they prefer."
            ),
            "quiet_from": _(
                "On the patient’s clock. Reminders wait for the morning; answers, what your team writes and news"
                " of a visit go at once."
            ),
            "quiet_until": _("The same time twice: no quiet hours."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = [(value, capfirst(str(label))) for value, label in FirstChannel.choices]
        self.fields["first_channel"].choices = choices  # type: ignore[attr-defined]

    def save(self, commit: bool = True) -> Any:
        """Store what was chosen, and let this process read it at once."""
        row = super().save(commit)
        forget_facts()
        return row


def _form_for(clinic: Clinic, data: Mapping[str, Any] | None) -> BeginningForm:
    return BeginningForm(data, instance=MessagingSettings.load())


PANEL = Panel(
    "beginning",
    _("What we begin"),
    _("Reminders and news of visits: one event is one text on one channel."),
    _form_for,
)
