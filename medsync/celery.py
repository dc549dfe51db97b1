"""The Celery app. The broker only rings; what must be done stands in Postgres."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "medsync.settings")

app = Celery("medsync")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
