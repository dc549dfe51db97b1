"""What must never be lost and what must be counted: held events, dead tasks, counters without content."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from medsync.lib.crypto import EncryptedTextField
from medsync.lib.ids import new_id


class HeldEvent(models.Model):
    """A verified webhook that could not be processed: kept encrypted, shown to operators, replayable."""

    class Reason(models.TextChoices):
        UNKNOWN_SENDER = "unknown_sender", _("number not linked to a clinic")
        MALFORMED = "malformed", _("odd content")
        FAILED = "failed", _("processing failed")
        CONFLICT = "conflict", _("same id, other content")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey("clinics.ProviderAccount", models.PROTECT, related_name="+")
    event_id = models.CharField(max_length=160)  # the provider's id, with the kind before it
    kind = models.CharField(max_length=12)  # message | status
    channel = models.CharField(max_length=10)
    to_number = models.CharField(max_length=16, blank=True)
    body = EncryptedTextField()  # JSON: {url, content_type, body}; the raw request, to be parsed again
    reason = models.CharField(max_length=16, choices=Reason.choices)
    error = models.CharField(max_length=80, blank=True)  # a class name, never a text
    received_at = models.DateTimeField()
    replayed_at = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering = ["-received_at", "id"]
        verbose_name = _("held event")
        verbose_name_plural = _("held events")
        constraints = [models.UniqueConstraint(fields=["account", "event_id"], name="held_once")]
        indexes = [
            models.Index(
                fields=["to_number"], condition=models.Q(replayed_at=None), name="held_open_by_number"
            )
        ]

    def __str__(self) -> str:
        return f"{self.reason} {self.id}"


class DeadTask(models.Model):
    """A task that came without a clinic that is ready: kept, never run."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    task_id = models.CharField(max_length=64, blank=True)
    name = models.CharField(max_length=120)
    schema = models.CharField(max_length=63, blank=True)
    arguments = models.JSONField(default=dict)  # ids only
    reason = models.CharField(max_length=40)
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["-created_at", "id"]
        verbose_name = _("dead task")
        verbose_name_plural = _("dead tasks")

    def __str__(self) -> str:
        return f"{self.name} {self.id}"


class Counter(models.Model):
    """How often something happened on a day, without content."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(max_length=60)
    day = models.DateField()
    count = models.PositiveBigIntegerField(default=0)

    class Meta:
        ordering = ["-day", "name"]
        verbose_name = _("counter")
        verbose_name_plural = _("counters")
        constraints = [models.UniqueConstraint(fields=["name", "day"], name="counter_once_a_day")]

    def __str__(self) -> str:
        return f"{self.name} {self.day}"
