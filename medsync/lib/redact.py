"""Keep people's data and secrets out of logs: every handler has this filter.

The rule of the house is to log ids only. This filter is the second wall, for what libraries and exceptions say.
Phone numbers, e-mail and WhatsApp addresses, tokens, and everything a database quotes from a row are replaced;
so are the messages of exceptions that are not ours, because they quote whatever they were given.
"""

import logging
import re
import traceback
from types import TracebackType
from typing import Any
from uuid import UUID

# Order matters: an address with a prefix is taken whole before its number is.
_RULES: tuple[tuple[re.Pattern[str], str], ...] = (
    # Database errors: from DETAIL on they quote the row; Postgres also quotes values in some first lines.
    (
        re.compile(
            r"(?ims)^(?:DETAIL|CONTEXT|HINT|QUERY|STATEMENT|PARAMETERS):.*?(?=^\s*(?:Traceback|File |[A-Z]\w+Error)|\Z)"
        ),
        "[database detail]\n",
    ),
    (re.compile(r"(?i)(invalid input (?:syntax|value)[^:\n]*:\s*)\"[^\n]*"), r"\1[value]"),
    (re.compile(r"(?i)Failing row contains \(.*\)"), "Failing row contains [row]"),
    (re.compile(r"(?i)Key \([^)]*\)=\(.*?\)(?= |\.|$)"), "Key [row]"),
    (re.compile(r"(?i)\b(postgres(?:ql)?|rediss?|amqps?|https?)://[^\s/@:]*:[^\s@]+@"), r"\1://[secret]@"),
    (re.compile(r"(?i)whatsapp:[^\s\"'<>,;)&]+"), "whatsapp:[address]"),
    (re.compile(r"(?i)whatsapp%3A[^\s\"'<>,;)&]+"), "whatsapp:[address]"),
    (re.compile(r"[A-Za-z0-9._+-]+(?:@|%40)[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+"), "[email]"),
    (re.compile(r"\bmsk_[A-Za-z0-9_-]+"), "[token]"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=-]{8,}"), r"\1 [token]"),
    (
        re.compile(
            r"(?i)((?:auth[_-]?)?token|secret(?:[_-]?key)?|password|passwd|api[_-]?key|authorization|signature)"
            r"([\"']?\s*[=:]\s*[\"']?|\s+)([A-Za-z0-9+/_.=-]{16,})"
        ),
        r"\1\2[secret]",
    ),
    (re.compile(r"\bgAAAA[A-Za-z0-9_=-]{20,}"), "[secret]"),
    # +1 (212) 555-0100, 00 52 1 55 ...: an international number in any spelling.
    (re.compile(r"(?:\+|%2B|(?<![\w.:-])00)[ ]?\d(?:[\s().-]?\d){6,14}"), "[phone]"),
    # (212) 555-0100, 212-555-0100, 55 1234 5678: a national one with separators.
    (re.compile(r"(?<![\w.:-])\(\d{2,4}\)[ ]?\d{3,4}[ .-]?\d{3,4}(?![\w-])"), "[phone]"),
    (re.compile(r"(?<![\w.:/-])\d{2,3}[ .-]\d{3,4}[ .-]\d{4}(?![\w:-])"), "[phone]"),
    # Ten to fifteen digits in a row and nothing around them: a number without its plus.
    (re.compile(r"(?<![\w.:/-])\d{10,15}(?![\w.:/-])"), "[phone]"),
)

# Exceptions whose text is constant or made of ids: ours, and those about code rather than data.
_SPEAKING_MODULES = ("medsync.", "clinics.", "scheduling.", "messaging.")
_SPEAKING_TYPES = frozenset(
    {
        "ImportError",
        "ModuleNotFoundError",
        "NameError",
        "UnboundLocalError",
        "AttributeError",
        "NotImplementedError",
        "ConnectionRefusedError",
        "ConnectionResetError",
        "BrokenPipeError",
        "FileNotFoundError",
        "TemplateDoesNotExist",
        "TemplateSyntaxError",
        "NoReverseMatch",
        "ImproperlyConfigured",
        "FieldError",
        "AppRegistryNotReady",
        "SynchronousOnlyOperation",
        "StackError",
    }
)
# Without an SQLSTATE these never came as far as a row: the server was not reached, or the connection broke.
_CONNECTION_TYPES = frozenset({"OperationalError", "PoolTimeout", "PoolClosed"})


def redact(text: str) -> str:
    """Return `text` without phone numbers, addresses, tokens and quoted database rows."""
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text


def redact_exception(error: BaseException, trace: TracebackType | None = None) -> str:
    """Return a traceback with files, lines and types; messages only where they cannot quote a person."""
    parts = []
    for link in reversed(_chain(error)):
        stack = "".join(
            traceback.format_tb(trace if link is error and trace is not None else link.__traceback__)
        )
        parts.append(f"Traceback (most recent call last):\n{stack}{describe(link)}")
    return redact("\n\nwhich led to:\n\n".join(parts))


def describe(error: BaseException) -> str:
    """Return the type of an exception, with its message when that is known to hold no data."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    # Django's database errors have the driver's as their cause.
    state = getattr(error, "sqlstate", None) or getattr(error.__cause__, "sqlstate", None)
    if isinstance(state, str):
        return f"{name}: SQLSTATE {state}"
    if kind.__name__ in _CONNECTION_TYPES and kind.__module__.startswith(("psycopg", "django.db")):
        return redact(f"{name}: {error}")
    if kind.__module__.startswith(_SPEAKING_MODULES) or kind.__name__ in _SPEAKING_TYPES:
        return redact(f"{name}: {error}")
    return f"{name}: [message withheld]"


class RedactingFilter(logging.Filter):
    """Rewrite each record before its handler formats it; it never drops one."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Make the record's message and exception safe, in place."""
        record.msg = redact(_message(_without_path(record)))
        record.args = None
        if record.exc_info and record.exc_info[1] is not None:
            record.exc_text = redact_exception(record.exc_info[1], record.exc_info[2])
            # A formatter that ignores exc_text must not format the raw exception itself.
            record.exc_info = None
        elif record.exc_text:
            record.exc_text = redact(record.exc_text)
        if record.stack_info:
            record.stack_info = redact(record.stack_info)
        return True


def _without_path(record: logging.LogRecord) -> logging.LogRecord:
    """Name the route of a request instead of its path: in a path that no page has, anything may stand."""
    request: Any = getattr(record, "request", None)
    path = getattr(request, "path", None)
    if isinstance(path, str) and isinstance(record.args, tuple):
        # Django escapes the path that it logs.
        written = {path, path.encode("unicode_escape").decode("ascii")}
        route = _route(getattr(request, "resolver_match", None))
        record.args = tuple(route if isinstance(a, str) and a in written else a for a in record.args)
    return record


def _route(match: Any) -> str:
    if match is None:
        return "[a path before any route]"
    ids = [str(value) for value in match.kwargs.values() if isinstance(value, UUID)]
    return " ".join([f"/{match.route}", *ids])


def _message(record: logging.LogRecord) -> str:
    """Return the formatted message; exceptions among the arguments are described, not quoted."""
    args: Any = record.args
    if isinstance(args, tuple):
        args = tuple(describe(a) if isinstance(a, BaseException) else a for a in args)
    message = describe(record.msg) if isinstance(record.msg, BaseException) else str(record.msg)
    if not args:
        return message
    try:
        return str(message % args)
    except (TypeError, ValueError):
        return message  # wrong number of arguments: the text alone, for the arguments may hold anything


def _chain(error: BaseException) -> list[BaseException]:
    """Return an exception and what led to it, newest first."""
    links: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in links:
        links.append(link)
        link = link.__cause__ or (None if link.__suppress_context__ else link.__context__)
    return links
