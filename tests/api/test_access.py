"""Who may ask what: every endpoint, for nobody, a stranger, the other clinic's owner, and each role."""

import pytest
from django.test import Client

from clinics.models import Clinic
from clinics.operations import create_token, revoke_token
from clinics.tenancy import in_clinic
from medsync.lib import clock
from scheduling.models import Patient
from tests.api.conftest import free_times, new_patient, wish, write_in

pytestmark = pytest.mark.django_db

ID = "0198a2f0-5d1c-7e3b-9a44-6f2f3c1d7e55"  # of nothing; the same in every test process
LEADERS = {"owner", "admin_doctor"}
EVERYBODY = LEADERS | {"doctor", "receptionist"}

# method, path, who may
ENDPOINTS = [
    ("POST", "/api/whatsapp/send", EVERYBODY),
    ("POST", "/api/whatsapp/send-template", EVERYBODY),
    ("GET", "/api/whatsapp/conversations", EVERYBODY),
    ("GET", f"/api/whatsapp/conversations/{ID}", EVERYBODY),
    ("DELETE", f"/api/whatsapp/conversations/{ID}", LEADERS),
    ("GET", f"/api/whatsapp/conversations/{ID}/messages", EVERYBODY),
    ("GET", "/api/whatsapp/pending-appointments", EVERYBODY),
    ("POST", f"/api/whatsapp/pending-appointments/{ID}/accept", EVERYBODY),
    ("POST", f"/api/whatsapp/pending-appointments/{ID}/reject", EVERYBODY),
    ("GET", "/api/whatsapp/templates", EVERYBODY),
    ("GET", "/api/whatsapp/senders", EVERYBODY),
    ("DELETE", f"/api/whatsapp/senders/{ID}", LEADERS),
    ("POST", "/api/whatsapp/link-existing", LEADERS),
    ("GET", "/api/patients", EVERYBODY),
    ("POST", "/api/patients", EVERYBODY),
    ("GET", f"/api/patients/{ID}", EVERYBODY),
    ("PATCH", f"/api/patients/{ID}", EVERYBODY),
    ("GET", "/api/practitioners", EVERYBODY),
    ("GET", f"/api/practitioners/{ID}", EVERYBODY),
    ("GET", "/api/appointment-types", EVERYBODY),
    ("GET", f"/api/appointment-types/{ID}", EVERYBODY),
    ("GET", "/api/slots", EVERYBODY),
    ("GET", "/api/appointments", EVERYBODY),
    ("POST", "/api/appointments", EVERYBODY),
    ("GET", f"/api/appointments/{ID}", EVERYBODY),
    ("POST", f"/api/appointments/{ID}/cancel", EVERYBODY),
    ("POST", f"/api/appointments/{ID}/move", EVERYBODY),
    ("GET", "/api/reminder", EVERYBODY),
    ("POST", "/api/reminder", EVERYBODY),
    ("GET", f"/api/reminder/{ID}", EVERYBODY),
    ("PATCH", f"/api/reminder/{ID}", EVERYBODY),
    ("DELETE", f"/api/reminder/{ID}", EVERYBODY),
    ("GET", "/reminder", EVERYBODY),
    ("POST", "/reminder", EVERYBODY),
    ("GET", f"/reminder/{ID}", EVERYBODY),
    ("PATCH", f"/reminder/{ID}", EVERYBODY),
    ("DELETE", f"/reminder/{ID}", EVERYBODY),
]
each = pytest.mark.parametrize(("method", "path", "allowed"), ENDPOINTS)


def refused(response, status, code):
    assert response.status_code == status, response.content
    body = response.json()
    assert body["code"] == code
    assert body["detail"]
    return body


@each
def test_without_a_token_nothing(api, clinic, method, path, allowed):
    response = api(None, clinic).request(method, path, {})
    refused(response, 401, "not_authenticated")
    assert response.headers["WWW-Authenticate"] == "Bearer"


@each
def test_a_stranger_sees_no_clinic(api, stranger, clinic, method, path, allowed):
    refused(api(stranger, clinic).request(method, path, {}), 404, "not_found")


@each
def test_the_other_clinics_owner_sees_no_clinic(api, other_owner, clinic, method, path, allowed):
    refused(api(other_owner, clinic).request(method, path, {}), 404, "not_found")


@each
def test_an_operator_of_the_platform_is_a_stranger(api, world, clinic, method, path, allowed):
    operator = world.users["operator@platform.example"]
    refused(api(operator, clinic).request(method, path, {}), 404, "not_found")


@each
def test_the_clinic_must_be_named(api, owner, method, path, allowed):
    refused(api(owner, None).request(method, path, {}), 400, "account_required")


@each
def test_the_role_decides(api, world, clinic, method, path, allowed):
    for role in EVERYBODY:
        response = api(world.users[f"{role}@alpha.example"], clinic).request(method, path, {})
        if role in allowed:
            assert response.status_code not in (401, 403), (role, response.content)
        else:
            refused(response, 403, "role")


@each
def test_a_slash_at_the_end_is_no_redirect(client, method, path, allowed):
    assert client.request(method, path + "/", {}).status_code == client.request(method, path, {}).status_code


@each
def test_other_methods_are_refused_in_json(client, method, path, allowed):
    refused(client.request("PUT", path, {}), 405, "method_not_allowed")
    refused(client.request("OPTIONS", path), 405, "method_not_allowed")


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Bearer ",
        "Bearer msk_wrong",
        "Basic bXNrOm1zaw==",
        "Bearer a b",
        "Bearer \xff\xfe",
        "Token x",
    ],
)
def test_a_wrong_token_is_no_token(client, header):
    refused(client.get("/api/patients", Authorization=header), 401, "not_authenticated")


def test_a_revoked_token_is_no_token(api, owner, clinic):
    client = api(owner, clinic)
    row, secret = create_token(owner, name="old")
    revoke_token(row.pk, user=owner, now=clock.now())
    refused(client.get("/api/patients", Authorization=f"Bearer {secret}"), 401, "not_authenticated")


def test_a_user_who_left_the_product_has_no_token(client, owner):
    type(owner).objects.filter(pk=owner.pk).update(is_active=False)
    refused(client.get("/api/patients"), 401, "not_authenticated")


def test_a_session_opens_nothing_here(browse, owner, clinic):
    response = browse(owner).get("/api/patients", headers={"X-Account-Id": clinic.slug})
    refused(response, 401, "not_authenticated")


def test_the_clinic_is_named_by_id_or_by_short_name(client, clinic):
    for ref in (clinic.slug, str(clinic.id), clinic.id.hex):
        assert client.get("/api/patients", X_Account_Id=ref).status_code == 200


@pytest.mark.parametrize(
    "ref", ["nowhere", "public", ID, "x" * 500, "alpha\x00", "' or 1=1 --", "../alpha", "李"]
)
def test_an_unknown_clinic_is_not_found(client, ref):
    assert client.get("/api/patients", X_Account_Id=ref).status_code == 404


def test_a_clinic_that_is_not_ready_is_not_found(client, clinic):
    Clinic.objects.filter(pk=clinic.pk).update(state="closing")
    refused(client.get("/api/patients"), 404, "not_found")


def test_a_token_works_in_all_of_its_users_clinics_and_rows_stay_apart(api, owner, clinic, other_clinic):
    from clinics.operations import add_member

    add_member(other_clinic, owner, role="receptionist")
    here, there = api(owner, clinic), api(owner, other_clinic)
    new_patient(clinic, "Ana")
    new_patient(other_clinic, "Beto")
    assert [p["name"] for p in here.get("/api/patients").json()["results"]] == ["Ana"]
    assert [p["name"] for p in there.get("/api/patients").json()["results"]] == ["Beto"]
    refused(there.delete(f"/api/whatsapp/senders/{ID}"), 403, "role")


def test_ids_of_another_clinic_are_not_found(client, clinic, other_clinic):
    thread = write_in(other_clinic, "+525555550111")
    slot = free_times(clinic)[0]
    theirs = free_times(other_clinic)[0]
    sender = other_clinic.senders.first()
    assert client.get(f"/api/patients/{thread.patient_id}").status_code == 404
    assert client.patch(f"/api/patients/{thread.patient_id}", {"name": "Eva"}).status_code == 404
    assert client.get(f"/api/whatsapp/conversations/{thread.conversation_id}").status_code == 404
    assert client.get(f"/api/whatsapp/conversations/{thread.conversation_id}/messages").status_code == 404
    assert client.delete(f"/api/whatsapp/conversations/{thread.conversation_id}").status_code == 404
    assert client.delete(f"/api/whatsapp/senders/{sender.pk}").status_code == 404
    assert client.get(f"/api/slots?type={theirs.type_id}").status_code == 404
    for body, field in [
        ({"patient_id": str(thread.patient_id), "body": "hi"}, "patient_id"),
        ({"contact_id": str(thread.contact_id), "body": "hi"}, "contact_id"),
    ]:
        assert list(refused(client.post("/api/whatsapp/send", body), 404, "not_found")["fields"]) == [field]
    asked = client.post("/api/appointments", wish(clinic, thread.patient_id, slot))
    assert list(refused(asked, 404, "not_found")["fields"]) == ["patient_id"]
    asked = client.post("/api/appointments", wish(clinic, new_patient(clinic), theirs))
    assert list(refused(asked, 404, "not_found")["fields"]) == ["type_id"]
    with in_clinic(other_clinic):
        assert Patient.objects.get(pk=thread.patient_id).name == "Ana Pérez"


def test_no_answer_may_be_kept_or_read_by_other_origins(client):
    response = client.get("/api/patients", Origin="https://evil.example")
    assert response.headers["Cache-Control"] == "no-store, private"
    assert not [name for name in response.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize(
    "path", ["/api", "/api/", "/api/nothing", "/api/patients/not-a-uuid", "/api/v2/patients/"]
)
def test_unknown_paths_are_not_found_in_json(path):
    for method in ("get", "post", "delete"):
        refused(getattr(Client(), method)(path), 404, "not_found")


def test_a_path_with_a_nul_is_refused_in_json():
    refused(Client().get("/api/patients/%00"), 400, "invalid")
