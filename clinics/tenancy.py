"""Entering a clinic, and links between the two worlds. The only module that uses django_tenants.utils."""

import threading
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.urls import get_script_prefix, reverse
from django_tenants.utils import tenant_context

from clinics.models import Clinic, ClinicState

CACHE_SECONDS = 5.0

_cache: dict[tuple[str, str], tuple[float, Clinic | None]] = {}
_cache_lock = threading.Lock()


class NoClinic(Exception):
    """The connection stands in no clinic, or in one that is not known."""


def forget_clinics() -> None:
    """Empty this process's cache of clinics; every process forgets by itself after CACHE_SECONDS."""
    with _cache_lock:
        _cache.clear()


def _cached(field: str, value: str) -> Clinic | None:
    key, at = (field, value), time.monotonic()
    found = _cache.get(key)
    if found and at - found[0] < CACHE_SECONDS:
        return found[1]
    clinic: Clinic | None = Clinic.objects.filter(**{field: value}).first()
    with _cache_lock:
        if len(_cache) > 20_000:
            _cache.clear()
        _cache[key] = (at, clinic)
    return clinic


def clinic_by_slug(slug: str) -> Clinic | None:
    """Return the ready clinic of that short name, at most CACHE_SECONDS old."""
    clinic = _cached("slug", slug)
    return clinic if clinic and clinic.state == ClinicState.READY else None


def clinic_by_schema(schema: str) -> Clinic | None:
    """Return the clinic of that schema in whatever state, at most CACHE_SECONDS old."""
    return _cached("schema_name", schema)


def in_clinic(clinic: Clinic | str) -> AbstractContextManager[Any]:
    """Enter a clinic (or the clinic of a schema) for a `with` block; the connection comes back as it was.

    Raises NoClinic when there is no clinic of that schema.
    """
    if isinstance(clinic, str):
        found = clinic_by_schema(clinic)
        if found is None:
            raise NoClinic(clinic)
        clinic = found
    return tenant_context(clinic)  # type: ignore[no-any-return]


def current_clinic() -> Clinic:
    """Return the clinic that is entered. Raises NoClinic."""
    tenant = getattr(connection, "tenant", None)
    if isinstance(tenant, Clinic):
        return tenant
    found = clinic_by_schema(connection.schema_name)  # type: ignore[attr-defined]
    if found is None:
        raise NoClinic(connection.schema_name)  # type: ignore[attr-defined]
    return found


def each_ready_clinic() -> Iterator[Clinic]:
    """Yield every clinic that is ready, outside of any clinic; the caller enters it."""
    yield from Clinic.objects.filter(state=ClinicState.READY).order_by("id")


def base_url() -> str:
    """Return scheme and host under which the product is reached from outside, without a closing slash."""
    return settings.PUBLIC_BASE_URL.rstrip("/")


def clinic_path(clinic: Clinic, name: str, *args: str | int | UUID) -> str:
    """Return the path of a clinic's page, from anywhere."""
    # The URL configuration knows nothing of the prefix, and a request may have set a prefix of its own.
    path = reverse(name, urlconf="medsync.clinic_urls", args=args)
    prefix = get_script_prefix()
    return f"/c/{clinic.slug}/" + path.removeprefix(prefix)


def clinic_url(clinic: Clinic, name: str, *args: str | int | UUID) -> str:
    """Return the absolute URL of a clinic's page."""
    return base_url() + clinic_path(clinic, name, *args)


def public_path(name: str, *args: str | int | UUID) -> str:
    """Return the path of a page outside of any clinic, from anywhere."""
    return "/" + reverse(name, urlconf="medsync.urls", args=args).removeprefix(get_script_prefix())


def public_url(name: str, *args: str | int | UUID) -> str:
    """Return the absolute URL of a page outside of any clinic."""
    return base_url() + public_path(name, *args)
