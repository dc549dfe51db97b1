"""What operators watch: dead tasks and counters. (Held events are messaging's.)"""

from __future__ import annotations

from django.contrib import admin

from clinics.model_admins import PlatformReadOnlyAdmin
from clinics.models import (
    Counter,
    DeadTask,
)
from clinics.sites import platform_site


@admin.register(DeadTask, site=platform_site)
class DeadTaskAdmin(PlatformReadOnlyAdmin):
    """Tasks that came without a clinic that is ready."""

    list_display = ["name", "reason", "schema", "created_at"]
    list_filter = ["reason", "name"]


@admin.register(Counter, site=platform_site)
class CounterAdmin(PlatformReadOnlyAdmin):
    """What is counted, without content."""

    list_display = ["day", "name", "count"]
    list_filter = ["name"]
