"""People who do not exist, for the phones of the demo: names and numbers that nobody has."""

import secrets
from itertools import product

from clinics.models import Clinic
from scheduling.models import ContactAddress, ContactPoint

_FIRST = ("Luna", "Noah", "Ana", "Omar", "Mia", "Diego", "Ivy", "Sam", "Inés", "Pablo", "Zoe", "Hugo")
_LAST = (
    "Vega",
    "Kim",
    "Torres",
    "Haddad",
    "Lindqvist",
    "Ramos",
    "Chen",
    "Okoye",
    "Peña",
    "Novak",
    "Silva",
    "Roy",
)


def free_name() -> str:
    """Return a name that nobody in the clinic has; two surnames when the short ones are taken.

    Two phones with one name could not be told apart in the inbox.
    """
    short = [" ".join(parts) for parts in product(_FIRST, _LAST)]
    long = [" ".join(parts) for parts in product(_FIRST, _LAST, _LAST)]
    taken = set(
        ContactPoint.objects.filter(display_name__in=[*short, *long]).values_list("display_name", flat=True)
    )
    for names in (short, long):
        if free := [name for name in names if name not in taken]:
            return secrets.choice(free)
    return secrets.choice(long)


def free_number(clinic: Clinic) -> str:
    """Return a number that nobody has: of the country's made-up range where there is one."""
    while True:
        digits = secrets.randbelow(10_000)
        if clinic.country == "MX":
            number = f"+52155{5550_0000 + digits:08d}"
        else:  # 555-01xx in any area code is never given to anybody
            number = f"+1{secrets.choice(('212', '347', '646', '718', '917'))}55501{digits % 100:02d}"
        if not ContactAddress.objects.filter(address=number).exists():
            return number
