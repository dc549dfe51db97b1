"""axe-core, fetched from the npm registry once, checked against its digest and kept in the user's cache."""

import hashlib
import os
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

VERSION = "4.10.3"
SHA256 = "880970c081707360e64f34cea25ff91892f5bc95675b0776925b9709dd8a68bb"  # of axe.min.js in that package
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "medsync-tests"
OF_COLOURS = ("color-contrast", "link-in-text-block")
WORTH_FAILING = ("serious", "critical")


def digest(code: bytes) -> str:
    """Return the digest that SHA256 is compared with."""
    return hashlib.sha256(code).hexdigest()


def script() -> str:
    """Return axe's code; skip the test, saying why, where neither the cache nor npm has it."""
    kept = CACHE / f"axe-{VERSION}.min.js"
    if kept.exists() and digest(kept.read_bytes()) == SHA256:
        return kept.read_text()
    npm = shutil.which("npm")
    if npm is None:
        pytest.skip(f"no npm on this machine to fetch axe-core {VERSION} with")
    with tempfile.TemporaryDirectory() as folder:
        done = subprocess.run(
            [npm, "pack", "--silent", f"axe-core@{VERSION}"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=120,
        )
        if done.returncode:
            pytest.skip(f"npm could not fetch axe-core {VERSION}: is there a registry?")
        with tarfile.open(Path(folder) / f"axe-core-{VERSION}.tgz") as package:
            member = package.extractfile("package/axe.min.js")
            assert member is not None
            code = member.read()
    assert digest(code) == SHA256, "axe-core from the registry is not the one that was pinned"
    CACHE.mkdir(parents=True, exist_ok=True)
    whole = kept.with_suffix(f".{os.getpid()}")
    whole.write_bytes(code)
    whole.replace(kept)  # two processes may fetch at once
    return code.decode()


def complaints(page: Page, code: str, *, colours_alone: bool = False) -> list[str]:
    """Return what is serious or critical on the page, one line for each element.

    `colours_alone` asks what depends on colours only: enough for a page whose other look was asked everything.
    """
    if not page.evaluate("'axe' in window"):
        page.evaluate(code)
    options: dict[str, Any] = {"resultTypes": ["violations"]}
    if colours_alone:
        options["runOnly"] = {"type": "rule", "values": list(OF_COLOURS)}
    found: Any = page.evaluate("options => axe.run(document, options)", options)
    return [
        f"{violation['id']} ({violation['impact']}): {' '.join(map(str, node['target']))} {node['html'][:160]}"
        for violation in found["violations"]
        if violation["impact"] in WORTH_FAILING
        for node in violation["nodes"]
    ]
