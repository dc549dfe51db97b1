"""Patients as spreadsheet rows: out as they are, in after a look at what each row becomes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from import_export import fields

from clinics import readable
from clinics.spreadsheets import Cell, SafeResource, plain
from clinics.tenancy import current_clinic
from medsync.lib import clock, phone
from medsync.lib.text import clean
from scheduling import contacts, patient_cells, patients
from scheduling.models import ContactPoint, Patient, PatientContact
from scheduling.patient_cells import FIELDS, LENGTHS, BadCell
from scheduling.signals import contacts_agreed


class PatientResource(SafeResource):
    """Patients with their starred number.

    A row is the patient with its record number, else the one with the same name, birth date and number, else the
    person who wrote from that number and has no name yet, else new. An empty cell changes nothing. A row that cannot
    be is left out, with all that is wrong with it; the others go in.
    """

    phone = fields.Field(column_name="phone", readonly=True)

    class Meta:
        model = Patient
        fields = FIELDS
        export_order = FIELDS
        import_id_fields = ("record_number",)
        skip_unchanged = True
        report_skipped = True
        store_row_values = True
        store_instance = True
        skip_html_diff = True

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.unused: list[str] = []  # heads that mean nothing to us
        self._seen: dict[str, int] = {}  # record numbers of this file
        self._keys: set[str] = set()  # the numbers of the rows that are good

    @staticmethod
    def labels() -> dict[str, str]:
        """Return each column's words."""
        return {
            "record_number": _("Record number"),
            "name": _("Name"),
            "called": _("Called"),
            "date_of_birth": _("Date of birth"),
            "preferred_language": _("Language"),
            "phone": _("Phone"),
        }

    @classmethod
    def help(cls) -> list[str]:
        """Return what somebody with a file must know."""
        clinic = current_clinic()
        order = patient_cells.order_of(clinic.language, clinic.country)
        return [
            _(
                "The columns are found by their heads, in English, Spanish or Chinese, in any order: %(columns)s."
            )
            % {"columns": ", ".join(label.lower() for label in cls.labels().values())},
            _(
                "Dates of birth: %(example)s. Numbers in any spelling; several in a cell with a comma between them."
            )
            % {"example": patient_cells.example(order)},
            _(
                "A patient is known again by the record number, else by name, date of birth and number together."
            ),
            _(
                "An empty cell changes nothing. Nothing is stored before you have seen what every row becomes."
            ),
        ]

    # ── Out ──────────────────────────────────────────────────────────────────────────────────────────────────────
    def dehydrate_phone(self, patient: Patient) -> str:
        """Return the number for reminders, or ""."""
        starred = next((c for c in patient.contacts.all() if c.starred), None)
        return (starred.contact_point.phone or "") if starred else ""

    # ── In ───────────────────────────────────────────────────────────────────────────────────────────────────────
    def before_import(self, dataset: Any, **kwargs: Any) -> None:
        """Name the columns as we do. Raises ValidationError when there is none for the name."""
        heads, known = [], set()
        for number, head in enumerate(dataset.headers or ()):
            column = patient_cells.column_of(head)
            if not column or column in known:
                self.unused += [plain(head)] if plain(head) else []
                column = f"unused {number}"
            known.add(column)
            heads.append(column)
        if not known & {"name", "first_name"}:
            raise ValidationError(
                _("There is no column with the name. Its head could be: name, nombre, 姓名.")
            )
        if "record_number" not in known:
            dataset.headers = heads
            dataset.append_col([""] * len(dataset), header="record_number")
            return
        dataset.headers = heads

    def before_import_row(self, row: Any, row_number: int = 0, **kwargs: Any) -> None:
        """Clean every cell; numbers become E.164. Raises ValidationError for this row alone."""
        texts = {column: clean(plain(row.get(column))) for column in patient_cells.HEADS}
        parts = (texts["name"] or texts["first_name"], texts["last_name"], texts["second_last_name"])
        texts["name"] = " ".join(part for part in parts if part)
        row["given"] = {column: texts[column] for column in FIELDS}
        clinic, wrong = current_clinic(), []
        if not texts["name"]:
            wrong.append(_("A patient needs a name."))
        for column, length in LENGTHS.items():
            if len(texts[column]) > length:
                wrong.append(
                    _("%(column)s: at most %(length)d characters.")
                    % {"column": self.labels()[column], "length": length}
                )
            row[column] = texts[column]
        order = patient_cells.order_of(clinic.language, clinic.country)
        row["date_of_birth"] = _try(
            wrong, patient_cells.birth, texts["date_of_birth"], order=order, today=_today()
        )
        row["preferred_language"] = _try(wrong, patient_cells.language, texts["preferred_language"]) or ""
        row["numbers"] = _try(wrong, patient_cells.numbers, texts["phone"], region=clinic.country) or []
        if number := texts["record_number"]:
            first = self._seen.setdefault(number, row_number)
            if first != row_number:
                wrong.append(_("Row %(row)d has this record number, too.") % {"row": first + 1})
        if wrong:
            raise ValidationError(wrong)

    def get_instance(self, instance_loader: Any, row: Any) -> Patient | None:
        """Find the patient that the row means."""
        present = Patient.objects.filter(merged_into=None)
        if row["record_number"]:
            found = present.filter(record_number=row["record_number"]).first()
            if found is not None:
                return found
            present = present.filter(record_number="")
        for number in row["numbers"]:
            key = phone.match_key(number)
            same = present.filter(
                contacts__contact_point__match_key=key,
                name__iexact=row["name"],
                date_of_birth=row["date_of_birth"],
            ).first()
            if same is not None:
                return same
            there = list(
                Patient.objects.filter(merged_into=None, contacts__contact_point__match_key=key).distinct()[
                    :2
                ]
            )
            if len(there) == 1 and not there[0].name:
                return there[0]
        return None

    def import_field(self, field: Any, instance: Any, row: Any, is_m2m: bool = False, **kwargs: Any) -> None:
        """Leave what is there where the cell is empty; dates are dates already."""
        if field.readonly:
            return
        value = row.get(field.column_name)
        if value or instance._state.adding:
            setattr(instance, field.attribute, value if value or field.attribute == "date_of_birth" else "")

    def skip_row(self, instance: Any, original: Any, row: Any, import_validation_errors: Any = None) -> bool:
        """Skip what is the same already, numbers included."""
        row["new_numbers"] = self._new_numbers(instance, row["numbers"])
        if row["new_numbers"] or instance._state.adding:
            return False
        return bool(super().skip_row(instance, original, row, import_validation_errors))

    def after_save_instance(self, instance: Patient, row: Any, **kwargs: Any) -> None:
        """Let the patient be reached at the row's numbers."""
        for number in row["new_numbers"]:
            point = contacts.point_for_phone(number, now=clock.now()).contact_point
            patients.add_contact(instance, point)

    def after_import_row(self, row: Any, row_result: Any, **kwargs: Any) -> None:
        """Remember whom the list is about, also where nothing of them changes."""
        if row_result.is_valid():
            self._keys |= {phone.match_key(number) for number in row.get("numbers") or ()}

    def after_import(self, dataset: Any, result: Any, **kwargs: Any) -> None:
        """Tell who of the list agreed to messages, once what it says is stored."""
        super().after_import(dataset, result, **kwargs)
        agreed = kwargs.get("agreed")
        if agreed is not None and not kwargs.get("dry_run") and not result.has_errors():
            points = ContactPoint.objects.filter(match_key__in=self._keys, merged_into=None)
            points_ids = list(points.order_by("pk").values_list("pk", flat=True))
            contacts_agreed.send(sender=Patient, points=points_ids, agreed=agreed)

    def preview_cells(self, row_result: Any) -> list[Cell]:
        """Return what a row becomes, cell by cell: as it will be, and what stood there when that differs."""
        given, clinic = row_result.row_values.get("given", {}), current_clinic()
        if not row_result.is_valid():
            return [Cell(given.get(column, "")) for column in FIELDS]
        patient, original = row_result.instance, row_result.original
        cells = []
        for column in FIELDS[:-1]:
            now = _shown(column, getattr(patient, column))
            before = _shown(column, getattr(original, column)) if original else ""
            cells.append(Cell(now, before if original and before != now else ""))
        numbers = [phone.display(number, clinic.country) for number in row_result.row_values["numbers"]]
        return [*cells, Cell(", ".join(numbers))]

    def _new_numbers(self, patient: Patient, numbers: Iterable[str]) -> list[str]:
        if patient._state.adding:
            return list(numbers)
        keys = {phone.match_key(number): number for number in numbers}
        known = PatientContact.objects.filter(patient=patient, contact_point__match_key__in=keys)
        for key in known.values_list("contact_point__match_key", flat=True) if keys else ():
            keys.pop(key, None)
        return list(keys.values())


def _try(wrong: list[str], read: Any, text: str, **how: Any) -> Any:
    try:
        return read(text, **how)
    except BadCell as error:
        wrong.append(str(error))
        return None


def _today() -> Any:
    return clock.now().astimezone(current_clinic().zone).date()


def _shown(column: str, value: Any) -> str:
    if column == "date_of_birth":
        return readable.day(value) if value else ""
    return readable.language(value) if column == "preferred_language" else str(value)
