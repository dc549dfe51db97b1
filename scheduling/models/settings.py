"""A clinic's own rules of booking: one row, defaults in code."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class SchedulingSettings(models.Model):
    """The settings of this room. `SchedulingSettings.load()` never writes."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    hold_minutes = models.PositiveSmallIntegerField(
        _("minutes an offered time is held"), default=10
    )  # 0: not at all
    request_hours = models.PositiveSmallIntegerField(
        _("opening hours a request waits for an answer"), default=4
    )
    offer_hours = models.PositiveSmallIntegerField(
        _("opening hours that times offered by staff are held"), default=8
    )
    first_day_put_away_at = models.DateTimeField(null=True, blank=True, editable=False)  # the first-day list

    class Meta:
        verbose_name = _("booking settings")
        verbose_name_plural = _("booking settings")
        constraints = [models.CheckConstraint(condition=models.Q(id=1), name="one_scheduling_settings")]

    def __str__(self) -> str:
        return "scheduling settings"

    @classmethod
    def load(cls) -> "SchedulingSettings":
        """Return the clinic's settings, or the defaults when none were saved."""
        return cls.objects.filter(pk=1).first() or cls()
