"""The first page of each admin site says what is true, reads little, and names nobody."""

import re
from datetime import timedelta

import pytest

from clinics.models import Counter, DeadTask, HeldEvent, ProviderAccount
from clinics.tenancy import in_clinic
from medsync.lib import clock
from medsync.lib.ids import lowest_id
from messaging.models import Author, Conversation, Direction, Kind, Message, MessageStatus
from scheduling import operations
from scheduling.models import Appointment, PatientContact
from tests.clinics.test_admin_pages import busy  # noqa: F401 - a fixture
from tests.statements import statements

pytestmark = pytest.mark.django_db

CLINIC, PLATFORM = "/c/alpha/admin/", "/admin/"


def chart(page, title):
    return next(one for one in page.context["dashboard"].charts if one.title == title)


def tile(page, label):
    return next(one for one in page.context["dashboard"].tiles if one.label == label)


def message(thread, status, *, at, kind=Kind.TEXT, channel="whatsapp"):
    made = Message(
        conversation=thread,
        direction=Direction.OUTBOUND,
        channel=channel,
        kind=kind,
        author=Author.STAFF,
        body="secret words",
        status=status,
        created_at=at,
    )
    made.id = type(made.id)(int=lowest_id(at).int + made.id.int % 2**64)  # made at that moment
    made.save()
    return made


def test_the_clinics_overview_counts_messages_by_status_and_requests_by_day(
    browse,
    owner,
    clinic,
    busy,  # noqa: F811
):
    now = clock.now()
    with in_clinic(clinic):
        thread = Conversation.objects.get()
        for status, count in ((MessageStatus.READ, 3), (MessageStatus.SENT, 2), (MessageStatus.FAILED, 1)):
            for _n in range(count):
                message(thread, status, at=now - timedelta(days=1))
        message(thread, MessageStatus.DELIVERED, at=now - timedelta(days=20))
        message(thread, MessageStatus.DELIVERED, at=now - timedelta(days=40))
        message(thread, MessageStatus.RECEIVED, at=now, kind=Kind.NOTE, channel="note")
    client = browse(owner)

    week = client.get(CLINIC)
    statuses = {bar.label: bar.value for bar in chart(week, "Messages by status").bars}
    assert statuses["Read"] == 3
    assert statuses["Sent, not yet delivered"] == 2
    assert statuses["Not delivered"] == 1
    assert sum(statuses.values()) == 6, "neither notes nor what is older than a week"
    assert chart(week, "Messages by status").finding == "3 of 6 arrived, 1 did not."
    assert (tile(week, "Not delivered").figure, tile(week, "Requests waiting").figure) == ("1", "1")

    requests = chart(week, "Requests by day")
    assert {one.label: one.total for one in requests.series} == {
        "Accepted": 0,
        "Waiting": 1,
        "Declined or ran out": 0,
    }
    assert requests.totals == [0, 0, 0, 0, 0, 0, 1], "asked for today, by the clinic's clock"
    with in_clinic(clinic):
        operations.reject(Appointment.objects.get(), by=owner, now=clock.now())
    assert chart(client.get(CLINIC), "Requests by day").series[2].total == 1

    month = client.get(CLINIC + "?days=30")
    assert chart(month, "Messages by status").bars[1].value == 1
    assert len(chart(month, "Requests by day").totals) == 30
    assert client.get(CLINIC + "?days=9999").context["dashboard"].period.days == 7


def test_a_chart_is_drawn_with_its_finding_and_stands_beside_as_a_table(
    browse,
    owner,
    clinic,
    busy,  # noqa: F811
):
    page = browse(owner).get(CLINIC, headers={"accept-language": "es"}).content.decode()
    assert re.search(r'role="img" aria-label="[^"]+: [^"]+"', page)
    assert page.count("<details") == page.count("<table"), "each chart with figures has its table"
    assert re.search(r'<rect class="ov-fill-\w+" x="\d+\.\d+%" y="\d+\.\d"', page), "no comma in a coordinate"


def test_an_empty_clinic_has_sentences_instead_of_empty_charts(browse, owner):
    page = browse(owner).get(CLINIC)
    text = page.content.decode()
    for sentence in (
        "No requests in these days.",
        "No messages to patients in these days.",
        "Nothing waits for an answer.",
        "Every patient has an answer.",
        "Nobody is booked.",
    ):
        assert sentence in text
    assert "<details" not in text


def test_the_overview_shows_no_patient(browse, owner, clinic, busy):  # noqa: F811
    with in_clinic(clinic):
        phone = PatientContact.objects.get().contact_point.phone
        message(Conversation.objects.get(), MessageStatus.FAILED, at=clock.now())
    text = browse(owner).get(CLINIC).content.decode()
    for secret in ("Ana", "Pérez", phone, "hello", "secret words"):
        assert secret not in text


def test_the_platforms_overview_counts_what_operators_watch(browse, world):
    now = clock.now()
    account = ProviderAccount.objects.first()
    for number in range(3):
        HeldEvent.objects.create(
            account=account,
            event_id=f"odd:{number}",
            kind="message",
            channel="sms",
            body="{}",
            reason="malformed",
            received_at=now,
            replayed_at=now if number == 0 else None,
        )
    DeadTask.objects.create(name="messaging.deliver", reason="no clinic")
    Counter.objects.create(name="webhook.refused.twilio", day=now.date(), count=4)
    Counter.objects.create(name="webhook.refused.twilio", day=now.date() - timedelta(days=20), count=9)
    Counter.objects.create(name="status.unknown.twilio", day=now.date(), count=7)
    client = browse(world.users["operator@platform.example"])

    page = client.get(PLATFORM)
    figures = {one.label: one.figure for one in page.context["dashboard"].tiles}
    assert figures == {
        "Clinics": "3",
        "Accounts that cannot send": "0",
        "Held events": "2",
        "Dead tasks": "1",
        "Refused signatures": "4",
    }
    assert [one.total for one in chart(page, "Held events by day").series] == [1, 2]
    assert chart(page, "Refused signatures by day").totals == [0] * 6 + [4]
    assert chart(page, "Dead tasks by reason").bars[0].label == "It named no clinic"
    month = client.get(PLATFORM + "?days=30")
    assert sum(chart(month, "Refused signatures by day").totals) == 13


@pytest.mark.parametrize("days", [7, 30])
def test_the_clinics_overview_reads_five_figures_however_many_messages_there_are(
    browse,
    owner,
    clinic,
    busy,  # noqa: F811
    days,
):
    client = browse(owner)
    client.get(CLINIC)
    with in_clinic(clinic):
        thread = Conversation.objects.get()
        for _n in range(30):
            message(thread, MessageStatus.SENT, at=clock.now())
    with statements() as sent:
        client.get(f"{CLINIC}?days={days}")
    reads = [
        one for one in sent if (one.startswith("SELECT") and "scheduling_" in one) or "messaging_" in one
    ]
    assert len(reads) == 5, reads
    assert len(sent) == 10, sent
    by_time = [one for one in reads if "messaging_message" in one or "appointmentevent" in one]
    assert len(by_time) == 2
    assert all('"id" >=' in one for one in by_time), "found by the primary key, never by a look at every row"


def test_the_platforms_overview_reads_seven_figures(browse, world):
    client = browse(world.users["operator@platform.example"])
    client.get(PLATFORM)
    with statements() as sent:
        client.get(PLATFORM)
    reads = [
        one
        for one in sent
        if re.search(
            r"FROM .?.?(clinics_(clinic|provideraccount|heldevent|deadtask|counter|senderhealth))",
            one.replace('"', ""),
        )
    ]
    assert len(reads) == 7, reads
    assert len(sent) == 10, sent
