"""The two admin sites: the platform's operators', and a clinic's owner's and Manager's."""

from collections.abc import Callable
from datetime import UTC, tzinfo
from typing import Any

from allauth.account.decorators import secure_admin_login
from django.conf import settings
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import SimpleTemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from unfold.sites import UnfoldAdminSite

from clinics import dashboards
from clinics.accounts import lacks_second_factor, to_second_factor
from clinics.field_words import give_words
from clinics.models import Clinic
from clinics.permissions import Action, can, role_of
from clinics.tenancy import public_path
from medsync.lib import clock

# unfold is built with Alpine, which evaluates its attributes, and writes its colours into the page. Both are
# allowed here and nowhere else; scripts still come from this host only.
ADMIN_CSP = {"script-src": ["'unsafe-eval'"], "style-src": ["'unsafe-inline'"]}

# Icon, words and the models' admin names ("app_model"), as the list at the left shows them.
Group = tuple[str | Promise, list[tuple[str, str]]]


class OurSite(UnfoldAdminSite):  # type: ignore[misc]
    """What both sites share: one log-in with its limits and second factor, and the one policy for unfold's scripts."""

    groups: list[Group] = []
    back_label: str | Promise = ""  # where the way out of the admin leads
    index_template = "clinics/admin/index.html"

    def __init__(self, name: str) -> None:
        super().__init__(name)
        self._providers: list[tuple[int, dashboards.Provider]] = []

    def register(self, model_or_iterable: Any, admin_class: Any = None, **options: Any) -> None:
        """Register a model; its columns, and those of the rows inside its form, get words."""
        super().register(model_or_iterable, admin_class, **options)
        for model in [model_or_iterable] if isinstance(model_or_iterable, type) else model_or_iterable:
            give_words(model)
            for inline in getattr(admin_class, "inlines", ()):
                give_words(inline.model)

    def show(self, order: int, provider: dashboards.Provider) -> None:
        """Add tiles and charts to the first page; each room's admin calls it once, `order` ranks them."""
        self._providers.append((order, provider))
        self._providers.sort(key=lambda entry: entry[0])

    def index(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Answer the first page: what the rooms say at a glance."""
        dashboard = dashboards.read(
            request,
            [provider for _o, provider in self._providers],
            zone=self.zone_of(request),
            now=clock.now(),
        )
        response: HttpResponse = super().index(request, {**(extra_context or {}), "dashboard": dashboard})
        return response

    def clinic_of(self, request: HttpRequest) -> Clinic | None:
        """Return the clinic that this site shows, or None on the platform's."""
        return None

    def zone_of(self, request: HttpRequest) -> tzinfo:
        """Return the time zone of the pages: the clinic's, or UTC."""
        clinic = self.clinic_of(request)
        return clinic.zone if clinic else UTC

    def admin_view(self, view: Callable[..., HttpResponse], cacheable: bool = False) -> Callable[..., Any]:
        """Refuse who is logged in and may not; send who lacks a needed second factor to set it up."""
        inside = super().admin_view(view, cacheable)

        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path(), settings.LOGIN_URL)
            if not self.has_permission(request):
                raise PermissionDenied
            clinic = self.clinic_of(request)
            if lacks_second_factor(request.user, role_of(request.user, clinic) if clinic else None):
                return to_second_factor()
            with timezone.override(
                self.zone_of(request)
            ):  # times are read and typed as the clinic's clock shows them
                response: HttpResponse = inside(request, *args, **kwargs)
                if isinstance(response, SimpleTemplateResponse):
                    response.render()
            response._csp_update = ADMIN_CSP  # type: ignore[attr-defined]
            return response

        return guarded

    def app_index(
        self, request: HttpRequest, app_label: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Go to the overview: how the code is divided is nobody's business here."""
        return HttpResponseRedirect(reverse("admin:index", current_app=self.name))

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Use the product's own log-in; Django's form would know neither its limits nor second factors."""
        if not request.user.is_authenticated:
            response: HttpResponse = secure_admin_login(super().login)(request)
            return response
        if not self.has_permission(request):
            raise PermissionDenied
        return HttpResponseRedirect(reverse("admin:index", current_app=self.name))

    def logout(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """Use the product's own log-out."""
        return HttpResponseRedirect(public_path("account_logout"))

    def password_change(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Use the product's own page, which counts wrong tries."""
        return HttpResponseRedirect(public_path("account_change_password"))

    def password_change_done(
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Use the product's own page."""
        return HttpResponseRedirect(public_path("account_change_password"))


class PlatformSite(OurSite):
    """For operators: clinics, users, accounts, senders, periodic tasks; no patient data."""

    site_title = _("MedSync platform")
    index_title = _("Overview")
    back_label = _("Your clinics")
    groups = [
        (
            _("Clinics"),
            [
                ("clinics_clinic", "apartment"),
                ("clinics_user", "group"),
                ("clinics_membership", "badge"),
                ("clinics_sender", "sim_card"),
                ("clinics_provideraccount", "key"),
            ],
        ),
        (
            _("Watch"),
            [
                ("clinics_heldevent", "inbox"),
                ("clinics_deadtask", "report"),
                ("clinics_counter", "bar_chart"),
            ],
        ),
        (
            _("Periodic work"),
            [
                ("django_celery_beat_periodictask", "timer"),
                ("django_celery_beat_intervalschedule", "schedule"),
                ("django_celery_beat_crontabschedule", "calendar_clock"),
                ("django_celery_beat_clockedschedule", "alarm"),
            ],
        ),
    ]


class ClinicSite(OurSite):
    """For a clinic's owner and Manager, below /c/<slug>/admin/."""

    site_title = _("Administration")
    index_title = _("Overview")
    back_label = _("Back to work")
    groups = [
        (
            _("People"),
            [
                ("scheduling_patient", "person"),
                ("scheduling_contactpoint", "call"),
                ("messaging_channelconsent", "handshake"),
                ("messaging_consentevent", "history"),
            ],
        ),
        (
            _("Calendar"),
            [
                ("scheduling_appointment", "event"),
                ("scheduling_practitioner", "stethoscope"),
                ("scheduling_weeklyhours", "schedule"),
                ("scheduling_timeoff", "beach_access"),
                ("scheduling_appointmenttype", "category"),
                ("scheduling_location", "location_on"),
                ("scheduling_room", "meeting_room"),
                ("scheduling_openinghours", "door_open"),
            ],
        ),
        (
            _("Messages"),
            [
                ("messaging_conversation", "forum"),
                ("messaging_message", "chat"),
                ("messaging_confirmation", "mark_chat_read"),
                ("messaging_alertdelivery", "notifications"),
            ],
        ),
        (
            _("Settings"),
            [
                ("scheduling_schedulingsettings", "tune"),
                ("messaging_messagingsettings", "settings"),
            ],
        ),
    ]

    def clinic_of(self, request: HttpRequest) -> Clinic | None:
        """Return the clinic that the middleware entered."""
        return getattr(request, "clinic", None)

    def has_permission(self, request: HttpRequest) -> bool:
        """Ask the one table; being an operator of the platform opens nothing here."""
        return may_set_up(request)


platform_site = PlatformSite(name="admin")
clinic_site = ClinicSite(name="clinic_admin")


def may_set_up(request: HttpRequest) -> bool:
    """Tell whether this member may open the set-up of the clinic that the middleware entered."""
    clinic = getattr(request, "clinic", None)
    return clinic is not None and can(request.user, clinic, Action.ADMIN)


def is_operator(request: HttpRequest) -> bool:
    """Tell whether this is an operator of the platform."""
    return bool(request.user.is_active and request.user.is_staff)


def site_of(request: HttpRequest) -> OurSite:
    """Return the site that a request is for."""
    return clinic_site if getattr(request, "clinic", None) else platform_site
