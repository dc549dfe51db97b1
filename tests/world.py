"""The world that every test finds: three clinics with members, numbers and defaults, and how it is put back."""

from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from django.core.management import call_command
from django.db import connection, transaction
from django_tenants.clone import CloneSchema

from clinics.models import Clinic, ProviderAccount, Role, User
from clinics.operations import add_member, create_clinic
from clinics.senders import link_sender
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging.models import MessagingSettings

PASSWORD = "correct horse battery"

# slug, name, country, zone, language, WhatsApp and SMS number, account SID ("" = the master account), token
CLINICS = [
    (
        "alpha",
        "Alpha Clinic",
        "US",
        "America/New_York",
        "en",
        "+12125550142",
        "AC" + "a" * 32,
        "token-of-alpha",
    ),
    ("beta", "Clínica Beta", "MX", "America/Mexico_City", "es", "+525555550199", "", ""),
    (
        "gamma",
        "Gamma Clinic",
        "US",
        "America/Chicago",
        "en",
        "+13125550100",
        "AC" + "c" * 32,
        "token-of-gamma",
    ),
]


@dataclass
class World:
    """Names of what exists in every test: clinics by slug, users by "<role>@<slug>.example"."""

    clinics: dict[str, Clinic]
    users: dict[str, User]


TEMPLATE = "template_of_this_run"


def _schema_from_template(clinic: Clinic, **_kwargs: Any) -> bool:
    """Make a clinic's schema: the first of a run by its migrations, the rest as clones of it while it was empty."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_namespace WHERE nspname = %s", [TEMPLATE])
        if cursor.fetchone():
            CloneSchema().clone_schema(TEMPLATE, clinic.schema_name)
            connection.set_schema_to_public()
            return True
    _migrated_schema(clinic, check_if_exists=True, sync_schema=True, verbosity=0)
    CloneSchema().clone_schema(clinic.schema_name, TEMPLATE)
    connection.set_schema_to_public()
    return True


_migrated_schema = Clinic.create_schema
Clinic.create_schema = _schema_from_template  # only tests clone: a clone of an old template loses migrations


def build() -> World:
    """Migrate, and make the three clinics as `create_clinic` makes them."""
    call_command("migrate_schemas", shared=True, verbosity=0)
    clinics: dict[str, Clinic] = {}
    users: dict[str, User] = {}
    for slug, name, country, zone, language, number, sid, token in CLINICS:
        clinic, owner = create_clinic(
            slug=slug,
            name=name,
            country=country,
            timezone=zone,
            language=language,
            owner_email=f"owner@{slug}.example",
            owner_name=f"Olivia {slug.title()}",
            phone=number,
        )
        clinics[slug], users[owner.email] = clinic, owner
        for role in (Role.ADMIN_DOCTOR, Role.DOCTOR, Role.RECEPTIONIST):
            user = User.objects.create_user(f"{role}@{slug}.example", name=f"{role.title()} {slug.title()}")
            add_member(clinic, user, role=role)
            users[user.email] = user
        for channel in ("whatsapp", "sms"):
            link_sender(
                clinic,
                phone_number=number,
                channel=channel,
                provider="twilio",
                account_sid=sid,
                auth_token=token,
                now=clock.now(),
            )
    with in_clinic(
        clinics["alpha"]
    ):  # most tests read doctors' names on WhatsApp; a US clinic hides them else
        MessagingSettings.objects.create(neutral_whatsapp=False)
    users["stranger@nowhere.example"] = User.objects.create_user(
        "stranger@nowhere.example", name="Sam Stranger"
    )
    users["operator@platform.example"] = User.objects.create_superuser("operator@platform.example", name="Op")
    hashed = User(email="x")
    hashed.set_password(PASSWORD)
    User.objects.update(password=hashed.password)
    for user in users.values():
        user.password = hashed.password
    return World(clinics, users)


# ── Putting it back after tests that committed ───────────────────────────────────────────────────────────────────
_KEEP = ("django_migrations", "django_content_type", "auth_permission", "spatial_ref_sys")
# One call: schemas made since go, and so does every row but the world's. A file without a page was never written to;
# a few rows are deleted faster than the files of a table and all its indexes are made anew.
_RESTORE = r"""
CREATE FUNCTION snapshot.restore() RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    it record;
BEGIN
    FOR it IN SELECT nspname FROM pg_namespace WHERE nspname LIKE 'c\_%%' AND nspname <> ALL (%(schemas)s) LOOP
        EXECUTE format('DROP SCHEMA %%I CASCADE', it.nspname);
    END LOOP;
    FOR it IN SELECT * FROM snapshot.known LOOP
        -- Waits for whoever is still writing, so that nothing is committed behind our back.
        EXECUTE format('LOCK TABLE %%s IN EXCLUSIVE MODE', it.place);
        IF pg_relation_size(it.place) > 131072 THEN
            EXECUTE format('TRUNCATE %%s CASCADE', it.place);
        ELSIF pg_relation_size(it.place) > 0 THEN
            EXECUTE format('DELETE FROM %%s', it.place);
        END IF;
    END LOOP;
    FOR it IN SELECT * FROM snapshot.known WHERE kept IS NOT NULL LOOP
        EXECUTE format('INSERT INTO %%s SELECT * FROM %%s', it.place, it.kept);
    END LOOP;
END $$"""


def _tables() -> list[tuple[str, str]]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT schemaname, tablename FROM pg_tables "
            "WHERE (schemaname = 'public' OR schemaname LIKE 'c\\_%%') AND NOT tablename = ANY(%s) ORDER BY 1, 2",
            [list(_KEEP)],
        )
        return list(cursor.fetchall())


def take_snapshot() -> None:
    """Copy every row of the world into the schema `snapshot`."""
    with connection.cursor() as cursor:
        cursor.execute("DROP SCHEMA IF EXISTS snapshot CASCADE")
        cursor.execute("CREATE SCHEMA snapshot")
        cursor.execute("CREATE TABLE snapshot.known (place regclass PRIMARY KEY, kept regclass)")
        tables = _tables()
        for schema, table in tables:
            place, kept = f'"{schema}"."{table}"', f'snapshot."{schema}.{table}"'
            cursor.execute(f"SELECT EXISTS (TABLE {place})")
            if found := cursor.fetchone()[0]:
                cursor.execute(f"CREATE TABLE {kept} AS TABLE {place}")
            cursor.execute("INSERT INTO snapshot.known VALUES (%s, %s)", [place, kept if found else None])
        cursor.execute(_RESTORE, {"schemas": sorted({schema for schema, _ in tables})})


def restore_snapshot() -> None:
    """Empty every table that was written to and put the world's rows back; schemas made since are dropped."""
    connection.set_schema_to_public()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # no foreign key is asked meanwhile
        cursor.execute("SELECT snapshot.restore()")


def account_of(clinic: Clinic) -> ProviderAccount:
    """Return the Twilio account that the clinic's numbers are sent through."""
    return clinic.senders.select_related("account").filter(channel="whatsapp").get(rank=1).account


def namespace(clinic: Clinic) -> Any:
    """Return the defaults that a new clinic has: location, practitioner, type."""
    from scheduling.models import AppointmentType, Location, Practitioner

    with in_clinic(clinic):
        return SimpleNamespace(
            location=Location.objects.first(),
            practitioner=Practitioner.objects.first(),
            type=AppointmentType.objects.first(),
        )
