"""What a browser must load before the inbox is there: our own styles and scripts, as they travel."""

import gzip
import re
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from tests.messaging.inboxes import a_thread

pytestmark = pytest.mark.django_db
MOST = 100 * 1000


def test_the_inbox_loads_at_most_100_kb_of_our_own(clinic: Clinic, owner: User, browse: Any) -> None:
    with in_clinic(clinic):
        thread = a_thread()
    page = browse(owner).get(f"/c/{clinic.slug}/inbox/{thread.pk}/").content.decode()
    ours = set(re.findall(r'(?:href|src)="/static/((?:css|js)/[^"?]+)"', page))
    assert len(ours) > 10
    sizes = {}
    for name in ours:
        plain = re.sub(r"\.[0-9a-f]{12}(?=\.)", "", name)
        sizes[plain] = len(gzip.compress((Path(settings.BASE_DIR) / "static" / plain).read_bytes(), 6))
    assert sum(sizes.values()) <= MOST, sorted(sizes.items(), key=lambda item: -item[1])[:8]
