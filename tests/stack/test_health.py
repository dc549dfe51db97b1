"""What a load balancer is told when something is away."""

import pytest
import redis
from django.db import OperationalError

from medsync import health


@pytest.fixture(autouse=True)
def _look_again():
    health.remembered.forget()
    yield
    health.remembered.forget()


@pytest.fixture
def broker(monkeypatch):
    monkeypatch.setattr(health, "_broker", lambda: True)


def refuse(error):
    def check():
        raise error

    return check


def test_alive_is_said_without_a_database(client):
    answer = client.get("/healthz")  # no database fixture: a query would fail the test
    assert answer.status_code == 200
    assert answer.json() == {"alive": True}
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.django_db
def test_ready_when_all_is_well(client, broker):
    answer = client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"ready": True, "checks": {"database": True, "broker": True, "migrations": True}}
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.parametrize(
    ("part", "error", "lost"),
    [
        ("_database", OperationalError("no route for Guadalupe"), {"database", "migrations"}),
        ("_broker", redis.ConnectionError("refused"), {"broker"}),
        ("_migrations", OperationalError("gone"), {"migrations"}),
    ],
)
@pytest.mark.django_db
def test_what_is_away_is_named_and_nothing_else_is_told(client, broker, monkeypatch, part, error, lost):
    monkeypatch.setattr(health, part, refuse(error))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert not answer.json()["ready"]
    assert {name for name, well in answer.json()["checks"].items() if not well} == lost
    assert b"Guadalupe" not in answer.content


@pytest.mark.django_db
def test_a_schema_that_is_behind_is_not_ready(client, broker, clinic):
    from django.db import connection

    assert client.get("/readyz").status_code == 200
    health.remembered.forget()
    with connection.cursor() as cursor:
        cursor.execute(f'DELETE FROM "{clinic.schema_name}".django_migrations WHERE app = %s', ["messaging"])
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["checks"] == {"database": True, "broker": True, "migrations": False}


@pytest.mark.django_db
def test_without_a_broker_configured_it_is_not_ready(client, settings):
    settings.REDIS_URL = ""
    assert client.get("/readyz").json()["checks"]["broker"] is False


def test_only_reading_is_allowed(client):
    assert client.post("/healthz").status_code == 405
