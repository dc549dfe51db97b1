"""The room of every word in and out."""

from django.apps import AppConfig


class MessagingConfig(AppConfig):
    """Connects the receivers."""

    name = "messaging"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        """Listen to the rooms below; add this room's places to the rail."""
        from clinics import panels
        from clinics.rail import Group, register, register_waiting
        from messaging import beginning_panel, bot_panel, linting, receivers, texts_panel  # noqa: F401
        from messaging.alerts import rail as alerts
        from messaging.inbox import rail
        from messaging.numbers import rail as numbers
        from messaging.people import rail as people
        from messaging.reminders import following  # noqa: F401  # after the receivers: it locks last
        from messaging.reminders import rail as reminders
        from messaging.saved_texts import rail as saved_texts
        from messaging.today import rail as today
        from scheduling import texts

        register(Group.TODAY, 0, today.place)
        register(Group.DAY, 60, today.tasks)
        register(Group.INBOX, 0, rail.views)
        register(Group.DAY, 20, people.places)
        register(Group.DAY, 70, reminders.calls)
        register(Group.OUTGOING, 20, reminders.place)
        register(Group.OUTGOING, 30, saved_texts.place)
        register(Group.SET_UP, 20, numbers.place)
        register(Group.SET_UP, 40, alerts.place)
        register(Group.SET_UP, 90, rail.phone)
        register_waiting(rail.waiting)
        texts.register(linting.problems_of)
        panels.register(30, bot_panel.PANEL)
        panels.register(40, beginning_panel.PANEL)
        panels.register(34, texts_panel.CONFIRMATIONS)
        panels.register(36, texts_panel.PRIVACY)
