"""The two admin sites: the platform's operators', and a clinic's owner's and Manager's."""

from typing import Any

from django.http import HttpRequest
from unfold.admin import ModelAdmin
from unfold.sites import UnfoldAdminSite

from clinics.permissions import Action, can


class PlatformSite(UnfoldAdminSite):  # type: ignore[misc]
    """For operators: clinics, users, accounts, senders, periodic tasks; no patient data."""


class ClinicSite(UnfoldAdminSite):  # type: ignore[misc]
    """For a clinic's owner and Manager, below /c/<slug>/admin/."""

    def has_permission(self, request: HttpRequest) -> bool:
        """Ask the one table; being an operator of the platform opens nothing here."""
        clinic = getattr(request, "clinic", None)
        return clinic is not None and can(request.user, clinic, Action.ADMIN)


platform_site = PlatformSite(name="admin")
clinic_site = ClinicSite(name="clinic_admin")


class ClinicModelAdmin(ModelAdmin):  # type: ignore[misc]
    """Base of every admin of a clinic's models: rights come from `permissions`, nothing is deleted."""

    def _may(self, request: HttpRequest) -> bool:
        clinic = getattr(request, "clinic", None)
        return clinic is not None and can(request.user, clinic, Action.ADMIN)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Ask the one table."""
        return self._may(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask the one table."""
        return self._may(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask the one table."""
        return self._may(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask the one table."""
        return self._may(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Rows are retired, not deleted."""
        return False


class ReadOnlyAdmin(ClinicModelAdmin):
    """For states, messages, ledgers: they are changed by operations only."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is made by hand here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is changed by hand here."""
        return False
