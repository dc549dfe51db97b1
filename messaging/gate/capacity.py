"""How many people an account has reached outside of windows: Meta counts them over 24 hours, whatever clinic it was.

A part is kept for reminders. The ledger knows people by a keyed hash only. A place is taken when a worker has the
message in hand, under a lock of the account, so that clinics which share one cannot both take the last place.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connection
from django.db.models import Count, Min, Q
from django.utils.crypto import salted_hmac

from clinics.models import PersonReached, ProviderAccount
from medsync.lib import phone
from messaging.gate import codes

DAY = timedelta(hours=24)


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """What an account has used of its people, and what that means for one of them."""

    account_id: UUID | None = None
    people_a_day: int
    part: int  # of other texts than reminders
    reached: int = 0
    others: int = 0  # not by reminders alone
    known: bool = False  # this person counts already
    known_otherwise: bool = False  # and not by reminders alone
    free_at: datetime | None = None  # when the oldest falls out
    part_free_at: datetime | None = None

    @property
    def kept(self) -> int:
        """Return how many are kept for reminders."""
        return self.people_a_day - self.part

    def used(self, purpose: str) -> int:
        """Return how many of the limit that counts for a purpose are used."""
        return self.others if self._by_part(purpose) else self.reached

    def limit(self, purpose: str) -> int:
        """Return the limit that counts for a purpose."""
        return self.part if self._by_part(purpose) else self.people_a_day

    def room_at(self, purpose: str, at: datetime) -> datetime | None:
        """Return when there will be room for this person, None when there is at that time."""
        waits = []
        if not self.known and self.reached >= self.people_a_day:
            waits.append(self.free_at or at + DAY)
        if purpose not in codes.USES_ALL and not self.known_otherwise and self.others >= self.part:
            waits.append(self.part_free_at or at + DAY)
        return max((wait for wait in waits if wait > at), default=None)

    def _by_part(self, purpose: str) -> bool:
        return purpose not in codes.USES_ALL and self.reached < self.people_a_day


@dataclass(frozen=True, slots=True)
class Wanted:
    """A message that goes out outside of a window, to a person, for a purpose."""

    message_id: UUID
    address: str
    purpose: str


def part_of(account: ProviderAccount) -> int:
    """Return how many people other texts than reminders may reach."""
    return account.people_a_day * max(100 - account.reminder_share, 0) // 100


def person(address: str) -> str:
    """Return the keyed hash under which the ledger knows somebody: the same for all spellings of a number."""
    name = phone.match_key(address) if phone.is_e164(address) else address
    return salted_hmac("messaging.gate.capacity", name, algorithm="sha256").hexdigest()


def use_of(account: ProviderAccount, address: str = "", *, now: datetime) -> Use:
    """Return an account's use in the last 24 hours, and whether somebody counts already; one statement."""
    who = Q(person=person(address)) if address else Q(pk=None)
    found = PersonReached.objects.filter(account=account, at__gt=now - DAY).aggregate(
        reached=Count("pk"),
        others=Count("pk", filter=Q(reminder=False)),
        known=Count("pk", filter=who),
        known_otherwise=Count("pk", filter=who & Q(reminder=False)),
        oldest=Min("at"),
        oldest_other=Min("at", filter=Q(reminder=False)),
    )
    return Use(
        account_id=account.pk,
        people_a_day=account.people_a_day,
        part=part_of(account),
        reached=found["reached"],
        others=found["others"],
        known=bool(found["known"]),
        known_otherwise=bool(found["known_otherwise"]),
        free_at=found["oldest"] + DAY if found["oldest"] else None,
        part_free_at=found["oldest_other"] + DAY if found["oldest_other"] else None,
    )


def take(account: ProviderAccount, wanted: Sequence[Wanted], *, now: datetime) -> dict[UUID, datetime]:
    """Note whom an account reaches now; return when the others may go, for whom there is no place. In a transaction.

    What goes for the same person again takes no second place. Five statements, whatever their number.
    """
    _lock(account.pk)
    ledger = PersonReached.objects.filter(account=account)
    ledger.filter(at__lte=now - DAY).delete()
    people = {w.message_id: person(w.address) for w in wanted}
    counts = ledger.aggregate(reached=Count("pk"), others=Count("pk", filter=Q(reminder=False)))
    known = dict(ledger.filter(person__in=set(people.values())).values_list("person", "reminder"))
    room = account.people_a_day - counts["reached"]
    part_room = part_of(account) - counts["others"]
    taken: dict[str, bool] = {}
    waits: list[tuple[UUID, bool]] = []  # and whether it is the part that is full
    for one in wanted:
        who, is_reminder = people[one.message_id], one.purpose == codes.REMINDER
        only_reminders = known.get(who)
        is_new, counts_newly = only_reminders is None, not is_reminder and only_reminders is not False
        part_full = counts_newly and one.purpose not in codes.USES_ALL and part_room <= 0
        if (is_new and room <= 0) or part_full:
            waits.append((one.message_id, part_full))
            continue
        room -= is_new
        part_room -= counts_newly
        known[who] = taken[who] = is_reminder and only_reminders is not False
    _note(account, taken, now)
    return _places(account, waits, over=max(-room, 0), part_over=max(-part_room, 0), now=now)


def _note(account: ProviderAccount, taken: dict[str, bool], now: datetime) -> None:
    PersonReached.objects.bulk_create(
        [PersonReached(account=account, person=who, reminder=alone, at=now) for who, alone in taken.items()],
        update_conflicts=True,
        unique_fields=["account", "person"],
        update_fields=["at", "reminder"],
    )


def _places(
    account: ProviderAccount, waits: Sequence[tuple[UUID, bool]], *, over: int, part_over: int, now: datetime
) -> dict[UUID, datetime]:
    """Return when each of those who wait may go: with every one that falls out there is room for one more."""
    if not waits:
        return {}
    ledger = PersonReached.objects.filter(account=account).order_by("at")
    times = {
        part_full: list(
            (ledger.filter(reminder=False) if part_full else ledger).values_list("at", flat=True)[
                begin : begin + len(waits)
            ]
        )
        for part_full, begin in ((False, over), (True, part_over))
        if any(full is part_full for _id, full in waits)
    }
    at: dict[UUID, datetime] = {}
    for message_id, part_full in waits:
        oldest = times[part_full].pop(0) if times[part_full] else now
        at[message_id] = oldest + DAY
    return at


def _lock(account_id: UUID) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtextextended('people:' || %s, 0))", [str(account_id)]
        )
