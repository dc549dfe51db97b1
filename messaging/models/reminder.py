"""Reminders: a clinic's rules, the ledger of what was reminded, reminders by the API, and confirmations."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from medsync.lib.ids import new_id


def one_day() -> list[int]:
    """Return the steps of a clinic that chose none: 24 hours before."""
    return [24]


class ReminderSettings(models.Model):
    """When and how a clinic reminds: one row. `ReminderSettings.load()` never writes."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    enabled = models.BooleanField(_("reminders go out"), default=False)
    steps = ArrayField(  # hours before the visit, each 1–72, the longest first
        models.PositiveSmallIntegerField(), default=one_day, verbose_name=_("hours before the visit")
    )
    language = models.CharField(_("language"), max_length=12, blank=True)  # "": the clinic's
    template_key = models.CharField(_("text"), max_length=60, default="reminder_default")
    custom_message = models.TextField(_("own words"), blank=True)
    enabled_at = models.DateTimeField(null=True, blank=True)  # since when they go out
    updated_by = models.ForeignKey("clinics.User", models.DO_NOTHING, null=True, related_name="+")
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name = _("reminder settings")
        verbose_name_plural = _("reminder settings")
        constraints = [models.CheckConstraint(condition=Q(id=1), name="one_reminder_settings")]

    def __str__(self) -> str:
        return "reminder settings"

    @classmethod
    def load(cls) -> "ReminderSettings":
        """Return the clinic's settings, or the defaults when none were saved."""
        return cls.objects.filter(pk=1).first() or cls()


class ReminderSubject(models.TextChoices):
    """What a reminder is about."""

    VISIT = "visit", _("visit")
    API = "api", _("reminder of another calendar")


class ReminderClaim(models.Model):
    """A step of a subject's version that was taken up, whatever came of it: never taken up again.

    One message may settle several. `outcome` is "sent" for queued, else the code of why not; `channel` is where it went,
    or would have gone.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    subject = models.CharField(max_length=8, choices=ReminderSubject.choices)
    subject_id = models.UUIDField()
    version = models.PositiveIntegerField()
    step = models.PositiveSmallIntegerField()  # hours before
    message = models.ForeignKey(
        "messaging.Message", models.SET_NULL, null=True, related_name="reminder_claims"
    )
    outcome = models.CharField(max_length=24, blank=True)
    channel = models.CharField(max_length=10, blank=True, default="")
    by_hand = models.BooleanField(default=False)  # "send now"
    claimed_at = models.DateTimeField()

    class Meta:
        ordering = ["-claimed_at", "-id"]
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        constraints = [
            models.UniqueConstraint(
                fields=["subject", "subject_id", "version", "step"], name="reminded_once_a_step"
            )
        ]

    def __str__(self) -> str:
        return f"{self.outcome} {self.id}"


class Called(models.TextChoices):
    """What a member heard on the phone about a visit."""

    COMING = "coming", _("coming")
    NOT_COMING = "not_coming", _("not coming")
    NO_ANSWER = "no_answer", _("no answer")


class VisitCall(models.Model):
    """A member called about a visit that no text could reach. Append-only; a moved visit is called anew."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    appointment = models.ForeignKey("scheduling.Appointment", models.CASCADE, related_name="calls")
    version = models.PositiveIntegerField()
    outcome = models.CharField(max_length=10, choices=Called.choices)
    by = models.ForeignKey("clinics.User", models.DO_NOTHING, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name = _("call about a visit")
        verbose_name_plural = _("calls about visits")
        indexes = [models.Index(fields=["appointment", "-at"], name="visit_calls")]

    def __str__(self) -> str:
        return f"{self.outcome} {self.id}"


class ApiReminder(models.Model):
    """A reminder of a caller that keeps its own calendar; deleted ones stay as history."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    contact_number = models.CharField(max_length=40)  # as it was given
    contact_point = models.ForeignKey("scheduling.ContactPoint", models.PROTECT, related_name="+")
    participant = models.CharField(max_length=256, blank=True)
    location = models.CharField(max_length=256, blank=True)
    appointment_at = models.DateTimeField()
    utc_offset = models.SmallIntegerField()  # minutes east, of the caller's time
    notify_window = models.PositiveIntegerField()  # hours before
    notify_at = models.DateTimeField()
    version = models.PositiveIntegerField(default=1)
    will_attend = models.BooleanField(null=True)
    # The patient's reply: whether our answer to it went out is read from the messages, as is what was sent.
    answered_by = models.ForeignKey("messaging.Message", models.SET_NULL, null=True, related_name="+")
    created_by = models.ForeignKey("clinics.User", models.DO_NOTHING, null=True, related_name="+")
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    deleted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name = _("reminder by the API")
        verbose_name_plural = _("reminders by the API")
        indexes = [
            models.Index(
                fields=["notify_at", "id"], condition=Q(deleted_at=None), name="api_reminder_by_time"
            ),
            models.Index(
                fields=["appointment_at", "notify_at", "id"],
                condition=Q(deleted_at=None),
                name="api_reminder_to_come",
            ),
            models.Index(
                fields=["-created_at", "-id"], condition=Q(deleted_at=None), name="api_reminder_newest"
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)


class ConfirmationAction(models.TextChoices):
    """What a confirmation tells."""

    BOOK = "book", _("booked")
    RESCHEDULE = "reschedule", _("moved")
    CANCEL = "cancel", _("cancelled")


class Confirmation(models.Model):
    """What came of telling a patient about a change: `outcome` is "queued", or why nothing was sent."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    event = models.OneToOneField("scheduling.AppointmentEvent", models.CASCADE, related_name="confirmation")
    action = models.CharField(max_length=10, choices=ConfirmationAction.choices)
    channel = models.CharField(max_length=10, blank=True)
    language = models.CharField(max_length=12, blank=True)
    outcome = models.CharField(max_length=40)
    message = models.ForeignKey("messaging.Message", models.SET_NULL, null=True, related_name="+")
    at = models.DateTimeField()

    class Meta:
        ordering = ["-at", "-id"]
        verbose_name = _("confirmation")
        verbose_name_plural = _("confirmations")

    def __str__(self) -> str:
        return f"{self.action} {self.outcome} {self.id}"
