"""Booking by chat: lists of free times, what picks one, and what happens when it is gone."""

from datetime import UTC, datetime, timedelta

import pytest

from clinics.models import Clinic
from clinics.tenancy import in_clinic
from messaging.models import Question
from scheduling.models import Hold, HoldPurpose, Patient, PatientContact, Source, Status
from scheduling.operations import book
from tests.messaging.talk import MONDAY_22, Talk, add_doctor, add_type

pytestmark = pytest.mark.django_db


def take_elsewhere(clinic: Clinic, starts_at: datetime, now: datetime) -> None:
    """Let staff book that time for somebody else, over the offer."""
    from scheduling.models import AppointmentType, Practitioner

    with in_clinic(clinic):
        book(
            Patient.objects.create(name="Somebody Else"),
            type=AppointmentType.objects.get(),
            starts_at=starts_at,
            practitioner=Practitioner.objects.get(),
            actor=None,
            source=Source.STAFF,
            now=now,
        )


@pytest.mark.parametrize(
    ("words", "head", "end"),
    [
        ("Hi, I'd like an appointment please", "These times are free:", "0 = other times\nPERSON = a person"),
        ("hola, necesito una cita", "Estos horarios están libres:", "0 = otros horarios\nPERSONA = hablar con una persona"),
        ("你好，我想预约", "以下时间可以预约：", "0 = 其他时间\n人工 = 联系工作人员"),
    ],
)  # fmt: skip
def test_an_offer_is_numbered_in_the_patients_language_and_says_the_ways_out(
    clinic: Clinic, words: str, head: str, end: str
) -> None:
    reply = Talk(clinic).say(words)
    assert head in reply
    assert "\n1. " in reply
    assert "\n3. " in reply
    assert reply.endswith(end)


def test_an_offer_is_a_question_with_held_times_over_two_days(clinic: Clinic) -> None:
    talk = Talk(clinic)
    talk.say("I need an appointment")
    (question,) = talk.open_questions
    assert [item["key"] for item in question.items] == ["1", "2", "3"]
    assert question.expires_at == datetime(2026, 11, 25, 5, 0, tzinfo=UTC)  # the end of tomorrow in New York
    assert len({at.astimezone(clinic.zone).date() for at in talk.offered()}) == 2
    assert talk.thread.state == "awaiting_slot"
    assert talk.thread.work_state == "bot"
    with in_clinic(clinic):
        holds = list(Hold.objects.filter(purpose=HoldPurpose.OFFER))
        assert {hold.starts_at for hold in holds} == set(talk.offered())
        assert {hold.owner for hold in holds} == {f"contact:{talk.thread.contact_point_id}"}
        assert {hold.expires_at for hold in holds} == {talk.now + timedelta(minutes=10)}


def test_the_first_answer_of_an_episode_says_that_it_is_automatic(clinic: Clinic) -> None:
    talk = Talk(clinic)
    first, second = talk.say("I need an appointment"), talk.say("0")
    assert first.startswith("This is the automatic assistant of Alpha Clinic. Write PERSON")
    assert "automatic" not in second


def test_a_number_asks_for_that_time_and_the_clinic_will_confirm(clinic: Clinic) -> None:
    talk = Talk(clinic)
    talk.say("hola, necesito una cita")
    wanted = talk.offered()[1]
    reply = talk.say("la 2 por favor")
    assert "no está confirmada" in reply
    assert "23 de noviembre" in reply
    assert "cerrada" not in reply
    (visit,) = talk.visits
    assert (visit.status, visit.starts_at, visit.source) == (Status.PENDING_REVIEW, wanted, "whatsapp")
    assert visit.contact_point_id == talk.thread.contact_point_id
    assert talk.open_questions == []
    assert talk.thread.state == "idle"
    assert talk.thread.work_state == "needs_reply"
    with in_clinic(clinic):
        assert not Hold.objects.exists()
        assert Question.objects.get().outcome == "answered"


def test_a_time_picks_too(clinic: Clinic) -> None:
    talk = Talk(clinic)
    talk.say("I need an appointment")
    at = talk.offered()[2].astimezone(clinic.zone)
    talk.say(at.strftime("%-I:%M"))
    assert [visit.starts_at for visit in talk.visits] == [at]


def test_the_same_time_on_two_days_is_asked_about(clinic: Clinic) -> None:
    talk = Talk(clinic)
    talk.say("necesito una cita")
    with in_clinic(clinic):
        question = Question.objects.get()
        nine = datetime(2026, 11, 24, 14, 0, tzinfo=UTC)
        question.items[1]["starts_at"] = nine.isoformat()
        question.items[2]["starts_at"] = (nine + timedelta(days=1)).isoformat()
        question.save()
    reply = talk.say("a las 9")
    assert "¿Cuál" in reply
    assert talk.visits == []
    talk.say("2")
    assert [visit.starts_at for visit in talk.visits] == [nine + timedelta(days=1)]


@pytest.mark.parametrize("words", ["0", "more", "other times", "later"])
def test_other_times_come_by_rule(clinic: Clinic, words: str) -> None:
    talk = Talk(clinic)
    talk.say("I need an appointment")
    first = talk.offered()
    assert talk.say(words).startswith("Other free times:")
    assert min(talk.offered()) > max(first)
    with in_clinic(clinic):  # the times of the first list are free again
        assert {hold.starts_at for hold in Hold.objects.all()} == set(talk.offered())


def test_a_wish_brings_fitting_times(clinic: Clinic) -> None:
    talk = Talk(clinic)
    talk.say("I need an appointment")
    talk.say("Friday afternoon")
    local = [at.astimezone(clinic.zone) for at in talk.offered()]
    assert {at.weekday() for at in local} == {4}
    assert all(at.hour >= 12 for at in local)
    reply = talk.say("Sunday")  # nobody works then
    assert "Nothing is free then" in reply
    assert talk.offered()


def test_the_first_message_may_carry_the_wish(clinic: Clinic) -> None:
    talk = Talk(clinic)
    talk.say("quiero una cita mañana por la tarde")
    assert {at.astimezone(clinic.zone).strftime("%A %p") for at in talk.offered()} == {"Tuesday PM"}


def test_after_the_third_list_staff_take_over(clinic: Clinic) -> None:
    talk = Talk(clinic)
    talk.say("I need an appointment")
    assert talk.say("0").startswith("Other")
    assert talk.say("0").startswith("Other")
    assert talk.say("0") == "Thank you. A person from Alpha Clinic will answer you here."
    assert talk.thread.work_state == "needs_reply"


def test_a_taken_time_gets_a_kind_answer_and_others(clinic: Clinic) -> None:
    talk = Talk(clinic)
    talk.say("I need an appointment")
    wanted = talk.offered()[0]
    take_elsewhere(clinic, wanted, talk.now)
    assert talk.say("1").startswith("That time was just taken. These are free:")
    assert wanted not in talk.offered()
    talk.say("1")
    assert [v.status for v in talk.visits if v.contact_point_id] == [Status.PENDING_REVIEW]


def test_an_offer_counts_after_its_hold_has_lapsed(clinic: Clinic) -> None:
    talk = Talk(clinic)
    talk.say("I need an appointment")
    wanted = talk.offered()[2]
    talk.say("3", after=timedelta(hours=5))
    assert [visit.starts_at for visit in talk.visits] == [wanted]


def test_an_offer_that_has_ended_brings_fresh_times(clinic: Clinic) -> None:
    talk = Talk(clinic)
    talk.say("I need an appointment")
    reply = talk.say("3", after=timedelta(days=2))
    assert "That time can no longer be booked. These are free:" in reply
    assert min(talk.offered()) > talk.now
    assert talk.visits == []


def test_what_is_no_answer_gets_help_once_and_then_a_person(clinic: Clinic) -> None:
    talk = Talk(clinic)
    talk.say("I need an appointment")
    help_line = talk.say("is the doctor good with children?")
    assert help_line.startswith("Sorry, I did not understand. Reply with a number from 1 to 3")
    assert talk.say("well, is she?") == "Thank you. A person from Alpha Clinic will answer you here."
    assert talk.say("hello??") == ""
    assert talk.thread.work_state == "needs_reply"
    talk.say("2")  # the offer still counts
    assert len(talk.visits) == 1


def test_no_second_offer_within_a_minute(clinic: Clinic) -> None:
    talk = Talk(clinic)
    assert "1. " in talk.say("hola")
    assert talk.say("necesito una cita", after=timedelta(seconds=4)) == ""
    assert len(talk.open_questions) == 1
    assert talk.open_questions[0].misses == 0
    assert talk.thread.work_state == "bot"


def test_thanks_is_no_answer_and_no_is_a_refusal(clinic: Clinic) -> None:
    talk = Talk(clinic)
    talk.say("I need an appointment")
    assert talk.say("thanks!") == ""
    assert len(talk.open_questions) == 1
    assert talk.say("no").startswith("All right, nothing was booked.")
    assert talk.open_questions == []
    with in_clinic(clinic):
        assert not Hold.objects.exists()


def test_outside_opening_hours_the_patient_hears_when_the_answer_comes(clinic: Clinic) -> None:
    talk = Talk(clinic, at=MONDAY_22)
    talk.say("I need an appointment")
    assert "The clinic is closed now. You will have an answer by Tuesday, November 24, 1:00 PM." in talk.say(
        "3"
    )


def test_a_type_that_needs_no_staff_is_confirmed_at_once(clinic: Clinic) -> None:
    from scheduling.models import AppointmentType

    with in_clinic(clinic):
        AppointmentType.objects.update(accept_at_once=True)
    talk = Talk(clinic)
    talk.say("I need an appointment")
    reply = talk.say("1")
    assert reply.startswith("Your visit is confirmed: Monday, November 23")
    assert [visit.status for visit in talk.visits] == [Status.CONFIRMED]
    assert talk.thread.work_state == "bot"


def test_with_two_doctors_the_doctor_is_asked_first(clinic: Clinic) -> None:
    doctor = add_doctor(clinic, "Dr. Ana López")
    talk = Talk(clinic)
    reply = talk.say("I need an appointment")
    assert "Who would you like to see?\n1. Any, the first free\n2. Olivia Alpha\n3. Dr. Ana López" in reply
    assert "1. " in talk.say("la doctora Lopez")
    talk.say("1")
    assert [visit.practitioner_id for visit in talk.visits] == [doctor.pk]


def test_any_doctor_gives_the_first_free_one(clinic: Clinic) -> None:
    add_doctor(clinic, "Dr. Ana López")
    talk = Talk(clinic)
    talk.say("I need an appointment")
    assert "These times are free" in talk.say("1")
    talk.say("1")
    assert len(talk.visits) == 1


def test_a_doctor_whom_patients_may_not_book_is_never_offered(clinic: Clinic) -> None:
    add_doctor(clinic, "Dr. Hidden", bookable=False)
    assert "These times are free" in Talk(clinic).say("I need an appointment")


def test_with_two_types_the_type_is_asked_first(clinic: Clinic) -> None:
    kind = add_type(clinic, "Long check-up", duration=60)
    talk = Talk(clinic)
    reply = talk.say("I need an appointment")
    assert "What kind of visit?\n1. Any, I am not sure\n" in reply
    assert "3. Long check-up" in reply
    talk.say("3")
    talk.say("1")
    (visit,) = talk.visits
    assert visit.type_id == kind.pk
    assert visit.ends_at - visit.starts_at == timedelta(minutes=60)


def test_on_a_shared_phone_it_is_asked_for_whom(clinic: Clinic) -> None:
    talk = Talk(clinic)
    talk.say("gracias")
    with in_clinic(clinic):
        mother = Patient.objects.get()
        mother.name = "Rosa Díaz"
        mother.save()
        child = Patient.objects.create(name="Leo Díaz")
        PatientContact.objects.create(patient=child, contact_point=talk.thread.contact_point)
    reply = talk.say("I need an appointment")
    assert "Who is the visit for?\n1. Rosa Díaz\n2. Leo Díaz\n3. Somebody else" in reply
    talk.say("Leo")
    talk.say("1")
    assert [visit.patient_id for visit in talk.visits] == [child.pk]


def test_somebody_else_on_a_shared_phone_goes_to_staff(clinic: Clinic) -> None:
    talk = Talk(clinic)
    talk.say("gracias")
    with in_clinic(clinic):
        for name in ("Rosa", "Leo"):
            patient = Patient.objects.create(name=name)
            PatientContact.objects.create(patient=patient, contact_point=talk.thread.contact_point)
    talk.say("I need an appointment")
    assert "A person from Alpha Clinic" in talk.say("3")
    assert talk.visits == []


def test_a_list_that_is_quoted_is_the_one_that_is_answered(clinic: Clinic) -> None:
    from messaging.models import Attempt

    talk = Talk(clinic)
    talk.say("I need an appointment")
    first = talk.offered()
    with in_clinic(clinic):
        Attempt.objects.filter(message__direction="outbound").update(provider_id="SM" + "e" * 32)
    talk.say("0")
    talk.say("2", OriginalRepliedMessageSid="SM" + "e" * 32)
    assert [visit.starts_at for visit in talk.visits] == [first[1]]


def test_a_button_answers_its_own_question(clinic: Clinic) -> None:
    talk = Talk(clinic)
    talk.say("I need an appointment")
    (question,) = talk.open_questions
    wanted = talk.offered()[2]
    talk.say("This one", ButtonPayload=f"{question.pk}:3", ButtonText="This one")
    assert [visit.starts_at for visit in talk.visits] == [wanted]


def test_two_questions_with_the_same_key_are_told_apart(clinic: Clinic) -> None:
    talk = Talk(clinic)
    talk.say("I need an appointment")
    wanted = talk.offered()[1]
    with in_clinic(clinic):
        Question.objects.create(
            conversation_id=talk.thread.pk,
            kind="pick_patient",
            items=[{"key": "1", "id": "any", "label": "A"}, {"key": "2", "id": "any", "label": "B"}],
            asked_at=talk.now,
            expires_at=talk.now + timedelta(days=1),
        )
    reply = talk.say("2")
    assert reply.startswith(
        "Which question is your answer for?\n1. Who the visit is for\n2. The time of the visit"
    )
    talk.say("2")
    assert [visit.starts_at for visit in talk.visits] == [wanted]


def test_when_nothing_is_free_a_person_helps(clinic: Clinic) -> None:
    from scheduling.models import WeeklyHours

    with in_clinic(clinic):
        WeeklyHours.objects.all().delete()
    reply = Talk(clinic).say("I need an appointment")
    assert "I found no free time." in reply
    assert "A person from Alpha Clinic will answer you here." in reply


def test_only_the_writers_own_patients_can_be_booked(clinic: Clinic) -> None:
    talk = Talk(clinic)
    talk.say("I need an appointment")
    with in_clinic(clinic):
        stranger = Patient.objects.create(name="Stranger")
        question = Question.objects.get()
        question.context["patient"] = str(stranger.pk)
        question.save()
    assert "A person from Alpha Clinic" in talk.say("1")
    assert talk.visits == []
