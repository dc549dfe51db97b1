"""Every list and form of both admin sites opens for whom it is for, and for nobody else."""

import pytest
from django.urls import reverse

from clinics.sites import clinic_site, platform_site
from clinics.tenancy import in_clinic
from medsync.lib import clock

pytestmark = pytest.mark.django_db


def pages(site, urlconf):
    for model, model_admin in site._registry.items():
        name = f"{site.name}:{model._meta.app_label}_{model._meta.model_name}"
        yield model, model_admin, reverse(f"{name}_changelist", urlconf=urlconf), name


def row_of(model):
    """Return the key of a row to open, None when there is none."""
    if hasattr(model, "load"):
        return "1"
    return model._default_manager.values_list("pk", flat=True).first()


@pytest.mark.parametrize("role", ["owner", "admin_doctor"])
def test_owner_and_manager_open_every_page_of_their_clinics_admin(browse, clinic, world, role, busy):
    client = browse(world.users[f"{role}@alpha.example"])
    assert client.get("/c/alpha/admin/").status_code == 200
    opened = 0
    for model, model_admin, path, _name in pages(clinic_site, "medsync.clinic_urls"):
        response = client.get("/c/alpha" + path, follow=True)
        assert response.status_code == 200, path
        assert response.headers["X-Clinic"] == str(clinic.id)
        if type(model_admin).has_add_permission.__qualname__.startswith("ClinicModelAdmin"):
            assert client.get(f"/c/alpha{path}add/").status_code == 200, path
        with in_clinic(clinic):
            pk = row_of(model)
        assert pk is not None, f"no row of {model.__name__} to open"
        one = client.get(f"/c/alpha{path}{pk}/change/")
        assert one.status_code == 200, path
        assert "(&#x27;" not in one.content.decode(), f"{path}: a state without its word"
        assert client.get(f"/c/alpha{path}{pk}/delete/").status_code == 403, path
        opened += 1
    assert opened >= 15


def test_the_operator_opens_every_page_of_the_platforms_admin(browse, world):
    client = browse(world.users["operator@platform.example"])
    assert client.get("/admin/").status_code == 200
    for model, model_admin, path, _name in pages(platform_site, "medsync.urls"):
        assert client.get(path).status_code == 200, path
        if type(model_admin).has_add_permission.__qualname__.startswith("PlatformModelAdmin"):
            assert client.get(path + "add/").status_code == 200, path
        pk = row_of(model)
        if pk is not None:
            assert client.get(f"{path}{pk}/change/").status_code == 200, path
            assert client.get(f"{path}{pk}/delete/").status_code == 403, path


@pytest.mark.parametrize("who", ["receptionist@alpha.example", "doctor@alpha.example"])
def test_who_works_in_the_inbox_only_is_refused(browse, world, who):
    client = browse(world.users[who])
    assert client.get("/c/alpha/admin/").status_code == 403
    assert client.get("/c/alpha/admin/scheduling/patient/").status_code == 403
    assert client.get("/c/alpha/admin/login/").status_code == 403
    assert client.get("/admin/").status_code == 403


@pytest.mark.parametrize(
    "who", ["owner@beta.example", "stranger@nowhere.example", "operator@platform.example"]
)
def test_a_foreign_clinics_admin_is_not_there(browse, world, who):
    client = browse(world.users[who])
    assert client.get("/c/alpha/admin/").status_code == 404
    assert client.get("/c/alpha/admin/scheduling/patient/").status_code == 404


def test_no_model_of_a_clinic_is_in_the_platforms_admin():
    apps = {model._meta.app_label for model in platform_site._registry}
    assert apps == {"clinics", "django_celery_beat"}
    assert {model._meta.app_label for model in clinic_site._registry} == {"scheduling", "messaging"}


def test_the_relaxed_policy_is_the_admins_alone(browse, owner):
    client = browse(owner)
    inside = client.get("/c/alpha/admin/").headers["Content-Security-Policy"]
    outside = client.get("/profile/").headers["Content-Security-Policy"]
    assert "'unsafe-eval'" in inside
    assert "unsafe" not in outside
    assert "script-src 'self'" in inside
    for header in (inside, outside):
        assert "default-src 'none'" in header


def test_times_in_the_admin_are_the_clinics(browse, owner, clinic, busy):
    starts, ends = (at.astimezone(clinic.zone) for at in (busy.starts_at, busy.ends_at))
    page = browse(owner).get(f"/c/alpha/admin/scheduling/appointment/{busy.pk}/change/").content.decode()
    assert f"{starts:%a, %b %-d, %Y, %-I:%M %p} – {ends:%-I:%M %p}" in page


@pytest.fixture
def busy(clinic, world):
    """Give the clinic one row of everything, through its operations."""
    from datetime import timedelta

    from messaging.models import (
        Alert,
        AlertDelivery,
        Author,
        ChannelConsent,
        Confirmation,
        ConsentAction,
        ConsentEvent,
        ConsentSource,
        ContentTemplate,
        Conversation,
        Direction,
        Message,
        MessageStatus,
        OwnText,
        Purpose,
    )
    from scheduling import operations, patients
    from scheduling.models import (
        AppointmentType,
        Location,
        PatientContact,
        Practitioner,
        Resource,
        ResourceKind,
        Room,
        TimeOff,
    )
    from scheduling.queries import free_slots

    now = clock.now()
    with in_clinic(clinic):
        patient = patients.create(name="Ana Pérez", phone="+12125550111", now=now)
        point = PatientContact.objects.get(patient=patient).contact_point
        thread = Conversation.objects.create(contact_point=point)
        message = Message.objects.create(
            conversation=thread,
            direction=Direction.INBOUND,
            channel="whatsapp",
            author=Author.PATIENT,
            body="hello",
            status=MessageStatus.RECEIVED,
            created_at=now,
        )
        ChannelConsent.objects.create(contact_point=point, channel="whatsapp", care=True)
        ConsentEvent.objects.create(
            contact_point=point,
            channel="whatsapp",
            purpose=Purpose.CARE,
            action=ConsentAction.GRANTED,
            source=ConsentSource.WROTE_IN,
            message=message,
            at=now,
        )
        alert = Alert.objects.create(kind="handover", key="one", conversation=thread, created_at=now)
        AlertDelivery.objects.create(
            alert=alert,
            user=world.users["owner@alpha.example"],
            channel="push",
            outcome="sent",
            created_at=now,
        )
        OwnText.objects.create(key="accepted", language="en", body="See you: {date}, {time}.", updated_at=now)
        ContentTemplate.objects.create(
            account=clinic.senders.get(channel="whatsapp", rank=1).account,
            content_sid="HX" + 32 * "1",
            name="accepted_en",
            language="en",
            content_type="twilio/text",
            created_at=now,
        )
        doctor = Practitioner.objects.get()
        TimeOff.objects.create(
            practitioner=doctor, starts_at=now + timedelta(days=40), ends_at=now + timedelta(days=41)
        )
        Room.objects.create(
            resource=Resource.objects.create(kind=ResourceKind.ROOM),
            location=Location.objects.get(),
            name="1",
        )
        kind = AppointmentType.objects.get()
        slot = free_slots(type=kind.pk, from_date=now.date() + timedelta(days=2), days=7, now=now)[0]
        visit = operations.request(
            patient, type=kind, starts_at=slot.starts_at, practitioner=doctor, source="whatsapp", now=now
        )
        Confirmation.objects.create(
            event=visit.events.get(), action="book", channel="sms", outcome="sms_disabled", at=now
        )
        return visit
