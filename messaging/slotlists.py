"""A list of free times as the patient reads it, and as the question keeps it."""

from collections.abc import Sequence

from messaging import catalog, datewords
from messaging.facts import facts
from scheduling.errors import FreeSlot


def list_of(
    slots: Sequence[FreeSlot], *, head: str, language: str, channel: str, end: str = "offer_end"
) -> str:
    """Return the numbered times under the catalog's text *head*, and *end*: how to answer."""
    known = facts()
    country = known.clinic.country
    lines = [
        datewords.when(
            slot.starts_at,
            zone=known.zones.get(slot.location_id, known.zone.key),
            language=language,
            country=country,
        )
        for slot in slots
    ]
    first, last = (catalog.text(key, language, channel=channel) for key in (head, end))
    return f"{first}\n{numbered(lines)}\n\n{last}"


def numbered(lines: Sequence[str]) -> str:
    """Return lines with their keys, from 1."""
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, 1))


def items_of(slots: Sequence[FreeSlot]) -> list[dict[str, str]]:
    """Return what the question keeps of each time, under its key."""
    return [
        {
            "key": str(number),
            "starts_at": slot.starts_at.isoformat(),
            "practitioner_id": str(slot.practitioner_id),
            "type_id": str(slot.type_id),
            "location_id": str(slot.location_id),
        }
        for number, slot in enumerate(slots, 1)
    ]
