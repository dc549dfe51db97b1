"""A clinic's own rules of talking: one row, defaults in code."""

from datetime import time

from django.db import models
from django.utils.translation import gettext_lazy as _


class BotMode(models.TextChoices):
    """What the bot does with a message that rules can answer."""

    ANSWER = "answer", _("answer")
    SUGGEST = "suggest", _("suggest to staff")  # as a note that only staff see
    STAFF_ONLY = "staff_only", _("staff only")


class FirstChannel(models.TextChoices):
    """Where the clinic begins when it does not know better."""

    BY_COUNTRY = "auto", _("as is usual in the country")  # US: SMS first; elsewhere WhatsApp first
    WHATSAPP = "whatsapp", _("WhatsApp first")
    SMS = "sms", _("SMS first")


class MessagingSettings(models.Model):
    """The settings of this room. `MessagingSettings.load()` never writes."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    bot_inside_hours = models.CharField(
        _("during opening hours"), max_length=10, choices=BotMode.choices, default=BotMode.ANSWER
    )
    bot_outside_hours = models.CharField(
        _("outside opening hours"), max_length=10, choices=BotMode.choices, default=BotMode.ANSWER
    )
    bot_pause_minutes = models.PositiveSmallIntegerField(
        _("minutes the bot pauses after staff wrote"), default=30
    )
    # What the clock or a list begins waits for the morning, in the patient's zone.
    quiet_from = models.TimeField(_("quiet from"), default=time(21))
    quiet_until = models.TimeField(_("until"), default=time(8))
    first_channel = models.CharField(
        _("first channel"), max_length=10, choices=FirstChannel.choices, default=FirstChannel.BY_COUNTRY
    )
    neutral_whatsapp = models.BooleanField(
        _("no health details over WhatsApp"), null=True, blank=True
    )  # null: on for US clinics
    privacy_url = models.URLField(_("privacy notice"), blank=True)
    # Confirmations.
    sms_enabled = models.BooleanField(_("confirmations by SMS"), default=False)
    sms_sender_number = models.CharField(_("SMS number"), max_length=16, blank=True)
    sms_inbound_enabled = models.BooleanField(_("answer incoming SMS"), default=True)

    class Meta:
        verbose_name = _("messaging settings")
        verbose_name_plural = _("messaging settings")
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_messaging_settings")]

    def __str__(self) -> str:
        return "messaging settings"

    @classmethod
    def load(cls) -> "MessagingSettings":
        """Return the clinic's settings, or the defaults when none were saved."""
        return cls.objects.filter(pk=1).first() or cls()
