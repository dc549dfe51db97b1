"""Who gets in by the webhook's door, and what happens to what does not fit."""

import json
import logging
from datetime import timedelta
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import OperationalError
from django.test import Client

from clinics.models import Clinic, Counter, HeldEvent, ProviderAccount, Sender, SenderHealth
from clinics.queries import forget_routes
from clinics.senders import link_sender
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import held, inbound, intake
from messaging.models import Conversation, Message
from tests.messaging.hooks import BASE, PATIENT, message_form, number_of, post, token_of, write
from tests.standin.twilio import sign
from tests.world import account_of

pytestmark = pytest.mark.django_db

MASTER = "master-token-of-the-tests"
PATH = "/api/webhooks/whatsapp"


@pytest.fixture(autouse=True)
def _nobody_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbound.dialogue, "answer", lambda stored, *, now: [])


def stored_in(clinic: Clinic) -> int:
    with in_clinic(clinic):
        return Message.objects.count()


def refused(response: Any) -> bool:
    assert response.content == b""
    assert response["Content-Type"] == "text/xml"
    return response.status_code == 403


# Signatures


def test_the_accounts_own_token_opens(clinic: Clinic) -> None:
    assert post(message_form(clinic), token=token_of(clinic)).status_code == 200
    assert stored_in(clinic) == 1


def test_the_platforms_token_opens(clinic: Clinic) -> None:
    assert post(message_form(clinic), token=MASTER).status_code == 200
    assert stored_in(clinic) == 1


def test_the_previous_token_opens_until_it_ends(clinic: Clinic) -> None:
    account = account_of(clinic)
    account.previous_token, account.auth_token = account.auth_token, "new-token"
    account.previous_until = clock.now() + timedelta(hours=1)
    account.save()
    forget_routes()
    assert post(message_form(clinic), token="token-of-alpha").status_code == 200
    assert post(message_form(clinic), token="new-token").status_code == 200
    ProviderAccount.objects.filter(pk=account.pk).update(previous_until=clock.now() - timedelta(seconds=1))
    forget_routes()
    assert refused(post(message_form(clinic), token="token-of-alpha"))


@pytest.mark.parametrize("token", ["wrong", "", "token-of-gamma"])
def test_any_other_token_is_refused_and_nothing_is_kept_but_counters(clinic: Clinic, token: str) -> None:
    assert refused(post(message_form(clinic), token=token))
    assert stored_in(clinic) == 0
    assert not HeldEvent.objects.exists()
    assert Counter.objects.get(name="webhook.refused.twilio").count == 1
    assert SenderHealth.objects.get(sender__clinic=clinic, sender__channel="whatsapp").refused_count == 1


@pytest.mark.parametrize("signature", ["", "x", "é" * 14, "A" * 10_000])
def test_a_missing_or_senseless_signature_is_refused(clinic: Clinic, signature: str) -> None:
    assert refused(
        post(message_form(clinic), token="", signature=signature.encode("utf-8").decode("latin-1"))
    )


def test_without_the_header_it_is_refused_also_with_a_session(
    clinic: Clinic, browse: Any, owner: Any
) -> None:
    response = browse(owner).post(
        PATH, data=urlencode(message_form(clinic)), content_type="application/x-www-form-urlencoded"
    )
    assert refused(response)


def test_three_refusals_in_five_minutes_raise_an_alert(clinic: Clinic) -> None:
    health = SenderHealth.objects.filter(sender__clinic=clinic, sender__channel="whatsapp")
    for _ in range(2):
        post(message_form(clinic), token="wrong")
    assert health.get().alert_since is None
    post(message_form(clinic), token="wrong")
    assert health.get().alert_since is not None
    assert health.get().refused_count == 3


def test_refusals_far_apart_raise_none(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    now = clock.now()
    for minutes in (0, 6, 12, 18):
        monkeypatch.setattr(clock, "now", lambda at=now + timedelta(minutes=minutes): at)
        post(message_form(clinic), token="wrong")
    health = SenderHealth.objects.get(sender__clinic=clinic, sender__channel="whatsapp")
    assert (health.refused_count, health.alert_since) == (4, None)


def test_an_account_that_does_not_own_the_number_is_refused_whoever_signed(
    clinic: Clinic, world: Any
) -> None:
    other = account_of(world.clinics["gamma"]).external_id
    for token in ("token-of-gamma", token_of(clinic), MASTER):
        assert refused(post(message_form(clinic, AccountSid=other), token=token))
    assert stored_in(clinic) == 0


def test_a_number_of_the_built_in_phones_takes_nothing_from_twilio(clinic: Clinic) -> None:
    Sender.objects.filter(clinic=clinic).update(
        account=ProviderAccount.objects.get(provider="local", clinic=clinic)
    )
    forget_routes()
    assert refused(post(message_form(clinic), token=MASTER))


@pytest.mark.parametrize("path", [PATH, PATH + "/", "/api/webhooks/sms", "/api/webhooks/sms/"])
def test_each_path_answers_with_and_without_a_slash_and_never_redirects(clinic: Clinic, path: str) -> None:
    response = post(message_form(clinic), token=token_of(clinic), path=path)
    assert response.status_code == 200
    assert post([("x", "1")], token="x", path=path.rstrip("/") + "/status").status_code == 403


def test_behind_a_proxy_the_configured_url_counts(clinic: Clinic) -> None:
    form = message_form(clinic)
    client = Client(SERVER_NAME="10.0.0.7", SERVER_PORT="8000")
    with_proxy = post(form, token=token_of(clinic), client=client, Host="localhost:8000")
    assert with_proxy.status_code == 200
    shown = sign("http://localhost:8000" + PATH, form.items(), token_of(clinic))
    assert refused(post(form, token="", signature=shown, client=client, Host="localhost:8000"))


def test_without_a_configured_url_the_origin_then_the_host_counts(clinic: Clinic, settings: Any) -> None:
    settings.TWILIO_WEBHOOK_BASE_URL = ""
    settings.ALLOWED_ORIGINS = ["https://clinic.example:8443"]
    assert (
        post(message_form(clinic), token=token_of(clinic), base="https://clinic.example").status_code == 200
    )
    assert (
        post(message_form(clinic), token=token_of(clinic), base="https://clinic.example:8443").status_code
        == 200
    )
    settings.ALLOWED_ORIGINS = []
    assert post(message_form(clinic), token=token_of(clinic), base="http://testserver").status_code == 200


def test_the_query_belongs_to_what_is_signed(clinic: Clinic) -> None:
    assert post(message_form(clinic), token=token_of(clinic), path=PATH + "?b=2&a=1%20x").status_code == 200
    form = message_form(clinic)
    given = sign(BASE + PATH, form.items(), token_of(clinic))
    assert refused(post(form, token="", signature=given, path=PATH + "?x=1"))


def test_the_same_form_signed_for_the_status_path_is_refused_here(clinic: Clinic) -> None:
    form = message_form(clinic)
    given = sign(BASE + PATH + "/status", form.items(), token_of(clinic))
    assert refused(post(form, token="", signature=given))


# What is no form


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "multipart/form-data; boundary=x", ""])
def test_only_forms_are_taken(clinic: Clinic, kind: str) -> None:
    response = post([], token="", content_type=kind, body=json.dumps(message_form(clinic)).encode())
    assert (response.status_code, response["Content-Type"]) == (415, "text/xml")


def test_a_body_over_256_kb_is_too_much(clinic: Clinic) -> None:
    assert write(clinic, "x" * 262_145).status_code == 413
    assert write(clinic, "x" * 250_000).status_code == 200


def test_too_many_fields_are_too_much(clinic: Clinic) -> None:
    form = {**message_form(clinic), **{f"x{n}": "" for n in range(1000)}}
    assert post(form, token=token_of(clinic)).status_code == 413


def test_only_post_is_answered() -> None:
    response = Client().get(PATH)
    assert (response.status_code, response["Allow"]) == (405, "POST")


def test_no_answer_is_ever_plain_text(clinic: Clinic) -> None:
    answers = [write(clinic), Client().get(PATH), post([("x", "1")], token="x"), post([], token="")]
    assert not [a for a in answers if a["Content-Type"].startswith("text/plain")]


# Verified, and yet not processed


def test_an_unknown_number_is_kept_and_counted(clinic: Clinic) -> None:
    form = message_form(clinic, "for later", To="whatsapp:+12125550999")
    for _ in range(3):
        assert post(form, token=token_of(clinic)).status_code == 200
    event = HeldEvent.objects.get()
    assert (event.reason, event.to_number, event.channel) == ("unknown_sender", "+12125550999", "whatsapp")
    assert Counter.objects.get(name="webhook.unknown_number.twilio").count == 3
    assert stored_in(clinic) == 0


def test_what_is_kept_is_encrypted(clinic: Clinic) -> None:
    from django.db import connection

    post(message_form(clinic, "a secret", To="whatsapp:+12125550999"), token=token_of(clinic))
    with connection.cursor() as cursor:
        cursor.execute("SELECT body FROM clinics_heldevent")
        raw = cursor.fetchone()[0]
    assert raw.startswith("gAAAA")


def test_an_unknown_number_signed_by_the_platform_is_kept(clinic: Clinic) -> None:
    form = message_form(clinic, To="whatsapp:+12125550999", AccountSid="AC" + "9" * 32)
    assert post(form, token=MASTER).status_code == 200
    assert HeldEvent.objects.get().account.is_master


@pytest.mark.parametrize("when", ["soon", "late"])
def test_what_was_kept_arrives_once_the_number_is_linked(
    clinic: Clinic, when: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered: list[bool] = []
    monkeypatch.setattr(
        inbound.dialogue, "answer", lambda stored, *, now: answered.append(stored.inline) or []
    )
    for body in ("first", "second"):
        post(message_form(clinic, body, To="whatsapp:+12125550999"), token=token_of(clinic))
    received = clock.now()
    sender = link_sender(
        clinic,
        phone_number="+12125550999",
        channel="whatsapp",
        provider="twilio",
        account_sid=account_of(clinic).external_id,
        now=clock.now(),
    )
    now = clock.now() + timedelta(minutes=1 if when == "soon" else 11)
    assert held.replay_number(sender.channel, sender.phone_number, now=now) == 2
    assert held.replay_number(sender.channel, sender.phone_number, now=now) == 0
    with in_clinic(clinic):
        assert [m.body for m in Message.objects.order_by("created_at", "id")] == ["first", "second"]
        thread = Conversation.objects.get()
        assert thread.unread_count == 2
        assert thread.window_closes_at <= received + timedelta(hours=24)
    # Whoever is answered now is answered by the outbox: the webhook is over. After ten minutes nobody is.
    assert answered == ([False, False] if when == "soon" else [])
    assert not HeldEvent.objects.filter(replayed_at=None).exists()


@pytest.mark.parametrize(
    "change",
    [{"MessageSid": "", "SmsSid": ""}, {"From": "whatsapp:"}, {"From": "whatsapp:+1'; DROP TABLE x"}],
)
def test_odd_content_is_kept(clinic: Clinic, change: dict[str, str]) -> None:
    form = {**message_form(clinic), **change}
    assert post(form, token=token_of(clinic)).status_code == 200
    assert post(form, token=token_of(clinic)).status_code == 200
    assert HeldEvent.objects.get().reason == "malformed"
    assert stored_in(clinic) == 0


def test_two_different_bodies_are_odd(clinic: Clinic) -> None:
    pairs = [*message_form(clinic, "one").items(), ("Body", "two")]
    assert post(pairs, token=token_of(clinic)).status_code == 200
    assert HeldEvent.objects.get().error == "repeated_field"


def test_bytes_that_are_no_utf8_are_replaced_and_stored(clinic: Clinic) -> None:
    import base64
    import hmac

    form = message_form(clinic, "BODY")
    raw = urlencode(form).replace("Body=BODY", "Body=%FF%FEhola%ED%A0%80").encode()
    text = (BASE + PATH).encode() + b"".join(
        name.encode() + (b"\xff\xfehola\xed\xa0\x80" if name == "Body" else form[name].encode())
        for name in sorted(form)
    )
    given = base64.b64encode(hmac.digest(token_of(clinic).encode(), text, "sha1")).decode()
    assert post(form, token="", signature=given, body=raw).status_code == 200
    with in_clinic(clinic):
        assert "hola" in Message.objects.get().body


def test_the_same_id_with_other_words_is_kept_beside_the_first(clinic: Clinic) -> None:
    form = message_form(clinic, "first")
    post(form, token=token_of(clinic))
    for _ in range(2):
        assert post({**form, "Body": "second"}, token=token_of(clinic)).status_code == 200
    assert HeldEvent.objects.get().reason == "conflict"
    with in_clinic(clinic):
        assert Message.objects.get().body == "first"
        assert Conversation.objects.get().unread_count == 1


def test_a_message_that_cannot_be_processed_is_kept_and_can_be_replayed(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    def fail(stored: Any, *, now: Any) -> Any:
        raise RuntimeError(f"about {PATIENT}")

    monkeypatch.setattr(inbound.dialogue, "answer", fail)
    assert write(clinic, "please").status_code == 200
    assert stored_in(clinic) == 0
    event = HeldEvent.objects.get()
    assert (event.reason, event.error) == ("failed", "RuntimeError")
    assert PATIENT not in caplog.text
    assert "please" not in caplog.text
    monkeypatch.setattr(inbound.dialogue, "answer", lambda stored, *, now: [])
    assert held.replay(event, now=clock.now())
    assert held.replay(event, now=clock.now())
    assert stored_in(clinic) == 1


def test_a_database_that_is_down_asks_for_the_message_again(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: Any, **__: Any) -> Any:
        raise OperationalError("the database is down")

    monkeypatch.setattr(intake, "sender_for", down)
    response = write(clinic)
    assert (response.status_code, response["Retry-After"]) == (503, "10")
    assert response["Content-Type"] == "text/xml"


def test_a_database_that_goes_down_on_the_way_asks_for_the_message_again(
    clinic: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    def down(*_: Any, **__: Any) -> Any:
        raise OperationalError("the database is down")

    monkeypatch.setattr(inbound, "store", down)
    monkeypatch.setattr(held.HeldEvent.objects, "bulk_create", down)
    assert write(clinic).status_code == 503


def test_a_refusal_needs_no_database(clinic: Clinic, monkeypatch: pytest.MonkeyPatch) -> None:
    def down(*_: Any, **__: Any) -> Any:
        raise OperationalError("the database is down")

    number_of(clinic)
    monkeypatch.setattr("messaging.refusals.count", down)
    assert refused(post(message_form(clinic), token="wrong"))


def test_a_clinic_that_is_closing_gets_nothing_and_loses_nothing(clinic: Clinic) -> None:
    Clinic.objects.filter(pk=clinic.pk).update(state="closing")
    forget_routes()
    assert write(clinic).status_code == 200
    assert HeldEvent.objects.get().reason == "unknown_sender"
