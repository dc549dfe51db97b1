"""Three clinics at once through the real ASGI application: 3,000 requests, sockets and tasks, no foreign row."""

import asyncio
import json
import random
import re
import threading

import httpx
import pytest
from asgiref.sync import sync_to_async
from asgiref.testing import ApplicationCommunicator
from celery import shared_task
from django.core.signals import request_finished
from django.db import connection
from django.test import Client

from clinics.models import Membership, User
from clinics.operations import create_token
from clinics.tasks import ClinicTask
from clinics.tenancy import clinic_by_schema, in_clinic
from medsync.lib import clock
from messaging import live, threads
from messaging.models import Conversation
from scheduling import patients
from scheduling.models import Patient, PatientContact

REQUESTS = 3000
AT_ONCE = 24
CANARY = re.compile(r"ZZ(alpha|beta|gamma)ZZ")


@shared_task(base=ClinicTask, name="tests.names")
def names():
    """Return what this clinic's rows say, and tell its open inboxes."""
    thread = Conversation.objects.get()
    live.publish("conversation", id=thread.pk, version=1)
    return connection.schema_name, [str(thread.pk), *Patient.objects.values_list("name", flat=True)]


class Actor:
    """A clinic with its owner's session and tokens, and what only it may show."""

    def __init__(self, clinic, owner):
        self.clinic, self.slug = clinic, clinic.slug
        now = clock.now()
        with in_clinic(clinic):
            patient = patients.create(
                name=f"ZZ{self.slug}ZZ", phone="+12125550111", record_number="1", now=now
            )
            point = PatientContact.objects.get(patient=patient).contact_point
            self.thread = threads.thread_of(point.pk, now=now)
            Conversation.objects.filter(pk=self.thread.pk).update(
                last_body=f"ZZ{self.slug}ZZ", last_message_at=now, work_state="needs_reply", waiting_since=now
            )
        User.objects.filter(pk=owner.pk).update(name=f"ZZ{self.slug}ZZ owner")
        client = Client()
        client.force_login(owner)
        self.cookie = f"sessionid={client.cookies['sessionid'].value}"
        self.tokens = [create_token(owner, name=str(n))[1] for n in range(8)]


@pytest.fixture
def actors(committed):
    Membership.objects.filter(user__email__startswith="doctor@").update(ended_at=clock.now())
    return [
        Actor(committed.clinics[slug], committed.users[f"owner@{slug}.example"])
        for slug in ("alpha", "beta", "gamma")
    ]


async def test_no_clinic_sees_anothers_rows(actors):
    from medsync.asgi import application

    left_in = []
    lock = threading.Lock()

    def note_schema(**_kwargs):
        with lock:
            left_in.append(connection.schema_name)

    request_finished.connect(note_schema)
    failures: list[str] = []
    sockets = [await _listen(application, actor) for actor in actors]
    try:
        transport = httpx.ASGITransport(app=application)
        async with httpx.AsyncClient(transport=transport, base_url="http://testserver") as http:
            limit = asyncio.Semaphore(AT_ONCE)
            dice = random.Random(20261121)

            async def guarded(n):
                async with limit:
                    me, other = dice.sample(actors, 2)
                    await _one(http, n, me, other, failures)

            await asyncio.gather(*(guarded(n) for n in range(REQUESTS)))
        for actor, socket in zip(actors, sockets, strict=True):
            heard = await _heard(socket)
            assert heard, "the tasks' frames never came"
            assert set(heard) == {str(actor.thread.pk)}, "a frame of another clinic"
    finally:
        request_finished.disconnect(note_schema)
        for socket in sockets:
            await _leave(socket)
    assert failures == []
    assert len(left_in) > REQUESTS * 0.8
    assert set(left_in) == {"public"}, "a request left its connection in a clinic"


async def _one(http, n, me, other, failures):
    token = {"Authorization": f"Bearer {random.choice(me.tokens)}"}
    own, foreign = {**token, "X-Account-Id": me.slug}, {**token, "X-Account-Id": other.slug}
    session = {"Cookie": me.cookie}
    kind = n % 20
    expected, inside = 200, True
    if kind < 5:
        response = await http.get(f"/c/{me.slug}/inbox/list/", headers=session)
    elif kind < 9:
        response = await http.get("/api/patients?limit=5", headers=own)
    elif kind == 9:
        response = await http.get("/api/whatsapp/conversations", headers=own)
    elif kind == 10:
        body = {"name": f"ZZ{me.slug}ZZ {n}", "record_number": f"n{n}"}
        response, expected = await http.post("/api/patients", json=body, headers=own), 201
    elif kind == 11:  # a transaction that the database aborts
        body = {"name": f"ZZ{me.slug}ZZ again", "record_number": "1"}
        response, expected = await http.post("/api/patients", json=body, headers=own), 400
    elif kind == 12:
        response = await http.get(f"/c/{me.slug}/team/", headers=session)
    elif kind == 13:
        response = await http.get("/profile/", headers=session)
        inside = False
    elif kind < 16:
        response, expected, inside = await http.get(f"/c/{other.slug}/inbox/", headers=session), 404, False
    elif kind == 16:
        response, expected, inside = await http.get("/api/patients", headers=foreign), 404, False
    elif kind == 17:
        response = await http.get(f"/c/{me.slug}/inbox/{other.thread.pk}/", headers=session)
        expected = 404
    else:
        await sync_to_async(_task, thread_sensitive=False)(me, failures)
        return
    problem = _problem(response, me, expected, inside)
    if problem:
        failures.append(f"{n} {response.request.method} {response.request.url.path}: {problem}")


def _problem(response, me, expected, inside):
    if response.status_code != expected:
        return f"{response.status_code}, not {expected}"
    if response.headers.get("X-Clinic") != (str(me.clinic.id) if inside else None):
        return "says it is from another clinic"
    seen = set(CANARY.findall(response.text))
    if seen - {me.slug}:
        return f"shows rows of {seen - {me.slug}}"
    if inside and expected == 200 and me.slug not in seen:
        return "does not show its own rows"
    return None


def _task(me, failures):
    schema, said = names.apply(headers={"schema": me.clinic.schema_name}).get()
    if schema != me.clinic.schema_name or connection.schema_name != "public":
        failures.append("a task ran, or left its thread, in another schema")
    seen = set(CANARY.findall(" ".join(said)))
    if seen != {me.slug} or said[0] != str(me.thread.pk):
        failures.append(f"a task read rows of {seen}")
    assert clinic_by_schema(schema) == me.clinic
    connection.close()


async def _listen(application, actor):
    """Return the websocket of the actor's inbox, through the whole application: cookie, origin, membership."""
    scope = {
        "type": "websocket",
        "path": f"/ws/c/{actor.slug}/inbox/",
        "query_string": b"",
        "headers": [
            (b"host", b"testserver"),
            (b"origin", b"http://testserver"),
            (b"cookie", actor.cookie.encode()),
        ],
        "subprotocols": [],
    }
    socket = ApplicationCommunicator(application, scope)
    await socket.send_input({"type": "websocket.connect"})
    assert (await socket.receive_output(10))["type"] == "websocket.accept"
    assert json.loads((await socket.receive_output(10))["text"])["type"] == "ready"
    return socket


async def _heard(socket):
    heard = []
    while not await socket.receive_nothing(timeout=0.5):
        heard.append(json.loads((await socket.receive_output(5))["text"])["id"])
    return heard


async def _leave(socket):
    await socket.send_input({"type": "websocket.disconnect", "code": 1000})
    await socket.wait(5)
