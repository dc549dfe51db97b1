"""Who sees patients, and what for."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from medsync.lib.ids import new_id


class Practitioner(models.Model):
    """A doctor (or nurse, or therapist); a resource that a visit occupies."""

    resource = models.OneToOneField(
        "scheduling.Resource", models.PROTECT, primary_key=True, related_name="practitioner"
    )
    user = models.ForeignKey("clinics.User", models.DO_NOTHING, null=True, blank=True, related_name="+")
    name = models.CharField(_("name shown to patients"), max_length=120)
    bookable = models.BooleanField(_("patients may book"), default=True)
    rank = models.PositiveSmallIntegerField(default=1)  # order in lists; also picks the colour
    active = models.BooleanField(_("in use"), default=True)

    class Meta:
        ordering = ["rank", "name", "resource_id"]
        verbose_name = _("doctor")
        verbose_name_plural = _("doctors")

    def __str__(self) -> str:
        return self.name

    @property
    def id(self) -> object:
        """Return the one id of the row: its resource's."""
        return self.resource_id


class AppointmentType(models.Model):
    """What a visit is for and the rules of booking it; minutes everywhere."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    names = models.JSONField(_("name in each language"), default=dict)  # {"en": "Check-up", "es": "Consulta"}
    duration = models.PositiveSmallIntegerField(_("minutes"), default=30)
    buffer_before = models.PositiveSmallIntegerField(_("minutes before"), default=0)
    buffer_after = models.PositiveSmallIntegerField(_("minutes after"), default=0)
    grid = models.PositiveSmallIntegerField(_("starts every … minutes"), default=30)
    least_notice = models.PositiveIntegerField(_("least notice in minutes"), default=120)
    horizon_days = models.PositiveSmallIntegerField(_("bookable for … days ahead"), default=60)
    room_kinds = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    accept_at_once = models.BooleanField(_("accept without staff"), default=False)
    bookable = models.BooleanField(_("patients may book"), default=True)
    instructions = models.JSONField(_("instructions in each language"), default=dict, blank=True)
    practitioners = models.ManyToManyField(Practitioner, blank=True, related_name="types")  # none chosen: all
    rank = models.PositiveSmallIntegerField(default=1)
    active = models.BooleanField(_("in use"), default=True)

    class Meta:
        ordering = ["rank", "id"]
        verbose_name = _("appointment type")
        verbose_name_plural = _("appointment types")

    def __str__(self) -> str:
        return self.name_in("en")

    def name_in(self, language: str) -> str:
        """Return the name in that language, else in English, else in any."""
        return self.names.get(language) or self.names.get("en") or next(iter(self.names.values()), "")
