"""How MedSync logs: one JSON object a line in production, short readable lines in development."""

import json
import logging
from datetime import UTC, datetime
from typing import Any

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName", "color_message"}
_SAFE_EXTRAS = (bool, int, float, type(None))


class JsonFormatter(logging.Formatter):
    """Write a record as one line of JSON: time, level, logger, message, process, and extras that are ids or numbers."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line. The redacting filter has been here before."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            "process": record.process,
        }
        # Libraries hang whole requests on records; only plain numbers pass.
        line |= {
            name: value
            for name, value in vars(record).items()
            if name not in _STANDARD and isinstance(value, _SAFE_EXTRAS)
        }
        if record.exc_text:
            line["exception"] = record.exc_text
        if record.stack_info:
            line["stack"] = record.stack_info
        return json.dumps(line, ensure_ascii=False)


def logging_config(*, production: bool, level: str = "INFO") -> dict[str, Any]:
    """Return Django's LOGGING: everything goes to one redacting handler on stderr."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"redact": {"()": "medsync.lib.redact.RedactingFilter"}},
        "formatters": {
            "json": {"()": "medsync.logs.JsonFormatter"},
            "readable": {
                "format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s",
                "datefmt": "%H:%M:%S",
            },
        },
        "handlers": {
            "stderr": {
                "class": "logging.StreamHandler",
                "formatter": "json" if production else "readable",
                "filters": ["redact"],
            }
        },
        "root": {"handlers": ["stderr"], "level": level},
        "loggers": {
            # Django's own handlers (mail to admins, console) go; its records reach the root.
            "django": {"handlers": [], "level": "INFO", "propagate": True},
            # SQL would be logged with its parameters.
            "django.db.backends": {"handlers": [], "level": "WARNING", "propagate": True},
            # Anybody may send a foreign Host; it is answered with 400 and tells us nothing.
            "django.security.DisallowedHost": {"handlers": [], "level": "CRITICAL", "propagate": False},
            "django.server": {"handlers": [], "level": "INFO", "propagate": True},
            # Access logs hold URLs, and URLs hold search words.
            "uvicorn": {"handlers": [], "level": "INFO", "propagate": True},
            "uvicorn.access": {"handlers": [], "level": "WARNING", "propagate": True},
            "celery": {"handlers": [], "level": "INFO", "propagate": True},
            # Celery writes a task's arguments at INFO.
            "celery.worker.strategy": {"handlers": [], "level": "WARNING", "propagate": True},
            "celery.app.trace": {"handlers": [], "level": "WARNING", "propagate": True},
            # Request bodies and phone numbers in paths.
            "twilio": {"handlers": [], "level": "WARNING", "propagate": True},
            "twilio.http_client": {"handlers": [], "level": "WARNING", "propagate": True},
            "urllib3": {"handlers": [], "level": "WARNING", "propagate": True},
            "httpx": {"handlers": [], "level": "WARNING", "propagate": True},
            "httpcore": {"handlers": [], "level": "WARNING", "propagate": True},
            "asyncio": {"handlers": [], "level": "WARNING", "propagate": True},
        },
    }
