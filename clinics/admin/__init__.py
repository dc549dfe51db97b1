"""The platform's admin: clinics, users, accounts, numbers, and what to watch. No patient data, no deleting."""

from clinics.admin import clinics, dashboard, numbers, periodic, users, watch

__all__ = ["clinics", "dashboard", "numbers", "periodic", "users", "watch"]
