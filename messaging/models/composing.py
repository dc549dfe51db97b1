"""What members have at hand while they write: what they began, and the clinic's own saved texts."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from medsync.lib.ids import new_id


class DraftTab(models.TextChoices):
    """Where it was typed."""

    REPLY = "reply", _("Reply")
    NOTE = "note", _("Note")


class Draft(models.Model):
    """What a member began to write in a thread. An empty one stays, so that a save that was slow brings nothing back.

    `revision` grows with every save of the page, and only a higher one is written: the last key pressed wins.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    conversation = models.ForeignKey("messaging.Conversation", models.CASCADE, related_name="+")
    user = models.ForeignKey("clinics.User", models.DO_NOTHING, related_name="+")
    tab = models.CharField(max_length=5, choices=DraftTab.choices)
    body = models.TextField(blank=True)
    client_message_id = models.CharField(max_length=80, blank=True)
    revision = models.BigIntegerField(default=0)  # milliseconds of the page's clock
    updated_at = models.DateTimeField()

    class Meta:
        verbose_name = _("draft")
        verbose_name_plural = _("drafts")
        constraints = [models.UniqueConstraint(fields=["conversation", "user", "tab"], name="draft_once")]

    def __str__(self) -> str:
        return str(self.id)


class TextCategory(models.TextChoices):
    """What a saved text is for."""

    REMINDER = "reminder", _("Reminder")
    CONFIRMATION = "confirmation", _("Confirmation")
    FOLLOW_UP = "follow-up", _("Follow-up")
    PRE_VISIT = "pre-visit", _("Before a visit")
    RESCHEDULE = "reschedule", _("Another time")
    CUSTOM = "custom", _("Other")


class SavedText(models.Model):
    """Words that a clinic uses again and again, with {placeholders}, in the languages it wrote them in."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    name = models.CharField(_("name"), max_length=80)
    shortcut = models.CharField(_("shortcut"), max_length=24, blank=True)  # typed behind the "/"
    category = models.CharField(
        _("used for"), max_length=12, choices=TextCategory.choices, default=TextCategory.CUSTOM
    )
    texts = models.JSONField(_("texts"), default=dict)  # language -> words; at least one
    created_by = models.ForeignKey("clinics.User", models.DO_NOTHING, null=True, related_name="+")
    archived_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()

    class Meta:
        ordering = [Lower("name"), "id"]
        verbose_name = _("saved text")
        verbose_name_plural = _("saved texts")
        constraints = [
            models.UniqueConstraint(
                Lower("name"), condition=Q(archived_at=None), name="saved_text_name_once"
            ),
            models.UniqueConstraint(
                Lower("shortcut"),
                condition=Q(archived_at=None) & ~Q(shortcut=""),
                name="saved_text_shortcut_once",
            ),
        ]

    def __str__(self) -> str:
        return str(self.id)
