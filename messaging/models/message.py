"""Messages. An outbound message's row is the outbox: the broker only rings."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from medsync.lib.ids import new_id


class Direction(models.TextChoices):
    """Seen from the clinic; notes count as outbound."""

    INBOUND = "inbound", _("in")
    OUTBOUND = "outbound", _("out")


class Kind(models.TextChoices):
    """What a message is."""

    TEXT = "text", _("text")
    TEMPLATE = "template", _("approved text")
    MEDIA = "media", _("media")
    LOCATION = "location", _("location")
    CONTACT = "contact", _("contact")
    NOTE = "note", _("note")
    CALL = "call", _("call")
    REACTION = "reaction", _("reaction")  # shown on the message that it names, else by itself
    DELETION = "deletion", _("deletion")
    UNSUPPORTED = "unsupported", _("unsupported")


#: What stands for the text of a file without one, where somebody asks whether there is anything to send.
WORDLESS = "?"


class Author(models.TextChoices):
    """Who wrote it."""

    PATIENT = "patient", _("patient")
    BOT = "bot", _("bot")
    STAFF = "staff", _("staff")
    SYSTEM = "system", _("system")  # what follows from a decision: confirmations, refusals


class MessageStatus(models.TextChoices):
    """What became of a message; outbound shows its newest attempt."""

    RECEIVED = "received", _("received")  # inbound, and notes
    HELD = "held", _("sends when the patient answers")  # see HeldReply
    QUEUED = "queued", _("queued")  # waits for the worker
    SENDING = "sending", _("sending")  # an attempt is under way
    UNKNOWN = "unknown", _("checking whether it arrived")  # the provider's answer was lost
    SENT = "sent", _("sent")  # the provider took it
    DELIVERED = "delivered", _("delivered")
    READ = "read", _("read")
    UNDELIVERED = "undelivered", _("not delivered")
    FAILED = "failed", _("failed")
    BLOCKED = "blocked", _("not sent")  # the gate said no; `reason` says why
    CANCELLED = "cancelled", _("cancelled")


class Solved(models.TextChoices):
    """How staff found another way for a message that did not arrive."""

    SMS = "sms", _("sent by SMS")
    OTHERWISE = "otherwise", _("settled another way")


class Message(models.Model):
    """One entry of a thread.

    Inbound is unique under (account, provider's id). A worker claims an outbound row by a guarded UPDATE of
    `lease_until`; `next_attempt_at` null means that there is nothing left to do.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    conversation = models.ForeignKey("messaging.Conversation", models.CASCADE, related_name="messages")
    direction = models.CharField(max_length=8, choices=Direction.choices)
    channel = models.CharField(max_length=10)  # clinics.models.Channel, or "note"
    kind = models.CharField(max_length=12, choices=Kind.choices, default=Kind.TEXT)
    author = models.CharField(max_length=8, choices=Author.choices)
    user = models.ForeignKey(
        "clinics.User", models.DO_NOTHING, null=True, related_name="+"
    )  # the member who wrote
    sender = models.ForeignKey(
        "clinics.Sender", models.DO_NOTHING, null=True, related_name="+"
    )  # null: notes
    account = models.ForeignKey("clinics.ProviderAccount", models.DO_NOTHING, null=True, related_name="+")
    address = models.CharField(max_length=140, blank=True)  # the other side's, as the provider gave it
    body = models.TextField(blank=True)
    language = models.CharField(max_length=12, blank=True)
    status = models.CharField(max_length=12, choices=MessageStatus.choices)
    reason = models.CharField(max_length=40, blank=True)  # code of the gate or of the way it ended
    error_code = models.CharField(max_length=24, blank=True)
    solved = models.CharField(max_length=9, choices=Solved.choices, blank=True, default="")
    verdict = models.JSONField(default=dict)  # the gate's steps, see messaging.gate
    purpose = models.CharField(max_length=16, blank=True)  # see messaging.gate
    priority = models.PositiveSmallIntegerField(default=0, db_default=0)  # the smaller goes first
    # The catalogue's text that the body was made from, {"key", "values"}: the gate may send its approved form.
    said = models.JSONField(default=dict)
    template = models.ForeignKey("messaging.ContentTemplate", models.PROTECT, null=True, related_name="+")
    expires_at = models.DateTimeField(null=True, blank=True)  # after that it makes no sense any more
    provider_message_id = models.CharField(max_length=64, null=True, blank=True)
    replied_to_id = models.CharField(max_length=64, blank=True)  # the provider's id of the quoted message
    payload = models.JSONField(default=dict)  # media references, place, button, profile: what the kind needs
    client_message_id = models.CharField(max_length=80, null=True, blank=True, unique=True)
    dedupe_key = models.CharField(max_length=120, null=True, blank=True, unique=True)
    appointment = models.ForeignKey(
        "scheduling.Appointment", models.SET_NULL, null=True, blank=True, related_name="messages"
    )
    answers = models.ForeignKey(
        "self", models.SET_NULL, null=True, related_name="answered_by"
    )  # inbound it replies to

    # The outbox.
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    tries = models.PositiveSmallIntegerField(default=0)
    # Sent later: the row stands in the thread at its time (`created_at` too), and blocks nothing before it.
    send_at = models.DateTimeField(null=True, blank=True)
    written_at = models.DateTimeField(null=True, blank=True)

    occurred_at = models.DateTimeField(null=True, blank=True)  # as the provider says
    deleted_at = models.DateTimeField(null=True, blank=True)  # the patient took it back
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "provider_message_id"],
                condition=Q(direction="inbound"),
                name="inbound_once",
            )
        ]
        indexes = [
            models.Index(fields=["conversation", "-created_at", "-id"], name="thread_newest_first"),
            models.Index(
                fields=["conversation", "-created_at", "-id"],
                condition=Q(kind="note"),
                name="thread_notes",
            ),
            models.Index(fields=["conversation", "updated_at", "id"], name="thread_by_change"),
            models.Index(
                fields=["next_attempt_at"], condition=Q(next_attempt_at__isnull=False), name="outbox_due"
            ),
            models.Index(
                fields=["priority", "next_attempt_at", "id"],
                condition=Q(status="queued", next_attempt_at__isnull=False),
                name="outbox_in_order",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.direction} {self.status} {self.id}"

    @property
    def words(self) -> str:
        """Return what the gate weighs as the text: a file goes without any."""
        return self.body or (WORDLESS if self.kind == Kind.MEDIA else "")
