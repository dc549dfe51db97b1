"""The providers' published descriptions, read so that a JSON Schema validator can hold requests to them."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import pytest
from django.conf import settings
from jsonschema import Draft202012Validator

from tests.standin.server import Seen

FOLDER: Path = settings.BASE_DIR.parent / "shared" / "specs"


def read(name: str) -> dict[str, Any]:
    """Return a description; skip the test where the folder is missing."""
    path = FOLDER / name
    if not path.is_file():
        pytest.skip(f"the providers' published descriptions are not here ({name})")
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


def problems(document: dict[str, Any], schema: dict[str, Any], value: Any) -> list[str]:
    """Return what of a value breaks a schema of the document."""
    whole = {**_modern(document), **_modern(schema)}
    return sorted(f"{list(e.path)}: {e.message}" for e in Draft202012Validator(whole).iter_errors(value))


def named(name: str) -> dict[str, Any]:
    """Return the schema of that name in a JSON Schema document."""
    return {"$ref": f"#/$defs/{name}"}


def of_request(document: dict[str, Any], seen: Seen) -> list[str]:
    """Return what of a request breaks an OpenAPI description: its path, its type, its fields."""
    for template, methods in document["paths"].items():
        pattern = re.sub(r"\\\{[^/]+?\\\}", "[^/]+", re.escape(template))
        if re.fullmatch(pattern, seen.path) and seen.method.lower() in methods:
            content = methods[seen.method.lower()]["requestBody"]["content"]
            kind = seen.content_type.partition(";")[0]
            if kind not in content:
                return [f"{kind} is not among {sorted(content)}"]
            schema = content[kind]["schema"]
            value = json.loads(seen.body) if kind == "application/json" else _form(seen, schema)
            closed = schema if "$ref" in schema else {**schema, "additionalProperties": False}
            return problems(document, closed, value)
    return [f"no {seen.method} of {seen.path}"]


def _form(seen: Seen, schema: dict[str, Any]) -> dict[str, Any]:
    """Return a form as the values that its schema means: repeated names are lists."""
    value: dict[str, Any] = {}
    for name, text in parse_qsl(seen.body.decode(), keep_blank_values=True):
        if schema["properties"].get(name, {}).get("type") == "array":
            value.setdefault(name, []).append(text)
        elif name in value:
            value[name] = [value[name], text]  # a name twice that is no list: no string any more
        else:
            value[name] = text
    return value


def _modern(part: Any) -> Any:
    """Return a schema of OpenAPI 3.0 as JSON Schema has it: `nullable` is a type."""
    if isinstance(part, list):
        return [_modern(item) for item in part]
    if not isinstance(part, dict):
        return part
    made = {name: _modern(value) for name, value in part.items() if name != "nullable"}
    if part.get("nullable") is True:
        if "type" in made:
            made["type"] = [made["type"], "null"]
        if "enum" in made:
            made["enum"] = [*made["enum"], None]
    return made
