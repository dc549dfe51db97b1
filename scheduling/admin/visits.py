"""Visits. Their states change by the same operations as in the inbox."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from import_export.admin import ExportMixin
from unfold.admin import TabularInline
from unfold.decorators import display

from clinics.model_admins import InlineRights, ReadOnlyAdmin
from clinics.models import User
from clinics.sites import clinic_site
from clinics.spreadsheets import SpreadsheetMixin
from medsync.lib import clock
from scheduling import operations
from scheduling.errors import SchedulingError
from scheduling.models import (
    Appointment,
    AppointmentEvent,
    Cancellation,
    Status,
)
from scheduling.tables import AppointmentResource

STATUS_COLOURS = {
    Status.PENDING_REVIEW: "warning",
    Status.CONFIRMED: "success",
    Status.ARRIVED: "info",
    Status.FULFILLED: "info",
    Status.CANCELLED: "danger",
    Status.NO_SHOW: "danger",
}


class History(InlineRights, TabularInline):  # type: ignore[misc]
    """What happened to a visit."""

    model = AppointmentEvent
    fields = readonly_fields = ["at", "kind", "version", "source", "reason"]
    extra = 0
    can_add = can_change = False


@admin.register(Appointment, site=clinic_site)
class AppointmentAdmin(SpreadsheetMixin, ExportMixin, ReadOnlyAdmin):  # type: ignore[misc]
    """Visits. Their states change by the same operations as in the inbox."""

    resource_classes = [AppointmentResource]
    list_display = ["starts_at", "patient_name", "practitioner", "status_label", "attendance", "source"]
    list_filter = ["status", "practitioner", "source"]
    list_select_related = ["patient", "practitioner", "type"]
    search_fields = ["patient__search_key"]
    fields = [
        "patient_name",
        "practitioner",
        "type",
        "location",
        "starts_at",
        "ends_at",
        "zone",
        "status",
        "attendance",
        "cancellation",
        "reason",
        "source",
        "version",
        "respond_by",
        "decided_at",
    ]
    inlines = [History]
    actions = ["accept", "decline", "cancel"]

    @display(description=_("patient"), ordering="patient__name")
    def patient_name(self, visit: Appointment) -> str:
        """Return the name, or that there is none yet."""
        return visit.patient.name or str(_("Not yet named"))

    @display(description=_("status"), ordering="status", label=STATUS_COLOURS)
    def status_label(self, visit: Appointment) -> tuple[str, str]:
        """Return the state's key, for its colour, and its word."""
        return visit.status, visit.get_status_display()

    @admin.action(description=_("Accept the requests"))
    def accept(self, request: HttpRequest, visits: QuerySet[Appointment]) -> None:
        """Accept what waits, one by one; the patients are told."""
        now, by = clock.now(), cast(User, request.user)
        self._each(request, visits, lambda visit: operations.accept(visit, by=by, now=now))

    @admin.action(description=_("Decline the requests"))
    def decline(self, request: HttpRequest, visits: QuerySet[Appointment]) -> None:
        """Decline what waits, one by one; the patients are told."""
        now, by = clock.now(), cast(User, request.user)
        self._each(request, visits, lambda visit: operations.reject(visit, by=by, now=now))

    @admin.action(description=_("Cancel the visits"))
    def cancel(self, request: HttpRequest, visits: QuerySet[Appointment]) -> None:
        """Cancel visits for the clinic, one by one; the patients are told."""
        now, by = clock.now(), cast(User, request.user)
        self._each(
            request,
            visits,
            lambda visit: operations.cancel(visit, by=by, why=Cancellation.CLINIC, now=now),
        )

    def _each(
        self, request: HttpRequest, visits: QuerySet[Appointment], decide: Callable[[Appointment], Any]
    ) -> None:
        done = refused = 0
        for visit in visits.order_by("starts_at", "id"):
            try:
                decide(visit)
            except SchedulingError:
                refused += 1
            else:
                done += 1
        if done:
            messages.success(request, _("Done: %(count)d.") % {"count": done})
        if refused:
            messages.warning(
                request,
                _("Left as they are: %(count)d. Somebody was faster, or their state forbids it.")
                % {"count": refused},
            )
