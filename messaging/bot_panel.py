"""How the bot behaves, on the settings page."""

from collections.abc import Mapping
from typing import Any

from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from clinics.models import Clinic
from clinics.panels import OneRowForm, Panel
from messaging.models import BotMode, MessagingSettings


class BotForm(OneRowForm):
    """What the bot does by day and by night, and how long it leaves a thread to a person."""

    class Meta:
        model = MessagingSettings
        fields = ("bot_inside_hours", "bot_outside_hours", "bot_pause_minutes")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name in ("bot_inside_hours", "bot_outside_hours"):
            choices = [(value, capfirst(str(label))) for value, label in BotMode.choices]
            self.fields[name].choices = choices  # type: ignore[attr-defined]


def _form_for(clinic: Clinic, data: Mapping[str, Any] | None) -> BotForm:
    return BotForm(data, instance=MessagingSettings.load())


PANEL = Panel(
    "bot", _("Bot"), _("It offers free times and answers what rules can answer; staff decide."), _form_for
)
