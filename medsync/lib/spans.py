"""Lengths of time in words, as the desk says them."""

from datetime import timedelta

from django.utils.translation import gettext as _


def duration(span: timedelta) -> str:
    """Return "38 m", "23 h 22 m" or "1 d 2 h"; whatever is shorter than a minute is "1 m"."""
    minutes = max(1, int(span.total_seconds() // 60))
    if minutes < 60:
        return _("%(m)d m") % {"m": minutes}
    hours, minutes = divmod(minutes, 60)
    if hours < 24:
        return _("%(h)d h %(m)d m") % {"h": hours, "m": minutes} if minutes else _("%(h)d h") % {"h": hours}
    days, hours = divmod(hours, 24)
    return _("%(d)d d %(h)d h") % {"d": days, "h": hours} if hours else _("%(d)d d") % {"d": days}
