"""What beat starts, and when: the scheduler's own pages, on the platform's site and in its look."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django_celery_beat.admin import PeriodicTaskAdmin, PeriodicTaskForm, TaskSelectWidget
from django_celery_beat.models import IntervalSchedule, PeriodicTask
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from clinics.model_admins import PlatformModelAdmin
from clinics.sites import platform_site


class _TaskSelect(UnfoldAdminSelectWidget, TaskSelectWidget):  # type: ignore[misc]
    """Beat's list of task names, in unfold's clothes."""


class _PeriodicTaskForm(PeriodicTaskForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].widget = UnfoldAdminTextInputWidget()
        self.fields["regtask"].widget = _TaskSelect()


@admin.register(PeriodicTask, site=platform_site)
class OurPeriodicTaskAdmin(PlatformModelAdmin, PeriodicTaskAdmin):  # type: ignore[misc]
    """What beat starts. The product's own entries come back from the settings at every start."""

    form = _PeriodicTaskForm
    list_display = ["name", "enabled", "interval", "last_run_at", "total_run_count"]
    list_filter = ["enabled"]


@admin.register(IntervalSchedule, site=platform_site)
class OurIntervalAdmin(PlatformModelAdmin):
    """How often."""

    list_display = ["every", "period"]
