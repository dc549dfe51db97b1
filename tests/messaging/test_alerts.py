"""Staff are told outside of the page: once, in the way they chose, not while they want quiet, and without names."""

import base64
import json
import os
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

import http_ece
import pytest
import responses
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from django.core import mail

from clinics.models import Clinic, PushSubscription, User
from clinics.operations import add_member
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging.alerts import push, telling, watching
from messaging.models import Alert, AlertDelivery, AlertSettings, Conversation
from messaging.tasks import tell_staff
from scheduling.models import Appointment
from scheduling.operations import accept
from tests.messaging.inboxes import a_request, a_thread

pytestmark = pytest.mark.django_db
SERVICE = "https://push.example/send/"
MINUTE = timedelta(minutes=1)


class Browser:
    """A browser that subscribed: it can read what is sent to it."""

    def __init__(self, name: str = "one") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.secret = os.urandom(16)
        self.endpoint = SERVICE + name

    def asks(self) -> dict[str, str]:
        """Return what the browser's script posts."""
        raw = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        encode = base64.urlsafe_b64encode
        return {
            "endpoint": self.endpoint,
            "p256dh": encode(raw).decode().rstrip("="),
            "auth": encode(self.secret).decode().rstrip("="),
        }

    def subscribe(self, user: User) -> "Browser":
        """Store the subscription for a user."""
        PushSubscription.objects.create(user=user, created_at=clock.now(), **self.asks())
        return self

    def reads(self, body: bytes) -> dict[str, str]:
        """Return what was sent, as the browser decrypts it."""
        plain = http_ece.decrypt(body, private_key=self.key, auth_secret=self.secret, version="aes128gcm")
        found: dict[str, str] = json.loads(plain)
        return found


@pytest.fixture(autouse=True)
def service(settings: Any) -> Iterator[responses.RequestsMock]:
    """Stand in for a browser's push service."""
    settings.PUSH_HOSTS = ["push.example"]
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        mock.add(responses.POST, SERVICE + "one", status=201)
        yield mock


def tell(now: datetime | None = None) -> None:
    """Do what the periodic task does."""
    at = now or clock.now()
    watching.find(now=at)
    telling.tell_all(now=at)


def needy(**columns: Any) -> Conversation:
    """Store a thread that waits since twelve minutes."""
    return a_thread("Rosa Delgado", heard=12 * MINUTE, body="me duele la cabeza", **columns)


def test_who_waits_too_long_is_told_once_and_without_a_name(
    inside: Clinic, owner: User, service: Any
) -> None:
    browser = Browser().subscribe(owner)
    thread = needy()

    tell()
    tell()

    assert len(service.calls) == 1
    request = service.calls[0].request
    said = browser.reads(request.body)
    assert said["body"] == "Somebody waits for more than 10 minutes."
    assert said["url"].endswith(f"/c/{inside.slug}/inbox/{thread.pk}/")
    assert "Rosa" not in json.dumps(said)
    assert request.headers["authorization"].startswith("vapid ")
    assert AlertDelivery.objects.get().outcome == "sent"


def test_nobody_is_told_of_who_waits_since_a_moment(inside: Clinic, owner: User, service: Any) -> None:
    Browser().subscribe(owner)
    a_thread(heard=9 * MINUTE)
    tell()
    assert not service.calls
    assert not watching.is_due(now=clock.now())


def test_a_request_leads_to_its_card(inside: Clinic, owner: User, service: Any) -> None:
    browser = Browser().subscribe(owner)
    request = a_request(a_thread(heard=MINUTE))
    tell()
    said = browser.reads(service.calls[0].request.body)
    assert said["url"].endswith(f"/requests/{request.pk}/")
    assert said["body"] == "A request waits for an answer."


def test_at_half_its_time_a_request_is_told_once_more(inside: Clinic, owner: User, service: Any) -> None:
    Browser().subscribe(owner)
    request = a_request(a_thread(heard=MINUTE))
    tell()
    half = clock.now() + 120 * MINUTE
    Appointment.objects.filter(pk=request.pk).update(nudged_at=half)
    tell(half + MINUTE)
    tell(half + 2 * MINUTE)
    assert [call.request.url for call in service.calls] == [SERVICE + "one"] * 2


def test_a_request_that_was_decided_meanwhile_wakes_nobody(inside: Clinic, owner: User, service: Any) -> None:
    Browser().subscribe(owner)
    request = a_request(a_thread(heard=MINUTE))
    now = clock.now()
    watching.find(now=now)
    accept(request, by=owner, now=now)
    telling.tell_all(now=now)
    assert not service.calls
    assert Alert.objects.get().told_at == now


def test_who_needs_a_person_is_told_at_once(inside: Clinic, owner: User, service: Any) -> None:
    browser = Browser().subscribe(owner)
    a_thread(heard=MINUTE, handed_over_at=clock.now())
    tell()
    assert browser.reads(service.calls[0].request.body)["body"] == "Somebody needs a person."


def test_a_new_message_after_an_answer_is_told_again(inside: Clinic, owner: User, service: Any) -> None:
    Browser().subscribe(owner)
    thread = needy()
    tell()
    later = clock.now() + 30 * MINUTE
    Conversation.objects.filter(pk=thread.pk).update(waiting_since=later - 11 * MINUTE)
    tell(later)
    assert len(service.calls) == 2


def test_only_who_has_the_thread_is_told(
    inside: Clinic, owner: User, receptionist: User, service: Any
) -> None:
    Browser().subscribe(owner)
    service.add(responses.POST, SERVICE + "two", status=201)
    Browser("two").subscribe(receptionist)
    needy(assignee=receptionist)
    tell()
    assert [call.request.url for call in service.calls] == [SERVICE + "two"]


def test_each_kind_can_be_switched_off(inside: Clinic, owner: User, service: Any) -> None:
    Browser().subscribe(owner)
    AlertSettings.objects.create(user=owner, waiting=False)
    needy()
    tell()
    assert not service.calls


@pytest.mark.parametrize(
    ("begin", "end", "at", "quiet"),
    [
        (time(21), time(8), time(23), True),
        (time(21), time(8), time(7, 59), True),
        (time(21), time(8), time(8), False),
        (time(12), time(13), time(12, 30), True),
        (time(12), time(13), time(13), False),
        (None, None, time(3), False),
    ],
)
def test_quiet_times_may_go_over_midnight(
    begin: time | None, end: time | None, at: time, quiet: bool
) -> None:
    assert telling.is_quiet(AlertSettings(quiet_from=begin, quiet_until=end), at) is quiet


def test_quiet_is_by_the_clinics_clock(inside: Clinic, owner: User, service: Any) -> None:
    Browser().subscribe(owner)
    here = clock.now().astimezone(inside.zone)
    AlertSettings.objects.create(
        user=owner,
        quiet_from=(here - 5 * MINUTE).time(),
        quiet_until=(here + 5 * MINUTE).time(),
    )
    needy()
    tell()
    assert not service.calls
    assert AlertDelivery.objects.get().outcome == "quiet"


def test_by_mail_it_carries_a_link_and_no_name(inside: Clinic, owner: User, settings: Any) -> None:
    settings.HAS_EMAIL = True
    AlertSettings.objects.create(user=owner, push=False, email=True)
    needy()
    tell()
    assert [m.to for m in mail.outbox] == [[owner.email]]
    text = mail.outbox[0].subject + str(mail.outbox[0].body)
    assert "Rosa" not in text
    assert f"/c/{inside.slug}/inbox/" in text


def test_it_speaks_the_members_language(inside: Clinic, owner: User, service: Any) -> None:
    User.objects.filter(pk=owner.pk).update(language="es")
    browser = Browser().subscribe(owner)
    a_request(a_thread(heard=MINUTE))
    tell()
    assert browser.reads(service.calls[0].request.body)["body"] != "A request waits for an answer."


def test_a_browser_that_is_gone_is_forgotten(inside: Clinic, owner: User, service: Any) -> None:
    service.replace(responses.POST, SERVICE + "one", status=410)
    Browser().subscribe(owner)
    needy()
    tell()
    assert not PushSubscription.objects.exists()
    assert AlertDelivery.objects.get().outcome == "gone"


def test_a_service_that_is_down_harms_nothing(inside: Clinic, owner: User, service: Any) -> None:
    service.replace(responses.POST, SERVICE + "one", status=503)
    Browser().subscribe(owner)
    needy()
    tell()
    assert AlertDelivery.objects.get().outcome == "503"
    assert PushSubscription.objects.exists()


def test_a_former_member_is_told_nothing(inside: Clinic, stranger: User, service: Any) -> None:
    Browser().subscribe(stranger)
    needy()
    tell()
    assert not service.calls


def test_yesterdays_news_wake_nobody(inside: Clinic, owner: User, service: Any) -> None:
    Browser().subscribe(owner)
    a_thread(heard=timedelta(hours=5))
    tell()
    assert not service.calls


def test_the_task_tells_and_its_arguments_are_empty(inside: Clinic, owner: User, service: Any) -> None:
    Browser().subscribe(owner)
    needy()
    tell_staff.apply(headers={"schema": inside.schema_name})
    assert len(service.calls) == 1


# ── The page, and what browsers ask ──────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("endpoint", "fits"),
    [
        ("https://fcm.googleapis.com/fcm/send/abc", True),
        ("https://updates.push.services.mozilla.com/wpush/v2/abc", True),
        ("https://web.push.apple.com/abc", True),
        ("http://fcm.googleapis.com/abc", False),
        ("https://fcm.googleapis.com.evil.example/", False),
        ("https://evil.example/#.push.apple.com", False),
        ("https://127.0.0.1/", False),
        ("file:///etc/passwd", False),
    ],
)
def test_only_push_services_are_called(endpoint: str, fits: bool) -> None:
    assert push.is_service(endpoint) is fits


def test_a_browser_subscribes_and_moves_to_who_uses_it_now(
    owner: User, receptionist: User, browse: Any
) -> None:
    asks = Browser().asks()
    assert browse(owner).post("/push/subscribe/", asks).status_code == 204
    assert browse(receptionist).post("/push/subscribe/", asks).status_code == 204
    assert PushSubscription.objects.get().user == receptionist
    browse(owner).post("/push/unsubscribe/", asks)
    assert PushSubscription.objects.exists()  # it is no longer the owner's
    browse(receptionist).post("/push/unsubscribe/", asks)
    assert not PushSubscription.objects.exists()


@pytest.mark.parametrize("change", [{"p256dh": "short"}, {"auth": ""}, {"endpoint": "https://x.example/"}])
def test_what_no_browser_asks_is_refused(owner: User, browse: Any, change: dict[str, str]) -> None:
    assert browse(owner).post("/push/subscribe/", Browser().asks() | change).status_code == 400


def test_a_member_chooses_how_to_be_told(clinic: Clinic, owner: User, browse: Any) -> None:
    client, page = browse(owner), f"/c/{clinic.slug}/notifications/"
    answer = client.post(
        page, {"request": "on", "email": "on", "quiet_from": "21:00", "quiet_until": "08:00"}
    )
    assert answer.status_code == 302
    with in_clinic(clinic):
        kept = AlertSettings.objects.get(user=owner)
    assert (kept.request, kept.waiting, kept.push, kept.email) == (True, False, False, True)
    assert (kept.quiet_from, kept.quiet_until) == (time(21), time(8))
    assert client.post(page, {"quiet_from": "21:00"}).status_code == 400


def test_the_test_button_says_what_became_of_it(
    clinic: Clinic, owner: User, browse: Any, service: Any
) -> None:
    client, page = browse(owner), f"/c/{clinic.slug}/notifications/"
    assert "No browser of yours is allowed yet" in client.post(page + "test/", follow=True).content.decode()
    browser = Browser().subscribe(owner)
    assert "It appears in a moment" in client.post(page + "test/", follow=True).content.decode()
    assert browser.reads(service.calls[0].request.body)["url"].endswith(page)
    assert PushSubscription.objects.get().received_at is not None


def test_one_clinics_settings_are_not_the_others(
    clinic: Clinic, other_clinic: Clinic, owner: User, browse: Any
) -> None:
    add_member(other_clinic, owner, role="doctor")
    browse(owner).post(f"/c/{clinic.slug}/notifications/", {"email": "on"})
    with in_clinic(other_clinic):
        assert not AlertSettings.objects.exists()


def test_the_background_script_is_served_from_the_root(client: Any) -> None:
    answer = client.get("/worker.js")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/javascript")


def test_the_key_is_a_point_of_the_curve_and_stays() -> None:
    raw = base64.urlsafe_b64decode(push.public_key() + "=")
    assert (len(raw), raw[0]) == (65, 4)
    assert push.public_key() == push.public_key()


@pytest.mark.parametrize(
    "endpoint", ["\x00", "https://[", "https://fcm.googleapis.com/\x00", "x" * 70_000], ids=ascii
)
def test_an_odd_address_of_a_browser_breaks_nothing(owner: User, browse: Any, endpoint: str) -> None:
    client = browse(owner)
    sent = {"endpoint": endpoint, "p256dh": "A" * 87, "auth": "A" * 22}
    assert client.post("/push/subscribe/", sent).status_code in (204, 400)
    assert client.post("/push/unsubscribe/", sent).status_code == 204
    assert not PushSubscription.objects.filter(user=owner).exists()
