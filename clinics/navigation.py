"""What stands round every page of the two admin sites: whose it is, the way back, the list at the left."""

from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from clinics.sites import OurSite, platform_site, site_of
from clinics.tenancy import public_path


def title_of(request: HttpRequest) -> str:
    """Return the clinic's name, or the platform's."""
    clinic = getattr(request, "clinic", None)
    return clinic.name if clinic else str(platform_site.site_title)


def subtitle_of(request: HttpRequest) -> str:
    """Return what this site is, below the name."""
    return str(site_of(request).site_title) if getattr(request, "clinic", None) else _("For operators")


def back_of(request: HttpRequest) -> str:
    """Return the page that "view site" leads to: the clinic's first page, or the list of clinics."""
    clinic = getattr(request, "clinic", None)
    return f"/c/{clinic.slug}/" if clinic else "/"


def theme_of(request: HttpRequest) -> str | None:
    """Return the look that the user chose in the profile, None for the device's."""
    return getattr(request.user, "theme", "") or None


def account_of(request: HttpRequest) -> list[dict[str, str]]:
    """Return the user's own pages, which are the product's, below the name."""
    return [{"title": _("Your profile"), "link": public_path("profile")}]


def navigation_of(request: HttpRequest) -> list[dict[str, Any]]:
    """Return the list at the left: the overview, then every registered model in its group, in a fixed order."""
    site = site_of(request)
    index = reverse(f"{site.name}:index")
    top = [
        {"title": _("Overview"), "icon": "monitoring", "link": index},
        {"title": site.back_label, "icon": "arrow_back", "link": back_of(request), "active": False},
    ]
    return [{"items": top}, *_groups(site)]


def _groups(site: OurSite) -> list[dict[str, Any]]:
    names = {f"{model._meta.app_label}_{model._meta.model_name}": model for model in site._registry}
    groups = []
    for title, entries in site.groups:
        items = []
        for name, icon in entries:
            if name not in names:
                continue
            try:
                link = reverse(f"{site.name}:{name}_changelist")
            except NoReverseMatch:
                continue
            items.append(
                {"title": capfirst(str(names[name]._meta.verbose_name_plural)), "icon": icon, "link": link}
            )
        if items:
            groups.append({"title": title, "separator": True, "items": items})
    return groups
