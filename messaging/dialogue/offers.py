"""Lists of free times: which ones, held for the patient, asked as a question."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from medsync.lib import phone
from messaging.dialogue.handover import hand_over
from messaging.dialogue.turn import Turn
from messaging.models import ConversationState, QuestionKind
from messaging.replies import Part, Wish
from messaging.slotlists import items_of, list_of
from scheduling.availability import Structure
from scheduling.errors import FreeSlot, NotBookable
from scheduling.operations import hold_slots
from scheduling.queries import free_slots, spread

MOVE = "move"  # in a context: the visit that gets another time
LISTED = 3  # as many as may be held for one person
MOST_LISTS = 3  # then staff take over
SOON_DAYS, NEAR_DAYS, FAR_DAYS = 4, 14, 31
SHOWN_KEPT = 30

_PARTS = {Part.MORNING: (0, 12), Part.AFTERNOON: (12, 18), Part.EVENING: (17, 24)}


def offer(turn: Turn, context: dict[str, Any], *, head: str, slots: Sequence[FreeSlot] | None = None) -> None:
    """Offer up to three times with their question; *slots* are times that are known to be free already."""
    conversation = turn.stored.conversation
    lists = int(context.get("lists", 0))
    if lists >= MOST_LISTS:
        hand_over(turn)
        return
    wish = wish_from_json(context.get("wish"))
    shown = list(context.get("shown", ()))
    found = list(slots) if slots is not None else _find(turn, context, wish, shown)
    if not found and wish:
        found = _find(turn, context, Wish(), shown)
        head = "offer_unfit"
    if not found and MOVE in context:
        ask_to_call(turn)
        return
    if not found:
        turn.say("none_free")
        hand_over(turn)
        return
    chosen = spread(found, LISTED, zone=turn.facts.zone)
    end = "move_end" if MOVE in context else "offer_end"
    turn.parts.append(list_of(chosen, head=head, language=turn.language, channel=turn.channel, end=end))
    turn.answered_by_bot()
    conversation.state = ConversationState.AWAITING_SLOT
    conversation.last_offer_at = turn.now
    conversation.offers_in_row = min(conversation.offers_in_row + 1, 100)
    turn.put(
        QuestionKind.PICK_SLOT,
        items_of(chosen),
        {
            **context,
            "wish": None,
            "lists": lists + 1,
            "shown": [*shown, *(slot.starts_at.isoformat() for slot in chosen)][-SHOWN_KEPT:],
        },
    )
    if turn.dry:
        return
    # Times that came as the alternatives of a refusal may be of another doctor: nothing is known of them here.
    known = _structure(turn, context) if slots is None else None
    hold_slots(
        chosen,
        owner=turn.owner,
        minutes=turn.facts.hold_minutes,
        now=turn.now,
        known=known,
        replacing=bool(turn.questions or turn.replacing),
    )


def more(turn: Turn, context: dict[str, Any], wish: Wish | None) -> None:
    """Offer the next fitting times, or those of the wished day or part of day."""
    offer(turn, {**context, "wish": wish_to_json(wish)}, head="offer_more")


def ask_to_call(turn: Turn) -> None:
    """Ask to call, with the number: a visit cannot be moved here."""
    number = turn.facts.phone
    if number:
        shown = phone.display(number, turn.clinic.country) if phone.is_e164(number) else number
        turn.say("move_failed", clinic_phone=shown)
    else:
        turn.say("move_failed_unphoned")
    turn.answered_by_bot()


def wish_to_json(wish: Wish | None) -> dict[str, Any] | None:
    """Return a wish as plain data; None for no wish."""
    if not wish:
        return None
    return {
        "weekday": wish.weekday,
        "days_ahead": wish.days_ahead,
        "next_week": wish.next_week,
        "part": str(wish.part) if wish.part else None,
    }


def wish_from_json(data: dict[str, Any] | None) -> Wish:
    """Return the wish that `wish_to_json` made."""
    if not data:
        return Wish()
    return Wish(
        weekday=data["weekday"],
        days_ahead=data["days_ahead"],
        next_week=data["next_week"],
        part=Part(data["part"]) if data["part"] else None,
    )


def _find(turn: Turn, context: dict[str, Any], wish: Wish, shown: Sequence[str]) -> list[FreeSlot]:
    """Return free times that fit, none of them shown before; further ahead only when the near days have none."""
    today = turn.now.astimezone(turn.facts.zone).date()
    first, days = _span(today, wish)
    known = _structure(turn, context)
    if known is None:
        return []
    windows = [(first, days)] if days else [(first, NEAR_DAYS), (first + timedelta(days=NEAR_DAYS), FAR_DAYS)]
    if not wish and not shown:  # most lists are full after few days; the rest need not be reckoned
        windows.insert(0, (first, SOON_DAYS))
    seen = set(shown)
    # Without a wish "other times" means later ones; with one, all that fit and are new.
    after = max((datetime.fromisoformat(at) for at in shown), default=None) if not wish else None
    for begin, length in windows:
        free = free_slots(from_date=begin, days=length, now=turn.now, for_owner=turn.owner, known=known)
        fitting = [
            slot
            for slot in free
            if slot.starts_at.isoformat() not in seen and (after is None or slot.starts_at > after)
        ]
        fitting = list(_fitting(fitting, wish, turn.facts.zones, turn.facts.zone))
        if fitting and (length != SOON_DAYS or _fills_a_list(fitting, turn.facts.zone)):
            return fitting
    return []


def _structure(turn: Turn, context: dict[str, Any]) -> Structure | None:
    """Return what is searched, None when it may no longer be booked."""
    try:
        return turn.facts.structure(
            type=_id(context.get("type")), practitioner=_id(context.get("practitioner"))
        )
    except NotBookable:
        return None


def _fills_a_list(slots: Sequence[FreeSlot], zone: ZoneInfo) -> bool:
    """Say whether more days would not change the list: as many times as it has, on two days."""
    chosen = spread(slots, LISTED, zone=zone)
    return len(chosen) == LISTED and len({slot.starts_at.astimezone(zone).date() for slot in chosen}) > 1


def _span(today: date, wish: Wish) -> tuple[date, int]:
    """Return the first day to look at, and how many; 0 days: as far as needed."""
    if wish.days_ahead is not None:
        return today + timedelta(days=wish.days_ahead), 1
    if wish.next_week:
        monday = today + timedelta(days=7 - today.weekday())
        return (monday + timedelta(days=wish.weekday), 1) if wish.weekday is not None else (monday, 7)
    return today, 0


def _fitting(slots: Iterable[FreeSlot], wish: Wish, zones: Any, default: ZoneInfo) -> Iterable[FreeSlot]:
    """Yield the times on the wished weekday and in the wished part of the day."""
    known: dict[str, ZoneInfo] = {}
    for slot in slots:
        name = zones.get(slot.location_id)
        zone = known.setdefault(name, ZoneInfo(name)) if name else default
        local = slot.starts_at.astimezone(zone)
        if wish.weekday is not None and local.weekday() != wish.weekday:
            continue
        if wish.part is not None:
            begins, ends = _PARTS[wish.part]
            if not begins <= local.hour < ends:
                continue
        yield slot


def _id(value: str | None) -> UUID | None:
    return UUID(value) if value and value != "any" else None
