"""What a text may tell of a visit on a channel: the clinic's switch "no health details over WhatsApp", in one place.

A neutral text says when and at which clinic, never with whom, what for or how to prepare. What may be said is a list
of names, so that a value that somebody adds to a text later is withheld until it is put on the list. `messaging.catalog`
words every text through here; nobody else asks the switch what to leave out.
"""

from collections.abc import Mapping

from clinics.models import Channel
from messaging.facts import facts

DOCTOR = "doctor_name"

#: Values that tell nothing of what a visit is about. Lists are made of texts that came through here themselves, or
#: of what the patient is asked to choose among: whoever chooses between doctors, or kinds of visit, must see them.
PLAIN = frozenset({
    "clinic_name", "clinic_phone", "address", "map_url", "place", "privacy_url",
    "date", "time", "when", "old_date", "old_time", "day", "until", "opens", "answer_by",
    "n", "last", "choices", "visits", "times",
    "patient_name",  # in the greeting, and in families
    "reason", "message",  # a member's own words, which stay as they are; the composer warns
})  # fmt: skip


def hidden_on(channel: str) -> bool:
    """Say whether texts on a channel tell no detail of a visit; of an unknown one what holds for WhatsApp."""
    return channel in ("", Channel.WHATSAPP) and facts().neutral_on(Channel.WHATSAPP)


def told(values: Mapping[str, object], channel: str) -> dict[str, object]:
    """Return the values that a text on this channel may tell.

    Where none may be told the clinic stands in the doctor's place: an approved text, and a clinic's own words, have
    a sentence around the name that cannot be taken out.
    """
    if PLAIN.issuperset(values) or not hidden_on(channel):
        return dict(values)
    plain = {name: value for name, value in values.items() if name in PLAIN}
    return plain | {DOCTOR: facts().clinic.name} if DOCTOR in values else plain
