"""Locations with their opening hours, rooms, and the rules of booking."""

from __future__ import annotations

from django.contrib import admin
from unfold.admin import TabularInline

from clinics.model_admins import ClinicModelAdmin, InlineRights, OneRowAdmin
from clinics.sites import clinic_site
from scheduling.admin.doctors import WithResource
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
    list_display = ["name", "kind", "location", "active"]
    fields = ["name", "kind", "location", "active"]


class OpeningHoursInline(InlineRights, TabularInline):  # type: ignore[misc]
    """When a location is open."""

    model = OpeningHours
    extra = 0


@admin.register(Location, site=clinic_site)
class LocationAdmin(ClinicModelAdmin):
    """Places with their opening hours."""

    list_display = ["name", "address", "zone", "active"]
    fields = ["name", "address", "map_url", "phone", "zone", "rank", "active"]
    inlines = [OpeningHoursInline]


@admin.register(OpeningHours, site=clinic_site)
class OpeningHoursAdmin(ClinicModelAdmin):
    """When places are open."""

    list_display = ["location", "weekday", "opens", "closes"]
    list_filter = ["location", "weekday"]
    list_select_related = ["location"]


@admin.register(SchedulingSettings, site=clinic_site)
class SchedulingSettingsAdmin(OneRowAdmin):
    """Rules of booking."""
