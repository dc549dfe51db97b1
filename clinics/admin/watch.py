"""What operators watch: dead tasks and counters. (Held events are messaging's.)"""

from __future__ import annotations

from django.contrib import admin
from django.utils.translation import gettext_lazy
from unfold.decorators import display

from clinics import readable
from clinics.model_admins import PlatformReadOnlyAdmin
from clinics.models import Counter, DeadTask
from clinics.sites import platform_site
from clinics.watching import REFUSED

# Why a task was not run, by what `clinics.tasks` writes.
_REASONS = {
    "no clinic": gettext_lazy("It named no clinic"),
    "clinic is preparing": gettext_lazy("Its clinic is being prepared"),
    "clinic is closing": gettext_lazy("Its clinic is closing"),
    "clinic is gone": gettext_lazy("Its clinic is gone"),
}
# What is counted, by the beginning of the name that messaging gives it; the provider stands behind it.
_COUNTED = {
    REFUSED: gettext_lazy("Refused signatures"),
    "webhook.unknown_number.": gettext_lazy("Webhooks for a number of no clinic"),
    "status.unknown.": gettext_lazy("Status callbacks that fit no message"),
}


def reason_words(reason: str) -> str:
    """Return why a task was not run, in words."""
    return str(_REASONS.get(reason, reason))


def counted_words(name: str) -> str:
    """Return what a counter counts, in words; a name of a later version stays as it is."""
    for beginning, words in _COUNTED.items():
        if name.startswith(beginning):
            return f"{words} ({name.removeprefix(beginning).capitalize()})"
    return name


@admin.register(DeadTask, site=platform_site)
class DeadTaskAdmin(PlatformReadOnlyAdmin):
    """Tasks that came without a clinic that is ready."""

    list_display = ["when", "name", "reason_label", "schema"]
    list_filter = ["reason", "name"]
    fields = ["when", "name", "reason_label", "schema", "arguments", "task_id"]
    search_fields = ["name", "schema"]

    @display(description=gettext_lazy("when"), ordering="created_at")
    def when(self, task: DeadTask) -> str:
        """Return when it came."""
        return readable.moment(task.created_at)

    @display(
        description=gettext_lazy("reason"), ordering="reason", label=readable.Tones({"no clinic": "danger"})
    )
    def reason_label(self, task: DeadTask) -> tuple[str, str]:
        """Return the reason's key, for its colour, and its words."""
        return task.reason, reason_words(task.reason)


@admin.register(Counter, site=platform_site)
class CounterAdmin(PlatformReadOnlyAdmin):
    """What is counted, without content."""

    list_display = ["day", "what", "count"]
    list_filter = ["day"]
    fields = ["day", "what", "count"]
    search_fields = ["name"]

    @display(description=gettext_lazy("what"), ordering="name")
    def what(self, counter: Counter) -> str:
        """Return what is counted, in words."""
        return counted_words(counter.name)
