"""What each text of the catalogue is for, in the member's language; the English words stand with the text itself."""

import functools
import tomllib
from collections.abc import Mapping
from importlib import resources

from django.utils.translation import get_language

from messaging.catalog import Entry


@functools.cache
def _translated() -> Mapping[str, Mapping[str, str]]:
    path = resources.files("messaging") / "texts" / "purposes.toml"
    return tomllib.loads(path.read_text(encoding="utf-8"))


def purpose_of(entry: Entry, key: str) -> str:
    """Return what a text is for, in English where it is not said in the member's language."""
    spoken = (get_language() or "").split("-")[0]
    return _translated().get(spoken, {}).get(key, entry.purpose)
