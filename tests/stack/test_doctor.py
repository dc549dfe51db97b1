"""The doctor says what is wrong and what helps, without a secret and without a person."""

from datetime import UTC, datetime, timedelta

import pytest
from django_celery_beat.models import IntervalSchedule, PeriodicTask

from clinics.models import ProviderAccount, Sender
from medsync.stack import doctor

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _nobody_answers(monkeypatch):
    monkeypatch.setattr(doctor, "_broker", lambda: iter([doctor.Finding(False, "broker: away")]))


def report():
    return [f"{'ok' if f.well else 'FAIL'} {f.text} {f.helps}" for f in doctor.examine(NOW)]


def line(start):
    return next(text for text in report() if start in text)


@pytest.mark.django_db
def test_every_problem_comes_with_what_helps():
    findings = list(doctor.examine(NOW))
    assert [f for f in findings if not f.well]
    assert all(f.helps for f in findings if not f.well and f.text != "broker: away")
    assert "btree_gist" in line("ok database: extension")


@pytest.mark.django_db
def test_a_beat_that_stopped_is_seen():
    every, _ = IntervalSchedule.objects.get_or_create(every=10, period="seconds")
    task = PeriodicTask.objects.create(name="t", task="t", interval=every)
    assert line("beat:").startswith("FAIL")
    for age, state in ((timedelta(seconds=30), "ok"), (timedelta(minutes=5), "FAIL")):
        PeriodicTask.objects.filter(pk=task.pk).update(last_run_at=NOW - age)
        assert line("beat:").startswith(state)


@pytest.mark.django_db
def test_a_number_whose_account_lost_its_token_is_named_by_its_id():
    assert line("senders:").startswith("ok")
    account = (
        ProviderAccount.objects.filter(is_master=False)
        .exclude(provider="local")
        .exclude(senders=None)
        .first()
    )
    sender = Sender.objects.filter(account=account, status="active").first()
    ProviderAccount.objects.filter(pk=account.pk).update(auth_token="")
    found = line(f"sender {sender.id}")
    assert found.startswith("FAIL")
    assert sender.phone_number not in found


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("sid", "token", "words"),
    [
        ("", "", "no master account"),
        ("SK" + "0" * 32, "f" * 32, "not AC"),
        ("AC" + "0" * 32, " " + "f" * 32, "blanks"),
        ("AC" + "0" * 32, "ffff", "cut off"),
    ],
)
def test_twilio_settings_that_cannot_work_are_explained_without_showing_them(settings, sid, token, words):
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = sid, token
    found = [text for text in report() if "twilio: " in text]
    assert any(words in text for text in found)
    assert not any(token.strip() in text for text in found if token)


@pytest.mark.django_db
def test_a_webhook_address_that_twilio_cannot_reach_is_explained(settings):
    settings.TWILIO_ACCOUNT_SID, settings.TWILIO_AUTH_TOKEN = "AC" + "0" * 32, "f" * 32
    settings.TWILIO_WEBHOOK_BASE_URL = "http://127.0.0.1:8000"
    assert line("webhooks:").startswith("FAIL")
    settings.TWILIO_WEBHOOK_BASE_URL = "https://clinic.example"
    assert "https://clinic.example/api/webhooks/whatsapp" in line("webhooks:")


@pytest.mark.django_db
def test_a_full_disk_and_an_old_database_are_seen(monkeypatch):
    monkeypatch.setattr(doctor, "LEAST_FREE_BYTES", 10**18)
    monkeypatch.setattr(doctor, "OLDEST_POSTGRES", 990000)
    assert line("disk:").startswith("FAIL")
    assert line("database: PostgreSQL").startswith("FAIL")


def test_without_a_stack_it_says_how_to_start_one(monkeypatch, tmp_path):
    monkeypatch.delenv("DATABASE_URL")
    monkeypatch.setenv("MEDSYNC_HOME", str(tmp_path))
    assert "make run" in line("database: MedSync is not running")
