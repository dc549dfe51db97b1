"""Every screen speaks Spanish: no string is missing from the catalog, untranslated, fuzzy or stale.

Strings are gathered with gettext's tools when they are here; without them only the catalog itself is judged.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

ROOT = Path(__file__).resolve().parents[1]
LANGUAGES = ("es",)
SOURCES = ("medsync", "clinics", "scheduling", "messaging", "templates")


def problems() -> Iterator[str]:
    """Yield what a reader of Spanish would stumble over."""
    wanted = _gathered()
    for language in LANGUAGES:
        path = ROOT / "medsync" / "locale" / language / "LC_MESSAGES" / "django.po"
        if not path.exists():
            if wanted is None or any(message.id for message in wanted):
                yield f"{path.relative_to(ROOT)} is missing"
            continue
        catalog = _read(path)
        for message in catalog:
            if not message.id:
                continue
            if message.fuzzy:
                yield f"{language}: fuzzy: {_short(message.id)}"
            elif not all(message.string if isinstance(message.string, tuple | list) else [message.string]):
                yield f"{language}: untranslated: {_short(message.id)}"
            for error in message.check(catalog):
                yield f"{language}: {error}: {_short(message.id)}"
        if wanted is not None:
            known = {_key(message) for message in catalog if message.id}
            for message in wanted:
                if message.id and _key(message) not in known:
                    yield f"{language}: not in the catalog (run `make messages`): {_short(message.id)}"


def _gathered() -> Catalog | None:
    """Return all strings of the sources as `makemessages` finds them, or None without gettext's tools."""
    if not shutil.which("xgettext"):
        return None
    with tempfile.TemporaryDirectory() as folder:
        for source in SOURCES:
            if (ROOT / source).exists():
                # A copy, for makemessages writes its files beside the sources.
                shutil.copytree(
                    ROOT / source, Path(folder) / source, ignore=shutil.ignore_patterns("*.pyc", "locale")
                )
        (Path(folder) / "locale").mkdir()
        command = [sys.executable, "-m", "django", "makemessages", "--locale", "es", "--no-location"]
        env = {k: v for k, v in os.environ.items() if k != "DJANGO_SETTINGS_MODULE"}
        done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.exit(f"makemessages failed:\n{done.stderr}")
        found = Path(folder) / "locale" / "es" / "LC_MESSAGES" / "django.po"
        return _read(found) if found.exists() else Catalog()


def _read(path: Path) -> Catalog:
    with path.open("rb") as file:
        return read_po(file)


def _key(message: object) -> tuple[str, str]:
    """Return what gettext looks a message up by."""
    identity = message.id  # type: ignore[attr-defined]
    return (message.context or "", identity[0] if isinstance(identity, tuple | list) else identity)  # type: ignore[attr-defined]


def _short(identity: object) -> str:
    text = identity[0] if isinstance(identity, tuple | list) else str(identity)
    return repr(text if len(text) < 70 else text[:67] + "…")


if __name__ == "__main__":
    found = list(problems())
    sys.stdout.write("".join(f"{line}\n" for line in found))
    sys.exit(1 if found else 0)
