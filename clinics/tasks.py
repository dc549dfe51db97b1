"""The base of all tasks that work in a clinic, which fails closed; and the periodic work of this room."""

import logging
from typing import Any

from celery import Task, shared_task
from django.contrib.sessions.models import Session
from django.db import connection

from clinics import clocks, idempotency
from clinics.models import ClinicState, DeadTask
from clinics.tenancy import clinic_by_schema, in_clinic
from medsync.lib import clock

logger = logging.getLogger(__name__)


class ClinicTask(Task):  # type: ignore[misc]
    """Run inside the clinic whose schema travels in the headers; without a ready clinic, keep and do not run.

    The schema is that of the moment when the task is enqueued. Arguments are ids only.
    """

    abstract = True

    def apply_async(self, args: Any = None, kwargs: Any = None, **options: Any) -> Any:
        """Send the task with the present schema, unless the caller named one."""
        headers = dict(options.pop("headers", None) or {})
        headers.setdefault("schema", connection.schema_name)  # type: ignore[attr-defined]
        return super().apply_async(args, kwargs, headers=headers, **options)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Enter the clinic and run; a task for no clinic, for `public`, or for one not ready becomes a DeadTask."""
        schema = getattr(self.request, "schema", None) or (self.request.headers or {}).get("schema") or ""
        # Never trust the schema that this thread was left in, nor a copy of the clinic that may be old.
        connection.set_schema_to_public()  # type: ignore[attr-defined]
        clinic = clinic_by_schema(schema) if schema not in ("", "public") else None
        if clinic is None or clinic.state != ClinicState.READY:
            reason = "no clinic" if clinic is None else f"clinic is {clinic.state}"
            logger.error("task %s not run: %s", self.name, reason)
            DeadTask.objects.create(
                task_id=self.request.id or "",
                name=self.name,
                schema=schema[:63],
                arguments={k: str(v) for k, v in kwargs.items()},
                reason=reason,
            )
            return None
        with in_clinic(clinic):
            return super().__call__(*args, **kwargs)


@shared_task(name="clinics.forget_old_keys", ignore_result=True)  # type: ignore[untyped-decorator]
def forget_old_keys() -> None:
    """Delete what is kept for a while only: idempotency keys, sessions that ended."""
    connection.set_schema_to_public()  # type: ignore[attr-defined]
    now = clock.now()
    idempotency.forget_old(now=now)
    Session.objects.filter(expire_date__lt=now).delete()


@shared_task(name=clocks.KEEP, ignore_result=True)  # type: ignore[untyped-decorator]
def keep_clocks() -> None:
    """Give every ready clinic the clocks that it lacks, and have it visited at once for these. One statement."""
    connection.set_schema_to_public()  # type: ignore[attr-defined]
    clocks.keep(first=clock.real_now())
