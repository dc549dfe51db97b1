"""Provider accounts and the numbers registered with them: what routes a message to its clinic."""

from django.contrib.postgres.constraints import ExclusionConstraint
from django.contrib.postgres.fields import RangeOperators
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from medsync.lib.crypto import EncryptedTextField
from medsync.lib.ids import new_id


class Channel(models.TextChoices):
    """What a sender speaks; a number with two channels is two senders."""

    WHATSAPP = "whatsapp", "WhatsApp"
    SMS = "sms", "SMS"
    VOICE = "voice", _("Phone call")


class ProviderAccount(models.Model):
    """Credentials at a provider. The platform's master account is a row too; its secrets stay in the environment.

    `external_id` (Twilio's AccountSid) is kept in clear, for it routes. The previous token still verifies
    until `previous_until`, so that a token can be rotated without losing a webhook.
    """

    class State(models.TextChoices):
        ACTIVE = "active", _("active")
        REFUSED = "refused", _("refused by the provider")  # a 401: rows are kept, nothing is sent
        RETIRED = "retired", _("retired")

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    provider = models.CharField(_("provider"), max_length=20)
    external_id = models.CharField(_("account SID"), max_length=64)
    clinic = models.ForeignKey(
        "clinics.Clinic", models.PROTECT, null=True, blank=True, related_name="accounts"
    )
    is_master = models.BooleanField(_("the platform's own"), default=False)
    auth_token = EncryptedTextField(_("auth token"), blank=True, default="")
    previous_token = EncryptedTextField(blank=True, default="")
    previous_until = models.DateTimeField(null=True, blank=True)
    webhook_key_hash = models.CharField(max_length=64, blank=True, default="")
    public_key = models.CharField(
        _("public key"), max_length=64, blank=True, default="", db_default=""
    )  # base64 of 32 bytes, for a provider that signs with Ed25519
    state = models.CharField(max_length=10, choices=State.choices, default=State.ACTIVE)
    # The circuit breaker: after too many failures in a row nothing is tried for a while.
    failures = models.PositiveIntegerField(default=0, db_default=0)
    paused_until = models.DateTimeField(null=True, blank=True)
    stopped_at = models.DateTimeField(null=True, blank=True)  # since when it is refused, or pauses
    # People whom the account may reach in 24 hours outside of windows, and the part of it kept for reminders.
    people_a_day = models.PositiveIntegerField(_("people a day"), default=250, db_default=250)
    reminder_share = models.PositiveSmallIntegerField(
        _("percent kept for reminders"), default=50, db_default=50
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering = ["provider", "created_at", "id"]
        verbose_name = _("provider account")
        verbose_name_plural = _("provider accounts")
        constraints = [
            models.UniqueConstraint(fields=["provider", "external_id"], name="account_once"),
            models.UniqueConstraint(
                fields=["provider"], condition=Q(is_master=True), name="one_master_account"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.provider} {self.external_id}"


class SenderStatus(models.TextChoices):
    """Whether a sender is in use; a number that is linked again gets a new row."""

    ACTIVE = "active", _("active")
    DISABLED = "disabled", _("disabled")


class Sender(models.Model):
    """A number registered for one channel; rank 1 of a clinic's channel is its primary one."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    clinic = models.ForeignKey("clinics.Clinic", models.PROTECT, related_name="senders")
    account = models.ForeignKey(ProviderAccount, models.PROTECT, related_name="senders")
    phone_number = models.CharField(_("number"), max_length=16)  # E.164
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices)
    provider_sender_id = models.CharField(max_length=64, blank=True)
    messaging_profile_id = models.CharField(
        _("messaging profile"), max_length=64, blank=True, default="", db_default=""
    )  # Telnyx: a STOP blocks a whole profile, so each sender has its own
    per_second = models.FloatField(
        _("messages a second"), null=True, blank=True
    )  # null: the provider's rate for the channel
    display_name = models.CharField(_("display name"), max_length=120, blank=True)
    status = models.CharField(max_length=10, choices=SenderStatus.choices, default=SenderStatus.ACTIVE)
    rank = models.PositiveSmallIntegerField(null=True)
    created_at = models.DateTimeField(auto_now_add=True)
    retired_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["channel", "rank", "created_at", "id"]
        verbose_name = _("clinic number")
        verbose_name_plural = _("clinic numbers")
        constraints = [
            models.UniqueConstraint(
                fields=["phone_number", "channel"],
                condition=Q(status="active"),
                name="number_channel_once_while_active",
            ),
            models.UniqueConstraint(
                fields=["clinic", "channel", "rank"],
                condition=Q(status="active"),
                name="rank_once_while_active",
            ),
            models.UniqueConstraint(
                fields=["messaging_profile_id"],
                condition=Q(status="active") & ~Q(messaging_profile_id=""),
                name="messaging_profile_once_while_active",
            ),
            models.CheckConstraint(
                condition=Q(status="active", rank__gte=1, rank__lte=3) | Q(status="disabled", rank=None),
                name="active_has_rank_1_to_3",
            ),
            ExclusionConstraint(
                name="number_belongs_to_one_clinic",
                expressions=[("phone_number", RangeOperators.EQUAL), ("clinic", RangeOperators.NOT_EQUAL)],
                condition=Q(status="active"),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.channel} {self.id}"

    @property
    def is_primary(self) -> bool:
        """Tell whether this is the number that the clinic begins with on its channel."""
        return self.rank == 1


class SenderHealth(models.Model):
    """What was last seen of a sender; updated at most once a minute on the hot paths."""

    sender = models.OneToOneField(Sender, models.CASCADE, primary_key=True, related_name="health")
    credentials_at = models.DateTimeField(null=True)  # the provider was last asked with the account's token
    # The provider's code, "" when it took it.
    credentials_error = models.CharField(max_length=24, blank=True, default="")
    webhook_at = models.DateTimeField(null=True)  # last request with a good signature
    last_inbound_at = models.DateTimeField(null=True)
    last_delivered_at = models.DateTimeField(null=True)
    refused_count = models.PositiveIntegerField(default=0)
    refused_since = models.DateTimeField(null=True)  # start of the present five-minute window
    refused_in_window = models.PositiveIntegerField(default=0)
    alert_since = models.DateTimeField(null=True)  # three refused signatures in five minutes

    class Meta:
        verbose_name = _("health of a clinic number")
        verbose_name_plural = _("health of clinic numbers")

    def __str__(self) -> str:
        return str(self.sender_id)


class SenderPace(models.Model):
    """When a sender may send its next message: what keeps all processes together to its rate. Real time.

    `taken` is what was taken in the time that the rate spans: [[seconds of the epoch, how many], …].
    """

    sender = models.OneToOneField(Sender, models.CASCADE, primary_key=True, related_name="pace")
    free_at = models.DateTimeField()
    taken = models.JSONField(default=list)

    class Meta:
        verbose_name = _("pace of a number")
        verbose_name_plural = _("paces of numbers")

    def __str__(self) -> str:
        return str(self.sender_id)
