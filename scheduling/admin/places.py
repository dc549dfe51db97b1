"""Locations with their opening hours, rooms, and the rules of booking."""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.decorators import display

from clinics import readable
from clinics.model_admins import ClinicModelAdmin, InlineRights, OneRowAdmin
from clinics.sites import clinic_site
from scheduling.admin.doctors import IN_USE, WithResource, in_use
from scheduling.models import (
    Location,
    OpeningHours,
    ResourceKind,
    Room,
    SchedulingSettings,
)


@admin.register(Room, site=clinic_site)
class RoomAdmin(WithResource):
    """Rooms."""

    kind = ResourceKind.ROOM
    list_display = ["name", "state_label", "kind_word", "location"]
    list_filter = ["active", "location"]
    list_select_related = ["location"]
    fields = ["name", "kind", "location", "active"]

    @display(description=_("state"), ordering="active", label=IN_USE)
    def state_label(self, room: Room) -> tuple[str, str]:
        """Return whether it is in use."""
        return in_use(room.active)

    @display(description=_("kind"), ordering="kind")
    def kind_word(self, room: Room) -> str:
        """Return what the room is for, in the clinic's own word."""
        return gettext("Consulting") if room.kind == "consulting" else readable.word(room.kind)

    def row_title(self, row: Room) -> str:
        """Return the name."""
        return row.name


class OpeningHoursInline(InlineRights, TabularInline):  # type: ignore[misc]
    """When a location is open."""

    model = OpeningHours
    extra = 0


@admin.register(Location, site=clinic_site)
class LocationAdmin(ClinicModelAdmin):
    """Places with their opening hours."""

    list_display = ["name", "state_label", "address", "zone_words"]
    list_filter = ["active"]
    fields = ["name", "address", "map_url", "phone", "zone", "rank", "active"]
    inlines = [OpeningHoursInline]

    @display(description=_("state"), ordering="active", label=IN_USE)
    def state_label(self, location: Location) -> tuple[str, str]:
        """Return whether it is in use."""
        return in_use(location.active)

    @display(description=_("time zone"), ordering="zone")
    def zone_words(self, location: Location) -> str:
        """Return the zone as people say it."""
        return location.zone.replace("_", " ")

    def row_title(self, row: Location) -> str:
        """Return the name."""
        return row.name


@admin.register(OpeningHours, site=clinic_site)
class OpeningHoursAdmin(ClinicModelAdmin):
    """When places are open."""

    list_display = ["location", "weekday", "hours"]
    list_filter = ["location", "weekday"]
    list_select_related = ["location"]

    @display(description=_("hours"), ordering="opens")
    def hours(self, row: OpeningHours) -> str:
        """Return the span."""
        return readable.hours(row.opens, row.closes)

    def row_title(self, row: OpeningHours) -> str:
        """Return the day and the span."""
        return f"{row.get_weekday_display()}, {readable.hours(row.opens, row.closes)}"


@admin.register(SchedulingSettings, site=clinic_site)
class SchedulingSettingsAdmin(OneRowAdmin):
    """Rules of booking."""
