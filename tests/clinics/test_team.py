"""The team: invitations, roles, leaving, new-password links, API tokens."""

import re

import pytest
from django.test import Client

from clinics.models import ApiToken, Invitation, Membership, User
from clinics.operations import add_member
from medsync.lib import clock
from tests.world import PASSWORD

pytestmark = pytest.mark.django_db
TEAM = "/c/alpha/team/"


def once(response):
    """Return the path of the link that a page shows this once."""
    link = re.search(r'value="([^"]+)" readonly data-once', response.content.decode())[1]
    return re.sub(r"^https?://[^/]+", "", link)


def invite(client, email="new@example.org", role="receptionist"):
    return client.post(TEAM + "invitations/", {"email": email, "role": role})


def member(world, role, slug="alpha"):
    return Membership.objects.get(user=world.users[f"{role}@{slug}.example"], clinic=world.clinics[slug])


def accept(client, path, password="a long new password 1"):
    return client.post(path, {"name": "Nina New", "password1": password, "password2": password})


def test_a_new_person_joins_by_a_link_and_is_inside_at_once(browse, owner, clinic):
    path = once(invite(browse(owner)))
    guest = Client()
    assert "Join Alpha Clinic" in guest.get(path).content.decode()
    assert accept(guest, path).headers["Location"] == "/c/alpha/"
    assert guest.get("/c/alpha/inbox/").status_code == 200
    assert guest.get(TEAM).status_code == 403
    joined = Membership.objects.get(user__email="new@example.org")
    assert (joined.clinic, joined.role) == (clinic, "receptionist")


def test_a_link_works_once(browse, owner):
    path = once(invite(browse(owner)))
    accept(Client(), path)
    again = Client().get(path)
    assert again.status_code == 410
    assert "used" in again.content.decode()
    assert accept(Client(), path).status_code == 410
    assert Client().get("/join/made-up/").status_code == 410


def test_a_link_that_was_revoked_or_is_old_opens_nothing(browse, owner):
    client = browse(owner)
    path = once(invite(client))
    row = Invitation.objects.get()
    client.post(f"{TEAM}invitations/{row.pk}/revoke/")
    assert Client().get(path).status_code == 410
    old = once(invite(client, "late@example.org"))
    Invitation.objects.update(expires_at=clock.now())
    assert accept(Client(), old).status_code == 410
    assert not User.objects.filter(email="late@example.org").exists()


def test_only_a_hash_of_the_link_is_kept(browse, owner):
    token = once(invite(browse(owner))).rstrip("/").rsplit("/", 1)[-1]
    assert token not in str(Invitation.objects.values())
    assert token not in browse(owner).get(TEAM).content.decode()


def test_somebody_known_logs_in_first_and_sets_no_password(browse, owner, other_owner):
    path = once(invite(browse(owner), other_owner.email))
    guest = Client()
    assert guest.get(path).headers["Location"] == f"/accounts/login/?next={path}"
    assert accept(guest, path).status_code == 302
    other_owner.refresh_from_db()
    assert other_owner.check_password(PASSWORD), "the link changed nothing"
    wrong = browse(owner)
    assert "somebody else" in wrong.get(path).content.decode()
    assert wrong.post(path).status_code == 200
    right = browse(other_owner)
    assert right.get(path).status_code == 200
    assert right.post(path).headers["Location"] == "/c/alpha/"
    assert right.get("/c/alpha/inbox/").status_code == 200


def test_a_role_in_the_body_of_an_acceptance_is_ignored(browse, owner):
    path = once(invite(browse(owner)))
    data = {
        "name": "N",
        "password1": "a long new password 1",
        "password2": "a long new password 1",
        "role": "owner",
    }
    Client().post(path, {**data, "is_staff": "on"})
    joined = Membership.objects.get(user__email="new@example.org")
    assert joined.role == "receptionist"
    assert not joined.user.is_staff


@pytest.mark.parametrize("password", ["short", "password123456", "new@example.org"])
def test_weak_passwords_are_refused_with_a_reason(browse, owner, password):
    page = accept(Client(), once(invite(browse(owner))), password)
    assert page.status_code == 200
    assert "field-error" in page.content.decode()
    assert not User.objects.filter(email="new@example.org").exists()


def test_odd_input_is_answered_not_crashed_on(browse, owner):
    client = browse(owner)
    assert invite(client, "no address").status_code == 400
    assert invite(client, f"{'a' * 60}@{('b' * 60 + '.') * 4}example").status_code == 400
    assert invite(client, "a@example.org", "king").status_code == 400
    assert invite(client, owner.email).status_code == 400
    path = once(invite(client))
    data = {
        "name": "N\x00ina \ud800",
        "password1": "a long new password 1",
        "password2": "a long new password 1",
    }
    body = "&".join(f"{k}={v}" for k, v in {**data, "name": "N%00ina"}.items()).encode()
    response = Client().post(path, body, content_type="application/x-www-form-urlencoded")
    assert response.status_code == 302
    assert User.objects.get(email="new@example.org").name == "N�ina"


def test_a_manager_runs_the_team_but_makes_and_unmakes_no_owner(browse, world):
    client = browse(world.users["admin_doctor@alpha.example"])
    boss, myself = member(world, "owner"), member(world, "admin_doctor")
    assert invite(client, role="owner").status_code == 400
    assert client.post(f"{TEAM}{boss.pk}/role/", {"role": "receptionist"}).status_code == 403
    assert client.post(f"{TEAM}{boss.pk}/remove/").status_code == 403
    assert client.post(f"{TEAM}{boss.pk}/password-link/").status_code == 403
    assert client.post(f"{TEAM}{myself.pk}/role/", {"role": "owner"}).status_code == 403
    assert (
        client.post(f"{TEAM}{member(world, 'doctor').pk}/role/", {"role": "receptionist"}).status_code == 302
    )
    assert member(world, "doctor").role == "receptionist"


def test_the_last_owner_stays(browse, world, owner):
    client, me = browse(owner), member(world, "owner")
    for path, data in ((f"{TEAM}{me.pk}/remove/", {}), (f"{TEAM}{me.pk}/role/", {"role": "doctor"})):
        page = client.post(path, data, follow=True)
        assert "at least one owner" in page.content.decode()
    assert member(world, "owner").role == "owner"


def test_members_of_another_clinic_are_not_there(browse, world, owner):
    foreign = member(world, "doctor", "beta")
    client = browse(owner)
    for what in ("role", "remove", "password-link"):
        assert client.post(f"{TEAM}{foreign.pk}/{what}/", {"role": "owner"}).status_code == 404
    assert "beta" not in client.get(TEAM).content.decode()


def test_a_new_password_link_is_for_who_works_here_only(browse, world, owner, other_clinic):
    client = browse(owner)
    doctor = member(world, "doctor")
    path = once(client.post(f"{TEAM}{doctor.pk}/password-link/"))
    assert Client().get(path, follow=True).status_code == 200
    add_member(other_clinic, doctor.user, role="owner")
    assert client.post(f"{TEAM}{doctor.pk}/password-link/").status_code == 403, (
        "it would open the other clinic too"
    )
    User.objects.filter(pk=member(world, "receptionist").user_id).update(is_staff=True)
    assert client.post(f"{TEAM}{member(world, 'receptionist').pk}/password-link/").status_code == 403


# ── API tokens ───────────────────────────────────────────────────────────────────────────────────────────────────
def logged_in(email):
    client = Client()
    client.post("/accounts/login/", {"login": email, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def test_a_token_is_shown_once_opens_the_api_and_is_revoked(owner, clinic):
    client = logged_in(owner.email)
    page = client.post("/profile/tokens/", {"name": "our website"})
    secret = re.search(r'value="(msk_[^"]+)"', page.content.decode())[1]
    assert secret not in client.get("/profile/").content.decode()
    assert "our website" in client.get("/profile/").content.decode()
    row = ApiToken.objects.get(name="our website")
    assert secret not in str(ApiToken.objects.values())
    headers = {"Authorization": f"Bearer {secret}", "X-Account-Id": clinic.slug}
    assert Client().get("/api/patients", headers=headers).status_code == 200
    row.refresh_from_db()
    assert row.last_used_at is not None
    client.post(f"/profile/tokens/{row.pk}/revoke/")
    assert Client().get("/api/patients", headers=headers).status_code == 401


def test_a_token_is_made_only_by_who_has_just_shown_that_it_is_they(browse, owner):
    response = browse(owner).post("/profile/tokens/", {"name": "later"})
    assert response.headers["Location"].startswith("/accounts/reauthenticate/")
    assert not ApiToken.objects.exists()


def test_who_shows_it_goes_on_where_they_were(owner):
    client = Client()
    client.post("/accounts/login/", {"login": owner.email, "password": PASSWORD})
    asked = client.post("/profile/tokens/", {"name": "our website"})
    page = client.post(asked.headers["Location"], {"password": PASSWORD, "next": "/profile/tokens/"})
    assert "msk_" in page.content.decode()


def test_a_token_of_somebody_else_is_not_there(owner, other_owner):
    logged_in(owner.email).post("/profile/tokens/", {"name": "mine"})
    row = ApiToken.objects.get()
    assert logged_in(other_owner.email).post(f"/profile/tokens/{row.pk}/revoke/").status_code == 404


def test_a_token_needs_a_name(owner):
    assert logged_in(owner.email).post("/profile/tokens/", {"name": ""}).status_code == 400
