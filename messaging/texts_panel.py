"""Confirmations by SMS, and what texts may say, on the settings page."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from clinics.models import Channel, Clinic, SenderStatus
from clinics.panels import OneRowForm, Panel
from medsync.lib import phone
from messaging.facts import forget_facts
from messaging.models import MessagingSettings


class ConfirmationsForm(OneRowForm):
    """Whether booked, moved and cancelled visits are told by SMS, and from which number."""

    class Meta:
        model = MessagingSettings
        fields = ("sms_enabled", "sms_sender_number", "sms_inbound_enabled")
        help_texts = {
            "sms_enabled": _(
                "A text when a visit is booked, moved or cancelled, to everybody who did not refuse SMS."
            ),
            "sms_inbound_enabled": _("Off: SMS are kept and STOP is honoured, but the bot answers none."),
        }

    def __init__(self, *args: Any, clinic: Clinic, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        numbers = clinic.senders.filter(channel=Channel.SMS, status=SenderStatus.ACTIVE).order_by("rank")
        known = [(s.phone_number, phone.display(s.phone_number, clinic.country)) for s in numbers]
        kept = self.instance.sms_sender_number
        if kept and kept not in dict(known):  # it was taken off since, or came by the API
            known.append((kept, phone.display(kept, clinic.country)))
        self.fields["sms_sender_number"] = forms.ChoiceField(
            label=_("SMS number"), choices=[("", _("The clinic’s primary one")), *known], required=False
        )

    def save(self, commit: bool = True) -> Any:
        """Store what was chosen, and let this process read it at once."""
        row = super().save(commit)
        forget_facts()
        return row


class PrivacyForm(OneRowForm):
    """What texts on WhatsApp may say, and where the privacy notice stands."""

    neutral_whatsapp = forms.TypedChoiceField(
        label=_("No health details over WhatsApp"),
        choices=[
            ("", _("As is usual in the country (on in the US)")),
            ("on", _("On: no doctor, no kind of visit, no instructions")),
            ("off", _("Off")),
        ],
        coerce=lambda value: value == "on",
        empty_value=None,
        required=False,
        help_text=_("WhatsApp is not covered by a health-privacy agreement in the US; SMS and calls can be."),
    )

    class Meta:
        model = MessagingSettings
        fields = ("neutral_whatsapp", "privacy_url")
        help_texts = {"privacy_url": _("Its link ends the first automatic answer to a new number.")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = {True: "on", False: "off"}
        self.initial["neutral_whatsapp"] = known.get(self.instance.neutral_whatsapp, "")

    def save(self, commit: bool = True) -> Any:
        """Store what was chosen, and let this process read it at once."""
        row = super().save(commit)
        forget_facts()
        return row


def _confirmations(clinic: Clinic, data: Mapping[str, Any] | None) -> ConfirmationsForm:
    return ConfirmationsForm(data, instance=MessagingSettings.load(), clinic=clinic)


def _privacy(clinic: Clinic, data: Mapping[str, Any] | None) -> PrivacyForm:
    return PrivacyForm(data, instance=MessagingSettings.load())


CONFIRMATIONS = Panel(
    "confirmations",
    _("Confirmations by SMS"),
    _("Patients who write on WhatsApp are told there."),
    _confirmations,
)
PRIVACY = Panel("privacy", _("Privacy"), _("What texts to patients may say."), _privacy)
