"""The clinic's admin of threads, messages and consent, to look at; and the platform's of held events."""

from messaging.admin import alerts, confirmations, consents, dashboard, held, texts, threads

__all__ = ["alerts", "confirmations", "consents", "dashboard", "held", "texts", "threads"]
