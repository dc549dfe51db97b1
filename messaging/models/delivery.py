"""Attempts at sending a message and what the provider said of them."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from medsync.lib.ids import new_id

# The highest seen wins, in whatever order callbacks come.
RANK = {"queued": 0, "sending": 1, "sent": 2, "failed": 3, "undelivered": 4, "delivered": 5, "read": 6}


class AttemptKind(models.TextChoices):
    """How an attempt left."""

    REST = "rest", _("by the provider's API")
    INLINE = "inline", _("in the webhook's answer")  # workers never claim it


class Attempt(models.Model):
    """One try at one message. `state` and `rank` move up only; `unknown_since` is set while the outcome is not known."""

    # Handed over once more under its own key, and not answered yet.
    resent_at = models.DateTimeField(null=True, blank=True)

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    message = models.ForeignKey("messaging.Message", models.CASCADE, related_name="attempts")
    n = models.PositiveSmallIntegerField()
    account = models.ForeignKey("clinics.ProviderAccount", models.DO_NOTHING, related_name="+")
    provider_id = models.CharField(max_length=64, null=True, blank=True)
    kind = models.CharField(max_length=8, choices=AttemptKind.choices)
    state = models.CharField(max_length=12, default="sending")
    rank = models.PositiveSmallIntegerField(default=1)
    error_code = models.CharField(max_length=24, blank=True)
    error_kind = models.CharField(max_length=12, blank=True)  # providers.base.ErrorKind
    unknown_since = models.DateTimeField(null=True, blank=True)
    looks = models.PositiveSmallIntegerField(
        default=0
    )  # how often the provider's list was asked and it was absent
    created_at = models.DateTimeField()
    settled_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["message", "n"]
        verbose_name = _("attempt")
        verbose_name_plural = _("attempts")
        constraints = [
            models.UniqueConstraint(fields=["message", "n"], name="attempt_number_once"),
            models.UniqueConstraint(
                fields=["account", "provider_id"],
                condition=Q(provider_id__isnull=False),
                name="provider_id_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.id}"


class StatusEvent(models.Model):
    """What the provider said of an attempt; append-only."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    attempt = models.ForeignKey(Attempt, models.CASCADE, related_name="status_events")
    status = models.CharField(max_length=12)
    error_code = models.CharField(max_length=24, blank=True)
    at = models.DateTimeField()

    class Meta:
        ordering = ["at", "id"]
        verbose_name = _("status event")
        verbose_name_plural = _("status events")

    def __str__(self) -> str:
        return f"{self.status} {self.id}"
