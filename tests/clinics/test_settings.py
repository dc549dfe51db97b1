"""The settings page: each room's panel is kept by itself, refusals name the field."""

from typing import Any

import pytest

from clinics.models import Clinic, User
from clinics.tenancy import in_clinic
from messaging.models import MessagingSettings
from scheduling.models import SchedulingSettings

pytestmark = pytest.mark.django_db


@pytest.fixture
def save(clinic: Clinic, owner: User, browse: Any) -> Any:
    """Return a saver of a panel, as the owner."""
    client = browse(owner)
    return lambda panel, **data: client.post(f"/c/{clinic.slug}/settings/{panel}/", data)


def test_the_page_shows_every_panel(clinic: Clinic, owner: User, browse: Any) -> None:
    page = browse(owner).get(f"/c/{clinic.slug}/settings/").content.decode()
    for panel in ("clinic", "booking", "bot", "safety"):
        assert f'id="{panel}"' in page


def test_the_clinics_name_is_read_at_once(save: Any, clinic: Clinic, owner: User, browse: Any) -> None:
    answer = save("clinic", name="Riverside North", phone="(212) 555-0142", language="es")
    assert answer.headers["Location"].endswith("/settings/#clinic")
    assert "Riverside North" in browse(owner).get(f"/c/{clinic.slug}/settings/").content.decode()


def test_a_panel_writes_nothing_but_its_own(save: Any, clinic: Clinic) -> None:
    with in_clinic(clinic):
        SchedulingSettings.objects.create(first_day_put_away_at="2026-11-01T00:00Z")
    save("booking", hold_minutes="15", request_hours="6", offer_hours="8", state="gone")
    with in_clinic(clinic):
        row = SchedulingSettings.load()
    assert (row.hold_minutes, row.request_hours) == (15, 6)
    assert row.first_day_put_away_at is not None


def test_the_bots_settings_are_made_when_there_are_none(save: Any, clinic: Clinic) -> None:
    save("bot", bot_inside_hours="staff_only", bot_outside_hours="answer", bot_pause_minutes="45")
    with in_clinic(clinic):
        row = MessagingSettings.load()
    assert (row.bot_inside_hours, row.bot_pause_minutes) == ("staff_only", 45)


@pytest.mark.parametrize(
    ("panel", "data"),
    [
        ("safety", {"idle_minutes": "4"}),
        ("safety", {"idle_minutes": "121"}),
        ("clinic", {"name": "", "language": "en"}),
        ("clinic", {"name": "x", "language": "tlh"}),
        ("bot", {"bot_inside_hours": "shout", "bot_outside_hours": "answer", "bot_pause_minutes": "1"}),
        ("booking", {"hold_minutes": "-1", "request_hours": "4", "offer_hours": "8"}),
        ("beginning", {"first_channel": "pigeon", "quiet_from": "21:00", "quiet_until": "08:00"}),
    ],
)
def test_what_cannot_be_is_refused_beside_its_field(save: Any, panel: str, data: dict[str, str]) -> None:
    answer = save(panel, **data)
    assert answer.status_code == 400
    assert "field-error" in answer.content.decode()


def test_the_screen_locks_when_the_clinic_says(save: Any, clinic: Clinic, owner: User, browse: Any) -> None:
    save("safety", idle_minutes="15", second_factor="")
    assert 'data-idle="15"' in browse(owner).get(f"/c/{clinic.slug}/settings/").content.decode()


def test_a_panel_that_is_not_there_is_not_found(save: Any) -> None:
    assert save("nothing").status_code == 404


def test_the_desk_changes_no_settings(clinic: Clinic, receptionist: User, browse: Any) -> None:
    client = browse(receptionist)
    assert client.get(f"/c/{clinic.slug}/settings/").status_code == 403
    assert client.post(f"/c/{clinic.slug}/settings/clinic/", {"name": "Mine"}).status_code == 403
    assert "/settings/" not in client.get(f"/c/{clinic.slug}/inbox/").content.decode()


def test_the_other_clinics_owner_finds_nothing(clinic: Clinic, other_owner: User, browse: Any) -> None:
    assert browse(other_owner).get(f"/c/{clinic.slug}/settings/").status_code == 404


def test_quiet_hours_and_the_first_channel_are_kept(save: Any, clinic: Clinic) -> None:
    save("beginning", first_channel="sms", quiet_from="20:30", quiet_until="09:00")
    with in_clinic(clinic):
        row = MessagingSettings.load()
    assert (row.first_channel, f"{row.quiet_from:%H:%M}", f"{row.quiet_until:%H:%M}") == (
        "sms",
        "20:30",
        "09:00",
    )
