"""A clinic's own rules of talking: one row, defaults in code."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class BotMode(models.TextChoices):
    """What the bot does with a message that rules can answer."""

    ANSWER = "answer", _("answer")
    SUGGEST = "suggest", _("suggest to staff")  # as a note that only staff see
    STAFF_ONLY = "staff_only", _("staff only")


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
