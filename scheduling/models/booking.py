"""What occupies time: resources, holds, and the one table whose constraint forbids a double booking."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import DateTimeRangeField, RangeOperators
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from medsync.lib.ids import new_id


class ResourceKind(models.TextChoices):
    """What a visit occupies."""

    PRACTITIONER = "practitioner", _("doctor")
    ROOM = "room", _("room")


class Resource(models.Model):
    """A thing that can be booked once at a time."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=12, choices=ResourceKind.choices)

    class Meta:
        ordering = ["id"]
        verbose_name = _("resource")
        verbose_name_plural = _("resources")

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class HoldPurpose(models.TextChoices):
    """Why a time is held; staff may book over an offer's hold only."""

    OFFER = "offer", _("offered by the bot")
    MOVE = "move", _("for a move")
    COUNTER = "counter", _("offered by staff")


class Hold(models.Model):
    """A short reservation of a slot that was offered to somebody."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    purpose = models.CharField(max_length=10, choices=HoldPurpose.choices)
    owner = models.CharField(max_length=80, db_index=True)  # not interpreted here, e.g. "contact:<id>"
    practitioner = models.ForeignKey("scheduling.Practitioner", models.CASCADE, related_name="+")
    type = models.ForeignKey("scheduling.AppointmentType", models.CASCADE, related_name="+")
    location = models.ForeignKey("scheduling.Location", models.CASCADE, related_name="+")
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    expires_at = models.DateTimeField(db_index=True)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["starts_at", "id"]
        verbose_name = _("held time")
        verbose_name_plural = _("held times")
        constraints = [
            models.CheckConstraint(condition=Q(ends_at__gt=F("starts_at")), name="hold_starts_before_end")
        ]

    def __str__(self) -> str:
        return str(self.id)


class ResourceBooking(models.Model):
    """A resource's occupied time, for an appointment or a hold. The exclusion constraint is the judge.

    `visit` is [start, end); `blocks` adds this type's buffers. A hold becomes a booking by UPDATE. A deliberate
    overbooking takes the next seat. Rows of appointments that no longer live are deleted.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    resource = models.ForeignKey(Resource, models.PROTECT, related_name="bookings")
    seat = models.PositiveSmallIntegerField(default=0)
    visit = DateTimeRangeField()
    blocks = DateTimeRangeField()
    appointment = models.ForeignKey(
        "scheduling.Appointment", models.CASCADE, null=True, related_name="resource_bookings"
    )
    hold = models.ForeignKey(Hold, models.CASCADE, null=True, related_name="resource_bookings")

    class Meta:
        ordering = ["id"]
        verbose_name = _("occupied time")
        verbose_name_plural = _("occupied times")
        constraints = [
            models.CheckConstraint(
                condition=Q(appointment=None, hold__isnull=False) | Q(appointment__isnull=False, hold=None),
                name="booking_for_exactly_one",
            ),
            ExclusionConstraint(
                name="no_double_booking",
                expressions=[
                    ("resource", RangeOperators.EQUAL),
                    ("seat", RangeOperators.EQUAL),
                    ("blocks", RangeOperators.OVERLAPS),
                ],
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
