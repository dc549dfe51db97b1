"""The bans of the house that no linter knows: each is a mistake that was measured, not a matter of taste."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[1]
CODE = ("medsync", "clinics", "scheduling", "messaging")


class Ban(NamedTuple):
    """A pattern that may not stand in some files, why, and the files that are excused."""

    pattern: re.Pattern[str]
    why: str
    excused: frozenset[str] = frozenset()


PYTHON = (
    Ban(
        re.compile(
            r"^\s*(?:async\s+)?with\s+(?:self\.)?(?:tenant|clinic|request\.(?:tenant|clinic))\s*(?:,|:|as\b)"
        ),
        "`with tenant:` keeps its stack in a list that all threads share; use clinics.tenancy.in_clinic",
    ),
    Ban(
        re.compile(r"\b(?:schema_context|tenant_context)\b"),
        "only clinics.tenancy enters a clinic; use in_clinic",
        frozenset({"clinics/tenancy.py"}),
    ),
    Ban(
        re.compile(r"\bdatetime\.(?:now|utcnow|today)\(|\bdate\.today\(|\btimezone\.now\("),
        "time is passed in, or read through medsync.lib.clock.now",
        frozenset({"medsync/lib/clock.py"}),
    ),
    Ban(re.compile(r"\b(?:post|pre)_save\b(?!\()"), "signals of our own only, sent by the operation"),
    Ban(re.compile(r"\bTODO\b|\bFIXME\b"), "finish it, or write it into an issue"),
)
TEMPLATES = (
    Ban(
        re.compile(r"<script(?![^>]*\bsrc=)(?![^>]*type=\"application/json\")[^>]*>", re.I),
        "no inline script (CSP)",
    ),
    Ban(re.compile(r"<style\b", re.I), "no inline style (CSP)"),
    Ban(re.compile(r"<[^>]*\sstyle\s*=", re.I), "no style attribute (CSP)"),
    Ban(re.compile(r"<[a-z][^>]*\son[a-z]+\s*=\s*[\"']", re.I), "no event-handler attribute (CSP)"),
    Ban(
        re.compile(r"<(?:script|link|img)[^>]*(?:src|href)=[\"'](?:https?:)?//", re.I),
        "nothing from other hosts",
    ),
    Ban(
        re.compile(r"provider\s*==|==\s*[\"'](?:twilio|local)[\"']"),
        "ask the provider object, do not compare names",
    ),
)


def offences() -> Iterator[str]:
    """Yield file, line and reason of everything banned."""
    for folder in CODE:
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield from _in_file(path, PYTHON)
        for path in sorted((ROOT / folder).rglob("*.html")):
            yield from _in_file(path, TEMPLATES)
    for path in sorted((ROOT / "templates").rglob("*.html")):
        yield from _in_file(path, TEMPLATES)


def _in_file(path: Path, bans: tuple[Ban, ...]) -> Iterator[str]:
    name = path.relative_to(ROOT).as_posix()
    text = path.read_text()
    if path.suffix == ".py":
        lines = text.splitlines()
        for ban in bans:
            if name in ban.excused:
                continue
            for number, line in enumerate(lines, start=1):
                if ban.pattern.search(line.split("  # ", 1)[0]):
                    yield f"{name}:{number}: {ban.why}"
        return
    text = re.sub(
        r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", lambda m: "\n" * m[0].count("\n"), text, flags=re.S
    )
    for ban in bans:
        for match in ban.pattern.finditer(text):
            yield f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {ban.why}"


if __name__ == "__main__":
    found = list(offences())
    sys.stdout.write("".join(f"{line}\n" for line in found))
    sys.exit(1 if found else 0)
