"""An unsafe production is refused, by name."""

import os
import subprocess
import sys

import pytest
from cryptography.fernet import Fernet
from django.core.exceptions import ImproperlyConfigured

from medsync import checks
from tests.stack.running import PROJECT


@pytest.fixture
def production(settings, monkeypatch):
    """Settings of a production that is as it should be."""
    monkeypatch.delenv("MEDSYNC_BIND", raising=False)
    settings.PRODUCTION = True
    settings.DEBUG = settings.DEMO = settings.LOCAL_PROVIDER_ALLOWED = False
    settings.SECRET_KEY = "aZ3kd9fJ2lQwErTyUiOp0987654321mNbVcXzLkJhGfDsA-qwertz"
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    settings.ALLOWED_HOSTS = ["clinic.example"]
    settings.PUBLIC_BASE_URL = settings.TWILIO_WEBHOOK_BASE_URL = "https://clinic.example"
    settings.REDIS_URL = "redis://cache/0"
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    return settings


def found():
    return [message.id for message in checks.safe_production(None)]


def test_a_safe_production_starts(production):
    assert found() == []
    checks.refuse_unsafe()


@pytest.mark.parametrize(
    ("setting", "value", "error"),
    [
        ("DEBUG", True, "medsync.E001"),
        ("SECRET_KEY", "short", "medsync.E002"),
        ("SECRET_KEY", "x" * 60, "medsync.E002"),
        ("SECRET_KEY", "insecure-key-for-commands-that-store-nothing-at-all-really", "medsync.E002"),
        ("FIELD_ENCRYPTION_KEYS", [], "medsync.E003"),
        ("FIELD_ENCRYPTION_KEYS", ["not a key"], "medsync.E003"),
        ("ALLOWED_HOSTS", ["*"], "medsync.E004"),
        ("ALLOWED_HOSTS", [], "medsync.E004"),
        ("DEMO", True, "medsync.E005"),
        ("LOCAL_PROVIDER_ALLOWED", True, "medsync.E005"),
        ("PUBLIC_BASE_URL", "http://clinic.example", "medsync.E009"),
        ("PUBLIC_BASE_URL", "", "medsync.E009"),
        ("TWILIO_WEBHOOK_BASE_URL", "http://clinic.example", "medsync.E009"),
        ("TELNYX_API_KEY", "KEY0001", "medsync.E012"),
        ("TELNYX_API_BASE_URL", "http://telnyx.example", "medsync.E013"),
        ("REDIS_URL", "", "medsync.E010"),
        ("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend", "medsync.E011"),
    ],
)
def test_what_is_unsafe_is_refused_and_named(production, setting, value, error):
    setattr(production, setting, value)
    assert error in found()
    with pytest.raises(ImproperlyConfigured, match=error):
        checks.refuse_unsafe()


def test_secrets_are_never_part_of_the_message(production):
    production.SECRET_KEY = "short-but-secret"
    with pytest.raises(ImproperlyConfigured) as refusal:
        checks.refuse_unsafe()
    assert "short-but-secret" not in str(refusal.value)


def test_the_demo_does_not_reach_beyond_this_machine(production, monkeypatch):
    production.PRODUCTION, production.DEMO = False, True
    production.PUBLIC_BASE_URL = "http://127.0.0.1:8000"
    assert found() == []
    monkeypatch.setenv("MEDSYNC_BIND", "0.0.0.0")
    assert found() == ["medsync.E006"]


def test_a_demo_behind_a_tunnel_is_warned_of_but_starts(production):
    production.PRODUCTION, production.DEMO = False, True
    assert found() == ["medsync.W006"]
    checks.refuse_unsafe()


def test_connections_that_are_kept_are_refused_everywhere(production, monkeypatch):
    production.PRODUCTION = False
    monkeypatch.setitem(production.DATABASES["default"], "CONN_MAX_AGE", 60)
    assert found() == ["medsync.E007"]


@pytest.mark.parametrize(
    ("installed", "refused"), [("3.14.0", True), ("4.0.0", True), ("4.0.1", False), ("4.1", False)]
)
def test_a_django_tenants_that_mixes_up_clinics_is_refused(production, monkeypatch, installed, refused):
    monkeypatch.setattr(checks, "version", lambda name: installed)
    assert (found() == ["medsync.E008"]) is refused


@pytest.mark.parametrize(
    "program",
    [
        ("uvicorn", "medsync.asgi:application", "--port", "0"),
        ("celery", "-A", "medsync", "worker", "-P", "threads"),
    ],
    ids=["web", "worker"],
)
def test_servers_themselves_refuse_to_start(tmp_path, program):
    env = {"PATH": os.environ["PATH"], "MEDSYNC_ENV": "production", "MEDSYNC_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-m", *program],
        cwd=PROJECT,
        env=env,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode != 0
    assert "medsync.E002: SECRET_KEY" in done.stderr
    assert "medsync.E003: FIELD_ENCRYPTION_KEYS" in done.stderr
