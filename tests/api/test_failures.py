"""When something is down or asked too often, the API says so in JSON, and when to come back."""

from unittest import mock

import pytest
from django.db import OperationalError
from django.test import Client
from redis.exceptions import ConnectionError as RedisConnectionError

from clinics.api.throttling import TokenThrottle
from clinics.models import ApiToken
from tests.api.conftest import new_patient

pytestmark = pytest.mark.django_db


def later(response, status, code):
    assert response.status_code == status
    assert response.json()["code"] == code
    assert int(response.headers["Retry-After"]) >= 1
    assert response.headers["Content-Type"] == "application/json"


def test_a_database_that_is_down_is_a_503(client):
    with mock.patch.object(
        ApiToken.objects, "select_related", side_effect=OperationalError("host db, user x")
    ):
        response = client.get("/api/patients")
    later(response, 503, "unavailable")
    assert "host" not in response.content.decode()


def test_a_database_that_goes_down_on_the_way_is_a_503(client):
    with mock.patch("scheduling.patients.create", side_effect=OperationalError("lock timeout")):
        later(client.post("/api/patients", {"name": "Ana"}), 503, "unavailable")


def test_a_broker_that_is_down_is_a_503_at_most(client):
    with mock.patch("scheduling.patients.create", side_effect=RedisConnectionError("no route")):
        later(client.post("/api/patients", {"name": "Ana"}), 503, "unavailable")


def test_a_cache_that_is_down_counts_nobody_and_refuses_nobody(client):
    with mock.patch.object(TokenThrottle.cache, "get", side_effect=RedisConnectionError("no route")):
        assert client.get("/api/patients").status_code == 200


def test_who_asks_too_often_is_told_when_to_come_back(client, desk, monkeypatch):
    monkeypatch.setattr(TokenThrottle, "THROTTLE_RATES", {"token": "3/min"})
    answers = [client.get("/api/patients") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    later(answers[-1], 429, "throttled")
    assert desk.get("/api/patients").status_code == 200


def test_a_mistake_of_ours_is_json_without_its_reason(client, clinic):
    quiet = Client(raise_request_exception=False)
    with mock.patch("messaging.api.patients.patient_shapes", side_effect=RuntimeError("Ana +14155550101")):
        response = quiet.get(f"/api/patients/{new_patient(clinic)}", headers=client.headers)
    assert response.status_code == 500
    assert response.json()["code"] == "error"
    assert "Ana" not in response.content.decode()


def test_a_request_for_another_host_is_refused_in_json(client):
    response = client.client.get("/api/patients", headers={**client.headers, "Host": "evil.example"})
    assert response.status_code == 400
    assert response.json()["code"] == "invalid"
