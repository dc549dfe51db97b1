"""The Celery app. The broker only rings; what must be done stands in Postgres."""

import os
from typing import Any

from celery import Celery, signals

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "medsync.settings")

app = Celery("medsync")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


def refuse_unsafe_production(**_kwargs: Any) -> None:
    """End a worker or beat whose configuration is unsafe; Celery swallows every other exception here."""
    from django.core.exceptions import ImproperlyConfigured

    from medsync.checks import refuse_unsafe

    try:
        refuse_unsafe()
    except ImproperlyConfigured as error:
        raise SystemExit(str(error)) from None


def keep_clocks(**_kwargs: Any) -> None:
    """Have the clinics given the clocks that they lack: after an upgrade, or a database that was put back."""
    from clinics.clocks import KEEP
    from medsync.lib.jobs import enqueue

    enqueue(KEEP, schema="public")


signals.worker_ready.connect(keep_clocks)
signals.worker_init.connect(refuse_unsafe_production)
signals.beat_init.connect(refuse_unsafe_production)
