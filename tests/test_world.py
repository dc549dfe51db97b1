"""The walls stand: three clinics, each in its own schema, and commits are put back."""

import pytest
from django.db import ProgrammingError, transaction

from clinics.tenancy import current_clinic, in_clinic
from scheduling.models import Patient


@pytest.mark.django_db
def test_a_row_of_one_clinic_is_not_seen_in_another(clinic, other_clinic):
    with in_clinic(clinic):
        Patient.objects.create(name="Ana Pérez")
        assert Patient.objects.count() == 1
        assert current_clinic() == clinic
    with in_clinic(other_clinic):
        assert Patient.objects.count() == 0


@pytest.mark.django_db
def test_outside_of_any_clinic_its_tables_do_not_exist():
    with pytest.raises(ProgrammingError), transaction.atomic():
        Patient.objects.count()


@pytest.mark.parametrize("_round", [1, 2])
def test_what_a_test_committed_is_gone_in_the_next(committed, _round):
    with in_clinic(committed.clinics["alpha"]):
        assert Patient.objects.count() == 0
        Patient.objects.create(name="Ana Pérez")


@pytest.mark.django_db
def test_a_cloned_clinic_has_every_constraint_and_index_of_a_migrated_one(world):
    from django.db import connection

    def shape(schema):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT c.relname, k.contype, replace(pg_get_constraintdef(k.oid), n.nspname || '.', '') "
                "FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n "
                "ON n.oid = c.relnamespace WHERE n.nspname = %s AND k.contype <> 'n' ORDER BY 1, 2, 3",
                [schema],
            )
            constraints = cursor.fetchall()
            cursor.execute(
                "SELECT tablename, count(*) FROM pg_indexes WHERE schemaname = %s GROUP BY 1 ORDER BY 1",
                [schema],
            )
            return constraints, cursor.fetchall()

    migrated, cloned = (world.clinics[slug].schema_name for slug in ("alpha", "beta"))
    assert shape(cloned) == shape(migrated)
    assert ("scheduling_resourcebooking", "x") in {row[:2] for row in shape(cloned)[0]}
