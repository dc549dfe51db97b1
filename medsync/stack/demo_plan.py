"""What a demo clinic is made from: its people, its doctors, and what its patients and staff have said.

Plain data, no clock; everybody is invented. A line is (minutes ago, who, text, what became of it). Texts that begin
with "@" are the product's own, in the thread's language; "{visit}" stands for the time of the thread's visit.
"""

from dataclasses import dataclass, field

PATIENT, BOT, STAFF, SYSTEM, NOTE = "patient", "bot", "staff", "system", "note"
HOUR, DAY = 60, 24 * 60

Line = tuple[int, str, str] | tuple[int, str, str, str]


@dataclass(frozen=True, slots=True)
class Visit:
    """A visit: `days` from today (negative: past), its state; past ones at `hour` of the clinic's clock."""

    days: int
    status: str = "confirmed"
    hour: int = 10
    doctor: int = 0
    attendance: str = "unasked"
    asked_ago: int = 0  # minutes; when a request was made


@dataclass(frozen=True, slots=True)
class Talk:
    """One thread."""

    name: str  # as the patient's record says; "" = not yet named
    number: str  # E.164, or a WhatsApp user id
    lines: tuple[Line, ...]
    channel: str = "whatsapp"
    language: str = ""  # "": the clinic's
    work: str = "done"  # messaging.models.WorkState
    profile: str = ""  # as WhatsApp shows it
    born: str = ""
    also: tuple[tuple[str, str], ...] = ()  # others on this phone: name, what its holder is to them
    visits: tuple[Visit, ...] = field(default=())
    unread: int = 0
    opted_out: bool = False


@dataclass(frozen=True, slots=True)
class Plan:
    """One demo clinic."""

    slug: str
    name: str
    country: str
    timezone: str
    language: str
    number: str
    address: str
    owner: tuple[str, str]  # address, name
    staff: tuple[tuple[str, str, str], ...]  # address, name, role
    doctors: tuple[str, str]  # as patients see them; patients book the first
    types: tuple[tuple[dict[str, str], int], ...]  # names, minutes; patients book the first
    talks: tuple[Talk, ...] = field(repr=False)
