"""Appointments and their history. `scheduling.operations` is the only writer."""

from datetime import datetime

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeBoundary, RangeOperators
from django.db import models
from django.db.models import F, Func, Q
from django.utils.translation import gettext_lazy as _

from medsync.lib import clock
from medsync.lib.ids import new_id


class Status(models.TextChoices):
    """Where a visit is, seen from the clinic; what the patient says is `Attendance`."""

    PENDING_REVIEW = "pending_review", _("requested")  # asked for by bot, voice agent or API; holds its time
    CONFIRMED = "confirmed", _("accepted")  # the clinic said yes
    CANCELLED = "cancelled", _("cancelled")  # why stands in `cancellation`
    ARRIVED = "arrived", _("arrived")  # the patient is here
    FULFILLED = "fulfilled", _("came")  # the visit took place
    NO_SHOW = "no_show", _("did not come")


# The visit occupies its time and its patient.
LIVE = (Status.PENDING_REVIEW, Status.CONFIRMED, Status.ARRIVED)

ALLOWED: dict[str, frozenset[str]] = {
    Status.PENDING_REVIEW: frozenset({Status.CONFIRMED, Status.CANCELLED}),
    Status.CONFIRMED: frozenset(
        {Status.CONFIRMED, Status.CANCELLED, Status.ARRIVED, Status.NO_SHOW, Status.FULFILLED}
    ),
    Status.ARRIVED: frozenset({Status.FULFILLED, Status.CANCELLED}),
    Status.CANCELLED: frozenset(),
    Status.FULFILLED: frozenset(),
    Status.NO_SHOW: frozenset(),
}

# A mark of the day that was a mistake is taken back: to what stood before it.
TAKEN_BACK: dict[str, frozenset[str]] = {
    Status.ARRIVED: frozenset({Status.CONFIRMED}),
    Status.FULFILLED: frozenset({Status.CONFIRMED, Status.ARRIVED}),
    Status.NO_SHOW: frozenset({Status.CONFIRMED}),
}


class Attendance(models.TextChoices):
    """What the patient says about coming; never accepts what staff have not accepted."""

    UNASKED = "unasked", _("not asked")
    ASKED = "asked", _("asked")
    ATTENDING = "attending", _("coming")
    DECLINED = "declined", _("not coming")


class Cancellation(models.TextChoices):
    """By whom or why a visit ended before it began."""

    PATIENT = "patient", _("by the patient")
    CLINIC = "clinic", _("by the clinic")
    REJECTED = "rejected", _("request declined")
    EXPIRED = "expired", _("request ran out")
    MOVED = "moved", _("replaced by another visit")
    ERROR = "error", _("entered in error")


class Source(models.TextChoices):
    """Where a visit or a change came from; decides what the patient still has to hear."""

    WHATSAPP = "whatsapp", "WhatsApp"
    SMS = "sms", "SMS"
    VOICE = "voice", _("phone call")
    STAFF = "staff", _("staff")
    API = "api", "API"
    IMPORT = "import", _("import")
    WAITLIST = "waitlist", _("waiting list")


class Appointment(models.Model):
    """A visit. A move keeps the id and raises `version`; the instant stands beside its wall time and zone."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    patient = models.ForeignKey("scheduling.Patient", models.PROTECT, related_name="appointments")
    contact_point = models.ForeignKey(
        "scheduling.ContactPoint", models.PROTECT, null=True, blank=True, related_name="appointments"
    )  # who asked, hence who is told
    practitioner = models.ForeignKey("scheduling.Practitioner", models.PROTECT, related_name="appointments")
    type = models.ForeignKey("scheduling.AppointmentType", models.PROTECT, related_name="appointments")
    location = models.ForeignKey("scheduling.Location", models.PROTECT, related_name="appointments")
    starts_at = models.DateTimeField(_("starts"))
    ends_at = models.DateTimeField(_("ends"))
    local_start = models.CharField(max_length=16)  # "2026-12-02T10:00", wall time in `zone`
    zone = models.CharField(max_length=64)
    status = models.CharField(_("status"), max_length=16, choices=Status.choices)
    attendance = models.CharField(
        _("attendance"), max_length=10, choices=Attendance.choices, default=Attendance.UNASKED
    )
    # Said by the patient on the day itself, beside the status.
    late_minutes = models.PositiveSmallIntegerField(null=True, blank=True)
    says_here_at = models.DateTimeField(null=True, blank=True)
    declined_at = models.DateTimeField(
        null=True, blank=True
    )  # said not to come; a little later the visit is cancelled, unless they think better of it
    version = models.PositiveIntegerField(default=1)
    source = models.CharField(_("source"), max_length=10, choices=Source.choices)
    cancellation = models.CharField(max_length=10, choices=Cancellation.choices, blank=True, default="")
    reason = models.CharField(
        _("reason"), max_length=250, blank=True
    )  # staff's words to the patient, or why overbooked
    respond_by = models.DateTimeField(null=True, blank=True)  # until when a request waits for staff
    offered_until = models.DateTimeField(
        null=True, blank=True
    )  # until when the patient may choose among times that staff offered instead; null: none are offered
    nudged_at = models.DateTimeField(
        null=True, blank=True
    )  # when staff were reminded, at half of that time; once a request
    decided_by = models.ForeignKey("clinics.User", models.DO_NOTHING, null=True, blank=True, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)  # as a demo's clock shows it
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["starts_at", "id"]
        verbose_name = _("appointment")
        verbose_name_plural = _("appointments")
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="visit_starts_before_end"),
            ExclusionConstraint(
                name="patient_not_in_two_places",
                expressions=[
                    ("patient", RangeOperators.EQUAL),
                    (
                        Func(
                            "starts_at",
                            "ends_at",
                            RangeBoundary(),
                            function="TSTZRANGE",
                            output_field=DateTimeRangeField(),
                        ),
                        RangeOperators.OVERLAPS,
                    ),
                ],
                condition=Q(status__in=["pending_review", "confirmed", "arrived"]),
            ),
        ]
        indexes = [
            models.Index(fields=["status", "respond_by"], name="appointment_requests"),
            models.Index(
                fields=["offered_until", "id"],
                condition=Q(offered_until__isnull=False),
                name="appointment_offered",
            ),
            models.Index(
                fields=["declined_at", "id"],
                condition=Q(declined_at__isnull=False, status="confirmed"),
                name="appointment_declined",
            ),
            models.Index(fields=["starts_at", "id"], name="appointment_by_time"),
            models.Index(fields=["practitioner", "starts_at"], name="appointment_by_doctor"),
            models.Index(fields=["patient", "starts_at"], name="appointment_by_patient"),
            models.Index(fields=["updated_at", "id"], name="appointment_by_change"),
        ]

    def __str__(self) -> str:
        return f"{self.status} {self.id}"

    @property
    def nudge_at(self) -> datetime | None:
        """Return when staff are reminded of a request: at half of the time that it waits."""
        if self.respond_by is None:
            return None
        return self.created_at + (self.respond_by - self.created_at) / 2


class EventKind(models.TextChoices):
    """What happened to a visit."""

    REQUESTED = "requested", _("asked for")
    BOOKED = "booked", _("booked")  # accepted at once, by staff, or by a type's rule
    ACCEPTED = "accepted", _("accepted")
    REJECTED = "rejected", _("declined")
    EXPIRED = "expired", _("ran out")
    MOVED = "moved", _("moved")
    CANCELLED = "cancelled", _("cancelled")
    OFFERED = "offered", _("other times offered")  # by staff, to a request that stays as it is meanwhile
    OFFER_ENDED = "offer_ended", _("other times not taken")
    NUDGED = "nudged", _("staff reminded")  # a request waits since half of the time that it has
    ARRIVED = "arrived", _("arrived")
    FULFILLED = "fulfilled", _("came")
    NO_SHOW = "no_show", _("did not come")
    ASKED = "asked", _("asked whether they come")
    ATTENDING = "attending", _("says: coming")
    DECLINED = "declined", _("says: not coming")
    LATE = "late", _("says: late")
    SAYS_HERE = "says_here", _("says: here")
    TAKEN_BACK = "taken_back", _("mark taken back")  # arrived, came or did not come was a mistake


class AppointmentEvent(models.Model):
    """One change, kept for ever: who, when, why, before, after (times, ids and states only)."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    appointment = models.ForeignKey(Appointment, models.PROTECT, related_name="events")
    kind = models.CharField(max_length=12, choices=EventKind.choices)
    version = models.PositiveIntegerField()
    source = models.CharField(max_length=10, choices=Source.choices)  # of this change
    actor = models.ForeignKey(
        "clinics.User", models.DO_NOTHING, null=True, related_name="+"
    )  # null: patient or clock
    reason = models.CharField(max_length=250, blank=True)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    silent = models.BooleanField(default=False, db_default=False)  # staff chose that no text goes out
    announced = models.BooleanField(default=True)  # false: a receiver failed; the sweep tries again
    announce_tries = models.PositiveSmallIntegerField(default=0)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        verbose_name = _("change of an appointment")
        verbose_name_plural = _("changes of appointments")
        indexes = [models.Index(fields=["at"], condition=Q(announced=False), name="event_unannounced")]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
