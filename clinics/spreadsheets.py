"""Spreadsheets in and out of the clinic's admin: no formulas out, no bombs in, nothing of a patient left on a disk."""

import io
import re
import zipfile
from typing import Any

from django.utils.translation import gettext as _
from import_export import resources
from import_export.formats.base_formats import CSV, XLSX
from import_export.tmp_storages import CacheStorage
from unfold.contrib.import_export.forms import ExportForm, ImportForm

MAX_BYTES = 5 * 1024 * 1024
MAX_UNPACKED = 40 * 1024 * 1024
MAX_ROWS = 20_000

# What a spreadsheet program would run; a plain phone number, which begins with + as well, is left alone.
_FORMULA = re.compile(r"^(?!\+\d{7,15}$)[=+\-@\t\r\n\0]")
_HARMLESS = re.compile(r"^'(?=[=+\-@\t\r\n])")


class TooLarge(ValueError):
    """The file is larger than anything a clinic imports at once."""

    def __init__(self) -> None:
        super().__init__(_("The file is too large: at most 5 MB and 20,000 rows."))


class SafeCSV(CSV):  # type: ignore[misc]
    """CSV with a cap."""

    def create_dataset(self, in_stream: Any, **kwargs: Any) -> Any:
        """Return the rows. Raises TooLarge."""
        if len(in_stream) > MAX_BYTES:
            raise TooLarge
        return _capped(super().create_dataset(in_stream, **kwargs))


class SafeXLSX(XLSX):  # type: ignore[misc]
    """XLSX whose zip directory is looked at before anything is unpacked."""

    def create_dataset(self, in_stream: Any) -> Any:
        """Return the rows of the first sheet. Raises TooLarge."""
        if len(in_stream) > MAX_BYTES:
            raise TooLarge
        with zipfile.ZipFile(io.BytesIO(in_stream)) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > MAX_UNPACKED:
                raise TooLarge
        return _capped(super().create_dataset(in_stream))


def _capped(dataset: Any) -> Any:
    if len(dataset) > MAX_ROWS:
        raise TooLarge
    return dataset


class ShortStorage(CacheStorage):  # type: ignore[misc]
    """Keeps a file between preview and import in the cache, whose keys carry the clinic's schema, for half an hour."""

    CACHE_LIFETIME = 1800


class SafeResource(resources.ModelResource):  # type: ignore[misc]
    """A resource whose cells cannot be run by a spreadsheet program."""

    def export_field(self, field: Any, instance: Any, **kwargs: Any) -> Any:
        """Return the cell as text that stays text."""
        value = super().export_field(field, instance, **kwargs)
        return "'" + value if isinstance(value, str) and _FORMULA.match(value) else value


def plain(value: Any) -> str:
    """Return a cell's text as a person meant it: without the mark that keeps it from being a formula."""
    return _HARMLESS.sub("", "" if value is None else str(value)).strip()


class SpreadsheetMixin:
    """What admins with spreadsheets share."""

    formats = [SafeCSV, SafeXLSX]
    import_formats = formats
    export_formats = formats
    import_form_class = ImportForm
    export_form_class = ExportForm
    tmp_storage_class = ShortStorage
    show_change_form_export = False

    def add_data_read_fail_error_to_form(self, form: Any, e: Exception) -> None:
        """Say what is wrong with the file in words of ours, where we have some."""
        if isinstance(e, TooLarge):
            form.add_error("import_file", str(e))
        else:
            super().add_data_read_fail_error_to_form(form, e)  # type: ignore[misc]
