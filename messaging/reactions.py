"""Emoji on messages, and messages taken back: the newest of each author counts, in whatever order they come.

A reaction is nobody's words: it opens no window and answers nothing. Who wants to make something of it (a thumb on
an open question) listens to `reacted`.
"""

from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.dispatch import Signal

from messaging.models import Author, Kind, Message, Reaction

#: Sent in the transaction: message, author, emoji ("" when it was taken back), now.
reacted = Signal()
LONGEST = 32


@transaction.atomic
def add(message: Message, *, emoji: str, author: str, now: datetime) -> bool:
    """Put an author's emoji on a message, in the place of the one before; tell whether it is the newest."""
    return _set(message, emoji=emoji, author=author, now=now, removed=False)


@transaction.atomic
def remove(message: Message, *, author: str, now: datetime) -> bool:
    """Take an author's emoji off a message; an older one that comes later does not bring it back."""
    return _set(message, emoji="", author=author, now=now, removed=True)


def _set(message: Message, *, emoji: str, author: str, now: datetime, removed: bool) -> bool:
    emoji = emoji.strip()[:LONGEST]
    values = {"emoji": emoji, "at": now, "removed_at": now if removed else None}
    older = Reaction.objects.filter(message=message, author=author, at__lte=now)
    if not older.update(**values):
        new = Reaction(message=message, author=author, **values)
        Reaction.objects.bulk_create([new], ignore_conflicts=True)
        if not Reaction.objects.filter(pk=new.pk).exists():  # a newer one stands there
            return False
    _mark(message, now=now)
    reacted.send(sender=Reaction, message=message, author=author, emoji=emoji, now=now)
    return True


def _mark(message: Message, *, now: datetime) -> None:
    """Note on the message that there is something to be read beside it: threads without any read nothing."""
    kept = Message.objects.select_for_update(no_key=True).values_list("payload", flat=True).get(pk=message.pk)
    Message.objects.filter(pk=message.pk).update(payload=kept | {"reacted": True}, updated_at=now)


def apply(sign: Message, *, now: datetime) -> Message | None:
    """Carry out what a stored reaction or deletion of a patient says; return the message that it is about.

    None when that message is not in the thread: then it stands there by itself, and is not lost. In the
    transaction of its storing.
    """
    target = named_in(sign)
    if target is None:
        return None
    at = sign.occurred_at or now
    if sign.kind == Kind.DELETION:
        theirs = Message.objects.filter(pk=target.pk, author=Author.PATIENT)
        theirs.filter(deleted_at=None).update(deleted_at=at, updated_at=now)
    elif sign.body.strip():
        add(target, emoji=sign.body, author=Author.PATIENT, now=at)
    else:
        remove(target, author=Author.PATIENT, now=at)
    sign.payload["applied"] = True
    Message.objects.filter(pk=sign.pk).update(payload=sign.payload)
    return target


def named_in(message: Message) -> Message | None:
    """Return the message of the same thread that this one names, whichever side wrote it."""
    named = message.replied_to_id
    if not named:
        return None
    here = Message.objects.filter(conversation_id=message.conversation_id).exclude(pk=message.pk)
    return here.filter(Q(provider_message_id=named) | Q(attempts__provider_id=named)).first()
