"""Reachable identities: whoever writes is found, or made once, however many messages come at the same time."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache

from django.db import IntegrityError, connection, transaction

from medsync.lib import phone as phones
from medsync.lib.ids import new_id
from medsync.lib.text import clean, search_key
from scheduling.models import ContactAddress, ContactPoint, Patient, PatientContact

_NAME_LENGTH = 160
_KEY_LENGTH = 140
_SEARCH_LENGTH = 200


@dataclass(frozen=True, slots=True)
class Resolved:
    """The contact point of an address, and whether this call made it."""

    contact_point: ContactPoint
    created: bool


def resolve(
    channel: str,
    address: str,
    *,
    phone: str | None = None,
    user_id: str | None = None,
    display_name: str = "",
    region: str = "US",
    now: datetime,
) -> Resolved:
    """Return the contact point that writes from ``address``, made with a patient not yet named when it is new.

    ``address`` is what the provider gave, without the channel's prefix; ``phone`` is the number behind it (E.164,
    or as people of ``region`` write it), ``user_id`` the channel's own id of the person; without
    both, an address that is no E.164 number (a short code) is its own key. All spellings of a number share one point. A form with both phone and
    user id adds both addresses to one point. If two points exist already, one for each, they are kept apart and
    the phone's is returned, for a number is what other channels know too; merging people is for staff.

    One statement for a known address. Safe to race: the constraints decide. Raises phone.InvalidPhone.
    """
    address = clean(address)[:_KEY_LENGTH]
    e164 = _e164(phone, address, region)
    addresses = _addresses(address, e164, user_id)
    known = _known(channel, addresses)
    preferred = known.get(e164 or "") or known.get(address) or next(iter(known.values()), None)
    complete = len(known) == len(addresses)
    if preferred is not None and complete and (e164 is None or preferred.phone):
        _rename(preferred, display_name)
        return Resolved(preferred, created=False)
    with transaction.atomic():
        return _make(channel, addresses, e164, user_id, preferred, display_name, now)


def point_for_phone(e164: str, *, display_name: str = "", now: datetime) -> Resolved:
    """Return the contact point of a number that staff typed; unlike `resolve` it makes neither address nor patient."""
    point, created = _point(phones.match_key(e164), e164, display_name, now)
    return Resolved(point, created)


def patients_of(contact_point: ContactPoint) -> list[Patient]:
    """Return the people reached here, those first for whom it is starred; nobody who said it is not theirs."""
    with connection.cursor() as cursor:
        cursor.execute(_patients_statement(), [contact_point.pk])
        rows = cursor.fetchall()
    names = [field.attname for field in Patient._meta.concrete_fields]
    return [Patient.from_db(connection.alias, names, row) for row in rows]


@cache
def _patients_statement() -> str:
    """Return the statement that every message costs, made once; the columns come from the model."""
    columns = ", ".join(f'patient."{field.column}"' for field in Patient._meta.concrete_fields)
    return f"""
        SELECT {columns}
        FROM scheduling_patientcontact AS contact JOIN scheduling_patient AS patient ON patient.id = contact.patient_id
        WHERE contact.contact_point_id = %s AND contact.not_theirs_at IS NULL AND patient.merged_into_id IS NULL
        ORDER BY contact.starred DESC, contact.created_at, contact.id
    """  # noqa: S608  the names come from the model


def _e164(phone: str | None, address: str, region: str) -> str | None:
    if phone:
        return phone if phones.is_e164(phone) else phones.parse(phone, region)
    return address if phones.is_e164(address) else None


def _addresses(address: str, e164: str | None, user_id: str | None) -> list[str]:
    found = [address]
    if user_id and clean(user_id)[:_KEY_LENGTH] not in found:
        found.append(clean(user_id)[:_KEY_LENGTH])
    # The number itself is an address only beside a user id: else it is the address already, maybe in another
    # spelling (+521… and +52…), and only the provider's spelling is sent to.
    if user_id and e164 and address == user_id:
        found.append(e164)
    return found


def _known(channel: str, addresses: list[str]) -> dict[str, ContactPoint]:
    rows = ContactAddress.objects.filter(channel=channel, address__in=addresses).select_related(
        "contact_point__merged_into"
    )
    return {row.address: row.contact_point.merged_into or row.contact_point for row in rows}


def _make(
    channel: str,
    addresses: list[str],
    e164: str | None,
    user_id: str | None,
    known: ContactPoint | None,
    display_name: str,
    now: datetime,
) -> Resolved:
    created = False
    if known is not None and (e164 is None or known.phone or _learn_phone(known, e164)):
        point = known
    else:
        key = phones.match_key(e164) if e164 else clean(user_id or addresses[0])[:_KEY_LENGTH]
        point, created = _point(key, e164, display_name, now)
    ContactAddress.objects.bulk_create(
        (ContactAddress(contact_point=point, channel=channel, address=address) for address in addresses),
        ignore_conflicts=True,
    )
    if created:
        patient = Patient.objects.create()
        PatientContact.objects.create(patient=patient, contact_point=point, starred=True)
    else:
        _rename(point, display_name)
    return Resolved(point, created)


def _learn_phone(point: ContactPoint, e164: str) -> bool:
    """Give a point known by its user id its number; False when the number has a point of its own."""
    try:
        with transaction.atomic():
            ContactPoint.objects.filter(pk=point.pk, phone=None).update(
                phone=e164,
                match_key=phones.match_key(e164),
                search_key=_search_key(point.display_name, e164),
            )
    except IntegrityError:
        return False
    point.refresh_from_db()
    return True


def _point(key: str, e164: str | None, display_name: str, now: datetime) -> tuple[ContactPoint, bool]:
    """Return the point of a match key, and whether it is new. One statement decides, whoever else is at it."""
    name = clean(display_name).strip()[:_NAME_LENGTH]
    with connection.cursor() as cursor:
        # The update changes nothing, but makes the row come back; xmax is 0 only for a row just inserted.
        cursor.execute(
            """
            INSERT INTO scheduling_contactpoint
                (id, match_key, phone, display_name, search_key, language, created_at)
            VALUES (%s, %s, %s, %s, %s, '', %s)
            ON CONFLICT (match_key) DO UPDATE SET match_key = EXCLUDED.match_key
            RETURNING id, (xmax = 0)
            """,
            [new_id(), key, e164, name, _search_key(name, e164), now],
        )
        point_id, created = cursor.fetchone()
    point = ContactPoint.objects.select_related("merged_into").get(pk=point_id)
    return point.merged_into or point, created


def _rename(point: ContactPoint, display_name: str) -> None:
    """Keep the profile name that people show now; an empty one tells nothing."""
    name = clean(display_name).strip()[:_NAME_LENGTH]
    if name and name != point.display_name:
        point.display_name, point.search_key = name, _search_key(name, point.phone)
        ContactPoint.objects.filter(pk=point.pk).update(display_name=name, search_key=point.search_key)


def _search_key(name: str, e164: str | None) -> str:
    return search_key(f"{name} {e164 or ''}")[:_SEARCH_LENGTH]
