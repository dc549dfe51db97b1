"""The page of reminders: what it foretells is what goes; rules are checked, saved by those who may, and shown before."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
import time_machine

from clinics import clocks
from clinics.models import Clinic, ClinicClock, User
from clinics.tenancy import in_clinic
from messaging.facts import forget_facts
from messaging.models import ChannelConsent, MessagingSettings, ReminderSettings
from messaging.reminders import foretelling
from scheduling.models import Patient
from tests.messaging.days import NOW, another_doctor
from tests.messaging.inboxes import reenter
from tests.messaging.reminding import HOUR, outcomes, reminders, rules, share, someone, sweep, visit_of
from tests.messaging.test_reminders_texts import approved
from tests.statements import statements

DAY = timedelta(days=1)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _inside(db: None, clinic: Clinic) -> Iterator[None]:
    with in_clinic(clinic), time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def desk(browse: Any, clinic: Clinic, owner: User) -> Any:
    client = browse(owner)

    def get(path: str = "", **data: Any) -> Any:
        url = f"/c/{clinic.slug}/reminders/{path}"
        response = client.post(url, data) if data else client.get(url)
        reenter(clinic)
        return response

    return get


def a_full_day(clinic: Clinic) -> None:
    """People of every kind: a window open and closed, SMS, a family, nobody to reach, at night."""
    approved(clinic)
    rules(steps=[72, 24])
    MessagingSettings.objects.update(quiet_from="21:00", quiet_until="08:00")
    forget_facts()
    visit_of(someone(clinic, "Open Window", heard=HOUR)[0], NOW + DAY + HOUR)
    visit_of(someone(clinic, "Closed Window", heard=40 * HOUR)[0], NOW + DAY + 2 * HOUR)
    visit_of(someone(clinic, "By Sms", channel="sms", language="es")[0], NOW + 2 * DAY)
    mother, conversation = someone(clinic, "Rosa Delgado", channel="sms")
    child = Patient.objects.create(name="Leo Delgado")
    share(child, conversation)
    visit_of(mother, NOW + DAY + 3 * HOUR)
    visit_of(child, NOW + DAY + 4 * HOUR, practitioner=another_doctor("Dr. Vidal"))
    visit_of(Patient.objects.create(name="No Phone"), NOW + DAY + 5 * HOUR)
    stopped, line = someone(clinic, "Said Stop", channel="sms")
    ChannelConsent.objects.filter(contact_point=line.contact_point).update(opted_out_at=NOW - DAY)
    visit_of(stopped, NOW + DAY + 6 * HOUR)
    visit_of(someone(clinic, "At Night", channel="sms")[0], NOW + DAY + 12 * HOUR)
    visit_of(someone(clinic, "Late Booker", channel="sms")[0], NOW + 20 * HOUR, created_at=NOW - HOUR)


def test_what_is_foretold_is_what_goes(clinic: Clinic) -> None:
    """The clock strikes every five minutes for three days; each message goes when, how and in the words foretold."""
    a_full_day(clinic)
    plan = foretelling.plan(ReminderSettings.load(), now=NOW)
    foretold = [
        (one.goes_at, one.way.channel, one.way.body) for one in plan.messages if one.way and one.way.allowed
    ]

    at = NOW
    while at < NOW + 3 * DAY:
        sweep(at)
        at += timedelta(minutes=30)

    sent = [(m.next_attempt_at, m.channel, m.body) for m in reminders() if m.created_at < plan.until]
    assert sorted(foretold) == sorted(sent)
    assert len(sent) >= 5


def test_the_page_tells_who_when_and_how(clinic: Clinic, desk: Any) -> None:
    a_full_day(clinic)

    shown = desk().content.decode()

    for words in (
        "Open Window",
        "Approved text, English",
        "SMS, Spanish",
        "Rosa Delgado, Leo Delgado",
        "One message for 2 visits",
        "on the call list",
        "quiet hours",
        "No address of this patient is known",
    ):
        assert words in shown, words
    assert "Late Booker" not in shown


def test_the_plan_is_the_same_number_of_statements_for_ten_and_for_fifty(clinic: Clinic) -> None:
    rules()
    approved(clinic)

    def count() -> int:
        forget_facts()
        with statements() as sent:
            foretelling.plan(ReminderSettings.load(), now=NOW)
        return len([s for s in sent if s.startswith("SELECT")])

    for n in range(10):
        visit_of(someone(clinic, f"P{n}", heard=HOUR if n % 2 else 40 * HOUR)[0], NOW + DAY + n * HOUR)
    count()
    ten = count()
    for n in range(40):
        visit_of(someone(clinic, f"Q{n}", heard=HOUR if n % 2 else 40 * HOUR)[0], NOW + DAY + n * HOUR)

    assert count() == ten <= 20


def test_an_empty_calendar_says_so(clinic: Clinic, desk: Any) -> None:
    shown = desk().content.decode()

    assert "Nothing to remind of" in shown
    assert "Off: nothing goes out" in shown


def test_rules_are_saved_and_the_clock_is_woken(clinic: Clinic, desk: Any, owner: User) -> None:
    response = desk(
        "save/",
        enabled="on",
        steps=["24", "72"],
        language="es",
        template_key="reminder_default",
        custom_message="Le esperamos {when}",
    )

    assert response.status_code == 302
    row = ReminderSettings.load()
    assert (row.enabled, row.steps, row.language, row.custom_message) == (
        True,
        [72, 24],
        "es",
        "Le esperamos {when}",
    )
    assert (row.enabled_at, row.updated_by_id) == (NOW, owner.pk)
    assert ClinicClock.objects.get(clinic=clinic, job=clocks.REMINDERS).next_at == NOW
    assert "On since" in desk().content.decode()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"steps": ["0"]}, "1 to 72 whole hours"),
        ({"steps": ["73"]}, "1 to 72 whole hours"),
        ({"steps": ["1.5"]}, "1 to 72 whole hours"),
        ({"steps": []}, "Choose at least one step"),
        ({"steps": ["1", "2", "3", "4", "5", "6"]}, "At most 5 steps"),
        ({"custom_message": "See you {date_of_birth}"}, "no variable {date_of_birth}"),
        ({"custom_message": "Reply CANCEL to cancel"}, "order to stop"),
        ({"custom_message": "x" * 1300}, "Too long"),
    ],
    ids=["zero", "too many hours", "half", "none", "too many", "variable", "reserved word", "too long"],
)
def test_rules_that_cannot_be_are_refused_with_a_sentence(
    clinic: Clinic, desk: Any, change: dict[str, Any], sentence: str
) -> None:
    form = {"enabled": "on", "steps": ["24"], "template_key": "reminder_default", "language": "", **change}

    response = desk("save/", **form)

    assert response.status_code == 400
    assert sentence in response.content.decode()
    assert not ReminderSettings.objects.exists()
    assert sentence in desk("preview/", **form).content.decode()


def test_a_change_shows_its_effect_before_it_is_saved(clinic: Clinic, desk: Any) -> None:
    visit_of(someone(clinic, "Maja Lindqvist", channel="sms")[0], NOW + 100 * HOUR)
    form = {"steps": ["12"], "template_key": "reminder_default", "custom_message": "We wait for you {when}."}

    assert "Maja Lindqvist" not in desk("preview/", **form).content.decode()
    shown = desk("preview/", **{**form, "steps": ["48"]}).content.decode()

    assert "Maja Lindqvist" in shown
    assert "We wait for you" in shown
    assert not ReminderSettings.objects.exists()


def test_a_receptionist_sees_what_goes_out_and_changes_nothing(
    clinic: Clinic, browse: Any, receptionist: User
) -> None:
    visit_of(someone(clinic, "Maja Lindqvist", channel="sms")[0], NOW + DAY + HOUR)
    client = browse(receptionist)

    shown = client.get(f"/c/{clinic.slug}/reminders/").content.decode()
    refused = client.post(f"/c/{clinic.slug}/reminders/save/", {"enabled": "on", "steps": ["24"]})
    reenter(clinic)

    assert "Maja Lindqvist" in shown
    assert 'name="enabled"' not in shown
    assert refused.status_code == 403
    assert not ReminderSettings.objects.exists()


def test_what_went_stands_with_its_answer(clinic: Clinic, desk: Any) -> None:
    rules()
    visit = visit_of(someone(clinic, "Maja Lindqvist", channel="sms")[0], NOW + DAY)
    visit_of(Patient.objects.create(name="No Phone"), NOW + DAY)
    sweep(NOW)
    type(visit).objects.filter(pk=visit.pk).update(attendance="attending")

    shown = desk("sent/").content.decode()

    assert "Maja Lindqvist" in shown
    assert "Coming" in shown
    assert "Nobody reached" in shown


def test_who_wants_no_sms_is_explained_as_that_on_both_pages(
    clinic: Clinic, browse: Any, owner: User
) -> None:
    rules()
    patient, _ = someone(clinic, "Maja Lindqvist", channel="sms", care=False)
    visit_of(patient, NOW + DAY)
    sweep(NOW)
    assert [outcome for _, _, outcome in outcomes()] == ["no_consent"]

    for path in ("reminders/sent/", "call-list/"):
        shown = browse(owner).get(f"/c/{clinic.slug}/{path}").content.decode()
        assert "Patient does not want SMS messages" in shown


def test_what_people_wrote_is_shown_as_text(clinic: Clinic, desk: Any) -> None:
    visit_of(someone(clinic, "<script>alert(1)</script>", channel="sms")[0], NOW + DAY + HOUR)
    rules(custom_message="<b>{when}</b>")

    shown = desk().content.decode()

    assert "<script>alert(1)" not in shown
    assert "<b>Wed" not in shown


def test_the_thread_says_of_which_step_a_reminder_was(
    clinic: Clinic, browse: Any, receptionist: User
) -> None:
    rules(steps=[36])
    patient, conversation = someone(clinic, "Maja Lindqvist", channel="sms")
    visit_of(patient, NOW + 36 * HOUR)
    sweep(NOW)

    shown = browse(receptionist).get(f"/c/{clinic.slug}/inbox/{conversation.pk}/").content.decode()
    reenter(clinic)

    assert "Reminder · 36 h before the visit" in shown
