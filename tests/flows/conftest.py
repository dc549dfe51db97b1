"""The running product for the acceptance tests, once a session."""

from collections.abc import Iterator

import pytest

from tests.flows.live import Live, LiveClinic, running


@pytest.fixture(scope="session")
def live() -> Iterator[Live]:
    """Give the whole product, running, with a stand-in Twilio beside it."""
    with running() as found:
        yield found


@pytest.fixture(scope="session")
def sol(live: Live) -> LiveClinic:
    """Give a Mexican clinic."""
    return live.clinic("sol", country="MX", zone="America/Mexico_City", language="es", number="+525555550142")


@pytest.fixture(scope="session")
def harbor(live: Live) -> LiveClinic:
    """Give a clinic of other people."""
    return live.clinic("harbor", country="US", zone="America/New_York", language="en", number="+12125550142")
