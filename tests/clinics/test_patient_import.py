"""Lists of patients come in after a look: heads in three languages, dates by country, any number, bad rows named."""

import io
from datetime import date

import pytest
import tablib

from clinics.tenancy import in_clinic
from medsync.lib import clock
from scheduling import contacts, patient_cells, patients
from scheduling.models import Patient
from scheduling.patient_cells import BadCell

ADMIN = "/c/alpha/admin/"
TODAY = date(2026, 11, 21)


def look(client, text, name="patients.csv"):
    file = io.BytesIO(text if isinstance(text, bytes) else text.encode())
    file.name = name
    return client.post(f"{ADMIN}scheduling/patient/import/", {"import_file": file, "format": ""})


def store(client, page):
    return client.post(
        f"{ADMIN}scheduling/patient/process_import/", page.context["confirm_form"].initial, follow=True
    )


def becomes(page):
    return {row.number: row.word for row in page.context["preview"].rows}


# ── Cells ────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.parametrize(
    ("head", "column"),
    [
        ("Date of Birth", "date_of_birth"),
        ("FECHA DE NACIMIENTO", "date_of_birth"),
        ("fecha_nacimiento", "date_of_birth"),
        ("出生日期", "date_of_birth"),
        ("Teléfono celular", "phone"),
        ("Nº de expediente", "record_number"),
        ("Expediente", "record_number"),
        ("\ufeffNombre", "name"),
        ("Apellidos", "last_name"),
        ("姓名", "name"),
        ("Balance", ""),
        (None, ""),
    ],
)
def test_columns_are_found_by_their_heads_in_three_languages(head, column):
    assert patient_cells.column_of(head) == column


@pytest.mark.parametrize(
    ("language", "country", "order"),
    [("en", "US", "mdy"), ("es", "MX", "dmy"), ("es", "US", "dmy"), ("en", "GB", "dmy"), ("zh", "CN", "ymd")],
)
def test_a_country_has_its_order_of_days(language, country, order):
    assert patient_cells.order_of(language, country) == order


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("1980-03-04", "mdy", date(1980, 3, 4)),
        ("1980-03-04", "dmy", date(1980, 3, 4)),
        ("1980-03-04 00:00:00", "dmy", date(1980, 3, 4)),
        ("03/04/1980", "mdy", date(1980, 3, 4)),
        ("03/04/1980", "dmy", date(1980, 4, 3)),
        ("3.4.1980", "dmy", date(1980, 4, 3)),
        ("1980/03/04", "dmy", date(1980, 3, 4)),
        ("03/04/80", "dmy", date(1980, 4, 3)),
        ("03/04/05", "dmy", date(2005, 4, 3)),
        ("March 4, 1980", "dmy", date(1980, 3, 4)),
        ("4 de marzo de 1980", "mdy", date(1980, 3, 4)),
        ("", "mdy", None),
    ],
)
def test_a_date_follows_the_country_and_iso_is_understood_everywhere(text, order, day):
    assert patient_cells.birth(text, order=order, today=TODAY) == day


@pytest.mark.parametrize(
    "text", ["31/12/1980", "1980-02-30", "2027-01-01", "1700-01-01", "yesterday", "5/1980"]
)
def test_a_date_that_cannot_be_is_refused_with_a_sentence(text):
    with pytest.raises(BadCell) as refused:
        patient_cells.birth(text, order="mdy", today=TODAY)
    assert "date of birth" in str(refused.value)


def test_several_numbers_stand_in_a_cell():
    cell = "(212) 555-0111; +1 212.555.0112, 2125550111"
    assert patient_cells.numbers(cell, region="US") == ["+12125550111", "+12125550112"]


# ── Files ────────────────────────────────────────────────────────────────────────────────────────────────────────
@pytest.mark.django_db
def test_every_row_says_what_it_becomes_before_anything_is_stored(browse, owner, clinic):
    with in_clinic(clinic):
        patients.create(name="Ana Pérez", record_number="1", called="Anita", now=clock.now())
        patients.create(
            name="Same Old", record_number="2", phone="+12125550112", preferred_language="es", now=clock.now()
        )
    client = browse(owner)
    page = look(
        client,
        "Nombre;Expediente;Fecha de nacimiento;Idioma;Teléfono;Saldo\n"
        "Ana Pérez Ruiz;1;12/31/1980;español;212 555 0111;7\n"
        "Same Old;2;;es;212-555-0112;\n"
        "New One;3;;;;\n"
        ";4;13/31/1980;klingon;12;\n"
        "Again;3;;;;\n",
    )
    text = page.content.decode()
    assert becomes(page) == {2: "Updated", 3: "Same already", 4: "New", 5: "Left out", 6: "Left out"}
    first = next(row for row in page.context["preview"].rows if row.number == 2)
    assert [(cell.now, cell.before) for cell in first.cells] == [
        ("1", ""),
        ("Ana Pérez Ruiz", "Ana Pérez"),
        ("Anita", ""),
        ("Dec 31, 1980", ""),
        ("Spanish", ""),
        ("(212) 555-0111", ""),
    ]
    for sentence in (
        "A patient needs a name.",
        "The date of birth is not understood.",
        "The language is not known here.",
        "This is no phone number: 12.",
        "Row 4 has this record number, too.",
        "2 rows are left out; the others go in.",
        "Columns that are not used: Saldo",
    ):
        assert sentence in text.replace("&#x27;", "'"), sentence
    with in_clinic(clinic):
        assert Patient.objects.count() == 2, "a look stores nothing"

    answer = store(client, page).content.decode()
    assert "Imported: 1 new, 1 updated, 1 the same already." in answer
    assert "2 rows were left out." in answer
    with in_clinic(clinic):
        ana = Patient.objects.get(record_number="1")
        assert (ana.name, ana.called, ana.date_of_birth) == ("Ana Pérez Ruiz", "Anita", date(1980, 12, 31))
        assert ana.preferred_language == "es"
        assert ana.contacts.get().contact_point.phone == "+12125550111"
        assert set(Patient.objects.values_list("record_number", flat=True)) == {"1", "2", "3"}


@pytest.mark.django_db
def test_in_mexico_the_day_comes_first(browse, world):
    beta = world.clinics["beta"]
    client = browse(world.users["owner@beta.example"])
    file = io.BytesIO(b"nombre,apellidos,fecha de nacimiento,celular\nLuz,Mora Gil,04/03/1980,55 5555 0101\n")
    file.name = "pacientes.csv"
    page = client.post("/c/beta/admin/scheduling/patient/import/", {"import_file": file, "format": ""})
    client.post("/c/beta/admin/scheduling/patient/process_import/", page.context["confirm_form"].initial)
    with in_clinic(beta):
        luz = Patient.objects.get(name="Luz Mora Gil")
        assert luz.date_of_birth == date(1980, 3, 4)
        assert luz.contacts.get().contact_point.phone == "+525555550101"


@pytest.mark.django_db
def test_a_second_import_of_the_same_file_changes_nothing(browse, owner, clinic):
    client = browse(owner)
    text = "name,date of birth,phone\nAna,1980-12-31,212 555 0111\nBen,,\n"
    store(client, look(client, text))
    again = look(client, text)
    assert becomes(again)[2] == "Same already"
    with in_clinic(clinic):
        assert Patient.objects.filter(name="Ana").count() == 1


@pytest.mark.django_db
def test_who_wrote_without_a_name_gets_the_name_of_the_list(browse, owner, clinic):
    with in_clinic(clinic):
        nameless = patients.create(name="", phone="+12125550111", now=clock.now())
    client = browse(owner)
    store(client, look(client, "name,phone\nAna Pérez,(212) 555-0111\n"))
    with in_clinic(clinic):
        assert Patient.objects.get().pk == nameless.pk
        assert Patient.objects.get().name == "Ana Pérez"


@pytest.mark.django_db
def test_an_unchanged_patient_still_gets_a_second_number(browse, owner, clinic):
    with in_clinic(clinic):
        ana = patients.create(name="Ana", record_number="1", phone="+12125550111", now=clock.now())
    client = browse(owner)
    page = look(client, "record number,name,phone\n1,Ana,212 555 0111 / 212 555 0112\n")
    assert becomes(page) == {2: "Updated"}
    store(client, page)
    with in_clinic(clinic):
        numbers = ana.contacts.order_by("contact_point__phone").values_list("contact_point__phone", "starred")
        assert list(numbers) == [("+12125550111", True), ("+12125550112", False)]
        assert len(contacts.patients_of(ana.contacts.first().contact_point)) == 1


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("name", "data", "sentence"),
    [
        ("list.pdf", b"%PDF", "Choose a CSV or an XLSX file."),
        ("list.xlsx", b"no zip", "The file cannot be read as a list."),
        ("list.csv", b"colour,size\nred,7\n", "There is no column with the name."),
        ("list.csv", b"name\n" + b"x\n" * 20_001, "The file is too large"),
    ],
    ids=["type", "broken", "no-name", "too-long"],
)
def test_a_file_that_is_no_list_says_so(browse, owner, clinic, name, data, sentence):
    page = look(browse(owner), data, name)
    assert sentence in page.content.decode()
    assert "confirm_form" not in page.context


@pytest.mark.django_db
def test_excels_own_letters_are_read(browse, owner, clinic):
    page = look(browse(owner), "nombre;teléfono\nJosé Ñíguez;212 555 0111\n".encode("cp1252"))
    assert "José Ñíguez" in page.content.decode()


@pytest.mark.django_db
def test_a_spreadsheet_with_figures_and_dates_is_read(browse, owner, clinic):
    rows = [(7.0, "Ana", date(1980, 12, 31), 2125550111.0)]
    data = tablib.Dataset(*rows, headers=["Record number", "Name", "DOB", "Phone"]).export("xlsx")
    client = browse(owner)
    store(client, look(client, data, "list.xlsx"))
    with in_clinic(clinic):
        ana = Patient.objects.get()
        assert (ana.record_number, ana.date_of_birth) == ("7", date(1980, 12, 31))
        assert ana.contacts.get().contact_point.phone == "+12125550111"


@pytest.mark.django_db
def test_a_file_that_is_kept_no_more_is_asked_for_again(browse, owner, clinic):
    from django.core.cache import cache

    client = browse(owner)
    page = look(client, "name\nAna\n")
    cache.clear()
    assert "Choose it again." in store(client, page).content.decode()
    with in_clinic(clinic):
        assert not Patient.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(
    "name", ["<script>alert(1)</script>", '=cmd|"/c calc"!A1', "<img src=x onerror=alert(1)>"]
)
def test_what_a_patient_is_called_stays_text_everywhere(browse, owner, clinic, name):
    client = browse(owner)
    data = tablib.Dataset((name, "212 555 0111"), headers=["name", "phone"]).export("csv")
    page = look(client, data)
    assert "<script>alert" not in page.content.decode()
    assert "<img src=x" not in page.content.decode()
    store(client, page)
    with in_clinic(clinic):
        patient = Patient.objects.get()
        assert patient.name == name
    for path in ("", f"{patient.pk}/change/", f"{patient.pk}/history/", "?q=script"):
        text = client.get(f"{ADMIN}scheduling/patient/{path}").content.decode()
        assert "<script>alert" not in text
        assert "<img src=x" not in text
    out = client.post(
        f"{ADMIN}scheduling/patient/export/",
        {"format": "0", "resource": "", "patientresource_name": "on", "patientresource_phone": "on"},
    )
    (row,) = tablib.Dataset().load(out.content.decode(), format="csv").dict
    assert row == {"name": ("'" if name.startswith("=") else "") + name, "phone": "+12125550111"}


@pytest.mark.django_db
def test_an_export_takes_only_what_was_chosen(browse, owner, clinic):
    with in_clinic(clinic):
        patients.create(name="Ana", record_number="7", now=clock.now())
    client = browse(owner)
    out = client.post(
        f"{ADMIN}scheduling/patient/export/",
        {"format": "0", "resource": "", "patientresource_record_number": "on"},
    )
    assert tablib.Dataset().load(out.content.decode(), format="csv").dict == [{"record_number": "7"}]
    nothing = client.post(f"{ADMIN}scheduling/patient/export/", {"format": "0", "resource": ""})
    assert nothing.status_code == 200
    assert nothing["Content-Type"].startswith("text/html")
