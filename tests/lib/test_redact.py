"""What a log may not hold does not reach it, whoever wrote the line."""

import io
import json
import logging
from uuid import UUID

import psycopg
import pytest
from django.db import OperationalError
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import ResolverMatch
from django.utils.log import log_response

from medsync.lib.redact import RedactingFilter, redact
from medsync.logs import JsonFormatter, logging_config

NUMBER = "+1 (212) 555-0143"
NAME = "Guadalupe Hinojosa"


@pytest.fixture(params=[True, False], ids=["production", "development"])
def log(request):
    """A logger wired as the product wires its own, and what it wrote."""
    out = io.StringIO()
    config = logging_config(production=request.param)
    shape = config["formatters"][config["handlers"]["stderr"]["formatter"]]
    handler = logging.StreamHandler(out)
    handler.addFilter(RedactingFilter())
    handler.setFormatter(JsonFormatter() if "()" in shape else logging.Formatter(shape["format"]))
    logger = logging.getLogger(f"tried.{request.param}")
    logger.handlers, logger.propagate = [handler], False
    return logger, out


def test_a_phone_number_and_a_name_in_an_exception_stay_out_of_the_log(log):
    logger, out = log
    try:
        try:
            raise KeyError(NAME)
        except KeyError as error:
            raise ValueError(f"no patient {NAME} at {NUMBER}") from error
    except ValueError:
        logger.exception("booking failed for %s", "0198f3c2-7a5e-7000-8000-0123456789ab")
    written = out.getvalue()
    assert "Hinojosa" not in written
    assert "555" not in written
    assert "ValueError" in written
    assert "KeyError" in written
    assert "test_redact.py" in written  # where it happened stays
    assert "0198f3c2-7a5e-7000-8000-0123456789ab" in written  # and ids do


def test_an_exception_among_the_arguments_is_described_not_quoted(log):
    logger, out = log
    logger.warning("skipped: %s", ValueError(f"{NAME} wrote twice"))
    assert "Hinojosa" not in out.getvalue()
    assert "skipped: ValueError" in out.getvalue()


def test_a_database_error_gives_its_code_only(log):
    logger, out = log
    error = psycopg.errors.UniqueViolation(
        f'duplicate key value violates unique constraint "x"\nDETAIL:  Key (name)=({NAME}) already exists.'
    )
    try:
        raise error
    except psycopg.Error:
        logger.exception("kept back")
    assert "Hinojosa" not in out.getvalue()
    assert "23505" in out.getvalue()


def test_djangos_database_errors_are_judged_by_their_cause(log):
    logger, out = log
    wrapped = OperationalError(f"deadlock detected in the row of {NAME}")
    wrapped.__cause__ = psycopg.errors.DeadlockDetected("…")
    logger.error("failed: %s", wrapped)
    logger.error("away: %s", OperationalError("connection refused by db.example"))
    assert "Hinojosa" not in out.getvalue()
    assert "40P01" in out.getvalue()
    assert "connection refused by db.example" in out.getvalue()


def test_detail_lines_of_a_database_go_also_from_plain_text():
    line = (
        'duplicate key value violates unique constraint "patient_once"\n'
        f"DETAIL:  Key (name, phone)=({NAME}, {NUMBER}) already exists.\n"
    )
    assert "Hinojosa" not in redact(line)
    assert "patient_once" in redact(line)
    assert "Hinojosa" not in redact(f"Failing row contains (1, {NAME}, null).")
    assert "Hinojosa" not in redact(f'invalid input syntax for type uuid: "{NAME}"')


@pytest.mark.parametrize(
    "secret",
    [
        "+12125550143",
        "+52 1 55 1234 5678",
        "0052 55 1234 5678",
        "(212) 555-0143",
        "212-555-0143",
        "12125550143",
        "%2B12125550143",
        "whatsapp:+12125550143",
        "whatsapp:US.13491208655302741918",
        "whatsapp%3A%2B12125550143",
        "guadalupe.h+x@clinica.example",
        "guadalupe%40clinica.example",
        "msk_Zk3v9QpT4xWc7yLb2nRd8sHf",
        "Bearer abcDEF123456.ghi",
        "auth_token=0123456789abcdef0123456789abcdef",
        '"AuthToken": "0123456789abcdef0123456789abcdef"',
        "token 0123456789abcdef0123456789abcdef",
        "postgres://medsync:hunter22@db.example/medsync",
        "gAAAAABnabcdefghijklmnopqrstuvwxyz0123456789",
    ],
)
def test_addresses_numbers_and_secrets_are_replaced(secret):
    written = redact(f"odd value {secret} here")
    for piece in (
        "5550143",
        "555-0143",
        "1234 5678",
        "1349120865",
        "guadalupe",
        "Zk3v9Q",
        "abcDEF",
        "0123456789abc",
    ):
        assert piece not in written
    assert "hunter22" not in written
    assert written.startswith("odd value ")
    assert written.endswith(" here")


@pytest.mark.parametrize(
    "harmless",
    [
        "message 0198f3c2-7a5e-7000-8000-0123456789ab sent in 12.5 ms",
        "clinic c_0198f3c27a5e70008000012345678901",
        "account AC0123456789abcdef0123456789abcdef answered 401",
        "2026-11-21 09:28:30 INFO celery.beat: tick",
        "2026-11-21T09:28:30.123+00:00",
        "listening on 127.0.0.1:8000",
        "task messaging.deliver received",
        "error 63016 from twilio after 3 attempts, retry in 30 s",
    ],
)
def test_ids_codes_times_and_durations_stay(harmless):
    assert redact(harmless) == harmless


def test_arguments_that_do_not_fit_are_left_out(log):
    logger, out = log
    logger.warning("no place for it", NAME)
    assert "Hinojosa" not in out.getvalue()
    assert "no place for it" in out.getvalue()


def test_production_writes_one_json_object_a_line_with_numbers_only_as_extras():
    config = logging_config(production=True)
    assert config["handlers"]["stderr"]["filters"] == ["redact"]
    record = logging.LogRecord("medsync", logging.INFO, __file__, 1, "two\nlines", None, None)
    record.duration_ms, record.request = 12.5, NAME
    line = JsonFormatter().format(record)
    assert "\n" not in line
    assert json.loads(line)["duration_ms"] == 12.5
    assert NAME not in line


def test_every_handler_of_the_product_redacts():
    for production in (True, False):
        config = logging_config(production=production)
        assert all("redact" in handler["filters"] for handler in config["handlers"].values())
        assert all(not logger["handlers"] for logger in config["loggers"].values())


@pytest.mark.parametrize(
    "kwargs", [{}, {"id": UUID("0198f3c2-7a5e-7000-8000-0123456789ab")}], ids=["no id", "id"]
)
def test_a_request_that_failed_is_named_by_its_route_not_its_path(log, kwargs):
    logger, out = log
    request = RequestFactory().get("/api/patients/Guadalupe%20Hinojosa%20%C3%91/")
    response = HttpResponse(status=404)
    log_response("%s: %s", "Not Found", request.path, response=response, request=request, logger=logger)
    request.resolver_match = ResolverMatch(lambda: None, (), kwargs, route="api/patients/<id>/")
    response = HttpResponse(status=500)
    log_response("%s: %s", "Server Error", request.path, response=response, request=request, logger=logger)
    written = out.getvalue()
    assert "Hinojosa" not in written
    assert "Not Found" in written
    assert "Server Error: /api/patients/<id>/" in written
    assert all(str(value) in written for value in kwargs.values())
