"""One's own profile: looks, log-in, the lock's PIN, API tokens."""

from uuid import UUID

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from clinics import keymap, locking
from clinics.access import person
from clinics.accounts import lacks_second_factor, to_second_factor
from clinics.forms import PinForm, PreferencesForm, TokenForm
from clinics.models import ApiToken, User
from clinics.operations import create_token, revoke_token
from medsync.lib import clock


@require_GET
@login_required
@never_cache
def profile(request: HttpRequest) -> HttpResponse:
    """Show one's tokens and language, and the way to password and second factors."""
    return _profile(request)


def _profile(
    request: HttpRequest,
    *,
    form: TokenForm | None = None,
    preferences: PreferencesForm | None = None,
    pin: PinForm | None = None,
    secret: str = "",
) -> HttpResponse:
    user = person(request)
    context = {
        "tokens": ApiToken.objects.filter(user=user, revoked_at=None),
        "form": form or TokenForm(),
        "preferences": preferences or PreferencesForm(instance=user),
        "pin": pin or PinForm(),
        "has_pin": bool(user.lock_pin),
        "secret": secret,
    }
    wrong = any(one is not None and one.errors for one in (form, preferences, pin))
    return render(request, "clinics/profile.html", context, status=400 if wrong else 200)


@require_POST
@login_required
@never_cache
def preferences(request: HttpRequest) -> HttpResponse:
    """Keep how the screens look and sound for this person, on every device."""
    form = PreferencesForm(request.POST, instance=User.objects.get(pk=person(request).pk))
    if not form.is_valid():
        return _profile(request, preferences=form)
    form.save()
    messages.success(request, _("Saved."))
    return HttpResponseRedirect("/profile/")


@require_http_methods(["GET", "POST"])
@login_required
@never_cache
def keys(request: HttpRequest) -> HttpResponse:
    """Show and keep which key does what."""
    user = person(request)
    if request.method != "POST":
        return render(request, "clinics/keys.html", {"lines": keymap.keys_of(user), "fixed": keymap.FIXED})
    wanted = {key.action: request.POST.get(key.action, key.default) for key in keymap.KEYS}
    if "defaults" in request.POST:
        wanted = {key.action: key.default for key in keymap.KEYS}
    elif "off" in request.POST:
        wanted = {key.action: "" for key in keymap.KEYS}
    refused = keymap.choose(user, wanted)
    if refused:
        return render(request, "clinics/keys.html", {"lines": refused, "fixed": keymap.FIXED}, status=400)
    messages.success(request, _("Saved."))
    return HttpResponseRedirect("/profile/keys/")


@require_POST
@login_required
@reauthentication_required  # type: ignore[untyped-decorator]
@never_cache
def pin(request: HttpRequest) -> HttpResponse:
    """Set the PIN that opens the locked screen, or take it away."""
    form = PinForm(request.POST)
    if not form.is_valid():
        return _profile(request, pin=form)
    chosen = form.cleaned_data["pin"]
    locking.set_pin(person(request), chosen)
    messages.success(request, _("The PIN opens your locked screen.") if chosen else _("The PIN is gone."))
    return HttpResponseRedirect("/profile/")


@require_POST
@login_required
@reauthentication_required  # type: ignore[untyped-decorator]
@never_cache
def token_create(request: HttpRequest) -> HttpResponse:
    """Make an API token and show it, this once."""
    user = person(request)
    roles = user.memberships.filter(ended_at=None).values_list("role", flat=True)
    if any(lacks_second_factor(user, role) for role in roles):
        return to_second_factor()
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _profile(request, form=form)
    _row, secret = create_token(user, name=form.cleaned_data["name"])
    return _profile(request, secret=secret)


@require_POST
@login_required
def token_revoke(request: HttpRequest, token_id: UUID) -> HttpResponse:
    """End a token of one's own; anybody else's is not there."""
    if not revoke_token(token_id, user=person(request), now=clock.now()):
        raise Http404
    messages.success(request, _("The token opens nothing any more."))
    return HttpResponseRedirect("/profile/")
