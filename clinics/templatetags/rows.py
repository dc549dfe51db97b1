"""How the admin's heads call a row."""

from typing import Any

from django import template
from django.db.models import Model

from clinics.sites import clinic_site, platform_site

register = template.Library()


@register.filter
def row_title(title: Any) -> str:
    """Return a row's title as its admin says it; whatever is no row stays as it is."""
    if not isinstance(title, Model):
        return str(title)
    for site in (clinic_site, platform_site):
        admin = site._registry.get(type(title))
        if admin is not None:
            return str(admin.row_title(title))
    return str(title)
