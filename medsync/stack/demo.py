"""The demo: two clinics with people, numbers on the built-in phones, threads in every state, and a few weeks of visits.

Everything stands at a time relative to `now`. Clinics, members and numbers are made by the operations; what lies
in the past is written as rows, for no operation may act there.
"""

from __future__ import annotations

from datetime import date, datetime

from django.db import connection, transaction

from clinics.models import Clinic, ClinicState, Role, Sender, User
from clinics.operations import add_member, create_clinic, user_for
from clinics.senders import AlreadyLinked, link_sender
from clinics.tenancy import in_clinic
from medsync.lib import clock
from medsync.lib.phone import is_e164
from medsync.stack import demo_riverside, demo_sol
from medsync.stack.demo_calendar import Calendar
from medsync.stack.demo_day import write_day
from medsync.stack.demo_messages import write_thread
from medsync.stack.demo_plan import Plan, Talk
from scheduling import contacts
from scheduling.models import ContactPoint, Patient, PatientContact

PASSWORD = "medsync-demo"  # noqa: S105 - public on purpose; the demo listens on this machine only
PLANS = (demo_riverside.PLAN, demo_sol.PLAN)


def seed(now: datetime | None = None) -> None:
    """Make the demo clinics that are not there yet. Safe to run again; a clinic that is ready is left alone."""
    at = now or clock.now()
    connection.set_schema_to_public()  # type: ignore[attr-defined]
    for plan in PLANS:
        if not Clinic.objects.filter(slug=plan.slug, state=ClinicState.READY).exists():
            _clinic(plan)
        clinic = Clinic.objects.get(slug=plan.slug)
        if clinic.is_demo:
            _people(clinic, plan, now=at)
            _life(clinic, plan, now=at)


def close_accounts() -> int:
    """Close every demo account that still has the public password; return how many. `seed` opens them again.

    A home that had the demo once may be started without it, and then stand on the internet.
    """
    connection.set_schema_to_public()  # type: ignore[attr-defined]
    closed = 0
    for user in User.objects.filter(email__in=_addresses(), is_active=True):
        if user.check_password(PASSWORD):
            user.is_active = False
            user.save(update_fields=["is_active"])
            closed += 1
    return closed


def _addresses() -> set[str]:
    return {email for plan in PLANS for email, *_rest in (*plan.staff, plan.owner)}


def _clinic(plan: Plan) -> None:
    create_clinic(
        slug=plan.slug,
        name=plan.name,
        country=plan.country,
        timezone=plan.timezone,
        language=plan.language,
        owner_email=plan.owner[0],
        owner_name=plan.owner[1],
        phone=plan.number,
        is_demo=True,
    )


def _people(clinic: Clinic, plan: Plan, *, now: datetime) -> None:
    for email, name, role in (*plan.staff, (*plan.owner, Role.OWNER)):
        user = user_for(email, name=name)
        if not user.has_usable_password():
            user.set_password(PASSWORD)
            user.save(update_fields=["password"])
        if not user.is_active and user.check_password(PASSWORD):  # closed while the demo was off
            user.is_active = True
            user.save(update_fields=["is_active"])
        if not user.memberships.filter(clinic=clinic).exists():
            add_member(clinic, user, role=role)
    for channel in ("whatsapp", "sms"):
        if not clinic.senders.filter(channel=channel).exists():
            try:
                link_sender(
                    clinic,
                    phone_number=plan.number,
                    channel=channel,
                    provider="local",
                    display_name=plan.name,
                    now=now,
                )
            except AlreadyLinked:  # another `prepare` was faster
                continue


def _life(clinic: Clinic, plan: Plan, *, now: datetime) -> None:
    """Fill the clinic's schema, all or nothing, unless it has patients already."""
    with in_clinic(clinic), transaction.atomic():
        if Patient.objects.exists():
            return
        calendar = Calendar(clinic, plan, now=now)
        senders = {s.channel: s for s in Sender.objects.filter(clinic=clinic).select_related("account")}
        staff = User.objects.get(email=plan.staff[0][0])
        write_day(
            clinic,
            location=calendar.location,
            doctors=calendar.doctors,
            kind=calendar.types[0],
            staff=staff,
            now=now,
        )
        for talk in plan.talks:
            point, patients = _person(clinic, talk, now=now)
            visits = [calendar.visit(v, patients[0], point, staff, channel=talk.channel) for v in talk.visits]
            first = next((v for v, spec in zip(visits, talk.visits, strict=True) if spec.days >= 0), None)
            write_thread(
                clinic,
                talk,
                point=point,
                sender=senders[talk.channel],
                staff=staff,
                visit=first,
                other_times=calendar.other_times(),
                now=now,
            )


def _person(clinic: Clinic, talk: Talk, *, now: datetime) -> tuple[ContactPoint, list[Patient]]:
    """Make the contact point as the first message would have, name its patient, add the others on the phone."""
    hidden = not is_e164(talk.number)
    point = contacts.resolve(
        talk.channel,
        talk.number,
        phone=None if hidden else talk.number,
        user_id=talk.number if hidden else None,
        display_name=talk.profile or talk.name,
        region=clinic.country,
        now=now,
    ).contact_point
    patient = contacts.patients_of(point)[0]
    language = talk.language or clinic.language
    if talk.name:
        patient.name = talk.name
        patient.preferred_language = language
        patient.date_of_birth = date.fromisoformat(talk.born) if talk.born else None
        patient.save()
    ContactPoint.objects.filter(pk=point.pk).update(language=language)
    patients = [patient]
    for name, relation in talk.also:
        other = Patient.objects.create(name=name, preferred_language=language)
        PatientContact.objects.create(patient=other, contact_point=point, relation=relation)
        patients.append(other)
    return point, patients
