"""Pages outside of any clinic: the picker, the language, invitations."""

from allauth.account.views import LogoutView
from django.conf import settings
from django.contrib.auth import login
from django.contrib.auth.decorators import login_required
from django.db import IntegrityError, transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import get_language
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinics.access import person
from clinics.accounts import remember_language
from clinics.forms import LanguageForm, NewPersonForm
from clinics.models import Invitation, Membership, Role, User
from clinics.operations import (
    InvitationInvalid,
    accept_invitation,
    open_invitation,
)
from clinics.places import place_of
from clinics.queries import clinics_of
from clinics.rail import waiting_in
from medsync.lib import clock

MOST_COUNTED = 20  # of a picker's clinics: each costs two statements
PASSWORD_BACKEND = "allauth.account.auth_backends.AuthenticationBackend"  # noqa: S105 - a dotted path


class ClearingLogoutView(LogoutView):  # type: ignore[misc]
    """Log out, and leave nothing of a patient on a shared computer."""

    def post(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """Tell the browser to forget pages and drafts."""
        response: HttpResponse = super().post(request, *args, **kwargs)
        response["Clear-Site-Data"] = '"cache", "storage"'
        return response


@require_GET
@login_required
@never_cache
def home(request: HttpRequest) -> HttpResponse:
    """Go to the only clinic, or let the member pick."""
    clinics = clinics_of(request.user)
    if len(clinics) == 1:
        return HttpResponseRedirect(f"/c/{clinics[0].slug}/")
    roles = dict(
        Membership.objects.filter(user=person(request), ended_at=None).values_list("clinic_id", "role")
    )
    now, language = clock.now(), get_language() or "en"
    rows = [
        {
            "name": clinic.name,
            "slug": clinic.slug,
            "url": f"/c/{clinic.slug}/",
            "role": Role(roles[clinic.pk]).label if clinic.pk in roles else "",
            "place": place_of(clinic, now=now, language=language),
            "waits": waits,
        }
        for clinic in clinics
        for waits in [waiting_in(clinic, person(request)) if len(clinics) <= MOST_COUNTED else None]
    ]
    return render(request, "clinics/pick.html", {"clinics": rows})


@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Choose the language of the screens, on this device and, when logged in, on all."""
    form = LanguageForm(request.POST)
    goal = request.POST.get("next", "")
    if not url_has_allowed_host_and_scheme(goal, {request.get_host()}, require_https=request.is_secure()):
        goal = "/"
    response = HttpResponseRedirect(goal)
    if form.is_valid():
        language = form.cleaned_data["language"]
        remember_language(response, language)
        if request.user.is_authenticated:
            User.objects.filter(pk=request.user.pk).update(language=language)
    return response


@require_http_methods(["GET", "POST"])
@never_cache
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Take an invitation: a new person sets a name and a password, somebody known logs in first."""
    try:
        found = open_invitation(token, now=clock.now())
    except InvitationInvalid:
        return _invitation(request, None, "gone")
    if request.user.is_authenticated:
        if person(request).email.lower() != found.email.lower():
            return _invitation(request, found, "other_user")
        if request.method == "POST":
            return _take(request, token, person(request), found)
        return _invitation(request, found, "open")
    if User.objects.filter(email__iexact=found.email).exists():
        # Never a password for somebody known: the link would open the doors of their other clinics too.
        return HttpResponseRedirect(f"{settings.LOGIN_URL}?next={request.path}")
    form = NewPersonForm(request.POST if request.method == "POST" else None, email=found.email)
    if request.method != "POST" or not form.is_valid():
        return _invitation(request, found, "open", form=form)
    return _take(request, token, None, found, form=form)


def _take(
    request: HttpRequest,
    token: str,
    user: User | None,
    found: Invitation,
    *,
    form: NewPersonForm | None = None,
) -> HttpResponse:
    """Accept for the user, made here and now when new; both or nothing."""
    try:
        with transaction.atomic():
            if user is None:
                assert form is not None
                data = form.cleaned_data
                user = User.objects.create_user(found.email, data["password1"], name=data["name"])
                new = True
            else:
                new = False
            accept_invitation(token, user=user, now=clock.now())
    except (InvitationInvalid, IntegrityError):  # used meanwhile, perhaps by a second click
        return _invitation(request, None, "gone")
    if new:
        login(request, user, backend=PASSWORD_BACKEND)
    return HttpResponseRedirect(f"/c/{found.clinic.slug}/")


def _invitation(
    request: HttpRequest, found: Invitation | None, state: str, *, form: NewPersonForm | None = None
) -> HttpResponse:
    context = {
        "invitation": found,
        "state": state,
        "form": form,
        "role": Role(found.role).label if found else "",
    }
    return render(request, "clinics/invitation.html", context, status=410 if state == "gone" else 200)
