"""Files that came or went with messages; their bytes lie in the clinic's private store."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from medsync.lib.ids import new_id


class AttachmentKind(models.TextChoices):
    """What a file is, for the way it is shown."""

    IMAGE = "image", _("picture")
    AUDIO = "audio", _("voice note")
    VIDEO = "video", _("video")
    DOCUMENT = "document", _("document")


class AttachmentState(models.TextChoices):
    """Whether we have the file."""

    WAITING = "waiting", _("waiting")  # the provider has it, we do not yet
    STORED = "stored", _("stored")
    REFUSED = "refused", _("refused")  # `reason` says why: too big, not what it said it was
    GONE = "gone", _("gone")  # erased, or the provider has it no more


class Attachment(models.Model):
    """One file of a message. `file` is its key in the clinic's private store.

    `next_try_at` says when the worker does the next thing with it: fetch one that waits, draw the pages of a stored PDF.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    message = models.ForeignKey("messaging.Message", models.CASCADE, related_name="attachments")
    n = models.PositiveSmallIntegerField(default=1)
    kind = models.CharField(max_length=8, choices=AttachmentKind.choices)
    content_type = models.CharField(max_length=100)  # as its bytes say, not as its sender does
    size = models.PositiveBigIntegerField(default=0)  # bytes
    name = models.CharField(max_length=200, blank=True)  # as its sender calls it
    state = models.CharField(max_length=8, choices=AttachmentState.choices)
    reason = models.CharField(max_length=40, blank=True)
    file = models.CharField(max_length=64, blank=True)
    playable = models.CharField(
        max_length=64, blank=True, default="", db_default=""
    )  # the same for any browser
    seconds = models.PositiveIntegerField(null=True, blank=True)  # of a voice note or a video
    pages = models.PositiveIntegerField(null=True, blank=True)  # of a PDF
    drawn = models.PositiveSmallIntegerField(
        default=0, db_default=0
    )  # so many of its first pages are kept as pictures
    url = models.CharField(
        max_length=500, blank=True, default="", db_default=""
    )  # at the provider, until fetched
    tries = models.PositiveSmallIntegerField(default=0, db_default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["message", "n"]
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")
        indexes = [
            models.Index(
                fields=["next_try_at"], condition=Q(next_try_at__isnull=False), name="attachment_to_fetch"
            )
        ]
        constraints = [
            models.UniqueConstraint(fields=["message", "n"], name="attachment_number_once"),
            models.CheckConstraint(
                condition=Q(state="stored") ^ Q(file=""), name="stored_attachments_have_a_file"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.state} {self.id}"


class Reaction(models.Model):
    """An emoji on a message; one an author, the latest; removed ones stay as rows."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    message = models.ForeignKey("messaging.Message", models.CASCADE, related_name="reactions")
    author = models.CharField(max_length=8)  # messaging.models.Author
    emoji = models.CharField(max_length=32)
    at = models.DateTimeField()
    removed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["at", "id"]
        verbose_name = _("reaction")
        verbose_name_plural = _("reactions")
        constraints = [models.UniqueConstraint(fields=["message", "author"], name="reaction_once_an_author")]

    def __str__(self) -> str:
        return str(self.id)
