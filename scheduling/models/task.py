"""What a member must do; closing a thread does not close it."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from medsync.lib import clock
from medsync.lib.ids import new_id


class TaskKind(models.TextChoices):
    """Why somebody must act."""

    CALL_BACK = "call_back", _("call back")
    TELL_PATIENT = (
        "tell_patient",
        _("tell the patient"),
    )  # a receiver failed: the change stands, the text does not
    CHECK_DELIVERY = "check_delivery", _("check whether a message arrived")
    MAY_HAVE_MEANT_CANCEL = "may_have_meant_cancel", _("may have meant: cancel the visit")
    WRONG_NUMBER = "wrong_number", _("wrong number")
    NOT_COMING = "not_coming", _("is not coming")  # said shortly before the visit
    SHIFT_NOTE = "shift_note", _("note to the next shift")
    OTHER = "other", _("task")  # what it is stands in `text`


class Task(models.Model):
    """Something to do, for a person, with a due time."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(_("kind"), max_length=24, choices=TaskKind.choices)
    text = models.CharField(_("what"), max_length=500, blank=True)  # a member's words, for staff only
    patient = models.ForeignKey(
        "scheduling.Patient", models.CASCADE, null=True, blank=True, related_name="tasks"
    )
    contact_point = models.ForeignKey(
        "scheduling.ContactPoint", models.CASCADE, null=True, blank=True, related_name="tasks"
    )
    appointment = models.ForeignKey(
        "scheduling.Appointment", models.CASCADE, null=True, blank=True, related_name="tasks"
    )
    dedupe_key = models.CharField(max_length=120, null=True, unique=True, editable=False)
    created_by = models.ForeignKey("clinics.User", models.DO_NOTHING, null=True, blank=True, related_name="+")
    assignee = models.ForeignKey("clinics.User", models.DO_NOTHING, null=True, blank=True, related_name="+")
    due_at = models.DateTimeField(_("due"), null=True, blank=True)
    done_at = models.DateTimeField(_("done"), null=True, blank=True)
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        ordering = ["due_at", "created_at", "id"]
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        indexes = [
            models.Index(fields=["due_at", "id"], condition=Q(done_at=None), name="task_open"),
            models.Index(fields=["done_at", "id"], condition=Q(done_at__isnull=False), name="task_done"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
