"""Spreadsheet files that come in: CSV and XLSX with caps, no bombs, nothing of a patient left on a disk."""

from __future__ import annotations

import io
import zipfile
from pathlib import PurePath
from typing import Any

from django import forms
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from import_export.formats.base_formats import CSV, XLSX
from import_export.tmp_storages import CacheStorage
from unfold.contrib.import_export.forms import ImportForm

MAX_BYTES = 5 * 1024 * 1024
MAX_UNPACKED = 40 * 1024 * 1024
MAX_ROWS = 20_000


class TooLarge(ValueError):
    """The file is larger than anything a clinic imports at once."""

    def __init__(self) -> None:
        super().__init__(_("The file is too large: at most 5 MB and 20,000 rows."))


class Forgotten(ValueError):
    """The file that was looked at is not kept any more."""

    def __init__(self) -> None:
        super().__init__(_("The file is kept for half an hour only. Choose it again."))


class SafeCSV(CSV):  # type: ignore[misc]
    """CSV with a cap, whatever stands between its cells: Excel writes semicolons in half of the world."""

    def create_dataset(self, in_stream: Any, **kwargs: Any) -> Any:
        """Return the rows. Raises TooLarge, Forgotten."""
        if in_stream is None:
            raise Forgotten
        if len(in_stream) > MAX_BYTES:
            raise TooLarge
        text = in_stream if isinstance(in_stream, str) else bytes(in_stream).decode("utf-8-sig")
        text = text.removeprefix("\ufeff")
        head = text.partition("\n")[0]
        between = max(",;\t", key=head.count)
        return _capped(super().create_dataset(text, delimiter=between, **kwargs))


class SafeXLSX(XLSX):  # type: ignore[misc]
    """XLSX whose zip directory is looked at before anything is unpacked."""

    def create_dataset(self, in_stream: Any) -> Any:
        """Return the rows of the first sheet. Raises TooLarge, Forgotten."""
        if in_stream is None:
            raise Forgotten
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


class FileForm(ImportForm):  # type: ignore[misc]
    """A file; its format is what its name says."""

    def __init__(self, formats: Any, resources: Any, **kwargs: Any) -> None:
        super().__init__(formats, resources, **kwargs)
        self.fields["format"].required = False
        self.fields["format"].widget = forms.HiddenInput()
        self.fields["import_file"].label = gettext_lazy("CSV or XLSX file")
        self.fields["import_file"].widget.attrs["accept"] = ".csv,.xlsx"
        self._suffixes = [f".{one().get_extension()}" for one in formats]

    def clean(self) -> dict[str, Any]:
        """Find the format; make UTF-8 of what Excel wrote in the machine's own letters."""
        data: dict[str, Any] = super().clean() or self.cleaned_data
        file = data.get("import_file")
        if file is None:
            return data
        suffix = PurePath(file.name).suffix.lower()
        if suffix not in self._suffixes:
            self.add_error("import_file", _("Choose a CSV or an XLSX file."))
        elif file.size > MAX_BYTES:
            self.add_error("import_file", str(TooLarge()))
        else:
            data["format"] = str(self._suffixes.index(suffix))
            if suffix == ".csv":
                data["import_file"] = SimpleUploadedFile(file.name, _utf8(file.read()))
        return data


def _utf8(data: bytes) -> bytes:
    try:
        data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace").encode()
    return data
