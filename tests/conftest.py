"""Fixtures for all tests. `db`: everything is rolled back. `committed`: real commits, put back afterwards."""

import socket
from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.core.cache import cache
from django.db import connection, connections
from django.test import Client
from django.utils import translation

from clinics.models import Clinic, User
from clinics.operations import create_token
from clinics.queries import forget_routes
from clinics.tenancy import forget_clinics
from messaging.facts import forget_facts
from messaging.ownwords import forget_own_words
from tests import world as world_module
from tests.world import World

# Many tests log in; how strong a password is kept is not what they try.
PBKDF2PasswordHasher.iterations = 1_000


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Share the tests among workers as `tests.sharing` says."""
    from tests.sharing import Sharing

    return Sharing(config, log) if config.getoption("dist") == "loadscope" else None


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker: Any) -> Iterator[World]:
    """Build the world once a process, instead of Django's test database: the server is ours alone."""
    with django_db_blocker.unblock():
        built = world_module.build()
        world_module.take_snapshot()
        connection.close()
    yield built
    with django_db_blocker.unblock():
        connections.close_all()


@pytest.fixture(autouse=True)
def _fresh_caches() -> Iterator[None]:
    translation.deactivate_all()  # a page that a test before looked at in Spanish leaves its thread so
    translation.activate(settings.LANGUAGE_CODE)
    forget_clinics()
    forget_routes()
    forget_facts()
    forget_own_words()
    cache.clear()
    yield
    forget_clinics()
    forget_routes()
    forget_facts()
    forget_own_words()


@pytest.fixture
def committed(django_db_setup: World, django_db_blocker: Any) -> Iterator[World]:
    """Give a world in which commits are real, for threads and processes; every table is put back afterwards."""
    with django_db_blocker.unblock():
        connection.set_schema_to_public()
        try:
            yield django_db_setup
        finally:
            world_module.restore_snapshot()
            connection.close()


@pytest.fixture
def world(django_db_setup: World) -> World:
    """Return the names of what exists."""
    return django_db_setup


@pytest.fixture
def clinic(world: World) -> Clinic:
    """Return the clinic under test (US, America/New_York)."""
    return world.clinics["alpha"]


@pytest.fixture
def other_clinic(world: World) -> Clinic:
    """Return the clinic that must never be seen (MX, America/Mexico_City)."""
    return world.clinics["beta"]


@pytest.fixture
def owner(world: World) -> User:
    """Return the owner of the clinic under test."""
    return world.users["owner@alpha.example"]


@pytest.fixture
def receptionist(world: World) -> User:
    """Return a receptionist of the clinic under test."""
    return world.users["receptionist@alpha.example"]


@pytest.fixture
def stranger(world: World) -> User:
    """Return a user who is a member of no clinic."""
    return world.users["stranger@nowhere.example"]


@pytest.fixture
def other_owner(world: World) -> User:
    """Return the owner of the other clinic."""
    return world.users["owner@beta.example"]


class ApiClient:
    """Calls the API as a user's token does; checks that every answer says whose it is."""

    def __init__(self, user: User | None, clinic: Clinic | None) -> None:
        self.client = Client()
        self.clinic = clinic
        self.headers: dict[str, str] = {}
        if user is not None:
            self.headers["Authorization"] = "Bearer " + create_token(user, name="tests")[1]
        if clinic is not None:
            self.headers["X-Account-Id"] = clinic.slug

    def request(self, method: str, path: str, data: Any = None, **headers: str) -> Any:
        """Send JSON and return the response."""
        response = self.client.generic(
            method,
            path,
            data=b"" if data is None else __import__("json").dumps(data).encode(),
            content_type="application/json",
            headers={**self.headers, **{k.replace("_", "-"): v for k, v in headers.items()}},
        )
        if self.clinic is not None and response.status_code < 400:
            assert response.headers["X-Clinic"] == str(self.clinic.id)
        return response

    def get(self, path: str, **headers: str) -> Any:
        """GET."""
        return self.request("GET", path, **headers)

    def post(self, path: str, data: Any = None, **headers: str) -> Any:
        """POST JSON."""
        return self.request("POST", path, {} if data is None else data, **headers)

    def patch(self, path: str, data: Any, **headers: str) -> Any:
        """PATCH JSON."""
        return self.request("PATCH", path, data, **headers)

    def delete(self, path: str, **headers: str) -> Any:
        """DELETE."""
        return self.request("DELETE", path, **headers)


@pytest.fixture
def api() -> Any:
    """Return a maker of API clients: `api(user, clinic)`; None for no token, no clinic header."""
    return ApiClient


@pytest.fixture
def browse() -> Any:
    """Return a maker of logged-in page clients: `browse(user)`; None for a stranger without log-in."""

    def make(user: User | None) -> Client:
        client = Client()
        if user is not None:
            client.force_login(user)
        return client

    return make


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Refuse every connection that would leave this machine."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            host = str(address[0])
            assert host.startswith("127.") or host in ("::1", "localhost"), "a test reached for the network"
        return real(self, address)

    monkeypatch.setattr(socket.socket, "connect", connect)
