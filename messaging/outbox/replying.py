"""What members write: replies and notes."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Value
from django.db.models.functions import Coalesce

from clinics import clocks
from clinics.models import Sender, User
from medsync.lib import jobs
from medsync.lib.text import clean
from messaging import drafts, gate, threads
from messaging.attachments import attaching, sending
from messaging.attachments.sending import Upload
from messaging.models import (
    Author,
    Conversation,
    Direction,
    DraftTab,
    Kind,
    Message,
    MessageStatus,
    MessagingSettings,
    WorkState,
)
from messaging.outbox.preparing import prepared
from messaging.outbox.queueing import DELIVER, insert, same_or_reused
from scheduling.locks import retrying

LONGEST_RING = timedelta(seconds=60)
NOTE = "note"  # a note's channel

#: What sending changes in a thread: kept with a reply that may be taken back.
STATE = (
    "work_state",
    "waiting_since",
    "snoozed_until",
    "put_away_at",
    "handed_over_at",
    "unread_count",
    "failed_count",
    "bot_paused_until",
    "assignee_id",
    "window_closes_at",
    "last_message_id",
)


class GateRefused(Exception):
    """The gate said no before anything was stored. `code` is the API's word; `detail`, `remedy` are sentences."""

    def __init__(self, verdict: gate.Verdict) -> None:
        super().__init__(verdict.code)
        self.code = verdict.code
        self.verdict = verdict

    @property
    def detail(self) -> str:
        """Return what happened, in plain words."""
        return self.verdict.detail

    @property
    def remedy(self) -> str:
        """Return what helps."""
        return self.verdict.remedy


class AnsweredMeanwhile(Exception):
    """A colleague has answered since the writer last looked: `by` (the user) and `at`."""

    code = "answered_meanwhile"

    def __init__(self, by: User, at: datetime) -> None:
        super().__init__(self.code)
        self.by = by
        self.at = at


class BodyRefused(ValueError):
    """A text that is empty or too long; `code` is the gate's."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@retrying
def send_reply(
    conversation: Conversation,
    *,
    body: str,
    user: User,
    now: datetime,
    client_message_id: str | None = None,
    after_message_id: UUID | None = None,
    sender: Sender | None = None,
    wait: timedelta = timedelta(0),
    draft: int | None = None,
    files: Sequence[Upload] = (),
) -> Message:
    """Queue a member's message: the thread then waits for the patient, and the bot pauses.

    Idempotent under `client_message_id`. `after_message_id` is the last message that the writer saw. Refused
    before anything is stored, and so before a provider is asked. For as long as `wait` it stays in the queue and
    can be taken back; `draft` is the revision of the draft that it was, which ends with it. With `files` it needs no
    words.

    Raises BodyRefused, KeyReused, AnsweredMeanwhile, GateRefused, NotSendable.
    """
    body = checked(body, wordless=bool(files))
    # A large picture takes seconds: nobody waits for it behind the thread's lock.
    ready = sending.prepared(files, sender) if files and sender else []
    with attaching.kept_with(transaction.atomic()):
        # Two members who answer at once: the second one sees the first one's answer. Only new rows are written
        # after this lock, so it may come first.
        before = Conversation.objects.select_for_update(no_key=True).values(*STATE).get(pk=conversation.pk)
        if draft is not None:
            drafts.clear(conversation.pk, user, tab=DraftTab.REPLY, revision=draft, now=now)
        if known := known_request(conversation, body, client_message_id):
            return known
        nobody_faster(conversation, after_message_id, user=user)
        message, verdict = own_words(
            conversation,
            body=body,
            user=user,
            sender=sender,
            client_message_id=client_message_id,
            kind=Kind.MEDIA if files else Kind.TEXT,
            now=now,
        )
        if files and (sender is None or message.sender_id != sender.pk):
            ready = sending.prepared(files, _sender_of(message))
        message.status, message.next_attempt_at = MessageStatus.QUEUED, now + wait
        if wait:
            message.payload = {"before": {name: _plain(value) for name, value in before.items()}}
        stored = insert(message)
        if stored is not message:
            return stored
        draws = attaching.attach_kept(message, ready, now=now) if ready else False
        answered(conversation, message, verdict, user=user, now=now)
        ring(wait)
        if draws:
            clocks.wake(clocks.MEDIA, now + attaching.LOST_AFTER)
        return message


def answered(
    conversation: Conversation, message: Message, verdict: gate.Verdict, *, user: User, now: datetime
) -> None:
    """Let the thread wait for the patient, and the bot pause: a member has it now, and `message` is its last one."""
    pause = timedelta(minutes=MessagingSettings.load().bot_pause_minutes)
    threads.touch(
        conversation.pk,
        now=now,
        message=message,
        work_state=WorkState.WAITING,
        waiting_since=None,
        snoozed_until=None,
        put_away_at=None,
        handed_over_at=None,
        unread_count=0,
        failed_count=0,
        bot_paused_until=now + pause,
        assignee_id=Coalesce("assignee_id", Value(user.pk)),
        window_closes_at=verdict.window_closes_at,
    )


def known_request(conversation: Conversation, body: str, client_message_id: str | None) -> Message | None:
    """Return the message that this request stored before, None for a new one. Raises KeyReused."""
    if not client_message_id:
        return None
    known = Message.objects.filter(client_message_id=client_message_id).first()
    if known is None:
        return None
    return same_or_reused(
        known, Message(conversation=conversation, body=body, client_message_id=client_message_id)
    )


def nobody_faster(conversation: Conversation, after_message_id: UUID | None, *, user: User) -> None:
    """Look whether a colleague has answered since that message, the last one that the writer saw.

    Raises AnsweredMeanwhile.
    """
    if after_message_id is None:
        return
    newer = threads.answered_since(conversation.pk, after_message_id, user_id=user.pk)
    if newer is not None:
        assert newer.user is not None
        raise AnsweredMeanwhile(newer.user, newer.created_at)


def own_words(
    conversation: Conversation,
    *,
    body: str,
    user: User,
    sender: Sender | None,
    client_message_id: str | None,
    now: datetime,
    kind: str = Kind.TEXT,
) -> tuple[Message, gate.Verdict]:
    """Return a member's message that is not stored yet, and what the gate says of it. Raises GateRefused."""
    message, verdict = prepared(
        conversation,
        body=body,
        purpose=gate.STAFF,
        author=Author.STAFF,
        user=user,
        now=now,
        sender=sender,
        client_message_id=client_message_id,
        kind=kind,
    )
    if not verdict.allowed:
        raise GateRefused(verdict)
    return message, verdict


def _sender_of(message: Message) -> Sender | None:
    found = message.sender_id
    return Sender.objects.select_related("account").get(pk=found) if found else None


def ring(wait: timedelta = timedelta(0)) -> None:
    """Wake the worker after commit, when a message has waited so long; what waits for hours the sweeper finds."""
    if not wait:
        jobs.enqueue_on_commit(DELIVER)
    elif wait <= LONGEST_RING:
        jobs.enqueue_on_commit(DELIVER, after=wait.total_seconds() + 0.2)


@retrying
def add_note(
    conversation: Conversation,
    *,
    body: str,
    user: User,
    now: datetime,
    client_message_id: str | None = None,
    draft: int | None = None,
) -> Message:
    """Store a note that only staff see; it answers nobody. Idempotent under `client_message_id`.

    Raises BodyRefused, KeyReused.
    """
    body = checked(body)
    with transaction.atomic():
        stored = known_request(conversation, body, client_message_id)
        if stored is None:
            note = Message(
                conversation=conversation,
                direction=Direction.OUTBOUND,
                channel=NOTE,
                kind=Kind.NOTE,
                author=Author.STAFF,
                user=user,
                body=body,
                status=MessageStatus.RECEIVED,
                client_message_id=client_message_id,
                created_at=now,
            )
            stored = insert(note)
            if stored is note:
                threads.touch(conversation.pk, now=now, message=note)
        if draft is not None:
            drafts.clear(conversation.pk, user, tab=DraftTab.NOTE, revision=draft, now=now)
    return stored


def checked(body: str, *, wordless: bool = False) -> str:
    """Return a text as it is stored; `wordless` where none is needed. Raises BodyRefused."""
    body = clean(body).strip()
    if not body and not wordless:
        raise BodyRefused(gate.EMPTY)
    if len(body) > gate.LONGEST_BODY:
        raise BodyRefused(gate.TOO_LONG)
    return body


def _plain(value: object) -> object:
    return value if value is None or isinstance(value, int) else str(value)
