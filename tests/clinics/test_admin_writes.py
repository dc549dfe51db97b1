"""What is changed in the admins goes through the operations; spreadsheets come in and out safely."""

import io
import zipfile

import pytest
import tablib
from django.test import Client

from clinics.models import Clinic, HeldEvent, ProviderAccount, Sender, User
from clinics.spreadsheet_files import MAX_UNPACKED
from clinics.tenancy import in_clinic
from medsync.lib import clock
from scheduling import patients
from scheduling.models import AppointmentType, Patient, Practitioner, SchedulingSettings
from tests.clinics.test_admin_pages import busy  # noqa: F401 - a fixture

ADMIN = "/c/alpha/admin/"


# ── The platform ─────────────────────────────────────────────────────────────────────────────────────────────────
def test_an_operator_makes_a_clinic_by_a_form(committed):
    client = Client()
    client.force_login(committed.users["operator@platform.example"])
    form = {
        "name": "Delta",
        "slug": "delta",
        "country": "us",
        "timezone": "America/Denver",
        "language": "en",
        "phone": "",
        "owner_email": "owner@delta.example",
        "owner_name": "Dana Delta",
    }
    assert (
        "two letters" in client.post("/admin/clinics/clinic/add/", {**form, "country": "1x"}).content.decode()
    )
    assert "exists" in client.post("/admin/clinics/clinic/add/", {**form, "slug": "alpha"}).content.decode()
    long = f"{'a' * 60}@{('b' * 60 + '.') * 4}example"
    assert client.post("/admin/clinics/clinic/add/", {**form, "owner_email": long}).status_code == 200
    assert not Clinic.objects.filter(slug="delta").exists()
    page = client.post("/admin/clinics/clinic/add/", form, follow=True)
    clinic = Clinic.objects.get(slug="delta")
    assert clinic.state == "ready"
    assert "/accounts/password/reset/key/" in page.content.decode()
    with in_clinic(clinic):
        assert Practitioner.objects.get().name == "Dana Delta"


@pytest.mark.django_db
def test_a_token_goes_in_and_never_comes_out(browse, world):
    client = browse(world.users["operator@platform.example"])
    account = ProviderAccount.objects.get(external_id="AC" + "a" * 32)
    path = f"/admin/clinics/provideraccount/{account.pk}/change/"
    assert "token-of-alpha" not in client.get(path).content.decode()
    form = {"state": "active", "people_a_day": "1000", "reminder_share": "40"}
    client.post(path, {**form, "new_token": "fresh-token"})
    account.refresh_from_db()
    assert (account.auth_token, account.previous_token) == ("fresh-token", "token-of-alpha")
    assert (account.people_a_day, account.reminder_share) == (1000, 40)
    client.post(path, {**form, "reminder_share": "101", "new_token": "other-token"})
    client.post(path, {**form, "new_token": ""})
    account.refresh_from_db()
    assert account.auth_token == "fresh-token", "empty keeps what is there"


@pytest.mark.django_db
def test_a_number_is_linked_and_taken_off_by_the_operations(browse, world, clinic):
    client = browse(world.users["operator@platform.example"])
    form = {
        "clinic": str(clinic.pk),
        "phone_number": "212 555 0190",
        "channel": "sms",
        "provider": "twilio",
        "account_sid": "",
        "auth_token": "",
        "display_name": "",
        "provider_sender_id": "",
    }
    page = client.post("/admin/clinics/sender/add/", {**form, "phone_number": "+525555550199"})
    assert "linked to another clinic" in page.content.decode()
    assert (
        "no phone number"
        in client.post("/admin/clinics/sender/add/", {**form, "phone_number": "12"}).content.decode()
    )
    assert client.post("/admin/clinics/sender/add/", form).status_code == 302
    sender = Sender.objects.get(phone_number="+12125550190")
    assert sender.rank == 2
    first = Sender.objects.get(clinic=clinic, channel="sms", rank=1)
    client.post("/admin/clinics/sender/", {"action": "take_off", "_selected_action": [str(first.pk)]})
    first.refresh_from_db()
    sender.refresh_from_db()
    assert (first.status, sender.rank) == ("disabled", 1)


@pytest.mark.django_db
def test_the_rate_of_a_number_is_all_that_is_edited_of_it(browse, world, clinic):
    client = browse(world.users["operator@platform.example"])
    sender = Sender.objects.get(clinic=clinic, channel="whatsapp", rank=1)
    path = f"/admin/clinics/sender/{sender.pk}/change/"
    given = {"phone_number": "+12125550111", "display_name": "Other"}

    assert client.post(path, {**given, "per_second": "12.5"}).status_code == 302
    for wrong in ("0", "401", "nan", "fast"):
        refused = client.post(path, {"per_second": wrong})
        assert refused.status_code == 200, wrong
        assert "errorlist" in refused.content.decode() or "text-red" in refused.content.decode(), wrong

    changed = Sender.objects.get(pk=sender.pk)
    assert changed.per_second == 12.5
    assert (changed.phone_number, changed.display_name) == (sender.phone_number, sender.display_name)
    assert "12.5" in client.get("/admin/clinics/sender/").content.decode()
    client.post(path, {"per_second": ""})
    assert Sender.objects.get(pk=sender.pk).per_second is None
    Sender.objects.filter(pk=sender.pk).update(status="disabled", rank=None)
    assert client.get(path).status_code == 200
    assert client.post(path, {"per_second": "5"}).status_code == 403


@pytest.mark.django_db
def test_an_operator_makes_a_user_and_a_link_for_a_password(browse, world):
    client = browse(world.users["operator@platform.example"])
    page = client.post("/admin/clinics/user/add/", {"email": "New@Example.org", "name": "N"}, follow=True)
    assert "/accounts/password/reset/key/" in page.content.decode()
    user = User.objects.get(email="new@example.org")
    assert not user.has_usable_password()
    page = client.post(
        "/admin/clinics/user/",
        {"action": "new_password_link", "_selected_action": [str(user.pk)]},
        follow=True,
    )
    assert "/accounts/password/reset/key/" in page.content.decode()


@pytest.mark.django_db
def test_what_a_held_event_says_is_not_shown(browse, world):
    held = HeldEvent.objects.create(
        account=ProviderAccount.objects.first(),
        event_id="odd:1",
        kind="odd",
        channel="sms",
        body='{"url": "x", "content_type": "", "body": "c2VjcmV0"}',
        reason="malformed",
        received_at=clock.now(),
    )
    client = browse(world.users["operator@platform.example"])
    for path in ("", f"{held.pk}/change/"):
        text = client.get(f"/admin/clinics/heldevent/{path}").content.decode()
        assert "c2VjcmV0" not in text
    page = client.post(
        "/admin/clinics/heldevent/",
        {"action": "process_again", "_selected_action": [str(held.pk)]},
        follow=True,
    )
    assert "Still held: 1" in page.content.decode()


# ── The clinic ───────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.django_db
def test_requests_are_accepted_by_the_operation(browse, owner, clinic, busy):  # noqa: F811
    client = browse(owner)
    data = {"action": "accept", "_selected_action": [str(busy.pk)]}
    assert "Done: 1" in client.post(f"{ADMIN}scheduling/appointment/", data, follow=True).content.decode()
    with in_clinic(clinic):
        busy.refresh_from_db()
        assert busy.status == "confirmed"
        assert busy.decided_by_id == owner.pk
        assert list(busy.events.values_list("kind", flat=True)) == ["requested", "accepted"]
    assert (
        "Left as they are: 1"
        in client.post(f"{ADMIN}scheduling/appointment/", data, follow=True).content.decode()
    )
    data["action"] = "cancel"
    client.post(f"{ADMIN}scheduling/appointment/", data)
    with in_clinic(clinic):
        busy.refresh_from_db()
        assert (busy.status, busy.cancellation) == ("cancelled", "clinic")


@pytest.mark.django_db
def test_states_and_messages_cannot_be_edited(browse, owner, clinic, busy):  # noqa: F811
    client = browse(owner)
    for path in (f"scheduling/appointment/{busy.pk}/change/", "messaging/message/add/"):
        assert client.post(ADMIN + path, {"status": "fulfilled"}).status_code == 403


@pytest.mark.django_db
def test_people_places_and_rules_are_set_up(browse, owner, clinic):
    client = browse(owner)
    no_rows = {
        f"{p}-{f}": 0
        for p in ("contacts", "weekly_hours", "time_off")
        for f in ("TOTAL_FORMS", "INITIAL_FORMS")
    }
    form = {"name": "Ana Pérez", "phone": "(212) 555-0111", "record_number": "7", **no_rows}
    assert client.post(f"{ADMIN}scheduling/patient/add/", form).status_code == 302
    page = client.post(f"{ADMIN}scheduling/patient/add/", {**form, "phone": "12"})
    assert "no phone number" in page.content.decode()
    assert client.post(f"{ADMIN}scheduling/patient/add/", form).status_code == 200, (
        "the record number is taken"
    )
    doctor = {"name": "Dr. New", "bookable": "on", "active": "on", "rank": "2", "user": "", **no_rows}
    assert client.post(f"{ADMIN}scheduling/practitioner/add/", doctor).status_code == 302
    settings_form = {"hold_minutes": "15", "request_hours": "2", "offer_hours": "8"}
    assert client.post(f"{ADMIN}scheduling/schedulingsettings/1/change/", settings_form).status_code == 302
    with in_clinic(clinic):
        patient = Patient.objects.get(record_number="7")
        assert patient.contacts.get().contact_point.phone == "+12125550111"
        assert Practitioner.objects.get(name="Dr. New").resource.kind == "practitioner"
        assert SchedulingSettings.load().hold_minutes == 15
        kind = AppointmentType.objects.get()
    form = {
        "name_en": "Check-up",
        "name_es": "Chequeo",
        "duration": "45",
        "grid": "15",
        "least_notice": "60",
        "horizon_days": "30",
        "buffer_before": "0",
        "buffer_after": "5",
        "rank": "1",
        "bookable": "on",
        "active": "on",
    }
    assert client.post(f"{ADMIN}scheduling/appointmenttype/{kind.pk}/change/", form).status_code == 302
    with in_clinic(clinic):
        kind.refresh_from_db()
        assert (kind.names, kind.duration) == ({"en": "Check-up", "es": "Chequeo"}, 45)


@pytest.mark.django_db
def test_only_members_can_be_chosen_as_a_doctors_user(browse, owner, clinic):
    page = browse(owner).get(f"{ADMIN}scheduling/practitioner/add/").content.decode()
    assert "Doctor Alpha" in page
    assert "Beta" not in page
    assert "Stranger" not in page


def search(client, path, term):
    answer = client.post(ADMIN + path, {"search": term})
    assert answer.status_code == 302
    assert not any(word in answer["Location"] for word in term.split()), "a name stands in an address"
    return client.get(answer["Location"]).content.decode()


@pytest.mark.django_db
def test_search_forgives_case_and_accents_and_leaves_no_name_in_an_address(browse, owner, clinic):
    with in_clinic(clinic):
        patients.create(name="José Ñíguez", now=clock.now())
        patients.create(name="Somebody Else", now=clock.now())
    page = search(browse(owner), "scheduling/patient/", "jose NIGUEZ")
    assert "José Ñíguez" in page
    assert "Somebody Else" not in page
    assert 'value="jose NIGUEZ"' in page


@pytest.mark.django_db
@pytest.mark.parametrize("written", ["(212) 555-0111", "+1 212.555.0111", "2125550111"])
def test_a_number_is_found_however_it_is_written(browse, owner, clinic, written):
    with in_clinic(clinic):
        patients.create(name="Ana Pérez", phone="+12125550111", now=clock.now())
        patients.create(name="Somebody Else", phone="+12125550112", now=clock.now())
    page = search(browse(owner), "scheduling/patient/", written)
    assert "Ana Pérez" in page
    assert "Somebody Else" not in page
    assert "(212) 555-0111" in search(browse(owner), "scheduling/contactpoint/", written)


@pytest.mark.django_db
def test_a_search_keeps_the_filters_and_an_empty_one_ends_it(browse, owner, clinic):
    client = browse(owner)
    answer = client.post(ADMIN + "scheduling/patient/?named=yes&p=2", {"search": "ana"})
    assert "named=yes" in answer["Location"]
    assert "p=2" not in answer["Location"]
    answer = client.post(ADMIN + "scheduling/patient/?named=yes&q=old", {"search": " "})
    assert answer["Location"].endswith("?named=yes")


# ── Spreadsheets ─────────────────────────────────────────────────────────────────────────────────────────────────
ROWS = """record_number,name,called,date_of_birth,preferred_language,phone
1,Ana Pérez,,1980-12-31,es,(212) 555-0111
,"'=HYPERLINK(""x"")",,,en,
"""


def load(client, text, name="patients.csv", format_number="0"):
    file = io.BytesIO(text.encode() if isinstance(text, str) else text)
    file.name = name
    return client.post(f"{ADMIN}scheduling/patient/import/", {"import_file": file, "format": format_number})


def confirm(client, page):
    form = page.context["confirm_form"]
    return client.post(f"{ADMIN}scheduling/patient/process_import/", form.initial, follow=True)


@pytest.mark.django_db
def test_patients_are_shown_before_they_are_imported_and_matched_afterwards(browse, owner, clinic):
    client = browse(owner)
    page = load(client, ROWS)
    assert "Ana Pérez" in page.content.decode()
    with in_clinic(clinic):
        assert not Patient.objects.exists(), "a preview stores nothing"
    assert confirm(client, page).status_code == 200
    with in_clinic(clinic):
        ana = Patient.objects.get(record_number="1")
        assert ana.contacts.get().contact_point.phone == "+12125550111"
        assert Patient.objects.count() == 2
    confirm(
        client,
        load(
            client,
            ROWS.replace("Ana Pérez", "Ana P. Ruiz").splitlines(keepends=True)[0]
            + "1,Ana Ruiz,,1980-12-31,es,\n",
        ),
    )
    with in_clinic(clinic):
        assert Patient.objects.get(record_number="1").name == "Ana Ruiz"
        assert Patient.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("row", ["2,Ana,,31/12/1980,es,", "2,,,,,", "2,Ana,,,,12", "2,Ana,,2999-01-01,,"])
def test_a_row_that_cannot_be_is_named_and_nothing_is_stored(browse, owner, clinic, row):
    page = load(browse(owner), ROWS.splitlines()[0] + "\n" + row + "\n")
    assert page.status_code == 200
    assert page.context.get("confirm_form") is None
    with in_clinic(clinic):
        assert not Patient.objects.exists()


@pytest.mark.django_db
def test_a_bomb_is_not_unpacked(browse, owner):
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/worksheets/sheet1.xml", b"0" * (MAX_UNPACKED + 1))
    page = load(browse(owner), packed.getvalue(), "bomb.xlsx", "1")
    assert "too large" in page.content.decode()


@pytest.mark.django_db
def test_what_goes_out_cannot_be_run_by_a_spreadsheet_program(browse, owner, clinic):
    with in_clinic(clinic):
        for name in ("=1+1", "+cmd|x", "-2", "@SUM(A1)", "\tx"):
            patients.create(name=name, now=clock.now())
        patients.create(name="Ana", phone="+12125550111", now=clock.now())
    page = browse(owner).post(
        f"{ADMIN}scheduling/patient/export/",
        {"format": "0", "resource": "", **{f"patientresource_{f}": "on" for f in ("name", "phone")}},
    )
    table = tablib.Dataset().load(page.content.decode(), format="csv")
    names = dict(zip(table["name"], table["phone"], strict=True))
    assert names["Ana"] == "+12125550111"
    assert all(name == "Ana" or name[0] in "'12x" for name in names), names


@pytest.mark.django_db
def test_visits_go_out_with_the_places_own_time(browse, owner, clinic, busy):  # noqa: F811
    fields = ("date", "time", "patient", "practitioner", "type", "status")
    page = browse(owner).post(
        f"{ADMIN}scheduling/appointment/export/",
        {"format": "0", "resource": "", **{f"appointmentresource_{f}": "on" for f in fields}},
    )
    (row,) = tablib.Dataset().load(page.content.decode(), format="csv").dict
    local = busy.starts_at.astimezone(clinic.zone)
    assert (row["date"], row["time"], row["patient"]) == (
        local.date().isoformat(),
        f"{local:%H:%M}",
        "Ana Pérez",
    )
