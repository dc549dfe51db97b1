"""What staff are told outside of the page, and how each member wants to be told."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from medsync.lib.ids import new_id


class AlertKind(models.TextChoices):
    """Why somebody should look."""

    REQUEST = "request", _("a request waits")
    HANDOVER = "handover", _("somebody needs a person")
    WAITING = "waiting", _("somebody waits for more than 10 minutes")
    ACCOUNT = "account", _("a number cannot send")


class AlertChannel(models.TextChoices):
    """How a member is told when no page is open."""

    PUSH = "push", _("browser")
    EMAIL = "email", _("e-mail")


class Alert(models.Model):
    """Something that staff are told once. Found by looking at live rows; the key says what was told."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    kind = models.CharField(max_length=10, choices=AlertKind.choices)
    key = models.CharField(max_length=120, unique=True)
    conversation = models.ForeignKey("messaging.Conversation", models.CASCADE, null=True, related_name="+")
    appointment = models.ForeignKey("scheduling.Appointment", models.CASCADE, null=True, related_name="+")
    account = models.ForeignKey("clinics.ProviderAccount", models.DO_NOTHING, null=True, related_name="+")
    created_at = models.DateTimeField()
    told_at = models.DateTimeField(null=True)  # null: members are being told, or will be

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        indexes = [models.Index(fields=["created_at"], condition=Q(told_at=None), name="alert_untold")]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class AlertDelivery(models.Model):
    """One member told in one way. Stored before it is sent, so that a crash tells nobody twice."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    alert = models.ForeignKey(Alert, models.CASCADE, related_name="deliveries")
    user = models.ForeignKey("clinics.User", models.DO_NOTHING, related_name="+")
    channel = models.CharField(max_length=5, choices=AlertChannel.choices)
    outcome = models.CharField(max_length=20, blank=True)  # "sent", or a code of why not
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["created_at", "id"]
        verbose_name = _("alert to a member")
        verbose_name_plural = _("alerts to members")
        constraints = [models.UniqueConstraint(fields=["alert", "user", "channel"], name="told_once_a_way")]

    def __str__(self) -> str:
        return f"{self.channel} {self.outcome} {self.id}"


class AlertSettings(models.Model):
    """How one member wants to be told in this clinic; without a row the defaults hold."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    user = models.ForeignKey("clinics.User", models.DO_NOTHING, related_name="+")
    request = models.BooleanField(_("a request waits"), default=True)
    handover = models.BooleanField(_("somebody needs a person"), default=True)
    waiting = models.BooleanField(_("somebody waits for more than 10 minutes"), default=True)
    account = models.BooleanField(
        _("a number cannot send (owners and Managers)"), default=True, db_default=True
    )
    push = models.BooleanField(_("by the browser"), default=True)
    email = models.BooleanField(_("by e-mail"), default=False)
    quiet_from = models.TimeField(_("quiet from"), null=True, blank=True)
    quiet_until = models.TimeField(_("until"), null=True, blank=True)

    class Meta:
        verbose_name = _("alert settings")
        verbose_name_plural = _("alert settings")
        constraints = [models.UniqueConstraint(fields=["user"], name="alert_settings_once_a_member")]

    def __str__(self) -> str:
        return str(self.id)
