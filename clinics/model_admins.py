"""What every list and form of the two admin sites stands on: rights come from one table, nothing is deleted."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib.admin.views.main import PAGE_VAR, SEARCH_VAR
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin

from clinics import readable, searching
from clinics.searching import QuietChangeList
from clinics.sites import is_operator, may_set_up


def _worded(method: Callable[..., tuple[str, str]]) -> Callable[..., readable.State]:
    @wraps(method)
    def state(*args: Any) -> readable.State:
        return readable.State(method(*args))

    return state


class Rows(ModelAdmin):  # type: ignore[misc]
    """What every list and form shares. Rows call themselves by an id, which no reader wants to see."""

    list_filter_sheet = True
    list_per_page = 50
    empty_value_display = ""
    compressed_fields = True

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Let a state with a colour in the list say its word on the page of one row, too."""
        super().__init_subclass__(**kwargs)
        for name, method in list(vars(cls).items()):
            if callable(method) and getattr(method, "label", None) is not None:
                setattr(cls, name, _worded(method))

    def row_title(self, row: Any) -> str:
        """Return what the head of the page calls the row; in its place only, never in a message or a log."""
        return capfirst(str(row._meta.verbose_name))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type:
        """Look for the term that was kept, not for its key."""
        return QuietChangeList

    def changelist_view(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Keep what is searched for out of the address, and answer the list."""
        keeps = request.GET.copy()
        for name in (SEARCH_VAR, PAGE_VAR):
            keeps.pop(name, None)
        if request.method == "POST" and "search" in request.POST:
            if not self.has_view_or_change_permission(request):
                raise PermissionDenied
            if key := searching.keep(request.POST["search"]):
                keeps[SEARCH_VAR] = key
            return HttpResponseRedirect(f"{request.path}?{keeps.urlencode()}")
        context = {"search_keeps": keeps.urlencode(), **(extra_context or {})}
        response: HttpResponse = super().changelist_view(request, context)
        return response

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """Keep the row's id out of the tab's title."""
        context = {"subtitle": None, **(extra_context or {})}
        response: HttpResponse = super().changeform_view(request, object_id, form_url, context)
        return response

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Remember that a row was saved."""
        request._row_saved = True  # type: ignore[attr-defined]
        return super().log_addition(request, obj, message)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Remember that a row was saved."""
        request._row_saved = True  # type: ignore[attr-defined]
        return super().log_change(request, obj, message)

    def message_user(self, request: HttpRequest, message: Any, *args: Any, **kwargs: Any) -> None:
        """Say that it was saved: Django's own sentence would name the row, and messages travel in a cookie."""
        saved = request.__dict__.pop("_row_saved", False)
        super().message_user(request, _("Saved.") if saved else message, *args, **kwargs)


class ClinicModelAdmin(Rows):
    """Base of every admin of a clinic's models: rights come from `permissions`, nothing is deleted."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Ask the one table."""
        return may_set_up(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask the one table."""
        return may_set_up(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask the one table."""
        return may_set_up(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask the one table."""
        return may_set_up(request)

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


class OneRowAdmin(ClinicModelAdmin):
    """For settings: the list is the form."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """There is one row, and it need not be stored."""
        return False

    def row_title(self, row: Any) -> str:
        """Return no second title: the list is the form."""
        return ""

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any:
        """Return the stored settings, else the defaults."""
        return self.model.load() if object_id == "1" else None

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        """Go to the form."""
        meta = self.model._meta
        name = f"{self.admin_site.name}:{meta.app_label}_{meta.model_name}_change"
        return HttpResponseRedirect(reverse(name, args=["1"]))


class InlineRights:
    """Rights of rows shown inside another's form: those of the form, and nothing is made or changed that is not said."""

    can_add = True
    can_change = True
    hide_title = True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask the one table."""
        return may_set_up(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask the one table."""
        return self.can_add and may_set_up(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask the one table."""
        return self.can_change and may_set_up(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Hours are rules, not records: what can be added here can be taken out again."""
        return self.can_add and may_set_up(request)


class PlatformModelAdmin(Rows):
    """Base of the platform's admins: operators may all, nobody deletes."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        """Ask whether this is an operator."""
        return is_operator(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask whether this is an operator."""
        return is_operator(request)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask whether this is an operator."""
        return is_operator(request)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Ask whether this is an operator."""
        return is_operator(request)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Shared rows are retired, not deleted."""
        return False


class PlatformReadOnlyAdmin(PlatformModelAdmin):
    """For what operators look at and do not change."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is made by hand here."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Nothing is changed by hand here."""
        return False
