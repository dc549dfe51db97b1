"""The first-day list: what makes a new clinic ready, each step with its state, who can do it, how long it takes."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from clinics.models import Clinic, User
from clinics.permissions import Action, can
from messaging.today.queries import FirstDay


@dataclass(frozen=True, slots=True)
class Step:
    """One step; without a `url` somebody else can do it."""

    title: str
    state: str
    done: bool
    who: str
    takes: str
    url: str
    new_window: bool = False


@dataclass(frozen=True, slots=True)
class FirstDayList:
    """The list, until all of it is done or it is put away; "" when the member may not do that."""

    steps: list[Step]
    done: int
    put_away_url: str


def first_day(found: FirstDay, *, clinic: Clinic, user: User, has_phones: bool) -> FirstDayList | None:
    """Return the list for this member, None when it is done, put away, or nothing in it is theirs to do."""
    if found.put_away:
        return None
    steps = list(_steps(found, clinic=clinic, user=user, has_phones=has_phones))
    if all(step.done for step in steps) or not any(step.url for step in steps if not step.done):
        return None
    may_put_away = can(user, clinic, Action.MANAGE_SETTINGS)
    return FirstDayList(
        steps=steps,
        done=sum(step.done for step in steps),
        put_away_url=reverse("today:first-day-put-away") if may_put_away else "",
    )


def _steps(found: FirstDay, *, clinic: Clinic, user: User, has_phones: bool) -> list[Step]:
    leaders = _("Owner or Manager")
    admin = can(user, clinic, Action.ADMIN)
    steps = [
        Step(
            title=_("Hours, doctors and address"),
            state=_doctors(found),
            done=found.has_hours and found.has_address,
            who=leaders,
            takes=_("10 min"),
            url=_place_url(found) if admin else "",
        )
    ]
    if has_phones:
        steps.append(
            Step(
                title=_("Try it on the practice phone"),
                state=_("A message came in") if found.tried else _("Write as a patient and see it arrive"),
                done=found.tried,
                who=_("Everybody"),
                takes=_("1 min"),
                url=reverse("phone:desk"),
                new_window=True,
            )
        )
    if not clinic.is_demo:  # a real number is refused there
        steps.append(
            Step(
                title=_("Connect a number"),
                state=_("Connected") if found.has_number else _("Patients cannot write yet"),
                done=found.has_number,
                who=leaders,
                takes=_("20 min, then the provider’s checks"),
                url=reverse("numbers:page") if can(user, clinic, Action.MANAGE_SENDERS) else "",
            )
        )
    steps += [
        Step(
            title=_("Import patients"),
            state=_("Patients are here") if found.has_patients else _("From a table, with a preview"),
            done=found.has_patients,
            who=leaders,
            takes=_("10 min"),
            url=reverse("clinic_admin:scheduling_patient_import") if admin else "",
        ),
        Step(
            title=_("Invite the team"),
            state=ngettext("%(n)d member", "%(n)d members", found.members) % {"n": found.members},
            done=found.members > 1,
            who=leaders,
            takes=_("2 min"),
            url=reverse("team") if can(user, clinic, Action.MANAGE_MEMBERS) else "",
        ),
        Step(
            title=_("Switch reminders on"),
            state=_("On") if found.reminds else _("Look first at what would go out, and to whom"),
            done=found.reminds,
            who=leaders,
            takes=_("5 min"),
            url=reverse("reminders:page") if can(user, clinic, Action.MANAGE_SETTINGS) else "",
        ),
    ]
    return steps


def _doctors(found: FirstDay) -> str:
    if not found.has_hours:
        return _("No doctor has hours: nothing can be booked")
    if not found.has_address:
        return _("The address is missing: patients get it with the confirmation")
    return ngettext("%(n)d doctor", "%(n)d doctors", found.doctors) % {"n": found.doctors}


def _place_url(found: FirstDay) -> str:
    noun = "location" if found.has_hours else "practitioner"
    return reverse(f"clinic_admin:scheduling_{noun}_changelist")
