"""The operators' commands: one line of JSON, clear refusals."""

import io
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client

from clinics.models import Clinic, Membership, ProviderAccount, Sender, User
from clinics.tenancy import forget_clinics, in_clinic
from scheduling.models import AppointmentType, Location, Practitioner

MANAGE = Path(__file__).resolve().parents[2] / "manage.py"


def run(command, *args, **options):
    out = io.StringIO()
    call_command(command, *args, stdout=out, **options)
    (line,) = out.getvalue().strip().splitlines()
    return json.loads(line)


def new_clinic(slug="delta", **other):
    options = {
        "name": "Delta",
        "country": "mx",
        "timezone": "America/Mexico_City",
        "language": "es",
        "owner_email": "Owner@Delta.example",
    }
    return run("create_clinic", slug, **{**options, **other})


def test_a_new_clinic_can_take_bookings_and_its_owner_log_in(committed):
    answer = new_clinic()
    clinic = Clinic.objects.get(slug="delta")
    assert answer["id"] == str(clinic.id)
    assert answer["slug"] == "delta"
    assert answer["owner_email"] == "owner@delta.example"
    assert (clinic.state, clinic.country) == ("ready", "MX")
    with in_clinic(clinic):
        assert Practitioner.objects.get().weekly_hours.count() == 11
        assert AppointmentType.objects.get().duration == 30
        assert Location.objects.get().zone == "America/Mexico_City"
    guest = Client()
    form = guest.get(re.sub(r"^https?://[^/]+", "", answer["set_password_url"]), follow=True)
    new = "a quite new password 7"
    guest.post(form.redirect_chain[-1][0], {"password1": new, "password2": new})
    guest.post("/accounts/login/", {"login": "owner@delta.example", "password": new})
    assert guest.get("/c/delta/inbox/").status_code == 200
    assert guest.get("/c/delta/admin/").status_code == 200


def test_a_half_made_clinic_is_finished_by_the_same_call(committed):
    Clinic.objects.create(slug="delta", name="Delta", timezone="America/Mexico_City", country="MX")
    assert Clinic.objects.get(slug="delta").state == "preparing"
    new_clinic()
    assert Clinic.objects.get(slug="delta").state == "ready"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("wrong", "word"),
    [
        ({"slug": "Delta!"}, "slug"),
        ({"slug": 'a"; DROP SCHEMA public; --'}, "slug"),
        ({"slug": "public"}, "slug"),
        ({"slug": "alpha"}, "slug"),
        ({"slug": "x" * 41}, "slug"),
        ({"country": "Mexico"}, "country"),
        ({"timezone": "Mexico/Nowhere"}, "timezone"),
        ({"owner_email": "nobody"}, "owner_email"),
    ],
)
def test_a_clinic_that_cannot_be_is_refused_by_name(wrong, word):
    before = Clinic.objects.count()
    with pytest.raises(CommandError, match=word):
        new_clinic(**wrong)
    assert Clinic.objects.count() == before


@pytest.mark.django_db
def test_a_token_opens_all_clinics_of_its_user(other_clinic, clinic):
    token = run("create_token", "OWNER@alpha.example", name="website")["token"]
    Membership.objects.create(
        user=User.objects.get(email="owner@alpha.example"), clinic=other_clinic, role="doctor"
    )
    for slug, status in (("alpha", 200), ("beta", 200), ("gamma", 404)):
        headers = {"Authorization": f"Bearer {token}", "X-Account-Id": slug}
        assert Client().get("/api/patients", headers=headers).status_code == status
    for email, name in (
        ("nobody@alpha.example", "x"),
        ("owner@alpha.example", " "),
        ("owner@alpha.example", "x" * 81),
    ):
        with pytest.raises(CommandError):
            run("create_token", email, name=name)


@pytest.mark.django_db
def test_a_number_is_linked_with_its_own_account_or_the_master_one(clinic, monkeypatch):
    monkeypatch.setenv("MEDSYNC_AUTH_TOKEN", "a-new-token")
    own = run(
        "link_sender",
        "alpha",
        "(212) 555-0190",
        channel="sms",
        provider="twilio",
        account_sid="AC" + "a" * 32,
    )
    sender = Sender.objects.select_related("account").get(pk=own["id"])
    assert (sender.phone_number, sender.rank) == ("+12125550190", 2)
    assert (sender.account.auth_token, sender.account.previous_token) == ("a-new-token", "token-of-alpha")
    master = run("link_sender", "gamma", "+13125550191", channel="whatsapp", provider="twilio")
    assert Sender.objects.get(pk=master["id"]).account.is_master


@pytest.mark.django_db
def test_a_number_that_cannot_be_linked_is_refused_with_the_reason(
    clinic, other_clinic, monkeypatch, settings
):
    def refusal(slug="alpha", number="+12125550150", channel="sms", provider="twilio", **other):
        with pytest.raises(CommandError) as caught:
            run("link_sender", slug, number, channel=channel, provider=provider, **other)
        return str(caught.value)

    assert "No clinic" in refusal("nobody")
    assert "no phone number" in refusal(number="12")
    assert "already linked." in refusal(number="+12125550142")
    assert "another clinic" in refusal(number="+525555550199")
    assert "another clinic" in refusal(account_sid="AC" + "c" * 32)
    assert "token" in refusal(account_sid="AC" + "9" * 32)
    for last in ("151", "152"):
        run("link_sender", "alpha", f"+12125550{last}", channel="sms", provider="twilio")
    assert "three numbers" in refusal()
    settings.LOCAL_PROVIDER_ALLOWED = False
    assert "demo only" in refusal("gamma", provider="local")
    Clinic.objects.filter(slug="gamma").update(is_demo=True)
    forget_clinics()
    assert "invented" in refusal("gamma")


@pytest.mark.django_db
def test_secrets_are_encrypted_again_under_the_first_key(clinic, settings):
    old = settings.FIELD_ENCRYPTION_KEYS[0]
    stored = ProviderAccount.objects.exclude(auth_token="").count()
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode(), old]
    before = _raw_tokens()
    assert run("rotate_keys")["rotated"] >= stored
    assert not set(_raw_tokens()) & set(before)
    settings.FIELD_ENCRYPTION_KEYS = settings.FIELD_ENCRYPTION_KEYS[:1]
    account = ProviderAccount.objects.get(external_id="AC" + "a" * 32)
    assert account.auth_token == "token-of-alpha"
    settings.FIELD_ENCRYPTION_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(CommandError, match="keep the old keys"):
        run("rotate_keys")


def _raw_tokens():
    with connection.cursor() as cursor:
        cursor.execute("SELECT auth_token FROM clinics_provideraccount WHERE auth_token <> ''")
        return [row[0] for row in cursor.fetchall()]


@pytest.mark.parametrize(
    "command",
    [
        [
            "create_clinic",
            "x",
            "--name",
            "X",
            "--country",
            "US",
            "--timezone",
            "UTC",
            "--owner-email",
            "a@b.example",
        ],
        ["create_token", "a@b.example", "--name", "x"],
        ["link_sender", "x", "+12125550150", "--channel", "sms", "--provider", "twilio"],
        ["rotate_keys"],
    ],
)
def test_without_a_stack_a_command_says_so_and_exits_2(command, tmp_path):
    env = {k: v for k, v in os.environ.items() if k not in ("DATABASE_URL", "REDIS_URL")}
    env["MEDSYNC_HOME"] = str(tmp_path)
    done = subprocess.run(
        [sys.executable, MANAGE, *command], env=env, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2, done.stderr
    assert "make run" in done.stderr
    assert done.stdout == ""
