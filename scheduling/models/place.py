"""Where visits take place."""

from zoneinfo import ZoneInfo

from django.db import models
from django.utils.translation import gettext_lazy as _

from clinics.models.clinic import validate_zone
from medsync.lib.ids import new_id


class Location(models.Model):
    """A clinic's place with its own zone; the first is made with the clinic."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("name"), max_length=120)
    address = models.CharField(_("address"), max_length=250, blank=True)
    map_url = models.URLField(_("map link"), blank=True)
    phone = models.CharField(_("phone"), max_length=32, blank=True)
    zone = models.CharField(_("time zone"), max_length=64, validators=[validate_zone])
    rank = models.PositiveSmallIntegerField(default=1)
    active = models.BooleanField(_("in use"), default=True)

    class Meta:
        ordering = ["rank", "id"]
        verbose_name = _("location")
        verbose_name_plural = _("locations")

    def __str__(self) -> str:
        return self.name

    @property
    def tz(self) -> ZoneInfo:
        """Return the location's time zone."""
        return ZoneInfo(self.zone)


class Room(models.Model):
    """A room that a visit may need."""

    resource = models.OneToOneField(
        "scheduling.Resource", models.PROTECT, primary_key=True, related_name="room"
    )
    location = models.ForeignKey(Location, models.PROTECT, related_name="rooms")
    name = models.CharField(_("name"), max_length=80)
    kind = models.CharField(_("kind"), max_length=40, default="consulting")
    active = models.BooleanField(_("in use"), default=True)

    class Meta:
        ordering = ["name", "resource_id"]
        verbose_name = _("room")
        verbose_name_plural = _("rooms")

    def __str__(self) -> str:
        return self.name
