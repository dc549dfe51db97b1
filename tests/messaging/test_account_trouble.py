"""An account that does not answer, or that the provider refuses: it rests, its messages wait, the right people know."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core import mail
from django.test import Client

from clinics.models import Clinic, ProviderAccount, PushSubscription, User
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import outbox, providers
from messaging.alerts import push, telling, watching
from messaging.models import Alert, AlertDelivery, AlertSettings, Message
from messaging.outbox import breaker
from messaging.providers.base import ErrorKind, Outbound, Receipt, SendError
from tests.messaging.outbound import queued, thread

pytestmark = pytest.mark.django_db

SILENT = SendError("timeout", ErrorKind.UNKNOWN)
AWAY = SendError("unreachable", ErrorKind.RETRY)
BUSY = SendError("20429", ErrorKind.RETRY)
REFUSED = SendError("20003", ErrorKind.ACCOUNT)
WRONG = SendError("21211", ErrorKind.PERMANENT)


class Twilio:
    """What the provider answers next; afterwards all is well."""

    def __init__(self) -> None:
        self.answers: list[SendError] = []
        self.sent: list[Outbound] = []
        self.always: SendError | None = None

    def send(self, outbound: Outbound) -> Receipt:
        self.sent.append(outbound)
        error = self.answers.pop(0) if self.answers else self.always
        if error is not None:
            raise error
        return Receipt(provider_message_id=f"SM{outbound.ref[-32:]}", status="queued")


@pytest.fixture(autouse=True)
def twilio(monkeypatch: pytest.MonkeyPatch) -> Twilio:
    standin = Twilio()
    kind = type(providers.get("twilio"))
    monkeypatch.setattr(kind, "send", lambda self, outbound: standin.send(outbound))
    monkeypatch.setattr(kind, "list_recent", lambda self, *args, **kwargs: ())
    return standin


def account_of(clinic: Clinic) -> ProviderAccount:
    return ProviderAccount.objects.get(senders__clinic=clinic, senders__channel="whatsapp")


def owe(clinic: Clinic, count: int, first: int = 0) -> None:
    for n in range(first, first + count):
        queued(thread(clinic, address=f"+1500555{n:04}"), f"{n}")


def silent(clinic: Clinic, *, at: datetime, times: int = breaker.TRIP, **given: Any) -> ProviderAccount:
    """Let that many sends in a row get no answer; return the account as it is then."""
    breaker.note(account_of(clinic), [SILENT] * times, now=at, **given)
    return account_of(clinic)


class TestTheBreaker:
    @pytest.mark.parametrize("error", [SILENT, AWAY], ids=["no answer", "no connection"])
    def test_sends_without_an_answer_stop_the_account_and_keep_the_rows(
        self, inside: Clinic, twilio: Twilio, error: SendError
    ) -> None:
        owe(inside, 12)
        twilio.always = error
        assert outbox.work(now=clock.now(), limit=6) == 6
        stopped = account_of(inside)
        assert (stopped.failures, stopped.state) == (breaker.TRIP, "active")
        assert stopped.paused_until is not None
        assert stopped.stopped_at is not None
        assert timedelta(seconds=29) < stopped.paused_until - stopped.stopped_at <= timedelta(seconds=30)
        assert outbox.work(now=clock.now() + timedelta(seconds=20)) == 0
        assert len(twilio.sent) == 6
        assert Message.objects.filter(status="queued").count() >= 6
        assert not Message.objects.filter(status="failed").exists()

    def test_another_account_goes_on(self, inside: Clinic, world: Any) -> None:
        silent(inside, at=clock.now())
        gamma = world.clinics["gamma"]
        with in_clinic(gamma):
            owe(gamma, 2)
            assert outbox.work(now=clock.now()) == 2

    @pytest.mark.parametrize("between", [None, WRONG, BUSY], ids=["taken", "refused", "too many"])
    def test_an_answer_in_between_begins_the_count_anew(
        self, inside: Clinic, between: SendError | None
    ) -> None:
        now = clock.now()
        silent(inside, at=now, times=breaker.TRIP - 1)
        answer = between or Receipt(provider_message_id="SM1", status="queued")
        breaker.note(account_of(inside), [answer], now=now)
        assert silent(inside, at=now, times=breaker.TRIP - 1).stopped_at is None

    def test_what_was_under_way_when_it_stopped_counts_no_more(self, inside: Clinic) -> None:
        now = clock.now()
        first = silent(inside, at=now)
        later = silent(inside, at=now + timedelta(seconds=5), times=60)
        assert (later.failures, later.paused_until) == (first.failures, first.paused_until)

    def test_one_message_asks_and_its_answer_opens_the_account(self, inside: Clinic, twilio: Twilio) -> None:
        now = clock.now()
        silent(inside, at=now)
        owe(inside, 4)
        outbox.sweep(now=now + timedelta(seconds=29))
        assert twilio.sent == []
        twilio.answers = [SILENT]
        outbox.sweep(now=now + timedelta(seconds=31))
        assert len(twilio.sent) == 1
        again = account_of(inside)
        assert again.failures == breaker.TRIP + 1
        assert again.paused_until is not None
        rest = again.paused_until - (now + timedelta(seconds=31))
        assert timedelta(seconds=59) < rest <= timedelta(seconds=61)
        outbox.sweep(now=now + timedelta(seconds=80))
        assert len(twilio.sent) == 1
        outbox.sweep(now=now + timedelta(seconds=95))
        healthy = account_of(inside)
        assert (healthy.failures, healthy.paused_until, healthy.stopped_at) == (0, None, None)
        assert Message.objects.filter(status="sent").count() >= 3

    def test_the_pause_doubles_up_to_ten_minutes(self, inside: Clinic) -> None:
        now = clock.now()
        pauses = []
        silent(inside, at=now)
        for _ in range(7):
            row = silent(inside, at=now, times=1, probing=True)
            assert row.paused_until is not None
            pauses.append(round((row.paused_until - now).total_seconds()))
        assert pauses == [60, 120, 240, 480, 600, 600, 600]

    def test_of_two_who_come_when_the_pause_is_over_one_asks(self, inside: Clinic) -> None:
        now = clock.now()
        account = silent(inside, at=now)
        later = now + timedelta(seconds=31)
        assert breaker.due_probes([account.pk], now=later) == [account.pk]
        assert breaker.due_probes([account.pk], now=later) == []
        assert breaker.due_probes([account.pk], now=later + timedelta(seconds=61)) == [account.pk]

    def test_times_are_real_ones_whatever_the_clinics_clock_shows(
        self, inside: Clinic, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("medsync.lib.clock.offset", lambda: timedelta(days=3))
        stopped = silent(inside, at=clock.now())
        assert stopped.paused_until is not None
        assert stopped.paused_until < clock.real_now() + timedelta(minutes=1)

    def test_a_new_token_opens_it(self, inside: Clinic) -> None:
        from clinics.senders import renew_token

        breaker.note(account_of(inside), [REFUSED], now=clock.now())
        refused = account_of(inside)
        assert (refused.state, refused.stopped_at is not None) == ("refused", True)
        renew_token(refused, auth_token="another", now=clock.now())
        opened = account_of(inside)
        assert (opened.state, opened.stopped_at, opened.failures) == ("active", None, 0)


def refuse(clinic: Clinic, at: datetime | None = None) -> None:
    breaker.note(account_of(clinic), [REFUSED], now=at or clock.now())


class TestTheBanner:
    Page = Callable[[User, Clinic], str]

    @pytest.fixture
    def read(self, browse: Any) -> Page:
        def _read(user: User, clinic: Clinic) -> str:
            page: Client = browse(user)
            answer = page.get(f"/c/{clinic.slug}/trouble/")
            assert answer.status_code == 200
            return answer.content.decode()

        return _read

    def test_says_what_stopped_what_goes_and_what_helps(
        self, clinic: Clinic, owner: User, receptionist: User, read: Page
    ) -> None:
        assert read(owner, clinic).strip() == ""
        refuse(clinic)
        seen = read(owner, clinic)
        for words in (
            "Nothing goes out from",
            "has refused the account since",
            "wait and go by themselves",
            "token",
        ):
            assert words in seen
        assert "/numbers/" in seen
        desk = read(receptionist, clinic)
        assert "Tell an owner or a Manager" in desk
        assert "/numbers/" not in desk

    def test_of_a_provider_that_is_silent_it_waits_a_minute(
        self, clinic: Clinic, owner: User, read: Page
    ) -> None:
        silent(clinic, at=clock.now())
        assert read(owner, clinic).strip() == ""
        ProviderAccount.objects.filter(stopped_at__isnull=False).update(
            stopped_at=clock.now() - timedelta(minutes=2)
        )
        assert "has not answered since" in read(owner, clinic)

    def test_another_clinic_reads_nothing_of_it(
        self, clinic: Clinic, other_clinic: Clinic, other_owner: User, stranger: User, browse: Any, read: Page
    ) -> None:
        refuse(clinic)
        assert read(other_owner, other_clinic).strip() == ""
        assert browse(other_owner).get(f"/c/{clinic.slug}/trouble/").status_code == 404
        assert browse(stranger).get(f"/c/{clinic.slug}/trouble/").status_code == 404

    def test_every_page_of_the_clinic_asks_for_it(self, clinic: Clinic, owner: User, browse: Any) -> None:
        page = browse(owner)
        for path in ("today/", "inbox/", "numbers/"):
            assert (
                f'hx-get="/c/{clinic.slug}/trouble/"' in page.get(f"/c/{clinic.slug}/{path}").content.decode()
            )

    def test_the_number_says_it_too(self, clinic: Clinic, owner: User, browse: Any) -> None:
        silent(clinic, at=clock.now())
        seen = browse(owner).get(f"/c/{clinic.slug}/numbers/").content.decode()
        assert "Does not answer" in seen
        assert "we keep trying" in seen


class TestTheAlert:
    @pytest.fixture
    def told(self, inside: Clinic, monkeypatch: pytest.MonkeyPatch, settings: Any) -> list[str]:
        settings.HAS_EMAIL = True
        pushed: list[str] = []
        monkeypatch.setattr(push, "send", lambda browser, *words: pushed.append(" ".join(words)))
        return pushed

    def tell(self, at: datetime) -> None:
        if watching.is_due(now=at):
            watching.find(now=at)
            telling.tell_all(now=at)

    def test_leaders_are_told_of_a_refused_account_once_by_browser_and_mail(
        self, inside: Clinic, owner: User, receptionist: User, told: list[str]
    ) -> None:
        for user in (owner, receptionist):
            PushSubscription.objects.create(
                user=user,
                endpoint=f"https://push.example/{user.pk}",
                p256dh="x",
                auth="y",
                created_at=clock.now(),
            )
            AlertSettings.objects.create(user=user, email=True)
        refuse(inside)
        now = clock.now()
        self.tell(now)
        self.tell(now + timedelta(minutes=1))
        assert [delivery.user_id for delivery in AlertDelivery.objects.all()] == [owner.pk] * 2
        assert len(told) == 1
        assert "Messages cannot leave from a number" in told[0]
        assert f"/c/{inside.slug}/numbers/" in told[0]
        assert [letter.to for letter in mail.outbox] == [[owner.email]]

    def test_a_short_silence_is_no_news_and_a_long_one_is(self, inside: Clinic, told: list[str]) -> None:
        now = clock.now()
        silent(inside, at=now)
        self.tell(now + timedelta(minutes=2))
        assert not Alert.objects.exists()
        self.tell(now + timedelta(minutes=4))
        assert [alert.kind for alert in Alert.objects.all()] == ["account"]

    def test_what_works_again_meanwhile_wakes_nobody(
        self, inside: Clinic, owner: User, told: list[str]
    ) -> None:
        AlertSettings.objects.create(user=owner, email=True)
        refuse(inside)
        watching.find(now=clock.now())
        outbox.account_works(account_of(inside).pk)
        telling.tell_all(now=clock.now())
        assert (AlertDelivery.objects.count(), mail.outbox) == (0, [])

    def test_a_second_refusal_is_told_anew(self, inside: Clinic, owner: User, told: list[str]) -> None:
        AlertSettings.objects.create(user=owner, email=True)
        refuse(inside)
        self.tell(clock.now())
        outbox.account_works(account_of(inside).pk)
        refuse(inside)
        self.tell(clock.now())
        assert len(mail.outbox) == 2

    def test_it_can_be_switched_off(self, inside: Clinic, owner: User, told: list[str], browse: Any) -> None:
        AlertSettings.objects.create(user=owner, email=True, account=False)
        refuse(inside)
        self.tell(clock.now())
        assert mail.outbox == []
        assert 'name="account"' in browse(owner).get(f"/c/{inside.slug}/notifications/").content.decode()


def test_operators_see_which_accounts_cannot_send(clinic: Clinic, client: Client) -> None:
    client.force_login(User.objects.get(email="operator@platform.example"))
    silent(clinic, at=clock.now())
    seen = client.get("/admin/clinics/provideraccount/").content.decode()
    assert "Does not answer" in seen
    assert "Accounts that cannot send" in client.get("/admin/").content.decode()
