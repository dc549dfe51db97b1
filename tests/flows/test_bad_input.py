"""Whatever comes in by a webhook or a page: never a 5xx, a clear answer, nothing half stored, nothing lost."""

from __future__ import annotations

import base64
import hmac
import itertools
from typing import Any
from urllib.parse import quote_plus, unquote_to_bytes
from xml.etree import ElementTree

import pytest
from django.test import Client

from clinics.models import Clinic, HeldEvent, User
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging.models import Attempt, Conversation, Message, StatusEvent
from scheduling.models import Appointment, ContactAddress, ContactPoint, Patient
from tests.messaging.hooks import BASE, message_form, new_sid, post, replies_in, token_of, write
from tests.messaging.sent import call_back, sent_message, status_form
from tests.world import account_of

pytestmark = pytest.mark.django_db

NUL, SURROGATE = "\x00", "\ud800"
BODIES = {
    "empty": "",
    "blanks": " \t\r\n ",
    "NUL alone": NUL,
    "NUL inside": f"hola{NUL}2",
    "lone surrogate": f"hola {SURROGATE}",
    "half an emoji": "hola \udc4d",
    "70,000 characters": "a" * 70_000,
    "20,000 signs of three bytes": "好" * 20_000,
    "a million digits": "9" * 20_000,
    "zero width": "\u200b\u200d\ufeff",
    "Hangul filler": "\u3164\u00ad",
    "right to left": "\u202e321 atic anu otisecen",
    "combining": "Z" + "\u0301" * 5_000,
    "family": "👨‍👩‍👧‍👦🏳️‍🌈" * 50,
    "log line": "\n2026-01-01 ERROR root: all is lost\r\n",
    "placeholders": "{0.__class__.__mro__} {clinic_name} %s %(x)d ${x}",
    "markup": "</Body></Message><Message>free money</Message>&amp;<!--",
    "script": "<script>alert(1)</script>",
    "SQL": "'; DROP TABLE messaging_message; --",
    "all controls": "".join(map(chr, range(32))),
    "not a character": "\uffff\ufffe\U0010ffff",
    "huge number": "1" * 4_400,
    "Arabic digits": "٢",
    "circled": "②",
    "impossible time": "99:99 on 31/02/0000",
    "year nine thousand": "9999-12-31 23:59",
}


def as_sent(pairs: dict[str, str] | list[tuple[str, str]]) -> bytes:
    """Return a form as bytes, lone surrogates included."""
    items = pairs.items() if isinstance(pairs, dict) else pairs
    return "&".join(
        f"{quote_plus(name)}={quote_plus(value.encode('utf-8', 'surrogatepass'))}" for name, value in items
    ).encode()


def signature_of(clinic: Clinic, path: str, body: bytes) -> str:
    """Return Twilio's signature: over the bytes themselves, whether they are text or not."""
    pairs = (pair.partition(b"=") for pair in body.split(b"&"))
    fields = sorted((unquote_to_bytes(n), unquote_to_bytes(v.replace(b"+", b" "))) for n, _, v in pairs)
    text = (BASE + path).encode() + b"".join(n + v for n, v in fields)
    return base64.b64encode(hmac.digest(token_of(clinic).encode(), text, "sha1")).decode()


def signed(clinic: Clinic, form: dict[str, str], *, path: str = "/api/webhooks/whatsapp") -> Any:
    """Post a signed form, lone surrogates included."""
    body = as_sent(form)
    return post({}, token="", path=path, body=body, signature=signature_of(clinic, path, body))


def kept(clinic: Clinic) -> tuple[int, int]:
    """Return how many inbound messages are stored, and how many requests are held."""
    with in_clinic(clinic):
        stored = Message.objects.filter(direction="inbound").count()
    return stored, HeldEvent.objects.count()


def whole(clinic: Clinic) -> None:
    """Assert that nothing is half there."""
    with in_clinic(clinic):
        for thread in Conversation.objects.all():
            assert Message.objects.filter(pk=thread.last_message_id).exists()
        assert ContactPoint.objects.count() == Conversation.objects.count()
        assert not ContactAddress.objects.filter(address="").exists()
        assert not Message.objects.filter(provider_message_id="", direction="inbound").exists()
        assert Patient.objects.count() <= ContactPoint.objects.count()


def in_order(response: Any) -> None:
    """Assert an answer that a provider may get: never an error of ours, never plain text."""
    assert response.status_code == 200, response.status_code
    assert response.headers["Content-Type"].startswith("text/xml")
    ElementTree.fromstring(response.content)


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES.keys())
@pytest.mark.parametrize("channel", ["whatsapp", "sms"])
def test_any_words_are_kept_and_shown(
    clinic: Clinic, owner: User, browse: Any, body: str, channel: str
) -> None:
    path = f"/api/webhooks/{channel}"
    in_order(signed(clinic, message_form(clinic, body, channel=channel), path=path))
    assert sum(kept(clinic)) == 1
    whole(clinic)
    with in_clinic(clinic):
        message = Message.objects.filter(direction="inbound").first()
        if message is None:
            return
        assert NUL not in message.body
        thread = message.conversation_id
    page = browse(owner).get(f"/c/{clinic.slug}/inbox/{thread}/")
    assert page.status_code == 200
    assert b"<script>alert" not in page.content
    # The same person goes on, also in the light of a question.
    assert replies_in(write(clinic, "I need an appointment", channel=channel)) or body in ("",)
    in_order(signed(clinic, message_form(clinic, body, channel=channel), path=path))
    assert sum(kept(clinic)) == 3
    whole(clinic)


ODD_FIELDS: dict[str, list[str]] = {
    "From": [
        *("", "whatsapp:", "whatsapp:+", "whatsapp:+1", "whatsapp:abc", "+16465550101", f"whatsapp:{NUL}"),
        *(
            "whatsapp:+" + "9" * 200,
            "whatsapp:+12125550142",
            f"whatsapp:+1646555{SURROGATE}",
            "sms:+16465550101",
        ),
        *("whatsapp:US.13491208655302741918", "whatsapp:" + "US." + "x" * 400, "whatsapp:12345", "🙂"),
    ],
    "To": ["", "whatsapp:", "whatsapp:+12125559999", "+12125550142", f"whatsapp:+1212{NUL}", "x" * 5_000],
    "MessageSid": ["", "x", "SM" + "f" * 500, f"SM{NUL}", f"SM{SURROGATE}", "' OR 1=1"],
    "ProfileName": [NUL, SURROGATE, "n" * 10_000, "{0.__class__}", "\u202egnp.exe", " "],
    "NumMedia": ["-1", "1", "999999999999", "abc", "1e9", NUL, "٣"],
    "MediaUrl0": ["file:///etc/passwd", "x" * 5_000, NUL],
    "ButtonPayload": [NUL, ":", "x" * 5_000, "00000000-0000-0000-0000-000000000000:1", "é:٢"],
    "OriginalRepliedMessageSid": [NUL, "x" * 5_000, SURROGATE],
    "OptOutType": ["STOP", "stop", "JUNK", NUL, "x" * 5_000],
    "MessageType": [NUL, "x" * 5_000, "interactive", "order"],
    "Latitude": ["91", "NaN", "1e999", NUL],
    "WaId": ["", "0", NUL, "x" * 500],
}


@pytest.mark.parametrize(
    ("field", "value"),
    [(field, value) for field, values in ODD_FIELDS.items() for value in values],
    ids=lambda value: ascii(value)[:30],
)
def test_any_field_may_be_odd_and_nothing_is_lost(clinic: Clinic, field: str, value: str) -> None:
    response = signed(clinic, message_form(clinic, "hola") | {field: value})
    assert response.status_code in (200, 403), response.status_code
    if response.status_code == 200:
        in_order(response)
        assert sum(kept(clinic)) == 1
    else:  # a number that is not this account's: refused, whoever signed
        assert sum(kept(clinic)) == 0
    whole(clinic)
    # The next one finds a product that works.
    in_order(signed(clinic, message_form(clinic, "hola", sender="+16465550177")))
    with in_clinic(clinic):
        assert Message.objects.filter(direction="inbound", address="+16465550177").count() == 1


@pytest.mark.parametrize("missing", ["MessageSid", "From", "To", "Body", "AccountSid", "NumMedia"])
def test_any_field_may_be_missing(clinic: Clinic, missing: str) -> None:
    form = message_form(clinic, "hola")
    for name in (missing, "SmsSid", "SmsMessageSid") if missing == "MessageSid" else (missing,):
        del form[name]
    in_order(signed(clinic, form))
    assert sum(kept(clinic)) == 1
    whole(clinic)


@pytest.mark.parametrize("raw", [b"%FF%FE", b"%ED%A0%80", b"%C0%80", b"%", b"%zz", b"\xff\xfe", b"%00"])
def test_bytes_that_are_no_text(clinic: Clinic, raw: bytes) -> None:
    form = message_form(clinic, "")
    body = as_sent({k: v for k, v in form.items() if k != "Body"}) + b"&Body=hola" + raw
    path = "/api/webhooks/whatsapp"
    response = post({}, token="", body=body, signature=signature_of(clinic, path, body))
    in_order(response)
    assert sum(kept(clinic)) == 1
    whole(clinic)


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("application/json", b'{"Body": "hola"}'),
        ("application/json", b"[" * 100_000),
        ("text/plain", b"hola"),
        ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
        ("multipart/form-data", b""),
        ("", b"Body=hola"),
        ("application/x-www-form-urlencoded; charset=utf-16", "Body=hola".encode("utf-16")),
        ("\xff", b""),
    ],
)
@pytest.mark.parametrize("path", ["/api/webhooks/whatsapp", "/api/webhooks/sms/status"])
def test_what_is_no_form_is_refused(clinic: Clinic, path: str, content_type: str, content: bytes) -> None:
    response = Client().generic(
        "POST", path, content, content_type=content_type, headers={"X-Twilio-Signature": "x"}
    )
    assert response.status_code in (403, 415)
    assert not response.headers["Content-Type"].startswith("text/plain")
    assert kept(clinic) == (0, 0)


def test_an_id_that_repeats_with_other_words_or_people_is_kept_beside_the_first(clinic: Clinic) -> None:
    sid = new_sid()
    for body, sender in (("one", "+16465550101"), ("two", "+16465550101"), ("one", "+16465550102")):
        in_order(signed(clinic, message_form(clinic, body, MessageSid=sid, sender=sender)))
    with in_clinic(clinic):
        assert [m.body for m in Message.objects.filter(direction="inbound")] == ["one"]
    assert set(HeldEvent.objects.values_list("reason", flat=True)) == {"conflict"}
    assert HeldEvent.objects.count() == 2


def test_an_id_of_another_clinic_is_another_message(clinic: Clinic, other_clinic: Clinic) -> None:
    sid = new_sid()
    for where in (clinic, other_clinic):
        in_order(signed(where, message_form(where, f"for {where.slug}", MessageSid=sid)))
        with in_clinic(where):
            assert Message.objects.get(direction="inbound").body == f"for {where.slug}"


def test_another_clinics_signature_or_number_opens_nothing(clinic: Clinic, world: Any) -> None:
    gamma = world.clinics["gamma"]
    form = message_form(clinic, "hola")
    assert post(form, token=token_of(gamma)).status_code == 403
    assert (
        post(form | {"AccountSid": account_of(gamma).external_id}, token=token_of(gamma)).status_code == 403
    )
    assert kept(clinic) == kept(gamma) == (0, 0)


ODD_STATUSES: list[dict[str, str]] = [
    {"MessageStatus": ""},
    {"MessageStatus": "exploded"},
    {"MessageStatus": NUL},
    {"MessageStatus": SURROGATE},
    {"MessageStatus": "x" * 70_000},
    {"MessageSid": ""},
    {"MessageSid": NUL},
    {"MessageSid": "x" * 5_000},
    {"ErrorCode": str(2**63)},
    {"ErrorCode": "abc"},
    {"ErrorCode": NUL},
    {"ErrorCode": "-1"},
    {"From": ""},
    {"To": f"whatsapp:{NUL}"},
    {"To": "whatsapp:+16465559999"},
    {"From": "whatsapp:+12125559999"},
]


@pytest.mark.parametrize("change", ODD_STATUSES, ids=lambda change: ascii(change)[:40])
def test_an_odd_callback_changes_nothing_it_should_not(clinic: Clinic, change: dict[str, str]) -> None:
    attempt = sent_message(clinic)
    form = status_form(clinic, "failed", sid=f"SM{attempt.pk.hex}") | change
    path = f"/api/webhooks/whatsapp/status?a={clinic.pk}.{attempt.pk}"
    response = signed(clinic, form, path=path)
    assert response.status_code in (200, 204, 403)
    with in_clinic(clinic):
        message = Message.objects.get()
        assert message.status in ("sending", "failed")
        assert len(message.error_code) <= 10
        assert NUL not in message.error_code
    # And the truth still comes through.
    assert call_back(clinic, attempt, "delivered", sid=f"SM{attempt.pk.hex}").status_code < 300
    with in_clinic(clinic):
        attempt.refresh_from_db()
        assert attempt.state == "delivered" or StatusEvent.objects.filter(attempt=attempt).count() > 1


@pytest.mark.parametrize(
    "ref", ["", ".", "x", "x.y", "%00", "%ED%A0%80", "a" * 3_000, "{other}.{attempt}", "{clinic}.{clinic}"]
)
def test_a_callback_with_a_strange_reference_is_answered_and_changes_nothing(
    clinic: Clinic, other_clinic: Clinic, ref: str
) -> None:
    attempt = sent_message(clinic)
    ref = ref.format(clinic=clinic.pk, other=other_clinic.pk, attempt=attempt.pk)
    path = f"/api/webhooks/whatsapp/status?a={ref}"
    response = signed(clinic, status_form(clinic, "read", sid="SM" + "9" * 32), path=path)
    assert response.status_code in (200, 204, 400)
    with in_clinic(clinic):
        attempt.refresh_from_db()
        assert (attempt.state, attempt.provider_id) == ("sending", None)


# ── Pages ────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.fixture
def desk(clinic: Clinic, owner: User, browse: Any) -> Any:
    """Give the owner's browser and the addresses of a thread with a request."""
    write(clinic, "I need an appointment")
    write(clinic, "1")
    with in_clinic(clinic):
        thread, visit = Conversation.objects.get().pk, Appointment.objects.get().pk
    return browse(owner), f"/c/{clinic.slug}/inbox", thread, visit


ODD = ["", NUL, "%00", SURROGATE, "x" * 70_000, "' OR 1=1 --", "null", "[]", "-1", "9" * 400, "\r\nX: y", "é"]


@pytest.mark.parametrize("value", ODD, ids=lambda value: ascii(value)[:20])
@pytest.mark.parametrize("htmx", [True, False], ids=["part", "page"])
def test_any_address_of_the_inbox_is_answered(desk: Any, value: str, htmx: bool) -> None:
    browser, inbox, thread, _ = desk
    said = quote_plus(value.encode("utf-8", "surrogatepass"))
    headers = {"HX-Request": "true"} if htmx else {}
    for address in (
        f"{inbox}/?view={said}",
        f"{inbox}/list/?view={said}&after={said}",
        f"{inbox}/{thread}/?view={said}",
        f"{inbox}/{thread}/older/?before={said}",
        f"{inbox}/{thread}/older/?before={thread}",
        f"/?next={said}",
        f"/accounts/login/?next={said}",
    ):
        assert browser.get(address, headers=headers).status_code < 500, address
    for address in (
        f"{inbox}/{said}/",
        f"{inbox}/{said}/older/",
        f"/c/{said}/inbox/",
        f"/invitations/{said}/",
    ):
        assert browser.get(address, headers=headers).status_code < 500, address


@pytest.mark.parametrize("value", [*ODD, "hola" + NUL + SURROGATE], ids=lambda value: ascii(value)[:20])
def test_any_words_of_staff_are_answered_and_stored_whole_or_not_at_all(
    desk: Any, clinic: Clinic, value: str
) -> None:
    browser, inbox, thread, visit = desk
    form = "application/x-www-form-urlencoded"
    for action, names in (
        (f"{inbox}/{thread}/send/", ("body", "client_message_id", "after_message_id")),
        (f"{inbox}/{thread}/note/", ("body",)),
        (f"{inbox}/{thread}/done/", ("body",)),
        (f"{inbox}/{thread}/no-reply/", ("body",)),
        (f"{inbox.removesuffix('/inbox')}/requests/{visit}/decline/text/", ("reason",)),
        (f"{inbox}/requests/{visit}/decline/", ("reason",)),
        (f"{inbox}/requests/{visit}/accept/", ("reason",)),
    ):
        for odd in names:
            fields = dict.fromkeys(names, "fine") | {odd: value}
            response = browser.post(
                action, as_sent(fields), content_type=form, headers={"HX-Request": "true"}
            )
            assert response.status_code in (200, 409), (action, response.status_code)
    with in_clinic(clinic):
        for message in Message.objects.filter(author="staff"):
            assert message.body.strip()
            assert NUL not in message.body
            assert len(message.body) <= 1_600 or message.kind == "note"
        assert Appointment.objects.get().status == "cancelled"
        assert NUL not in Appointment.objects.get().reason


#: Every form of a clinic's pages that takes words, times or ids from a person.
FIELDS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("search/", ("wanted",)),
    ("inbox/many/", ("deed", "thread", "until", "to")),
    ("inbox/<thread>/draft/", ("tab", "body", "revision", "client_message_id")),
    ("inbox/<thread>/later/", ("body", "at", "client_message_id")),
    ("inbox/<thread>/snooze/", ("until", "preset")),
    ("inbox/<thread>/assign/", ("to",)),
    ("inbox/<thread>/bot/", ("bot",)),
    ("requests/<visit>/offer/", ("slot",)),
    ("requests/<visit>/offer/text/", ("slot",)),
    ("requests/<visit>/decline/text/", ("reason", "why")),
    ("today/tasks/add/", ("text", "due", "assignee")),
    ("today/end-of-shift/close/", ("note", "date")),
    ("today/<visit>/arrive/", ("version",)),
    ("saved-texts/new/", ("name", "shortcut", "text_en", "text_es")),
    ("patients/search/", ("wanted", "show", "after")),
    ("patients/<visit>/book/", ("type", "doctor", "day", "slot")),
    ("patients/new/", ("name", "called", "date_of_birth", "phone", "relation", "record_number")),
    ("notifications/", ("quiet_from", "quiet_until")),
    ("numbers/add/", ("phone_number", "channel", "display_name", "account_sid", "auth_token")),
    ("settings/clinic/", ("name", "phone", "language")),
    ("settings/safety/", ("idle_minutes",)),
    ("settings/bot/", ("bot_inside_hours", "bot_pause_minutes")),
    ("settings/booking/", ("hold_minutes", "request_hours", "offer_hours")),
    ("settings/beginning/", ("first_channel", "quiet_from", "quiet_until")),
    ("settings/confirmations/", ("sms_enabled", "sms_sender_number", "sms_inbound_enabled")),
    ("settings/privacy/", ("neutral_whatsapp", "privacy_url")),
    ("team/invitations/", ("email", "role")),
    ("reminders/save/", ("enabled", "steps", "language", "template_key", "custom_message")),
    ("reminders/preview/", ("enabled", "steps", "language", "template_key", "custom_message")),
    ("reminders/<visit>/send/", ("version",)),
    ("call-list/<visit>/called/", ("outcome", "version")),
    ("saved-texts/own/accepted/", ("en", "es", "zh", "body_en", "body")),
    ("approved-texts/new/", ("name", "account", "key", "language", "body", "button_1", "sample_1")),
    ("approved-texts/map/", ("account", "content_sid", "key", "language")),
    ("inbox/<thread>/approved/send/", ("template", "hold", "client_message_id", "v_1", "sender")),
    ("numbers/<number>/rate/", ("per_second",)),
    ("numbers/add/telnyx/", ("phone_number", "messaging_profile_id", "auth_token", "public_key")),
)


@pytest.mark.parametrize("value", [*ODD, "hola" + NUL + SURROGATE], ids=lambda value: ascii(value)[:20])
def test_no_field_of_any_form_in_the_clinic_breaks_the_server(desk: Any, clinic: Clinic, value: str) -> None:
    browser, inbox, thread, visit = desk
    base = inbox.removesuffix("/inbox")
    ids = {"<thread>": thread, "<visit>": visit, "<number>": clinic.senders.get(channel="sms", rank=1).pk}
    for path, names in FIELDS:
        address = f"{base}/{path}"
        for word, pk in ids.items():
            address = address.replace(word, str(pk))
        for odd in names:
            fields = dict.fromkeys(names, "1") | {odd: value}
            response = browser.post(
                address,
                as_sent(fields),
                content_type="application/x-www-form-urlencoded",
                headers={"HX-Request": "true"},
            )
            assert response.status_code < 500, (address, odd)
            assert response.status_code != 405, address


#: Times that a calendar, a zone or the database cannot keep.
STRANGE_TIMES = [
    "2026-12-01T10:00:00+23:59",
    "2026-12-01T10:00:00",
    "9999-12-31T23:59:59-23:59",
    "9999-12-31T23:59",
    "9999-12-31",
    "0001-01-01T00:00:00+23:59",
    "0001-01-01T00:00",
    "0001-01-01",
]


@pytest.mark.parametrize("time", STRANGE_TIMES)
def test_no_time_is_too_strange_for_a_page(desk: Any, clinic: Clinic, time: str) -> None:
    browser, inbox, thread, visit = desk
    base, headers = inbox.removesuffix("/inbox"), {"HX-Request": "true"}
    with in_clinic(clinic):
        patient = Patient.objects.get().pk
    said = quote_plus(time)
    for address in (
        f"{inbox}/list/?after=0|{said}|{thread}",
        f"{inbox}/list/?view=all&after=0|{said}|{thread}",
        f"{inbox}/{thread}/?seen={said}",
        f"{inbox}/{thread}/older/?before={said}|{thread}",
        f"{base}/patients/{patient}/older/?before={said}|{thread}",
        f"{base}/patients/{patient}/book/?day={said}",
        f"{base}/today/?date={said}",
        f"{base}/today/tasks/?after={said}|{thread}",
        f"{base}/today/tasks/?view=done&after={said}|{thread}",
    ):
        assert browser.get(address, headers=headers).status_code < 500, address
    for address, fields in (
        (f"{inbox}/{thread}/snooze/", {"until": time}),
        (f"{inbox}/many/", {"deed": "snooze", "until": time, "thread": f"{thread}:x"}),
        (f"{inbox}/{thread}/later/", {"body": "hola", "at": time}),
        (f"{base}/today/tasks/add/", {"text": "Call", "due": time}),
        (f"{base}/requests/{visit}/offer/text/", {"slot": f"{time}|{thread}|{thread}"}),
        (f"{base}/requests/{visit}/offer/", {"slot": f"{time}|{thread}|{thread}"}),
        (f"{base}/patients/{patient}/book/", {"slot": f"{thread}|{thread}|{thread}|{time}", "day": time}),
        (f"{base}/patients/{patient}/book/text/", {"slot": f"{thread}|{thread}|{thread}|{time}"}),
    ):
        assert browser.post(address, fields, headers=headers).status_code < 500, address


@pytest.mark.parametrize(
    ("content_type", "content"),
    [
        ("application/json", b'{"body": "hola"}'),
        ("multipart/form-data; boundary=x", b"--x\r\nbroken"),
        ("multipart/form-data", b"x"),
        ("application/x-www-form-urlencoded", b"&".join(b"a=b" for _ in range(5_000))),
        ("application/x-www-form-urlencoded", b"body=" + b"x" * 3_000_000),
        ("application/x-www-form-urlencoded; charset=nonsense", b"body=hola"),
        ("application/x-www-form-urlencoded; charset=utf-7", b"body=+AGgA-"),
    ],
)
def test_what_is_no_form_is_no_reply(desk: Any, clinic: Clinic, content_type: str, content: bytes) -> None:
    browser, inbox, thread, _ = desk
    browser.raise_request_exception = False
    response = browser.generic("POST", f"{inbox}/{thread}/send/", content, content_type=content_type)
    assert response.status_code < 500
    with in_clinic(clinic):
        assert not Attempt.objects.filter(kind="rest").exists()


@pytest.mark.parametrize(
    ("email", "password"), list(itertools.product([NUL, SURROGATE, "x" * 70_000, "a@b"], [NUL, "x" * 70_000]))
)
def test_an_odd_log_in_is_a_wrong_one(email: str, password: str) -> None:
    content = as_sent({"login": email, "password": password})
    response = Client().generic(
        "POST", "/accounts/login/", content, content_type="application/x-www-form-urlencoded"
    )
    assert response.status_code == 200
    assert b'name="password"' in response.content


@pytest.mark.parametrize(
    "cookie",
    [
        'sessionid="\\000\\000\\000\\000\\000\\000\\000\\000\\000"',
        "sessionid=" + "x" * 5_000,
        'sessionid="\\355\\240\\200aaaaaaaaaaaaa"',
        'csrftoken="\\000"; django_language="\\000"; messages="\\000"',
        "=; ;;; sessionid",
    ],
    ids=lambda cookie: cookie[:24],
)
def test_an_odd_cookie_is_no_cookie(clinic: Clinic, cookie: str) -> None:
    for address in ("/accounts/login/", f"/c/{clinic.slug}/inbox/", "/"):
        response = Client().get(address, headers={"Cookie": cookie})
        assert response.status_code in (200, 302), address


@pytest.mark.parametrize("key", ["zzzz-zzzz", "0-0", "x" * 300 + "-set-password", "%00-%00", "é-é"])
def test_a_password_link_that_is_none_says_so(key: str) -> None:
    response = Client().get(f"/accounts/password/reset/key/{key}/", follow=True)
    assert response.status_code in (200, 400, 404)
    assert b'name="password1"' not in response.content


# ── The API, where it meets the other rooms ──────────────────────────────────────────────────────────────────────
def test_a_time_that_has_passed_is_refused_at_every_door(
    clinic: Clinic, owner: User, api: Any, desk: Any
) -> None:
    client = api(owner, clinic)
    with in_clinic(clinic):
        visit = Appointment.objects.get()
        patient = visit.patient_id
    for past in ("2020-01-06T10:00:00-05:00", clock.now().isoformat(), "1900-01-01T00:00:00Z"):
        wish = {"patient_id": str(patient), "type_id": str(visit.type_id), "starts_at": past}
        for status in ("pending_review", "confirmed"):
            response = client.post("/api/appointments", {**wish, "status": status})
            assert (response.status_code, set(response.json()["fields"])) == (400, {"starts_at"})
        response = client.post(f"/api/appointments/{visit.pk}/move", {"starts_at": past})
        assert (response.status_code, set(response.json()["fields"])) == (400, {"starts_at"})
    assert client.get("/api/slots?from=2020-01-06&days=7").status_code in (200, 400)
    with in_clinic(clinic):
        assert Appointment.objects.get().starts_at == visit.starts_at


def test_an_idempotency_key_or_message_id_that_repeats_has_one_effect(
    clinic: Clinic, owner: User, api: Any, desk: Any
) -> None:
    client = api(owner, clinic)
    with in_clinic(clinic):
        contact = str(Conversation.objects.get().contact_point_id)
    for _ in range(3):
        sent = client.post(
            "/api/whatsapp/send", {"contact_id": contact, "body": "Hello", "client_message_id": "a"}
        )
        assert sent.status_code == 202
    other = client.post(
        "/api/whatsapp/send", {"contact_id": contact, "body": "Bye", "client_message_id": "a"}
    )
    assert (other.status_code, other.json()["code"]) == (409, "key_reused")
    for _ in range(3):
        made = client.post("/api/patients", {"name": "Ana"}, Idempotency_Key="k")
        assert made.status_code == 201
    with in_clinic(clinic):
        assert Message.objects.filter(author="staff").count() == 1
        assert Patient.objects.filter(name="Ana").count() == 1


@pytest.mark.parametrize("body", [NUL, SURROGATE, "", " \n", "a" * 1_601, "a" * 70_000, 1, None, [], {}])
def test_odd_words_by_api_are_refused_by_field_and_nothing_is_queued(
    clinic: Clinic, owner: User, api: Any, desk: Any, body: Any
) -> None:
    client = api(owner, clinic)
    with in_clinic(clinic):
        contact = str(Conversation.objects.get().contact_point_id)
    response = client.post("/api/whatsapp/send", {"contact_id": contact, "body": body})
    assert (response.status_code, set(response.json()["fields"])) == (400, {"body"})
    with in_clinic(clinic):
        assert not Message.objects.filter(author="staff").exists()
