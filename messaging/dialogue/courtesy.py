"""Thanks, farewells and nods: what wants no answer and keeps nobody waiting."""

from messaging.dialogue.turn import Turn
from messaging.models import Author


def needs_no_answer(turn: Turn) -> bool:
    """Say whether the message is a courtesy that nobody has to read at once.

    "Ok" and "yes" count when nothing was asked, by us or by a member who wrote last; thanks alone answer nothing.
    """
    if turn.stored.event.kind != "text":
        return is_sticker(turn)
    reading = turn.reading
    if not reading.courteous:
        return False
    if reading.thankful:
        return True
    if turn.questions:
        return not reading.affirmative
    return turn.stored.conversation.last_author != Author.STAFF


def is_sticker(turn: Turn) -> bool:
    """Say whether the message is a sticker."""
    event = turn.stored.event
    if event.extra.get("message_type") == "sticker":
        return True
    return bool(event.media) and not event.body and all(m.content_type == "image/webp" for m in event.media)
