"""Plans are kept by connection and clinic: never another clinic's rows, never more plans than were meant."""

import pytest
from django.db import DataError, connection, transaction

from clinics.models import Clinic
from clinics.tenancy import in_clinic
from medsync.lib import prepared

pytestmark = pytest.mark.django_db

# Which table a name means is settled when a statement is planned.
WHICH_TABLE = "SELECT 'messaging_message'::regclass::oid::bigint, %(n)s::int"


def kept(words: str = "") -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_prepared_statements WHERE starts_with(statement, '/* c_') AND strpos(statement, %s) > 0",
            [words],
        )
        return int(cursor.fetchone()[0])


def table_of(clinic: Clinic) -> int:
    with in_clinic(clinic), connection.cursor() as cursor:
        cursor.execute(
            "SELECT oid FROM pg_class WHERE relname = 'messaging_message' AND relnamespace = "
            "current_schema()::regnamespace"
        )
        return int(cursor.fetchone()[0])


def test_by_turns_each_clinic_sees_its_own_tables(clinic: Clinic, other_clinic: Clinic) -> None:
    tables = {each.pk: table_of(each) for each in (clinic, other_clinic)}
    assert len(set(tables.values())) == 2
    for n in range(4 * prepared.AFTER):
        for each in (clinic, other_clinic):
            with in_clinic(each):
                assert prepared.fetch(WHICH_TABLE, {"n": n}) == [(tables[each.pk], n)]


def test_a_plan_is_kept_once_a_statement_has_come_again(clinic: Clinic) -> None:
    with in_clinic(clinic):
        for n in range(prepared.AFTER):
            prepared.fetch("SELECT 'often', %(n)s::int", {"n": n})
        assert kept("often") == 0
        for n in range(2):
            prepared.fetch("SELECT 'often', %(n)s::int", {"n": n})
        assert kept("often") == 1


def test_a_connection_keeps_few_plans(clinic: Clinic) -> None:
    with in_clinic(clinic):
        for number in range(2 * prepared.AT_MOST):
            for n in range(prepared.AFTER + 1):
                assert prepared.fetch(f"SELECT {number}, %(n)s::int", {"n": n}) == [(number, n)]
    assert kept() <= prepared.AT_MOST + 1  # the one that is too many goes with the next statement


def test_what_fails_fails_as_django_has_it_and_harms_nothing(clinic: Clinic) -> None:
    with in_clinic(clinic):
        for n in (1, 2, 3, 0, 4):
            if n:
                assert prepared.fetch("SELECT 12 / %(n)s::int", {"n": n}) == [(12 // n,)]
                continue
            with pytest.raises(DataError), transaction.atomic():
                prepared.fetch("SELECT 12 / %(n)s::int", {"n": n})


def test_comments_and_indents_are_left_out() -> None:
    assert prepared.compact("SELECT 1,  -- the first\n    2\n") == "SELECT 1, 2"
