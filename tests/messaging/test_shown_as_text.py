"""What people typed is text on every page: markup in names, words and reasons is never a part of a page."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db.models import Model

from clinics.models import Clinic, Membership, Sender, User
from clinics.sites import clinic_site, platform_site
from medsync.lib import clock
from messaging.drafts import save as save_draft
from messaging.models import Attachment, AttachmentState, Conversation, Message, SavedText
from messaging.outbox.replying import add_note
from scheduling import operations
from scheduling.models import AppointmentType, ContactPoint, Patient, Practitioner, Task
from tests.access.walk import patterns
from tests.messaging.desks import inside, played  # noqa: F401
from tests.messaging.inboxes import a_request, a_thread, a_visit_today, reenter, says

pytestmark = pytest.mark.django_db

IMAGE, SCRIPT = "<img src=x onerror=alert(1)>", '"><script>alert(7)</script>'
EVIL = f"{IMAGE} {SCRIPT}"
ESCAPED = "&lt;img src=x"
ADMIN = "/c/alpha/admin/"
# Without markup that is shown there, the walk would prove nothing of these.
SHOWS = {
    "inbox/<uuid:conversation_id>",
    "inbox/<uuid:conversation_id>/older",
    "inbox/<uuid:conversation_id>/person",
    "inbox/<uuid:conversation_id>/texts",
    "inbox/list",
    "patients",
    "patients/<uuid:patient_id>",
    "patients/<uuid:patient_id>/book",
    "patients/<uuid:patient_id>/edit",
    "patients/<uuid:patient_id>/older",
    "patients/<uuid:patient_id>/visits/<uuid:visit_id>/cancel",
    "phone",
    "requests",
    "requests/<uuid:appointment_id>",
    "requests/<uuid:appointment_id>/words",
    "requests/list",
    "saved-texts",
    "saved-texts/<uuid:text_id>",
    "team",
    "today",
    "today/end-of-shift",
    "today/tasks",
}


def raw(content: str) -> list[str]:
    """Return where the markup stands as markup."""
    return [
        content[max(0, at.start() - 80) : at.start() + 40]
        for at in re.finditer(r"<img src=x|<script>alert|[^\\]\"><script", content)
    ]


@pytest.fixture
def evil(inside: Clinic, owner: User, receptionist: User) -> dict[str, str]:  # noqa: F811
    """Give a clinic in which everything that can be typed is markup, and the ids for its URLs."""
    now = clock.now()
    User.objects.filter(pk=receptionist.pk).update(name=EVIL)
    AppointmentType.objects.update(names={"en": EVIL, "es": EVIL})
    Practitioner.objects.update(name=EVIL)
    thread = a_thread(EVIL, body=f"patient {EVIL}", assignee=owner)
    point = thread.contact_point
    ContactPoint.objects.filter(pk=point.pk).update(display_name=EVIL)
    patient = Patient.objects.get(contacts__contact_point=point)
    patient.called, patient.record_number = EVIL[:80], EVIL[:64]
    patient.save()
    says(thread, f"staff {EVIL}", author="staff", user=receptionist)
    for n in range(60):  # so that there are older ones
        says(thread, f"{n} {EVIL}", at=now - timedelta(hours=1))
    picture = says(thread, EVIL)
    Attachment.objects.create(
        message=picture, kind="image", content_type="", name=EVIL, created_at=now,
        state=AttachmentState.REFUSED, reason="type",
    )  # fmt: skip
    add_note(thread, body=f"note {EVIL}", user=receptionist, now=now)
    save_draft(
        thread.pk, owner, tab="reply", body=f"draft {EVIL}", revision=1, client_message_id="one", now=now
    )
    text = SavedText.objects.create(
        name=EVIL, shortcut="evil", texts={"en": EVIL, "es": EVIL}, created_by=owner, created_at=now,
        updated_at=now,
    )  # fmt: skip
    visit = a_visit_today(thread, at=now + timedelta(minutes=30))
    midnight = now.astimezone(inside.zone).replace(hour=0, minute=0, second=0, microsecond=0)
    a_visit_today(thread, at=max(midnight, now - timedelta(hours=1)), status="arrived")
    declined = a_request(a_thread(EVIL, assignee=receptionist))
    operations.reject(declined, by=receptionist, reason=EVIL, now=now)
    task = operations.add_task(EVIL, by=receptionist, assignee=receptionist.pk, now=now)
    Task.objects.create(kind="call_back", text=EVIL, patient=patient, contact_point=point, created_at=now)
    return {
        "conversation_id": str(thread.pk),
        "patient_id": str(patient.pk),
        "appointment_id": str(a_request(thread).pk),
        "visit_id": str(visit.pk),
        "message_id": str(
            Message.objects.filter(conversation=thread, author="staff").earliest("created_at").pk
        ),
        "text_id": str(text.pk),
        "task_id": str(task.pk),
        "sender_id": str(Sender.objects.filter(clinic=inside).earliest("id").pk),
        "membership_id": str(Membership.objects.filter(clinic=inside).earliest("id").pk),
    }


@pytest.fixture
def client(browse: Any, owner: User) -> Any:
    """Return the owner's client."""
    return browse(owner)


def test_no_page_and_no_fragment_lets_it_through(client: Any, evil: dict[str, str], clinic: Clinic) -> None:
    found, shown = {}, set()
    for pattern, path, kind in patterns("medsync.clinic_urls"):
        if kind != "page":
            continue
        for name in re.findall(r"<uuid:(\w+)>", pattern):
            path = path.replace(str(UUID(int=7)), evil.get(name, str(UUID(int=7))), 1)
        for extra in ({}, {"HX-Request": "true"}, {"HX-Request": "true", "X-Pane": "decision"}):
            response = client.get(f"/c/{clinic.slug}/{path}", headers=extra)
            if response.status_code == 405:
                break
            page = response.content.decode()
            if not response.headers["Content-Type"].startswith("text/html"):
                assert response.headers["X-Content-Type-Options"] == "nosniff"
                continue
            found.update({(pattern, *extra): places for places in [raw(page)] if places})
            shown |= {pattern} if ESCAPED in page else set()

    assert found == {}
    assert SHOWS - shown == set()


@pytest.mark.parametrize(
    "view", ["needs-reply", "mine", "unassigned", "bot", "closing", "failed", "snoozed", "waiting", "done", "all"]
)  # fmt: skip
def test_no_view_of_the_inbox_does(client: Any, evil: dict[str, str], clinic: Clinic, view: str) -> None:
    Conversation.objects.update(work_state="done" if view == "done" else "needs_reply")
    for path in ("inbox/", "inbox/list/"):
        page = client.get(f"/c/{clinic.slug}/{path}?view={view}").content.decode()
        reenter(clinic)
        assert raw(page) == []
        if view in ("all", "mine", "done"):
            assert ESCAPED in page


def test_neither_does_what_a_search_finds(client: Any, evil: dict[str, str], clinic: Clinic) -> None:
    for path, wanted in (
        ("search/", "alert"),
        ("search/", "img"),
        ("patients/search/", "img"),
        ("search/", EVIL),
    ):
        for extra in ({}, {"HX-Request": "true"}):
            page = client.post(f"/c/{clinic.slug}/{path}", {"wanted": wanted}, headers=extra).content.decode()
            assert raw(page) == []
            assert ESCAPED in page, (path, wanted)


def test_neither_do_the_words_that_a_form_hands_back(
    client: Any, evil: dict[str, str], clinic: Clinic
) -> None:
    forms = {
        "patients/new/": {"name": EVIL, "called": EVIL, "phone": EVIL, "record_number": EVIL},
        "saved-texts/new/": {"name": EVIL * 3, "shortcut": EVIL, "text_en": "{" + EVIL},
        "numbers/add/": {"phone_number": EVIL, "account_sid": EVIL},
        "today/tasks/add/": {"text": EVIL, "due": EVIL, "assignee": EVIL},
        "team/invitations/": {"email": EVIL, "role": EVIL},
        f"requests/{evil['appointment_id']}/decline/text/": {"why": "reason_longer", "more": EVIL},
    }
    for path, fields in forms.items():
        response = client.post(f"/c/{clinic.slug}/{path}", fields, follow=True)
        assert response.status_code < 500
        assert raw(response.content.decode()) == [], path


def admin_of(client: Any, site: Any, clinic: Clinic | None) -> dict[str, list[str]]:
    """Return where the markup stands in lists and rows of an admin."""
    found: dict[str, list[str]] = {}
    root = ADMIN if clinic else "/admin/"
    for model in site._registry:
        path = f"{root}{model._meta.app_label}/{model._meta.model_name}/"
        for at in (path, *(f"{path}{pk}/change/" for pk in keys(model, clinic)), f"{path}?q=img"):
            response = client.get(at, follow=True)
            assert response.status_code < 500, at
            if places := raw(response.content.decode()):
                found[at] = places
    return found


def keys(model: type[Model], clinic: Clinic | None) -> list[Any]:
    """Return some rows of a model."""
    if clinic:
        reenter(clinic)
    return list(model._default_manager.values_list("pk", flat=True)[:2])


def test_neither_does_the_clinics_admin(client: Any, evil: dict[str, str], clinic: Clinic) -> None:
    assert admin_of(client, clinic_site, clinic) == {}
    assert ESCAPED in client.get(f"{ADMIN}scheduling/patient/").content.decode()


def test_neither_does_the_platforms(browse: Any, evil: dict[str, str], world: Any) -> None:
    operator = browse(world.users["operator@platform.example"])
    User.objects.filter(email="operator@platform.example").update(name=EVIL)
    Clinic.objects.filter(slug="beta").update(name=EVIL[:120])
    with_evil = operator.get("/admin/clinics/clinic/").content.decode()
    assert ESCAPED in with_evil
    assert admin_of(operator, platform_site, None) == {}


@pytest.mark.parametrize("model", ["patient", "appointment"])
def test_an_export_is_a_file_and_no_page(client: Any, evil: dict[str, str], model: str) -> None:
    fields = {"patient": ("name", "phone"), "appointment": ("patient", "type", "status")}[model]
    response = client.post(
        f"{ADMIN}scheduling/{model}/export/",
        {"format": "0", "resource": "", **{f"{model}resource_{field}": "on" for field in fields}},
    )

    assert response.headers["Content-Type"].startswith("text/csv")
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Content-Disposition"].startswith("attachment")
    assert IMAGE in response.content.decode()
