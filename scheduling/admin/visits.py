"""Visits. Their states change by the same operations as in the inbox."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any, cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from import_export.admin import ExportMixin
from unfold.admin import TabularInline
from unfold.decorators import display

from clinics import readable
from clinics.model_admins import InlineRights, ReadOnlyAdmin
from clinics.models import User
from clinics.sites import clinic_site
from clinics.spreadsheets import SpreadsheetMixin
from medsync.lib import clock
from medsync.lib.text import search_key
from scheduling import operations
from scheduling.errors import SchedulingError
from scheduling.models import Appointment, AppointmentEvent, Attendance, Cancellation, Status
from scheduling.visit_table import AppointmentResource

STATUS_COLOURS = readable.Tones(
    {
        Status.PENDING_REVIEW: "warning",
        Status.CONFIRMED: "success",
        Status.ARRIVED: "info",
        Status.FULFILLED: "info",
        Status.CANCELLED: "danger",
        Status.NO_SHOW: "danger",
    }
)


class History(InlineRights, TabularInline):  # type: ignore[misc]
    """What happened to a visit."""

    model = AppointmentEvent
    fields = readonly_fields = ["at", "kind", "source", "reason"]
    extra = 0
    can_add = can_change = False


class WhenFilter(admin.SimpleListFilter):
    """Visits by their day, as the clinic's clock counts days."""

    title = _("when")
    parameter_name = "when"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Offer the spans that are asked for most."""
        return [
            ("today", gettext("Today")),
            ("tomorrow", gettext("Tomorrow")),
            ("week", gettext("The next 7 days")),
            ("past", gettext("The last 7 days")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Appointment]) -> QuerySet[Appointment]:
        """Return the visits of the chosen span."""
        days = {"today": (0, 1), "tomorrow": (1, 2), "week": (0, 7), "past": (-7, 0)}.get(self.value() or "")
        if days is None:
            return queryset
        midnight = timezone.localtime(clock.now()).replace(hour=0, minute=0, second=0, microsecond=0)
        start, end = (midnight + timedelta(days=day) for day in days)  # wall time: a day may have 23 hours
        return queryset.filter(starts_at__gte=start, starts_at__lt=end)


@admin.register(Appointment, site=clinic_site)
class AppointmentAdmin(SpreadsheetMixin, ExportMixin, ReadOnlyAdmin):  # type: ignore[misc]
    """Visits. Their states change by the same operations as in the inbox."""

    resource_classes = [AppointmentResource]
    list_display = ["when", "patient_name", "practitioner", "status_label", "attendance_label", "source_word"]
    list_filter = [WhenFilter, "status", "attendance", "practitioner", "source"]
    list_select_related = ["patient", "practitioner", "type"]
    search_fields = ["patient__search_key"]
    search_help_text = _("The patient's name or record number")
    fields = [
        "patient_name",
        "practitioner",
        "type",
        "location",
        "when",
        "status_label",
        "attendance_label",
        "cancellation",
        "reason",
        "source_word",
        "respond_by",
        "decided_at",
    ]
    inlines = [History]
    actions = ["accept", "decline", "cancel"]

    @display(description=_("when"), ordering="starts_at")
    def when(self, visit: Appointment) -> str:
        """Return the span."""
        return readable.span(visit.starts_at, visit.ends_at)

    @display(
        description=_("attendance"),
        ordering="attendance",
        label=readable.Tones(
            {Attendance.ATTENDING: "success", Attendance.DECLINED: "danger", Attendance.ASKED: "info"}
        ),
    )
    def attendance_label(self, visit: Appointment) -> tuple[str, str]:
        """Return what the patient says about coming: a key, for its colour, and its word."""
        return visit.attendance, readable.word(visit.get_attendance_display())

    @display(description=_("source"), ordering="source")
    def source_word(self, visit: Appointment) -> str:
        """Return where it came from."""
        return readable.word(visit.get_source_display())

    def row_title(self, row: Appointment) -> str:
        """Return the span."""
        return readable.span(row.starts_at, row.ends_at)

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Look for every word in the key that is kept beside the patient."""
        for word in search_key(search_term).split():
            queryset = queryset.filter(patient__search_key__contains=word)
        return queryset, False

    @display(description=_("patient"), ordering="patient__name")
    def patient_name(self, visit: Appointment) -> str:
        """Return the name, or that there is none yet."""
        return visit.patient.name or str(_("Not yet named"))

    @display(description=_("status"), ordering="status", label=STATUS_COLOURS)
    def status_label(self, visit: Appointment) -> tuple[str, str]:
        """Return the state's key, for its colour, and its word."""
        return visit.status, readable.word(visit.get_status_display())

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
