"""Spreadsheets in and out of the clinic's admin: no formulas out, and a word on what becomes of every row that comes in.

A file is read twice: once to show what every row becomes, once to store the rows that can be. A row that cannot be
never stops the others, and never goes missing without a word.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from import_export import resources
from import_export.results import RowResult
from unfold.contrib.import_export.forms import SelectableFieldsExportForm

from clinics.spreadsheet_files import FileForm, Forgotten, SafeCSV, SafeXLSX, ShortStorage, TooLarge

MAX_SHOWN = 1000  # rows of a preview; bad ones come first

# What a spreadsheet program would run; a plain phone number, which begins with + as well, is left alone. Spaces and
# full-width signs are looked through, as such programs do.
_FORMULA = re.compile(r"^(?!\+\d{7,15}$)(?:[\t\r\n\0]|\s*[=+\-@\uff1d\uff0b\uff0d\uff20|%])")
_HARMLESS = re.compile(r"^'(?=[\t\r\n\0]|\s*[=+\-@\uff1d\uff0b\uff0d\uff20|%])")


class NoDiff:
    """Stands for the library's comparison, which would read every patient's numbers once more."""

    def __init__(self, *_args: Any) -> None:
        """Compare nothing."""

    def compare_with(self, *_args: Any) -> None:
        """Compare nothing."""

    def as_html(self) -> list[str]:
        """Return nothing."""
        return []


@dataclass(frozen=True, slots=True)
class Cell:
    """A cell as it will be, and what stood there when that differs."""

    now: str
    before: str = ""


@dataclass(frozen=True, slots=True)
class PreviewRow:
    """What becomes of a row: its number in the file, a word with its colour, the cells, what is wrong."""

    number: int
    word: str
    tone: str
    cells: list[Cell]
    wrong: list[str]


@dataclass(frozen=True, slots=True)
class Preview:
    """What becomes of a file."""

    heads: list[str]
    rows: list[PreviewRow]
    counts: list[tuple[str, str, int]]  # word, tone, how many
    more: int  # rows that are not shown
    unused: list[str]  # heads that mean nothing to us
    errors: list[str]  # why nothing of the file can be stored
    stored: int  # how many rows would be stored
    left_out: int


class SafeResource(resources.ModelResource):  # type: ignore[misc]
    """A resource whose cells cannot be run by a spreadsheet program."""

    def export_field(self, field: Any, instance: Any, **kwargs: Any) -> Any:
        """Return the cell as text that stays text."""
        value = super().export_field(field, instance, **kwargs)
        return "'" + value if isinstance(value, str) and _FORMULA.match(value) else value

    @classmethod
    def get_diff_class(cls) -> type:
        """Compare nothing: `preview` tells what changes."""
        return NoDiff

    @staticmethod
    def labels() -> dict[str, str]:
        """Return each column's words."""
        return {}

    @classmethod
    def help(cls) -> list[str]:
        """Return what somebody with a file must know."""
        return []

    def preview_cells(self, row_result: Any) -> list[Cell]:
        """Return what a row becomes, cell by cell."""
        raise NotImplementedError

    def after_import(self, dataset: Any, result: Any, **kwargs: Any) -> None:
        """Leave with the result who can tell what becomes of its rows."""
        super().after_import(dataset, result, **kwargs)
        result.resource = self

    def preview(self, result: Any) -> Preview:
        """Return what becomes of every row of a file that was tried."""
        totals = result.totals
        rows: list[PreviewRow] = []
        for number, row in enumerate(result.rows, start=2):  # the heads are row 1
            word, tone = _becomes(row)
            wrong = list(row.validation_error.messages) if row.validation_error else []
            wrong += [_("Something in this row cannot be stored.")] if row.errors else []
            if len(rows) < MAX_SHOWN or wrong:
                rows.append(PreviewRow(number, word, tone, self.preview_cells(row), wrong))
        shown = sorted(rows, key=lambda row: not row.wrong)[:MAX_SHOWN]
        bad = totals[RowResult.IMPORT_TYPE_INVALID] + totals[RowResult.IMPORT_TYPE_ERROR]
        new, updated = totals[RowResult.IMPORT_TYPE_NEW], totals[RowResult.IMPORT_TYPE_UPDATE]
        errors = [_sentence(error.error) for error in result.base_errors]
        if totals[RowResult.IMPORT_TYPE_ERROR]:
            errors.append(
                _("A row cannot be stored at all. Take it out of the file: until then nothing is stored.")
            )
        return Preview(
            heads=list(self.labels().values()),
            rows=shown,
            counts=[
                (_("New"), "success", new),
                (_("Updated"), "info", updated),
                (_("Same already"), "", totals[RowResult.IMPORT_TYPE_SKIP]),
                (_("Left out"), "danger", bad),
            ],
            more=len(result.rows) - len(shown),
            unused=getattr(self, "unused", []),
            errors=errors,
            stored=new + updated,
            left_out=bad,
        )


def _becomes(row: Any) -> tuple[str, str]:
    words = {
        RowResult.IMPORT_TYPE_NEW: (_("New"), "success"),
        RowResult.IMPORT_TYPE_UPDATE: (_("Updated"), "info"),
        RowResult.IMPORT_TYPE_SKIP: (_("Same already"), ""),
    }
    return words.get(row.import_type, (_("Left out"), "danger"))


def _sentence(error: Exception) -> str:
    found = getattr(error, "messages", None)
    return " ".join(found) if found else _("The file cannot be read as a list.")


def plain(value: Any) -> str:
    """Return a cell's text as a person meant it: without the mark that keeps it from being a formula."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # a spreadsheet's figures have no length of their own: 7.0 is a record number 7
    return _HARMLESS.sub("", "" if value is None else str(value)).strip()


class ColumnsForm(SelectableFieldsExportForm):  # type: ignore[misc]
    """What goes out, in words."""

    def _get_field_label(self, resource: Any, field_name: str) -> str:
        return str(resource.labels().get(field_name, super()._get_field_label(resource, field_name)))


class SpreadsheetMixin:
    """What admins with spreadsheets share."""

    formats = [SafeCSV, SafeXLSX]
    import_formats = formats
    export_formats = formats
    import_form_class = FileForm
    export_form_class = ColumnsForm
    import_template_name = "clinics/admin/import.html"
    export_template_name = "clinics/admin/export.html"
    tmp_storage_class = ShortStorage
    show_change_form_export = False

    def import_action(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Answer the form, or what every row of the file becomes; rows that can be may go in beside bad ones."""
        response = super().import_action(request, **kwargs)  # type: ignore[misc]
        context = response.context_data
        resource = self.resource_classes[0]  # type: ignore[attr-defined]
        context["help"] = resource.help()
        if (result := context.get("result")) is not None:
            context["preview"] = preview = result.resource.preview(result)
            if preview.stored and not result.has_errors():
                context["confirm_form"] = self.create_confirm_form(request, import_form=context["form"])  # type: ignore[attr-defined]
            else:
                context.pop("confirm_form", None)
        return response  # type: ignore[no-any-return]

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """Store what can be; a file that is kept no more is asked for again, and so is what was not answered whole."""
        asked = self.create_confirm_form(request)  # type: ignore[attr-defined]
        if not asked.is_valid():
            for sentences in asked.errors.values():
                messages.error(
                    request, " ".join(sentences) + " " + _("Nothing was stored. Choose the file again.")
                )
            app, model = self.get_model_info()  # type: ignore[attr-defined]
            return HttpResponseRedirect(reverse(f"{self.admin_site.name}:{app}_{model}_import"))  # type: ignore[attr-defined]
        try:
            return super().process_import(request, **kwargs)  # type: ignore[misc,no-any-return]
        except (Forgotten, TooLarge) as error:
            messages.error(request, str(error))
            app, model = self.get_model_info()  # type: ignore[attr-defined]
            return HttpResponseRedirect(reverse(f"{self.admin_site.name}:{app}_{model}_import"))  # type: ignore[attr-defined]

    def add_success_message(self, result: Any, request: HttpRequest) -> None:
        """Say what was stored, and what was not."""
        if result.has_errors():
            messages.error(
                request, _("Nothing was stored: somebody changed one of these rows meanwhile. Try again.")
            )
            return
        totals = result.totals
        messages.success(
            request,
            _("Imported: %(new)d new, %(updated)d updated, %(same)d the same already.")
            % {
                "new": totals[RowResult.IMPORT_TYPE_NEW],
                "updated": totals[RowResult.IMPORT_TYPE_UPDATE],
                "same": totals[RowResult.IMPORT_TYPE_SKIP],
            },
        )
        if bad := totals[RowResult.IMPORT_TYPE_INVALID]:
            messages.warning(
                request,
                ngettext("%(count)d row was left out.", "%(count)d rows were left out.", bad)
                % {"count": bad},
            )

    def add_data_read_fail_error_to_form(self, form: Any, e: Exception) -> None:
        """Say what is wrong with the file in words of ours."""
        known = isinstance(e, TooLarge | Forgotten)
        form.add_error("import_file", str(e) if known else _("The file cannot be read as a list."))
