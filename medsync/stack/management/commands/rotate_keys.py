"""`manage.py rotate_keys`: re-encrypt every secret under the first of FIELD_ENCRYPTION_KEYS."""

from collections.abc import Iterator
from typing import Any

from allauth.mfa.models import Authenticator
from django.apps import apps
from django.conf import settings
from django.core.management.base import CommandError
from django.db import connection, models, transaction

from clinics.tenancy import each_ready_clinic, in_clinic
from medsync.lib.crypto import EncryptedTextField, Undecryptable, rotate
from medsync.stack.command import StackCommand

BATCH = 100
Column = tuple[type[models.Model], str]
# Where allauth keeps what SecondFactors encrypts.
SECOND_FACTOR_SECRETS = ("secret", "seed", "migrated_codes")


class Command(StackCommand):
    """Run after a new key was put first; the old keys can go once it has answered."""

    help = "Re-encrypt every stored secret under the first key of FIELD_ENCRYPTION_KEYS. Safe to run again."

    def answer(self, **options: Any) -> dict[str, Any]:
        """Return how many secrets were re-encrypted."""
        if not settings.FIELD_ENCRYPTION_KEYS:
            raise CommandError("FIELD_ENCRYPTION_KEYS is empty.")
        try:
            return {"rotated": self._rotate_all()}
        except Undecryptable as error:
            raise CommandError(
                "A secret opens with none of FIELD_ENCRYPTION_KEYS: keep the old keys in the list until all is rotated."
            ) from error

    def _rotate_all(self) -> int:
        connection.set_schema_to_public()  # type: ignore[attr-defined]
        shared: list[Column] = []
        own: list[Column] = []
        for model, field in _encrypted_fields():
            (own if model._meta.app_label in settings.TENANT_APPS else shared).append((model, field))
        done = sum(_rotate_column(model, field) for model, field in shared) + _rotate_second_factors()
        if own:
            for clinic in each_ready_clinic():
                with in_clinic(clinic):
                    done += sum(_rotate_column(model, field) for model, field in own)
        return done


def _encrypted_fields() -> Iterator[Column]:
    for model in apps.get_models():
        for field in model._meta.get_fields():
            if isinstance(field, EncryptedTextField):
                yield model, field.attname


def _rotate_column(model: type[models.Model], field: str) -> int:
    """Re-encrypt one column in batches, each row locked while it is rewritten; empty values stay empty."""
    quote = connection.ops.quote_name
    table, key, column = quote(model._meta.db_table), quote(str(model._meta.pk.column)), quote(field)
    done, last = 0, None
    while True:
        with transaction.atomic(), connection.cursor() as cursor:
            after = "" if last is None else f"AND {key} > %s"
            cursor.execute(
                f"SELECT {key}, {column} FROM {table} WHERE {column} <> '' {after} "
                f"ORDER BY {key} LIMIT {BATCH} FOR UPDATE",
                [] if last is None else [last],
            )
            rows = cursor.fetchall()
            for pk, token in rows:
                cursor.execute(f"UPDATE {table} SET {column} = %s WHERE {key} = %s", [rotate(token), pk])
        if not rows:
            return done
        done, last = done + len(rows), rows[-1][0]


def _rotate_second_factors() -> int:
    done = 0
    for pk in Authenticator.objects.order_by("pk").values_list("pk", flat=True):
        with transaction.atomic():
            row = Authenticator.objects.select_for_update().get(pk=pk)
            for name in SECOND_FACTOR_SECRETS:
                value = row.data.get(name)
                if isinstance(value, str):
                    row.data[name] = rotate(value)
                elif isinstance(value, list):
                    row.data[name] = [rotate(item) for item in value]
                else:
                    continue
                done += 1
            row.save(update_fields=["data"])
    return done
