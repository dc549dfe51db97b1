"""The API describes itself, completely and without a warning, and shows the description on a page of its own."""

import json

import pytest
from django.core.management import call_command
from django.test import Client

PATHS = {
    "/api/whatsapp/send": {"post"},
    "/api/whatsapp/send-template": {"post"},
    "/api/whatsapp/conversations": {"get"},
    "/api/whatsapp/conversations/{id}": {"get", "delete"},
    "/api/whatsapp/conversations/{id}/messages": {"get"},
    "/api/reminder": {"get", "post"},
    "/api/reminder/{id}": {"get", "patch", "delete"},
    "/api/whatsapp/pending-appointments": {"get"},
    "/api/whatsapp/pending-appointments/{id}/accept": {"post"},
    "/api/whatsapp/pending-appointments/{id}/reject": {"post"},
    "/api/whatsapp/templates": {"get"},
    "/api/clinic/config/sms": {"get", "post"},
    "/api/clinic/config/sms/validate": {"post"},
    "/api/whatsapp/senders": {"get"},
    "/api/whatsapp/senders/{id}": {"delete"},
    "/api/whatsapp/link-existing": {"post"},
    "/api/patients": {"get", "post"},
    "/api/patients/{id}": {"get", "patch"},
    "/api/practitioners": {"get"},
    "/api/practitioners/{id}": {"get"},
    "/api/appointment-types": {"get"},
    "/api/appointment-types/{id}": {"get"},
    "/api/slots": {"get"},
    "/api/appointments": {"get", "post"},
    "/api/appointments/{id}": {"get"},
    "/api/appointments/{id}/cancel": {"post"},
    "/api/appointments/{id}/move": {"post"},
    "/api/appointments/{id}/arrive": {"post"},
    "/api/appointments/{id}/complete": {"post"},
    "/api/appointments/{id}/no-show": {"post"},
    "/api/appointments/{id}/remind": {"post"},
    "/api/whatsapp/reminder-settings": {"get", "put"},
}


@pytest.fixture
def description():
    response = Client().get("/api/schema")
    assert response.status_code == 200
    return json.loads(response.content)


def test_the_description_is_valid_and_nothing_in_it_is_guessed(tmp_path):
    call_command("spectacular", validate=True, fail_on_warn=True, file=str(tmp_path / "schema.yml"))


def test_every_endpoint_is_described_and_nothing_else(description):
    found = {path: set(methods) for path, methods in description["paths"].items()}
    assert found == PATHS


def test_every_endpoint_says_who_asks_for_which_clinic_and_what_can_go_wrong(description):
    for path, methods in description["paths"].items():
        for method, endpoint in methods.items():
            where = f"{method} {path}"
            assert endpoint["security"] == [{"token": []}], where
            assert {"400", "401", "404", "429", "503"} <= set(endpoint["responses"]), where
            names = {parameter["name"] for parameter in endpoint["parameters"]}
            assert "X-Account-Id" in names, where
            if method in ("post", "patch"):
                assert {"413", "415"} <= set(endpoint["responses"]), where
            if any(status in endpoint["responses"] for status in ("201", "202")):
                assert "Idempotency-Key" in names, where


def test_the_objects_are_those_of_the_contract(description):
    shapes = {name: set(shape["properties"]) for name, shape in description["components"]["schemas"].items()}
    assert shapes["Message"] == {
        *("id", "conversation_id", "contact_id", "patient_id", "sender_id", "appointment_id", "direction"),
        *("channel", "kind", "body", "status", "error_code", "reason", "provider_message_id", "created_at"),
    }
    assert shapes["Conversation"] == {
        *("id", "contact", "patients", "patient", "state", "work_state", "unread_count", "last_message"),
        *("last_message_at", "window_closes_at"),
    }
    assert shapes["Appointment"] == {
        *("id", "patient_id", "patient_name", "practitioner_id", "practitioner_name", "type_id"),
        *("starts_at", "ends_at", "status", "attendance", "source", "version"),
    }
    assert shapes["Sender"] == {
        *("id", "phone_number", "channel", "provider", "display_name", "status", "is_primary"),
        "provider_sender_id",
    }
    assert shapes["Patient"] == {
        *("id", "name", "called", "preferred_language", "date_of_birth", "record_number"),
        *("consent_whatsapp", "consent_sms", "contacts"),
    }
    assert shapes["Template"] == {
        *(
            "id",
            "kind",
            "name",
            "category",
            "variables",
            "bodies",
            "buttons",
            "status",
            "content_sid",
            "used_for",
        )
    }
    assert shapes["Slot"] == {"starts_at", "ends_at", "practitioner_id", "type_id"}


@pytest.mark.parametrize("path", ["/api/docs", "/api/docs/", "/api/schema/"])
def test_page_and_description_need_no_token_and_redirect_nobody(path):
    assert Client().get(path).status_code == 200


def test_the_page_has_nothing_inline_and_nothing_of_other_hosts():
    response = Client().get("/api/docs")
    html = response.content.decode()
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    assert "<style" not in html
    assert "<script>" not in html
    assert "//" not in html.replace("<!doctype", "")
