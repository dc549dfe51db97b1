"""Composition: settings, URLs, ASGI, Celery. Loading it loads the Celery app, so that tasks find it."""

from medsync.celery import app as celery_app

__all__ = ["celery_app"]
