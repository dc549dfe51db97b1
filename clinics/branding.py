"""How the two admin sites look: titles, colours of the product, the list at the left. Read by the settings."""

from collections.abc import Callable
from typing import Any

from django.templatetags.static import static

# Lapis, the one accent of the product, from light to dark; 600 is the colour of buttons.
_LAPIS = {
    "50": "#f4f6fd",
    "100": "#ecf0fc",
    "200": "#dde5fa",
    "300": "#beccf4",
    "400": "#9db2ff",
    "500": "#4a68dc",
    "600": "#2b50c8",
    "700": "#2343ac",
    "800": "#1c3689",
    "900": "#27335e",
    "950": "#1c2440",
}
# The warm greys of the pages.
_STONE = {
    "50": "#faf9f7",
    "100": "#f5f4f1",
    "200": "#e5e2dc",
    "300": "#d2cec5",
    "400": "#9a958c",
    "500": "#6b665d",
    "600": "#57534c",
    "700": "#403d38",
    "800": "#2c2a27",
    "900": "#1a1918",
    "950": "#131211",
}


def _static(path: str) -> Callable[[object], str]:
    """Return what finds the file at each request, for in production its name carries a hash."""
    return lambda _request: static(path)


UNFOLD: dict[str, Any] = {
    "SITE_TITLE": "clinics.navigation.title_of",
    "SITE_HEADER": "clinics.navigation.title_of",
    "SITE_SUBHEADER": "clinics.navigation.subtitle_of",
    "SITE_URL": "clinics.navigation.back_of",
    "SITE_SYMBOL": "schedule",
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "/static/favicon.svg"}],
    "STYLES": [_static("css/tokens.css"), _static("css/admin.css")],
    "SCRIPTS": [_static("js/admin.js")],
    "THEME": "clinics.navigation.theme_of",
    "ACCOUNT": {"navigation": "clinics.navigation.account_of"},
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "BORDER_RADIUS": "6px",
    "COLORS": {"primary": _LAPIS, "base": _STONE},
    "SIDEBAR": {"navigation": "clinics.navigation.navigation_of"},
}
