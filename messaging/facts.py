"""What the dialogue needs to know of the entered clinic and what changes rarely, kept some seconds in the process.

Everything here may be CACHE_SECONDS old: settings, places with opening hours, and what patients may book.
Whether a time is free, and whether it may be booked, is never taken from here.
"""

import threading
import time as monotonic_time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.postgres.aggregates import ArrayAgg
from django.db import connection
from django.db.models import Q

from clinics.models import Channel, Clinic
from clinics.tenancy import current_clinic
from messaging.models import BotMode, MessagingSettings
from scheduling.availability import Structure
from scheduling.models import AppointmentType, Location, OpeningHours, SchedulingSettings
from scheduling.queries import bookable, bookable_practitioners

CACHE_SECONDS = 2.0
_LAST_MINUTE = time(23, 59)


@dataclass(frozen=True, slots=True)
class Bookable:
    """Something that a patient may choose: a doctor, or a type with its name in each language."""

    id: UUID
    names: Mapping[str, str]
    practitioner_ids: frozenset[UUID] = frozenset()  # of a type: who does it; empty means everybody

    def name_in(self, language: str) -> str:
        """Return the name in *language*, else in English, else in any."""
        return self.names.get(language) or self.names.get("en") or next(iter(self.names.values()), "")


@dataclass(frozen=True, slots=True)
class Facts:
    """A clinic as the dialogue sees it. `opening` is (weekday, opens, closes) in the wall time of `zone`."""

    clinic: Clinic
    settings: MessagingSettings
    hold_minutes: int
    zone: ZoneInfo
    zones: Mapping[UUID, str]  # of each location
    phone: str
    opening: Sequence[tuple[int, time, time]]
    types: Sequence[Bookable]
    practitioners: Sequence[Bookable]
    _structures: dict[tuple[UUID | None, UUID | None], Structure] = field(default_factory=dict, repr=False)

    def structure(self, *, type: UUID | None, practitioner: UUID | None) -> Structure:
        """Return who does a type where and when, as old as these facts. Raises NotBookable."""
        key = (type, practitioner)
        if key not in self._structures:
            self._structures[key] = bookable(type=type, practitioner=practitioner)
        return self._structures[key]

    def open_at(self, at: datetime) -> bool:
        """Say whether the clinic is open; one without opening hours always is."""
        local = at.astimezone(self.zone)
        wall = local.time().replace(tzinfo=None)
        return not self.opening or any(
            day == local.weekday() and opens <= wall and (wall < closes or closes >= _LAST_MINUTE)
            for day, opens, closes in self.opening
        )

    def opens_after(self, at: datetime) -> datetime | None:
        """Return when the clinic opens next, within a week; None when it has no hours."""
        local = at.astimezone(self.zone)
        for ahead in range(8):
            date = local.date() + timedelta(days=ahead)
            for day, opens, _ in self.opening:
                begins = datetime.combine(date, opens, self.zone)
                if day == date.weekday() and begins > local:
                    return begins
        return None

    def neutral_on(self, channel: str) -> bool:
        """Say whether texts on a channel name no detail of a visit: WhatsApp, by the clinic's switch or its country."""
        switch = self.settings.neutral_whatsapp
        return channel == Channel.WHATSAPP and (self.clinic.country == "US" if switch is None else switch)

    def bot_mode(self, at: datetime) -> BotMode:
        """Return what the bot may do at that time."""
        inside = self.open_at(at)
        return BotMode(self.settings.bot_inside_hours if inside else self.settings.bot_outside_hours)

    def practitioner_name(self, practitioner_id: UUID) -> str:
        """Return the name of a doctor whom patients may book, "" for another."""
        return next(
            (doctor.name_in("en") for doctor in self.practitioners if doctor.id == practitioner_id), ""
        )

    def practitioners_for(self, type_id: UUID | None) -> Sequence[Bookable]:
        """Return the doctors whom patients may book for a type; None is the clinic's first."""
        kind = next((kind for kind in self.types if type_id in {None, kind.id}), None)
        if kind is None or not kind.practitioner_ids:
            return self.practitioners
        return [doctor for doctor in self.practitioners if doctor.id in kind.practitioner_ids]


_cache: dict[str, tuple[float, Facts]] = {}
_lock = threading.Lock()


def forget_facts() -> None:
    """Empty this process's cache; every process forgets by itself after CACHE_SECONDS."""
    with _lock:
        _cache.clear()


def facts() -> Facts:
    """Return the facts of the entered clinic, at most CACHE_SECONDS old. Six statements when they are not known."""
    schema: str = connection.schema_name  # type: ignore[attr-defined]
    at = monotonic_time.monotonic()
    found = _cache.get(schema)
    if found and at - found[0] < CACHE_SECONDS:
        return found[1]
    fresh = _read()
    with _lock:
        if len(_cache) > 5_000:
            _cache.clear()
        _cache[schema] = (at, fresh)
    return fresh


def _read() -> Facts:
    """Read the facts of the entered clinic."""
    clinic = current_clinic()
    places = list(Location.objects.filter(active=True).order_by("rank", "id"))
    first = places[0] if places else None
    opening = OpeningHours.objects.filter(location=first).order_by("weekday", "opens", "id") if first else ()
    types = (
        AppointmentType.objects.filter(active=True, bookable=True)
        .annotate(
            only=ArrayAgg("practitioners__resource_id", filter=Q(practitioners__isnull=False), default=[])
        )
        .order_by("rank", "id")
    )
    return Facts(
        clinic=clinic,
        settings=MessagingSettings.load(),
        hold_minutes=SchedulingSettings.load().hold_minutes,
        zone=ZoneInfo(first.zone if first else clinic.timezone),
        zones={place.pk: place.zone for place in places},
        phone=(first.phone if first else "") or clinic.phone,
        opening=tuple((span.weekday, span.opens, span.closes) for span in opening),
        types=tuple(Bookable(kind.pk, kind.names, frozenset(kind.only)) for kind in types),
        practitioners=tuple(Bookable(doctor.pk, {"en": doctor.name}) for doctor in bookable_practitioners()),
    )
