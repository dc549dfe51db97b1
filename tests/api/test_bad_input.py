"""Bad input gets a clear answer that names the field and never repeats the value; nothing is half stored."""

import json
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clinics.tenancy import in_clinic
from medsync.lib import clock
from scheduling.models import Appointment, Patient
from tests.api.conftest import free_times, new_patient, wish, write_in

pytestmark = pytest.mark.django_db

SOME_ID = "0198a2f0-5d1c-7e3b-9a44-6f2f3c1d7e55"  # every test process collects the same tests


def refused(response, *fields):
    assert response.status_code == 400, response.content
    body = response.json()
    assert body["code"] == "invalid"
    if fields:
        assert set(body["fields"]) == set(fields), body
        assert all(isinstance(s, str) and s for sentences in body["fields"].values() for s in sentences)
    return body


def raw(client, path, content, *, method="POST", content_type="application/json", **headers):
    return client.client.generic(
        method, path, data=content, content_type=content_type, headers={**client.headers, **headers}
    )


CREATING = [
    "/api/patients",
    "/api/appointments",
    "/api/whatsapp/send",
    "/api/whatsapp/send-template",
    "/api/whatsapp/link-existing",
    "/api/reminder",
    "/reminder",
]


@pytest.mark.parametrize("path", CREATING)
@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"[]", b'""', b"null", b"{", b"1", b"true", b"nul", b"{'name': 1}", b'{"name": NaN}'),
        *(b'{"name": Infinity}', b'{"name": "a", "name": "b"}', b"\xff\xfe{}", b'{"name": "\xed\xa0\x80"}'),
        *(b"[" * 100_000, b'{"a":' * 5_000 + b"1" + b"}" * 5_000, b"[" * 200 + b"]" * 200, b"9" * 10_000),
        b'\xef\xbb\xbf{"name": "Ana"}',
    ],
    ids=lambda content: repr(content[:20]),
)
def test_what_is_no_json_object_is_refused(client, path, content):
    refused(raw(client, path, content))


@pytest.mark.parametrize(
    "content_type",
    [
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "text/plain",
        "text/json",
        "x",
        "*/*",
    ],
)
def test_json_is_due_and_a_form_is_not(client, content_type):
    response = raw(client, "/api/patients", b"name=Ana", content_type=content_type)
    assert response.status_code == 415
    assert response.json()["code"] == "unsupported_media_type"


@pytest.mark.parametrize("content_type", ["application/json; charset=utf-8", "Application/JSON"])
def test_json_may_say_its_charset(client, content_type):
    assert raw(client, "/api/patients", b'{"name": "Ana"}', content_type=content_type).status_code == 201


@pytest.mark.parametrize("encoding", ["gzip", "br", "deflate, gzip"])
def test_a_compressed_body_is_not_unpacked(client, encoding):
    response = raw(client, "/api/patients", b"\x1f\x8b", **{"Content-Encoding": encoding})
    assert response.status_code == 415


def test_a_body_over_one_megabyte_is_refused(client):
    response = raw(client, "/api/patients", json.dumps({"name": "a" * 1_100_000}).encode())
    assert response.status_code == 413
    assert response.json()["code"] == "too_large"


def test_whatever_the_caller_accepts_the_answer_is_json(client):
    for accept in ("text/html", "application/xml", "image/*", "nonsense"):
        response = client.get("/api/patients?format=html", Accept=accept)
        assert response.status_code == 200
        assert response.headers["Content-Type"] == "application/json"


def test_a_method_cannot_be_smuggled(client, clinic):
    thread = write_in(clinic)
    path = f"/api/whatsapp/conversations/{thread.conversation_id}"
    client.get(f"{path}?_method=DELETE", X_HTTP_Method_Override="DELETE")
    assert len(client.get("/api/whatsapp/conversations").json()["results"]) == 1


@pytest.mark.parametrize(
    "field",
    ["id", "tenant", "created_at", "role", "is_staff", "clinic", "search_key", "merged_into", "contacts", ""],
)
def test_a_field_that_cannot_be_written_is_refused_not_ignored(client, clinic, field):
    refused(client.post("/api/patients", {"name": "Ana", field: 1}), field)
    patient = new_patient(clinic)
    refused(client.patch(f"/api/patients/{patient}", {field: 1}), field)


def test_a_name_that_cannot_be_stored_does_not_come_back_as_it_was(client):
    body = refused(raw(client, "/api/patients", b'{"name": "Ana", "\\ud800\\u0000' + b"x" * 5_000 + b'": 1}'))
    (field,) = body["fields"]
    assert len(field) == 80


@pytest.mark.parametrize("text", ["Ana\x00", "\x00", "Ana \ud800", "\udfffAna"])
@pytest.mark.parametrize("field", ["name", "called", "preferred_language", "record_number", "phone"])
def test_text_that_postgres_cannot_keep_is_refused_by_field(client, field, text):
    refused(client.post("/api/patients", {"name": "Ana", field: text}), field)


@pytest.mark.parametrize("value", [1, 2**31, 2**63, -1, 10**400, 1.5, True, [], {}, ["a"], {"a": 1}])
@pytest.mark.parametrize("field", ["name", "called", "phone", "preferred_language", "record_number"])
def test_a_number_is_no_text(client, field, value):
    refused(client.post("/api/patients", {"name": "Ana", field: value}), field)


@pytest.mark.parametrize("value", [0, 1, "true", "yes", "on", None, [], 2**63])
@pytest.mark.parametrize("field", ["consent_whatsapp", "consent_sms"])
def test_only_true_and_false_are_yes_and_no(client, field, value):
    refused(client.post("/api/patients", {"name": "Ana", "phone": "+14155550199", field: value}), field)


@pytest.mark.parametrize(
    "name",
    [
        "Null",
        "O'Brien-Ñ",
        "李",
        "Jennifer 8",
        "x" * 120,
        "J",
        "'; DROP TABLE--",
        "<b>",
        "{0.__class__}",
        "🙂",
    ],
)
def test_odd_names_are_names(client, name):
    assert client.post("/api/patients", {"name": name}).json()["name"] == name


@pytest.mark.parametrize("name", ["", "   ", "\n", "x" * 161, None])
def test_no_name_is_no_name(client, name):
    refused(client.post("/api/patients", {"name": name}), "name")


@pytest.mark.parametrize(
    "phone",
    [
        "(415) 555-2671",
        "415.555.2671",
        "+1 415 555 2671",
        "1-415-555-2671",
        "tel:+14155552671",
        "‪+14155552671‬",
    ],
)
def test_every_spelling_of_a_number_is_one_number(client, phone):
    made = client.post("/api/patients", {"name": "Ana", "phone": phone})
    assert made.json()["contacts"][0]["phone"] == "+14155552671"


@pytest.mark.parametrize(
    "phone",
    [
        "911",
        "112",
        "988",
        "12",
        "",
        " ",
        "abc",
        "1-800-FLOWERS",
        "+999999999999999",
        "+1415",
        "1" * 65,
        "+" * 9,
    ],
)
def test_what_is_no_number_is_refused(client, clinic, phone):
    refused(client.post("/api/patients", {"name": "Ana", "phone": phone}), "phone")
    with in_clinic(clinic):
        assert not Patient.objects.exists()


@pytest.mark.parametrize(
    "day",
    [
        *("2026-02-30", "2026-13-01", "2025-02-29", "0000-00-00", "0001-01-01", "1850-01-01", "20260101"),
        *("2026-1-1", "2026-W01-1", "2026-01-01T00:00:00Z", "٢٠٢٠-01-01", "", 20200101, True, "tomorrow"),
    ],
)
def test_what_is_no_date_of_birth_is_refused(client, day):
    refused(client.post("/api/patients", {"name": "Ana", "date_of_birth": day}), "date_of_birth")


def test_the_born_are_born_today_or_before_in_the_clinics_zone(client, clinic):
    today = clock.now().astimezone(clinic.zone).date()
    for day, status in [(today, 201), (today + timedelta(days=1), 400), ("2024-02-29", 201)]:
        assert client.post("/api/patients", {"name": "Ana", "date_of_birth": str(day)}).status_code == status


@pytest.mark.parametrize(
    "when",
    [
        *("2026-12-02T10:00:00", "2026-12-02", "10:00", "2026-02-30T10:00:00Z", "2026-12-02T25:00:00Z"),
        *("0001-01-01T00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-12-02T10:00:00+25:00", "now", ""),
        *(
            "2026-12-02T10:00:00+23:59",
            "2026-12-02T10:00:60Z",
            1764669600,
            None,
            "2026-12-02T10:00:00 America/New_York",
        ),
    ],
)
def test_a_time_says_its_offset_and_exists(client, clinic, when):
    slot = free_times(clinic)[0]
    body = {**wish(clinic, new_patient(clinic), slot), "starts_at": when}
    refused(client.post("/api/appointments", body), "starts_at")
    with in_clinic(clinic):
        assert not Appointment.objects.exists()


@pytest.mark.parametrize(
    "when", ["2020-01-01T10:00:00Z", "1900-01-01T00:00:00z", "2020-01-01T10:00:00-00:00"]
)
def test_a_past_time_is_refused(client, clinic, when):
    patient = new_patient(clinic)
    for status in ("pending_review", "confirmed"):
        body = {**wish(clinic, patient), "starts_at": when, "status": status}
        refused(client.post("/api/appointments", body), "starts_at")


def test_a_far_future_time_is_refused(client, clinic):
    body = {**wish(clinic, new_patient(clinic)), "starts_at": "2199-06-03T14:00:00Z"}
    refused(client.post("/api/appointments", body), "starts_at")


@pytest.mark.parametrize(
    "value",
    ["", "abc", 1, -1, 2**63, None, [], "0" * 32, f"{{{SOME_ID}}}", f"urn:uuid:{SOME_ID}"],
)
@pytest.mark.parametrize("field", ["patient_id", "type_id", "practitioner_id"])
def test_what_is_no_id_is_refused(client, clinic, field, value):
    refused(client.post("/api/appointments", {**wish(clinic, new_patient(clinic)), field: value}), field)


@pytest.mark.parametrize("value", ["cancelled", "CONFIRMED", "", 1, None, ["confirmed"], {}])
def test_what_is_no_status_is_refused(client, clinic, value):
    refused(client.post("/api/appointments", wish(clinic, new_patient(clinic), status=value)), "status")


@pytest.mark.parametrize("value", [0, -1, 1.0, "1", True, None, 10**400])
def test_what_is_no_version_is_refused(client, clinic, value):
    first, second = free_times(clinic, 2)
    made = client.post("/api/appointments", wish(clinic, new_patient(clinic), first)).json()
    body = {"starts_at": second.starts_at.isoformat(), "version": value}
    moved = client.post(f"/api/appointments/{made['id']}/move", body)
    assert moved.status_code == (409 if value == 10**400 else 400), moved.content


@pytest.mark.parametrize("reason", [1, "x" * 251, "no\x00", None, []])
def test_what_is_no_reason_is_refused(client, clinic, reason):
    made = client.post("/api/appointments", wish(clinic, new_patient(clinic))).json()
    for path in (f"whatsapp/pending-appointments/{made['id']}/reject", f"appointments/{made['id']}/cancel"):
        refused(client.post(f"/api/{path}", {"reason": reason}), "reason")


@pytest.mark.parametrize(
    "query",
    [
        *("limit=0", "limit=-1", "limit=abc", "limit=", "limit=1.5", "limit=٣", "limit=1e3", "limit=+5"),
        *("cursor=", "cursor=abc", "cursor=eyJhIjoxfQ", "cursor=%00", "cursor=%ff", "updated_since="),
        *("updated_since=2026-01-01", "updated_since=2026-01-01T00:00:00", "updated_since=yesterday"),
        *("updated_since=0001-01-01T00:00%2B14:00", "updated_since=2026-02-30T00:00:00Z"),
    ],
)
@pytest.mark.parametrize(
    "path", ["patients", "appointments", "whatsapp/conversations", "whatsapp/pending-appointments"]
)
def test_a_broken_query_is_refused_by_its_name(client, path, query):
    refused(client.get(f"/api/{path}?{query}"), query.partition("=")[0])


@pytest.mark.parametrize(
    "query", ["name__startswith=A", "user__password__regex=.*", "order_by=password", "page=0", "q=%00"]
)
def test_filters_that_nobody_offers_are_ignored(client, clinic, query):
    new_patient(clinic)
    assert len(client.get(f"/api/patients?{query}").json()["results"]) == 1


@pytest.mark.parametrize(
    "query",
    [
        *(
            "from=2026-02-30",
            "from=today",
            "from=",
            "from=2026-01-01T00:00Z",
            "days=0",
            "days=32",
            "days=-1",
            "days=",
        ),
        *(
            "days=abc",
            "days=7.0",
            "days=99999999999999999999",
            "practitioner=1",
            "practitioner=",
            "type=abc",
            "type=%00",
        ),
    ],
)
def test_a_broken_question_for_free_times_is_refused(client, query):
    refused(client.get(f"/api/slots?{query}"), query.partition("=")[0])


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(
    [
        *(
            "name",
            "phone",
            "called",
            "date_of_birth",
            "consent_sms",
            "patient_id",
            "contact_id",
            "body",
            "type_id",
        ),
        *(
            "starts_at",
            "status",
            "version",
            "reason",
            "client_message_id",
            "phone_number",
            "channel",
            "provider",
        ),
    ]
)


@settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    path=st.sampled_from(CREATING), body=st.dictionaries(names | st.text(max_size=8), json_values, max_size=6)
)
def test_whatever_is_sent_the_answer_is_an_error_of_the_contract(client, path, body):
    response = client.post(path, body)
    assert response.status_code in (201, 400, 404, 409), response.content
    if response.status_code != 201:
        assert {"detail", "code"} <= set(response.json())
