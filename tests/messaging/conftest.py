"""What tests of messages begin with: the clinic under test, entered."""

from collections.abc import Iterator

import pytest

from clinics.models import Clinic
from clinics.tenancy import in_clinic


@pytest.fixture
def inside(clinic: Clinic) -> Iterator[Clinic]:
    """Enter the clinic under test."""
    with in_clinic(clinic):
        yield clinic
