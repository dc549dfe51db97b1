"""What beat starts, and when: the scheduler's own pages, on the platform's site and in its look."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django_celery_beat.admin import PeriodicTaskAdmin, PeriodicTaskForm, TaskSelectWidget
from django_celery_beat.models import ClockedSchedule, CrontabSchedule, IntervalSchedule, PeriodicTask
from unfold.decorators import display
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from clinics import readable
from clinics.model_admins import PlatformModelAdmin
from clinics.sites import platform_site
from medsync.lib import clock
from medsync.lib.spans import duration

# Beat's own help has no Spanish, and tells of columns that may be null.
HELP = {
    "name": gettext_lazy("What it is called in the list."),
    "enabled": gettext_lazy("Switched off, it is not started."),
    "description": gettext_lazy("What it is for."),
    "interval": gettext_lazy("Choose one: an interval, a crontab, or a moment."),
    "crontab": gettext_lazy("Choose one: an interval, a crontab, or a moment."),
    "clocked": gettext_lazy("Choose one: an interval, a crontab, or a moment. A moment needs “once” below."),
    "start_time": gettext_lazy("Not before this time."),
    "one_off": gettext_lazy("Starts once, then it is switched off."),
    "args": gettext_lazy("A JSON list, such as [1, 2]."),
    "kwargs": gettext_lazy('A JSON object, such as {"days": 7}.'),
    "expires": gettext_lazy("After this time it is not started any more."),
    "expire_seconds": gettext_lazy("What waits longer than these seconds is not run."),
    "queue": gettext_lazy("Empty: the usual queue."),
    "exchange": gettext_lazy("Empty: the usual one."),
    "routing_key": gettext_lazy("Empty: the usual one."),
    "priority": gettext_lazy("From 0 to 255; empty: the usual one."),
    "headers": gettext_lazy("A JSON object that travels with the task."),
}


class _TaskSelect(UnfoldAdminSelectWidget, TaskSelectWidget):  # type: ignore[misc]
    """Beat's list of task names, in unfold's clothes."""


class _PeriodicTaskForm(PeriodicTaskForm):  # type: ignore[misc]
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["task"].widget = UnfoldAdminTextInputWidget()
        self.fields["regtask"].widget = _TaskSelect()
        for name, words in HELP.items():
            if name in self.fields:
                self.fields[name].help_text = words


def every(interval: IntervalSchedule) -> str:
    """Return "every 10 seconds"; beat's own words know no plural of other languages."""
    count, period = interval.every, interval.period
    for seconds, longer in ((86_400, "days"), (3600, "hours"), (60, "minutes")):
        if period == "seconds" and count % seconds == 0:
            count, period = count // seconds, longer
    words = {
        "microseconds": ngettext("every %(count)d microsecond", "every %(count)d microseconds", count),
        "seconds": ngettext("every %(count)d second", "every %(count)d seconds", count),
        "minutes": ngettext("every %(count)d minute", "every %(count)d minutes", count),
        "hours": ngettext("every %(count)d hour", "every %(count)d hours", count),
        "days": ngettext("every %(count)d day", "every %(count)d days", count),
    }
    return words[period] % {"count": count}


def when(task: PeriodicTask) -> str:
    """Return when a task is started, in words."""
    if task.interval:
        return every(task.interval)
    if task.crontab:
        return str(task.crontab.human_readable)
    if task.clocked:
        return _("once, %(moment)s") % {"moment": readable.moment(task.clocked.clocked_time)}
    return str(task.solar) if task.solar else "–"


@admin.register(PeriodicTask, site=platform_site)
class OurPeriodicTaskAdmin(PlatformModelAdmin, PeriodicTaskAdmin):  # type: ignore[misc]
    """What beat starts. The product's own entries come back from the settings at every start."""

    form = _PeriodicTaskForm
    # Beat's template explains a crontab by an inline script, which no page of ours runs: the words stand in the list.
    change_form_template = None
    date_hierarchy = None
    list_display = ["name", "state_label", "schedule", "last_run", "total_run_count"]
    list_filter = ["enabled", "one_off"]
    search_fields = ["name", "task"]
    fieldsets = [
        (None, {"fields": ["name", "regtask", "task", "enabled", "description"]}),
        (
            gettext_lazy("Schedule"),
            {"fields": ["interval", "crontab", "clocked", "start_time", "one_off", "last_run_at"]},
        ),
        (gettext_lazy("Arguments"), {"fields": ["args", "kwargs"], "classes": ["collapse"]}),
        (
            gettext_lazy("How it is sent"),
            {
                "fields": [
                    "expires",
                    "expire_seconds",
                    "queue",
                    "exchange",
                    "routing_key",
                    "priority",
                    "headers",
                ],
                "classes": ["collapse"],
            },
        ),
    ]
    readonly_fields = ["last_run_at"]

    def row_title(self, row: PeriodicTask) -> str:
        """Return the name."""
        return str(row.name)

    @display(
        description=gettext_lazy("state"),
        ordering="enabled",
        label=readable.Tones({"on": "success", "off": "warning"}),
    )
    def state_label(self, task: PeriodicTask) -> tuple[str, str]:
        """Return whether it is started, in a word."""
        return ("on", _("On")) if task.enabled else ("off", _("Off"))

    @display(description=gettext_lazy("when"))
    def schedule(self, task: PeriodicTask) -> str:
        """Return when it is started."""
        return when(task)

    @display(description=gettext_lazy("last started"), ordering="last_run_at")
    def last_run(self, task: PeriodicTask) -> str:
        """Return how long ago it was started last."""
        if task.last_run_at is None:
            return _("never")
        return _("%(span)s ago") % {"span": duration(clock.now() - task.last_run_at)}


class ScheduleAdmin(PlatformModelAdmin):
    """Times that tasks can be started at."""


@admin.register(IntervalSchedule, site=platform_site)
class OurIntervalAdmin(ScheduleAdmin):
    """How often."""

    list_display = ["shown"]
    list_filter = ["period"]

    @display(description=gettext_lazy("interval"))
    def shown(self, interval: IntervalSchedule) -> str:
        """Return it in words."""
        return every(interval)


@admin.register(CrontabSchedule, site=platform_site)
class OurCrontabAdmin(ScheduleAdmin):
    """At which minutes, hours and days."""

    list_display = ["shown", "minute", "hour", "day_of_week", "day_of_month", "month_of_year", "timezone"]
    fields = ["minute", "hour", "day_of_week", "day_of_month", "month_of_year", "timezone"]

    @display(description=gettext_lazy("when"))
    def shown(self, crontab: CrontabSchedule) -> str:
        """Return it in words."""
        return str(crontab.human_readable)


@admin.register(ClockedSchedule, site=platform_site)
class OurClockedAdmin(ScheduleAdmin):
    """Once, at a moment."""

    list_display = ["clocked_time"]
    list_filter = ["clocked_time"]
