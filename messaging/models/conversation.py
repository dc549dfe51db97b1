"""The one permanent thread of a contact point, its windows, and the questions that are open in it."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from medsync.lib.ids import new_id


class ConversationState(models.TextChoices):
    """What the API sees of the open questions; kept by the operation that opens or answers one."""

    IDLE = "idle", _("idle")
    AWAITING_SLOT = "awaiting_slot", _("choosing a time")
    AWAITING_CONFIRM = "awaiting_confirm", _("asked to confirm")
    AWAITING_OFFER = "awaiting_offer", _("offered a time")


class WorkState(models.TextChoices):
    """The one place where a thread stands for staff. Opening it changes nothing."""

    NEEDS_REPLY = "needs_reply", _("Needs reply")
    BOT = "bot", _("Bot answering")
    WAITING = "waiting_patient", _("Waiting for patient")
    SNOOZED = "snoozed", _("Snoozed")
    DONE = "done", _("Done")


class Conversation(models.Model):
    """A thread. The list's columns are kept here, so that a list never reads messages.

    Locked last (see the lock order): every path changes it by one UPDATE at its end, raising `version`.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    contact_point = models.OneToOneField(
        "scheduling.ContactPoint", models.PROTECT, related_name="conversation"
    )
    state = models.CharField(max_length=16, choices=ConversationState.choices, default=ConversationState.IDLE)
    work_state = models.CharField(max_length=16, choices=WorkState.choices, default=WorkState.DONE)
    version = models.PositiveIntegerField(default=1)
    assignee = models.ForeignKey("clinics.User", models.DO_NOTHING, null=True, blank=True, related_name="+")
    waiting_since = models.DateTimeField(null=True, blank=True)  # first unanswered inbound
    unread_count = models.PositiveIntegerField(default=0)
    snoozed_until = models.DateTimeField(null=True, blank=True)
    put_away_at = models.DateTimeField(null=True, blank=True)  # DELETE in the API; undone by the next inbound
    last_heard_id = models.UUIDField(null=True)  # the patient's last message, whatever was said since

    # The last message, as the list shows it.
    last_message_id = models.UUIDField(null=True)
    last_message_at = models.DateTimeField(null=True, blank=True)
    last_body = models.CharField(max_length=200, blank=True)
    last_author = models.CharField(max_length=8, blank=True)  # messaging.models.Author
    last_kind = models.CharField(max_length=12, blank=True)
    last_status = models.CharField(max_length=12, blank=True)
    last_channel = models.CharField(max_length=10, blank=True)
    last_sender = models.ForeignKey("clinics.Sender", models.DO_NOTHING, null=True, related_name="+")
    window_closes_at = models.DateTimeField(null=True, blank=True)  # of last_sender; null: no window
    failed_count = models.PositiveIntegerField(
        default=0
    )  # outbound messages that failed and wait for a way out
    state_before_failure = models.CharField(
        max_length=16, blank=True, default="", db_default=""
    )  # where the thread goes back to when what failed arrives after all

    # The bot's memory of this episode (first inbound after done, or after 48 h of silence).
    episode_started_at = models.DateTimeField(null=True, blank=True)
    introduced_at = models.DateTimeField(null=True, blank=True)  # said: this is automatic, here is a person
    wordless_told_at = models.DateTimeField(null=True, blank=True)
    handed_over_at = models.DateTimeField(null=True, blank=True)  # needs a person
    handover_told_at = models.DateTimeField(null=True, blank=True)  # when the clinic opens, once in 12 h
    offers_in_row = models.PositiveSmallIntegerField(default=0)  # after the third list staff take over
    last_offer_at = models.DateTimeField(null=True, blank=True)
    bot_paused_until = models.DateTimeField(null=True, blank=True)
    bot_off = models.BooleanField(default=False)
    automatic_since = models.DateTimeField(null=True, blank=True)  # start of the hour that is counted
    automatic_count = models.PositiveSmallIntegerField(default=0)
    machine_suspected_at = models.DateTimeField(null=True, blank=True)

    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        ordering = ["-last_message_at", "-id"]
        verbose_name = _("conversation")
        verbose_name_plural = _("conversations")
        indexes = [
            models.Index(
                fields=["-last_message_at", "-id"], condition=Q(put_away_at=None), name="inbox_by_last"
            ),
            models.Index(
                fields=["work_state", "-last_message_at", "-id"],
                condition=Q(put_away_at=None),
                name="inbox_by_state",
            ),
            models.Index(
                fields=["waiting_since", "id"],
                condition=Q(put_away_at=None, work_state="needs_reply"),
                name="inbox_needs_reply",
            ),
            models.Index(
                fields=["waiting_since", "id"],
                condition=Q(put_away_at=None, work_state="needs_reply", assignee=None),
                name="inbox_unassigned",
            ),
            models.Index(
                fields=["assignee", "-last_message_at", "-id"],
                condition=Q(put_away_at=None, assignee__isnull=False) & ~Q(work_state="done"),
                name="inbox_by_assignee",
            ),
            models.Index(
                fields=["window_closes_at", "id"],
                condition=Q(put_away_at=None, work_state__in=["needs_reply", "bot", "snoozed"]),
                name="inbox_closing",
            ),
            models.Index(
                fields=["-last_message_at", "-id"],
                condition=Q(put_away_at=None, failed_count__gt=0),
                name="inbox_failed",
            ),
            models.Index(
                fields=["snoozed_until", "id"],
                condition=Q(put_away_at=None, work_state="snoozed"),
                name="inbox_snoozed",
            ),
            models.Index(fields=["updated_at", "id"], name="conversation_by_change"),
        ]

    def __str__(self) -> str:
        return f"{self.work_state} {self.id}"


class ConversationEventKind(models.TextChoices):
    """What was done with a thread; staff read it between the messages."""

    ASSIGNED = "assigned", _("assigned")  # after: user, null for nobody
    SNOOZED = "snoozed", _("snoozed")  # after: until
    WOKEN = "woken", _("woke up")  # its time came, or a message did
    DONE = "done", _("done")
    REOPENED = "reopened", _("opened again")
    NO_REPLY = "no_reply", _("no reply needed")
    BOT_ON = "bot_on", _("bot switched on")
    BOT_PAUSED = "bot_paused", _("bot paused")  # after: until
    BOT_OFF = "bot_off", _("bot switched off")
    BLOCKED = "blocked", _("blocked")
    UNBLOCKED = "unblocked", _("no longer blocked")
    WRONG_NUMBER = "wrong_number", _("wrong number")


class ConversationEvent(models.Model):
    """One thing that was done with a thread, by whom; `before` is what an undo brings back. Never deleted."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="events")
    kind = models.CharField(max_length=12, choices=ConversationEventKind.choices)
    user = models.ForeignKey(
        "clinics.User", models.DO_NOTHING, null=True, related_name="+"
    )  # null: by itself
    batch = models.UUIDField(null=True)  # one deed of a member: what it did to many threads is undone at once
    before = models.JSONField(default=dict)  # ids, states and times of the changed columns
    after = models.JSONField(default=dict)
    undone_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField()

    class Meta:
        ordering = ["created_at", "id"]
        verbose_name = _("thread event")
        verbose_name_plural = _("thread events")
        indexes = [
            models.Index(fields=["conversation", "created_at", "id"], name="thread_events"),
            models.Index(fields=["batch"], condition=Q(batch__isnull=False), name="thread_events_by_batch"),
            models.Index(
                fields=["user", "-created_at"],
                condition=Q(batch__isnull=False, undone_at=None),
                name="thread_events_to_undo",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class ThreadSeen(models.Model):
    """Up to when a member has read a thread: the line "New since you looked". Changes nothing for others."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="+")
    user = models.ForeignKey("clinics.User", models.DO_NOTHING, related_name="+")
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name = _("thread seen")
        verbose_name_plural = _("threads seen")
        constraints = [models.UniqueConstraint(fields=["conversation", "user"], name="seen_once_a_member")]

    def __str__(self) -> str:
        return str(self.id)


class Window(models.Model):
    """When a patient last wrote to a WhatsApp sender: free text is allowed for 24 hours after that."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="windows")
    sender = models.ForeignKey("clinics.Sender", models.DO_NOTHING, related_name="+")
    last_inbound_at = models.DateTimeField()
    closed_at = models.DateTimeField(
        null=True, blank=True
    )  # WhatsApp said so; what comes later opens it again

    class Meta:
        ordering = ["-last_inbound_at", "id"]
        verbose_name = _("24-hour window")
        verbose_name_plural = _("24-hour windows")
        constraints = [models.UniqueConstraint(fields=["conversation", "sender"], name="window_once")]

    def __str__(self) -> str:
        return str(self.id)


class QuestionKind(models.TextChoices):
    """What we asked."""

    PICK_SLOT = "pick_slot", _("pick a time")
    PICK_PRACTITIONER = "pick_practitioner", _("which doctor")
    PICK_TYPE = "pick_type", _("what kind of visit")
    PICK_PATIENT = "pick_patient", _("for whom")
    PICK_DAY = "pick_day", _("the same time on two days")
    PICK_QUESTION = "pick_question", _("which question is meant")
    CONFIRM_VISIT = "confirm_visit", _("will you come")


class QuestionOutcome(models.TextChoices):
    """How a question ended."""

    ANSWERED = "answered", _("answered")
    EXPIRED = "expired", _("expired")
    REPLACED = "replaced", _("replaced by a newer one")
    HANDED_OVER = "handed_over", _("handed over to staff")


class Question(models.Model):
    """Something we asked and wait for. `items` are its answers in order, each with a key and what it stands for."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    conversation = models.ForeignKey(Conversation, models.CASCADE, related_name="questions")
    kind = models.CharField(max_length=20, choices=QuestionKind.choices)
    items = models.JSONField(default=list)
    context = models.JSONField(
        default=dict
    )  # what is decided so far: doctor, type, patient, filter, list number
    asked_by = models.ForeignKey("messaging.Message", models.SET_NULL, null=True, related_name="+")
    asked_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    misses = models.PositiveSmallIntegerField(default=0)  # answers that were not understood
    answered_by = models.ForeignKey("messaging.Message", models.SET_NULL, null=True, related_name="+")
    closed_at = models.DateTimeField(null=True, blank=True)
    outcome = models.CharField(max_length=12, choices=QuestionOutcome.choices, blank=True, default="")

    class Meta:
        ordering = ["-asked_at", "-id"]
        verbose_name = _("question")
        verbose_name_plural = _("questions")
        constraints = [
            models.UniqueConstraint(
                fields=["conversation", "kind"], condition=Q(closed_at=None), name="one_open_question_a_kind"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"
