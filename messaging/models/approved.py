"""The words a clinic may send: its own instead of the built-in ones, and those that WhatsApp has approved."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from medsync.lib.ids import new_id


class OwnText(models.Model):
    """A clinic's own words for a text of the catalogue, in one language; they win over the built-in ones."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    key = models.CharField(max_length=60)  # messaging.catalog
    language = models.CharField(max_length=12)
    body = models.TextField()
    updated_by = models.ForeignKey("clinics.User", models.DO_NOTHING, null=True, related_name="+")
    updated_at = models.DateTimeField()

    class Meta:
        ordering = ["key", "language"]
        verbose_name = _("clinic's own words")
        verbose_name_plural = _("clinic's own words")
        constraints = [models.UniqueConstraint(fields=["key", "language"], name="own_words_once")]

    def __str__(self) -> str:
        return f"{self.key} {self.language}"


class Approval(models.TextChoices):
    """Whether WhatsApp lets a text out. A word that we do not know counts as unknown: not usable yet."""

    DRAFT = "unsubmitted", _("not submitted")
    PENDING = "pending", _("being reviewed")
    APPROVED = "approved", _("approved")
    REJECTED = "rejected", _("rejected")  # `rejection_reason` says why
    PAUSED = "paused", _("paused")  # for low quality: 3 h, then 6 h, then disabled
    DISABLED = "disabled", _("disabled")
    UNKNOWN = "unknown", _("not known")


class ContentTemplate(models.Model):
    """A text at the provider, known by its content SID, with numbered variables; of one account and language.

    `key` is the catalogue's text that it goes out for when the 24-hour window is closed, "" for none.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    account = models.ForeignKey("clinics.ProviderAccount", models.DO_NOTHING, related_name="+")
    content_sid = models.CharField(max_length=64, blank=True)  # "" until the provider has it
    name = models.CharField(max_length=120)
    key = models.CharField(max_length=60, blank=True)
    language = models.CharField(max_length=12)
    content_type = models.CharField(max_length=40)  # "twilio/text", "twilio/quick-reply" …
    body = models.TextField(blank=True)  # with {{1}}, {{2}} …
    variables = models.JSONField(default=list)  # [{"n": "1", "name": "patient_name", "sample": "Ana"}]
    buttons = models.JSONField(default=list)  # [{"id": "yes", "title": "Yes"}]
    content = models.JSONField(default=dict)  # the provider's whole tree of types
    category = models.CharField(max_length=20, blank=True)  # as the provider says now
    asked_category = models.CharField(max_length=20, blank=True)  # as it was submitted
    approval = models.CharField(max_length=12, choices=Approval.choices, default=Approval.DRAFT)
    rejection_reason = models.CharField(max_length=250, blank=True)
    error_code = models.CharField(max_length=24, blank=True)  # of the last call to the provider
    submitted_at = models.DateTimeField(null=True, blank=True)
    synced_at = models.DateTimeField(null=True, blank=True)
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["name", "language", "id"]
        verbose_name = _("approved text")
        verbose_name_plural = _("approved texts")
        constraints = [
            models.UniqueConstraint(
                fields=["account", "content_sid"], condition=~Q(content_sid=""), name="content_once"
            ),
            models.UniqueConstraint(
                fields=["account", "key", "language"],
                condition=Q(archived_at=None) & ~Q(key=""),
                name="one_approved_text_for_a_key",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.approval} {self.id}"


class HeldOutcome(models.TextChoices):
    """What became of a reply that waits for the patient."""

    WAITING = "waiting", _("waiting for the patient")
    RELEASED = "released", _("sent")
    EXPIRED = "expired", _("out of date")
    CANCELLED = "cancelled", _("taken back")


class HeldReply(models.Model):
    """A member's words that wait until the patient writes; an approved text has knocked meanwhile."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    conversation = models.ForeignKey("messaging.Conversation", models.CASCADE, related_name="held_replies")
    message = models.OneToOneField("messaging.Message", models.CASCADE, related_name="held_reply")
    knock = models.ForeignKey("messaging.Message", models.SET_NULL, null=True, related_name="+")
    outcome = models.CharField(max_length=10, choices=HeldOutcome.choices, default=HeldOutcome.WAITING)
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["-created_at", "-id"]
        verbose_name = _("held reply")
        verbose_name_plural = _("held replies")
        constraints = [
            models.UniqueConstraint(
                fields=["conversation"], condition=Q(outcome="waiting"), name="one_held_reply_a_thread"
            )
        ]
        indexes = [
            models.Index(fields=["expires_at"], condition=Q(outcome="waiting"), name="held_reply_waiting")
        ]

    def __str__(self) -> str:
        return f"{self.outcome} {self.id}"
