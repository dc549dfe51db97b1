"""Saved texts: who changes them, what is refused, and how a patient's own values stand in them."""

from typing import Any

import pytest

from clinics.models import Clinic, User
from messaging.models import SavedText
from tests.messaging.inboxes import a_request, a_thread, reenter

pytestmark = pytest.mark.django_db


@pytest.fixture
def at(inside: Clinic, owner: User, browse: Any) -> Any:
    """Return a caller of a clinic's pages; with fields it posts."""

    def call(path: str, user: User = owner, **fields: str) -> Any:
        client, url = browse(user), f"/c/{inside.slug}/{path}"
        response = client.post(url, fields) if fields else client.get(url)
        reenter(inside)
        return response

    return call


def a_text(at: Any, **fields: str) -> SavedText:
    values = {"name": "Way", "shortcut": "way", "category": "custom", "text_en": "Come to {clinic_name}"}
    assert at("saved-texts/new/", **{**values, **fields}).status_code == 302
    return SavedText.objects.order_by("-created_at")[0]


def test_a_leader_writes_a_text_and_everybody_finds_it(at: Any, receptionist: User) -> None:
    text = a_text(at, text_es="Venga a {clinic_name}")

    assert text.texts == {"en": "Come to {clinic_name}", "es": "Venga a {clinic_name}"}
    page = at("saved-texts/", user=receptionist).content.decode()
    assert "Come to {clinic_name}" in page
    assert f"saved-texts/{text.pk}/" not in page
    assert "New text" not in page


def test_the_composer_offers_it_filled_in_the_patients_language_first(at: Any, inside: Clinic) -> None:
    a_text(at)
    a_text(at, name="Hola", shortcut="hola", text_en="", text_es="Hola, {patient_name}")
    thread = a_thread("Rosa Delgado")

    page = at(f"inbox/{thread.id}/texts/").content.decode()

    assert f"Come to {inside.name}" in page
    assert "Hola, Rosa" in page
    assert page.index("Come to") < page.index("Reminder of the visit") < page.index("Hola, Rosa")
    assert "Has a variable without a value" in page  # the built-in ones ask for a visit


def test_with_a_visit_the_built_in_texts_have_all_their_values(at: Any) -> None:
    thread = a_thread("Rosa Delgado")
    a_request(thread)

    assert "Has a variable without a value" not in at(f"inbox/{thread.id}/texts/").content.decode()


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"text_en": ""}, "Write the text in at least one language."),
        ({"text_en": "At {tiem}"}, "There is no variable {tiem}."),
        ({"text_en": "Reply CANCEL to cancel"}, "Carriers take CANCEL as an order to stop."),
        ({"shortcut": "two words"}, "Use letters, figures and hyphens, without spaces."),
        ({"name": "WAY "}, "Another text has this name."),
        ({"name": "Other", "shortcut": "/Way"}, "Another text has this shortcut."),
        ({"text_en": "x" * 1601}, "1600"),
    ],
    ids=["no words", "no such variable", "a reserved word", "spaces", "name taken", "shortcut taken", "long"],
)
def test_what_cannot_be_kept_is_said_at_its_field(at: Any, fields: dict[str, str], said: str) -> None:
    a_text(at)
    values = {"name": "New", "shortcut": "new", "category": "custom", "text_en": "words", **fields}

    response = at("saved-texts/new/", **values)

    assert response.status_code == 400
    assert said in response.content.decode()
    assert SavedText.objects.count() == 1


def test_archived_it_is_offered_no_longer_until_it_is_brought_back(at: Any) -> None:
    text, thread = a_text(at), a_thread()

    at(f"saved-texts/{text.pk}/archive/", x="1")
    assert "Come to" not in at(f"inbox/{thread.id}/texts/").content.decode()
    assert at(f"saved-texts/{text.pk}/").status_code == 404
    at(f"saved-texts/{text.pk}/restore/", x="1")

    assert "Come to" in at(f"inbox/{thread.id}/texts/").content.decode()


def test_a_name_that_was_given_away_meanwhile_is_not_brought_back(at: Any) -> None:
    text = a_text(at)
    at(f"saved-texts/{text.pk}/archive/", x="1")
    a_text(at)

    at(f"saved-texts/{text.pk}/restore/", x="1")

    text.refresh_from_db()
    assert text.archived_at is not None


def test_a_text_is_text_and_nothing_else_on_every_page(at: Any) -> None:
    a_text(at, name="<b>bold</b>", text_en="<script>alert(1)</script>")
    thread = a_thread()

    for path in ("saved-texts/", f"inbox/{thread.id}/texts/"):
        page = at(path).content.decode()
        assert "<script>alert" not in page
        assert "<b>bold" not in page


def test_what_the_composer_asks_for_costs_so_many_statements_whatever_there_is(
    at: Any, inside: Clinic, owner: User, browse: Any, django_assert_max_num_queries: Any
) -> None:
    for n in range(5):
        a_text(at, name=f"Way {n}", shortcut=f"way{n}")
    thread = a_thread()
    client = browse(owner)
    for part in ("writing", "texts"):  # what rarely changes is known in a process that works
        client.get(f"/c/{inside.slug}/inbox/{thread.id}/{part}/")
    with django_assert_max_num_queries(12):
        client.get(f"/c/{inside.slug}/inbox/{thread.id}/writing/")
    with django_assert_max_num_queries(9):
        client.get(f"/c/{inside.slug}/inbox/{thread.id}/texts/")
    reenter(inside)
