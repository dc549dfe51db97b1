"""Lists are walked by key: nothing twice, nothing missed, in both directions, whatever comes meanwhile."""

from datetime import timedelta
from urllib.parse import urlencode, urlsplit

import pytest

from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging.models import Conversation, Message
from scheduling.models import Patient
from tests.api.conftest import free_times, new_patient, wish, write_in

pytestmark = pytest.mark.django_db


def walk(client, url, link="next"):
    """Return the pages that the links lead to."""
    pages = []
    while url:
        response = client.get(url)
        assert response.status_code == 200, response.content
        body = response.json()
        assert set(body) == {"results", "next", "previous"}
        pages.append(body)
        url = body[link]
        assert url is None or url.startswith("http://testserver/api/")
    return pages


def ids(pages):
    return [row["id"] for page in pages for row in page["results"]]


def test_a_walk_sees_every_row_once_and_back_again(client, clinic):
    made = [str(new_patient(clinic, f"Patient {n}")) for n in range(11)]
    pages = walk(client, "/api/patients?limit=3")
    assert [len(page["results"]) for page in pages] == [3, 3, 3, 2]
    assert ids(pages) == made
    assert pages[0]["previous"] is None
    back = walk(client, pages[-1]["previous"], "previous")
    assert [row["id"] for page in reversed(back) for row in page["results"]] == made[:9]
    assert back[-1]["previous"] is None
    assert client.get(back[-1]["next"]).json()["results"] == pages[1]["results"]


def test_a_page_that_ends_with_the_list_has_no_next(client, clinic):
    for n in range(4):
        new_patient(clinic, f"Patient {n}")
    assert [len(page["results"]) for page in walk(client, "/api/patients?limit=2")] == [2, 2]


def test_an_empty_list_has_no_links(client):
    assert client.get("/api/patients").json() == {"results": [], "next": None, "previous": None}


def test_pages_have_fifty_rows_and_at_most_a_hundred(client, clinic):
    with in_clinic(clinic):
        Patient.objects.bulk_create(Patient(name=f"Patient {n}") for n in range(120))
    for limit, count in [
        ("", 50),
        ("?limit=100", 100),
        ("?limit=101", 100),
        ("?limit=1000000", 100),
        ("?limit=007", 7),
    ]:
        assert len(client.get(f"/api/patients{limit}").json()["results"]) == count
    assert len(client.get("/api/patients?limit=" + "9" * 500).json()["results"]) == 100


def test_conversations_come_newest_first_and_equal_times_lose_nobody(client, clinic):
    now = clock.now()
    threads = [write_in(clinic, f"+1415555010{n}", at=now - timedelta(minutes=n // 3)) for n in range(9)]
    pages = walk(client, "/api/whatsapp/conversations?limit=2")
    rows = [row for page in pages for row in page["results"]]
    assert sorted(ids(pages)) == sorted(str(t.conversation_id) for t in threads)
    times = [row["last_message_at"] for row in rows]
    assert times == sorted(times, reverse=True)


def test_messages_come_newest_first(client, clinic):
    thread = write_in(clinic, bodies=tuple(f"message {n}" for n in range(7)))
    pages = walk(client, f"/api/whatsapp/conversations/{thread.conversation_id}/messages?limit=3")
    assert ids(pages) == [str(message_id) for message_id in reversed(thread.message_ids)]


def test_requests_come_oldest_first(client, clinic):
    slots = free_times(clinic, 5)
    made = [
        client.post("/api/appointments", wish(clinic, new_patient(clinic), slot)).json()["id"]
        for slot in reversed(slots)
    ]
    assert ids(walk(client, "/api/whatsapp/pending-appointments?limit=2")) == made


def test_visits_come_by_their_times(client, clinic):
    slots = free_times(clinic, 5)
    for slot in reversed(slots):
        client.post("/api/appointments", wish(clinic, new_patient(clinic), slot))
    rows = [row for page in walk(client, "/api/appointments?limit=2") for row in page["results"]]
    times = [row["starts_at"] for row in rows]
    assert times == sorted(times)
    assert len(times) == 5


@pytest.mark.parametrize(
    "path", ["practitioners", "appointment-types", "whatsapp/senders", "whatsapp/templates"]
)
def test_short_lists_have_the_same_shape(client, path):
    pages = walk(client, f"/api/{path}?limit=1&updated_since=2020-01-01T00:00:00Z")
    assert len(set(ids(pages))) == len(ids(pages)) > 0


def test_new_rows_do_not_shift_a_walk(client, clinic):
    now = clock.now()
    first = [write_in(clinic, f"+1415555010{n}", at=now - timedelta(minutes=n + 1)) for n in range(4)]
    page = client.get("/api/whatsapp/conversations?limit=2").json()
    write_in(clinic, "+14155550199", at=now)
    seen = [row["id"] for row in page["results"]] + ids(walk(client, page["next"]))
    assert seen == [str(thread.conversation_id) for thread in first]


def test_updated_since_gives_what_changed_from_the_earliest_change_on(client, clinic):
    made = [new_patient(clinic, f"Patient {n}") for n in range(5)]
    now = clock.now()
    with in_clinic(clinic):
        for n, patient in enumerate(made):
            Patient.objects.filter(pk=patient).update(updated_at=now - timedelta(hours=n))
    since = (now - timedelta(hours=3)).isoformat()
    pages = walk(client, "/api/patients?" + urlencode({"limit": 2, "updated_since": since}))
    assert ids(pages) == [str(patient) for patient in reversed(made[:4])]


def test_a_plus_that_was_not_escaped_is_understood(client, clinic):
    new_patient(clinic)
    assert len(client.get("/api/patients?updated_since=2020-01-01T00:00:00+02:00").json()["results"]) == 1


def test_changes_of_threads_and_messages_are_found(client, clinic):
    old = clock.now() - timedelta(days=3)
    thread = write_in(clinic, at=old, bodies=("a", "b", "c"))
    with in_clinic(clinic):
        Conversation.objects.update(updated_at=old)
        Message.objects.update(updated_at=old)
        Message.objects.filter(pk=thread.message_ids[1]).update(updated_at=clock.now())
    since = urlencode({"updated_since": (clock.now() - timedelta(days=1)).isoformat()})
    path = f"/api/whatsapp/conversations/{thread.conversation_id}/messages"
    assert ids(walk(client, f"{path}?{since}")) == [str(thread.message_ids[1])]
    assert ids(walk(client, f"/api/whatsapp/conversations?{since}")) == []
    assert ids(walk(client, "/api/whatsapp/conversations?updated_since=2020-01-01T00:00:00Z")) == [
        str(thread.conversation_id)
    ]


def test_a_cursor_belongs_to_its_list_and_its_clinic(client, api, clinic, owner, other_clinic):
    from clinics.operations import add_member

    for n in range(3):
        new_patient(clinic, f"Patient {n}")
    query = urlsplit(client.get("/api/patients?limit=1").json()["next"]).query
    assert client.get(f"/api/patients?{query}").status_code == 200
    assert client.get(f"/api/appointments?{query}").status_code == 400
    assert client.get(f"/api/patients?{query}&updated_since=2020-01-01T00:00:00Z").status_code == 400
    assert client.get(f"/api/patients?{query[:-1]}").status_code == 400
    add_member(other_clinic, owner, role="owner")
    assert api(owner, other_clinic).get(f"/api/patients?{query}").status_code == 400


def test_links_keep_the_callers_query(client, clinic):
    for n in range(3):
        new_patient(clinic, f"Patient {n}")
    url = client.get("/api/patients?limit=1&updated_since=2020-01-01T00:00:00Z").json()["next"]
    assert "limit=1" in url
    assert "updated_since=2020-01-01" in url
    assert len(ids(walk(client, url))) == 2


def test_the_list_of_threads_takes_six_statements_however_long(client, clinic, django_assert_max_num_queries):
    client.get("/api/whatsapp/conversations")  # notes that the token was used, once a minute
    for n in range(12):
        write_in(clinic, f"+141555501{n:02}")
    with django_assert_max_num_queries(6):
        rows = client.get("/api/whatsapp/conversations").json()["results"]
    assert len(rows) == 12


def test_the_list_of_messages_takes_six_statements_however_long(
    client, clinic, django_assert_max_num_queries
):
    client.get("/api/whatsapp/conversations")
    thread = write_in(clinic, bodies=tuple(f"message {n}" for n in range(30)))
    with django_assert_max_num_queries(6):
        rows = client.get(f"/api/whatsapp/conversations/{thread.conversation_id}/messages").json()["results"]
    assert len(rows) == 30
