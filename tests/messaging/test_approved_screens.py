"""The approved texts on the screens: the list in each state, submitting, own texts, the picker, own words."""

import re
from datetime import timedelta
from html import unescape
from typing import Any

import pytest
from django.utils import translation

from clinics.models import Clinic, ProviderAccount, User
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import catalog
from messaging.approved import submitting, syncing, words
from messaging.approved.starter import USES, starter_set
from messaging.models import ContentTemplate, Message, OwnText
from messaging.saved_texts.purposes import purpose_of
from tests.messaging.approving import approved
from tests.messaging.inboxes import a_thread, a_visit_today
from tests.statements import statements

pytestmark = pytest.mark.django_db
HX = {"HX-Request": "true"}
TEXTS = len(starter_set())


def path(clinic: Clinic, rest: str = "") -> str:
    return f"/c/{clinic.slug}/approved-texts/{rest}"


def page(response: Any, status: int = 200) -> str:
    assert response.status_code == status, response.content[:500]
    return str(response.content.decode())


def test_without_a_text_the_page_says_what_is_missing_and_one_way_on(
    clinic: Clinic, owner: User, browse: Any
) -> None:
    shown = page(browse(owner).get(path(clinic)))
    assert "No approved text yet" in shown
    assert f"{TEXTS} texts are not submitted yet" in shown
    assert "Submit the starter set" in shown


def test_one_click_stores_the_starter_set_and_a_second_changes_nothing(
    clinic: Clinic, owner: User, browse: Any
) -> None:
    member = browse(owner)
    assert member.post(path(clinic, "starter/")).status_code == 302
    assert member.post(path(clinic, "starter/")).status_code == 302
    with in_clinic(clinic):
        assert ContentTemplate.objects.count() == TEXTS
    shown = page(member.get(path(clinic)))
    assert "every 4s" in shown  # it looks again while something moves
    assert "Being submitted" in shown


def test_each_state_says_why_and_what_helps(clinic: Clinic, owner: User, browse: Any) -> None:
    with in_clinic(clinic):
        approved("accepted", approval="rejected", rejection_reason="TAG_CONTENT_MISMATCH")
        approved("moved", approval="paused")
        approved("cancelled", category="MARKETING")
        approved("knock", approval="unsubmitted", submitted_at=None, error_code="20003", content_sid="")
        approved("missed", content_type="twilio/carousel", body="")
    shown = page(browse(owner).get(path(clinic)))
    assert "reads like advertising" in shown
    assert "Say it anew" in shown
    assert "many people blocked" in shown
    assert "63049" in shown
    assert "Try again" in shown
    assert "twilio/carousel" in shown


def test_a_text_whose_variables_are_not_known_says_so_and_counts_as_none(
    clinic: Clinic, owner: User, browse: Any
) -> None:
    with in_clinic(clinic):
        row = approved(
            "accepted", key="", name="ours", content={"wanted_key": "accepted"}, synced_at=clock.now()
        )
        ContentTemplate.objects.filter(pk=row.pk).update(
            variables=[{**one, "name": ""} for one in row.variables]
        )
    member = browse(owner)
    shown = page(member.get(path(clinic)))
    assert "once you say what each of its variables is filled with" in shown
    uses = shown.split('class="approved-uses"')[1]
    assert '"approved-status is-ok"' not in uses
    assert f"{TEXTS} texts are not submitted yet" in shown
    form = page(member.get(path(clinic, f"{row.pk}/")))
    assert '<option value="accepted" selected>' in form
    wanted = {"key": "accepted", "name_1": "clinic_name", "name_2": "date", "name_3": "time"}
    assert "not known when" in page(member.post(path(clinic, f"{row.pk}/"), wanted), 400)
    assert member.post(path(clinic, f"{row.pk}/"), wanted | {"name_4": "doctor_name"}).status_code == 302
    shown = page(member.get(path(clinic)))
    assert "once you say" not in shown
    assert '"approved-status is-ok"' in shown.split('class="approved-uses"')[1]
    assert f"{TEXTS - 1} texts are not submitted yet" in shown


@pytest.mark.parametrize("named", [True, False], ids=["named", "unnamed"])
def test_what_goes_out_by_itself_counts_only_what_can_be_filled(
    clinic: Clinic, owner: User, browse: Any, named: bool
) -> None:
    with in_clinic(clinic):
        row = approved("accepted")
        if not named:
            ContentTemplate.objects.filter(pk=row.pk).update(variables=[{"n": "1", "sample": "x"}])
    shown = page(browse(owner).get(path(clinic))).split('class="approved-uses"')[1]
    assert ('"approved-status is-ok"' in shown) is named


def test_a_text_that_waits_for_anothers_place_says_so(clinic: Clinic, owner: User, browse: Any) -> None:
    with in_clinic(clinic):
        approved("accepted")
        approved("accepted", key="", name="ours", content={"wanted_key": "accepted"}, synced_at=clock.now())
    assert "Another text of this language goes out for “Visit confirmed” already." in page(
        browse(owner).get(path(clinic))
    )


def test_the_list_costs_the_same_however_long_it_is(clinic: Clinic, owner: User, browse: Any) -> None:
    member = browse(owner)
    member.get(path(clinic))
    with statements() as few:
        member.get(path(clinic))
    with in_clinic(clinic):
        for one in starter_set():
            approved(one.key, one.language)
    with statements() as many:
        member.get(path(clinic))
    assert len(many) == len(few)


def test_a_text_of_ones_own_is_checked_before_whatsapp_does(clinic: Clinic, owner: User, browse: Any) -> None:
    member = browse(owner)
    wanted = {
        "account": re.findall(r'name="account" value="([^"]+)"', page(member.get(path(clinic, "new/"))))[0],
        "name": "Lab",
        "language": "en",
        "category": "UTILITY",
        "body": "{patient_name}, your results from the lab have come in",
        "button_1": "Call me",
    }
    assert "first or the last" in page(member.post(path(clinic, "new/"), wanted), 400)
    wanted["body"] = "Hello {patient_name}, your results from {nonsense} have come in, please call us."
    assert "{nonsense}" in page(member.post(path(clinic, "new/"), wanted), 400)
    wanted["body"] = "Hello {patient_name}, your papers are ready at {clinic_name}, please call us."
    assert member.post(path(clinic, "new/"), wanted).status_code == 302
    with in_clinic(clinic):
        row = ContentTemplate.objects.get()
    assert row.body == "Hello {{1}}, your papers are ready at {{2}}, please call us."
    assert [one["name"] for one in row.variables] == ["patient_name", "clinic_name"]
    assert (row.content_type, row.buttons[0]["title"]) == ("twilio/quick-reply", "Call me")


def test_what_a_text_goes_out_for_needs_values_that_are_known_then(
    clinic: Clinic, owner: User, browse: Any
) -> None:
    with in_clinic(clinic):
        row = approved("knock", key="", name="ours")
        taken = approved("accepted")
    member = browse(owner)
    wanted = {"key": "accepted", "name_1": "patient_name", "name_2": "clinic_name"}
    assert "not known when" in page(member.post(path(clinic, f"{row.pk}/"), wanted), 400)
    wanted |= {"name_1": "doctor_name"}
    assert "goes out for that already" in page(member.post(path(clinic, f"{row.pk}/"), wanted), 400)
    assert member.post(path(clinic, f"{taken.pk}/put-away/")).status_code == 302
    assert member.post(path(clinic, f"{row.pk}/"), wanted).status_code == 302
    with in_clinic(clinic):
        assert ContentTemplate.objects.get(pk=row.pk).key == "accepted"


def test_the_picker_shows_to_the_letter_what_is_sent(clinic: Clinic, owner: User, browse: Any) -> None:
    with in_clinic(clinic):
        thread = a_thread("Grace Osei", heard=timedelta(days=2))
        a_visit_today(thread, at=clock.now() + timedelta(days=3))
        text = approved("reminder_default")
        approved("accepted", "es")
        approved("moved", approval="paused")
    member = browse(owner)
    base = f"/c/{clinic.slug}/inbox/{thread.pk}/approved/"
    shown = page(member.get(base))
    form = shown.split(f'data-approved-form="{text.pk}"')[1].split("</form>")[0]
    preview = re.sub(r"<[^>]+>", "", form.split("data-approved-preview>")[1].split("</p>")[0])
    values = dict(re.findall(r'name="(v_\d)" value="([^"]*)"', form))
    assert values["v_1"] == "Grace"
    assert all(values.values())
    assert "Paused" in shown
    assert 'aria-disabled="true"' in shown
    answer = member.post(
        base + "send/", {"template": str(text.pk), **values, "client_message_id": "once"}, headers=HX
    )
    assert answer.status_code == 200
    member.post(base + "send/", {"template": str(text.pk), **values, "client_message_id": "once"}, headers=HX)
    with in_clinic(clinic):
        (message,) = Message.objects.filter(kind="template")
    assert message.body == unescape(preview)


@pytest.mark.parametrize(("approval", "helps"), [("pending", False), ("paused", True), ("rejected", True)])
def test_the_picker_leads_to_a_remedy_only_where_there_is_one(
    clinic: Clinic, owner: User, browse: Any, approval: str, helps: bool
) -> None:
    with in_clinic(clinic):
        thread = a_thread("Grace Osei", heard=timedelta(days=2))
        approved("moved", approval=approval)
    shown = page(browse(owner).get(f"/c/{clinic.slug}/inbox/{thread.pk}/approved/"))
    assert (">Fix</a>" in shown) is helps


def test_a_missing_value_is_named_and_nothing_is_stored(clinic: Clinic, owner: User, browse: Any) -> None:
    with in_clinic(clinic):
        thread = a_thread("Grace Osei", heard=timedelta(days=2))
        text = approved("reminder_default")
    answer = browse(owner).post(
        f"/c/{clinic.slug}/inbox/{thread.pk}/approved/send/",
        {"template": str(text.pk), "v_1": "Grace", "v_2": "  ", "v_3": "Dr. Lee"},
        headers=HX,
    )
    assert "fill it in first" in page(answer, 409)
    with in_clinic(clinic):
        assert not Message.objects.filter(kind="template").exists()


def test_a_long_list_is_narrowed_by_purpose_and_status_a_short_one_is_not(
    clinic: Clinic, owner: User, browse: Any
) -> None:
    with in_clinic(clinic):
        thread = a_thread("Grace Osei", heard=timedelta(days=2))
        first = [approved(key) for key in ("knock", "reminder_default", "accepted", "moved", "counter")]
        approved("missed", approval="paused")
    member, url = browse(owner), f"/c/{clinic.slug}/inbox/{thread.pk}/approved/"
    short = page(member.get(url))
    with in_clinic(clinic):
        approved("cancelled", key="", name="parking")
    long = page(member.get(url))

    def offered(name: str) -> list[str]:
        select = long.split(f'data-approved-filter="{name}"')[1].split("</select>")[0]
        return re.findall(r"<option[^>]*>([^<]*)<", select)

    def purpose(key: Any) -> str:
        return long.split(f'data-approved-choice="{key}"')[1].split('data-purpose="')[1].split('"')[0]

    assert "data-approved-filter" not in short
    assert offered("status") == ["Any status", "Approved", "Paused"]
    assert offered("purpose") == [
        "Any purpose",
        "Answers and follow-up",
        "Reminders",
        "Visits confirmed or changed",
        "Requests and other times",
        "Other texts",
    ]
    assert [purpose(one.pk) for one in first] == ["answers", "reminders", "visits", "visits", "times"]


def test_every_use_of_a_text_has_a_purpose() -> None:
    sorted_in = [key for _name, uses in words.PURPOSES.values() for key in uses]

    assert sorted(sorted_in) == sorted(USES)


def test_free_text_that_whatsapp_refuses_all_the_same_leads_to_the_approved_texts(
    clinic: Clinic, owner: User, browse: Any
) -> None:
    """Our clock may be wrong about the window: 63016 comes back, and the composer says what gets through."""
    with in_clinic(clinic):
        thread = a_thread("Grace Osei", heard=timedelta(days=2))
        approved("knock")
    member = browse(owner)
    refused = page(member.post(f"/c/{clinic.slug}/inbox/{thread.pk}/send/", {"body": "hi"}, headers=HX), 409)
    assert 'data-code="63016"' in refused
    shown = page(member.get(f"/c/{clinic.slug}/inbox/{thread.pk}/"))
    assert "data-approved-tab" in shown


def test_the_built_in_phones_approve_by_the_next_look(clinic: Clinic, owner: User, browse: Any) -> None:
    with in_clinic(clinic):
        account = clinic.senders.get(channel="whatsapp", rank=1).account
        ProviderAccount.objects.filter(pk=account.pk).update(provider="local")
    browse(owner).post(path(clinic, "starter/"))
    with in_clinic(clinic):
        assert submitting.submit_waiting(now=clock.now()) == TEXTS
        assert set(ContentTemplate.objects.values_list("approval", flat=True)) == {"pending"}
        syncing.sync(now=clock.now())
        assert set(ContentTemplate.objects.values_list("approval", flat=True)) == {"approved"}
        assert ContentTemplate.objects.filter(body="").count() == 0


# The clinic's own words.


def test_own_words_are_said_from_now_on_and_given_back(
    clinic: Clinic, owner: User, browse: Any, django_capture_on_commit_callbacks: Any
) -> None:
    member = browse(owner)
    url = f"/c/{clinic.slug}/saved-texts/own/accepted/"
    assert "Your visit is confirmed" in page(member.get(url))
    with django_capture_on_commit_callbacks(execute=True):
        wanted = {"text_en": "See you {date}!", "text_es": "", "text_zh": ""}
        assert member.post(url, wanted).status_code == 302
    with in_clinic(clinic):
        assert catalog.text("accepted", "en", channel="sms", date="Tuesday") == "See you Tuesday!"
        assert catalog.text("accepted", "es", channel="sms", date="martes").startswith(
            "Su cita está confirmada"
        )
        assert OwnText.objects.count() == 1
    assert "own words" in page(member.get(f"/c/{clinic.slug}/saved-texts/own/"))
    with django_capture_on_commit_callbacks(execute=True):
        assert member.post(url + "restore/").status_code == 302
    with in_clinic(clinic):
        assert catalog.text("accepted", "en", channel="sms", date="Tuesday").startswith(
            "Your visit is confirmed"
        )


@pytest.mark.parametrize(
    ("body", "why"),
    [("See you {when}", "{when}"), ("Reply CANCEL to cancel", "CANCEL"), ("x" * 1601, "1600")],
    ids=["unknown variable", "carrier's word", "long"],
)
def test_own_words_that_would_go_wrong_are_not_kept(
    clinic: Clinic, owner: User, browse: Any, body: str, why: str
) -> None:
    url = f"/c/{clinic.slug}/saved-texts/own/accepted/"
    assert why in page(browse(owner).post(url, {"text_en": body}), 400)
    with in_clinic(clinic):
        assert not OwnText.objects.exists()


def test_every_text_of_the_product_stands_in_the_list_with_what_it_is_for(
    clinic: Clinic, owner: User, browse: Any
) -> None:
    shown = page(browse(owner).get(f"/c/{clinic.slug}/saved-texts/own/"))
    for key, entry in catalog.entries().items():
        assert (f"/saved-texts/own/{key}/" in shown) == (entry.category != "custom"), key


def test_spanish_says_what_every_text_is_for() -> None:
    keys = {key for key, entry in catalog.entries().items() if entry.category != "custom"}
    with translation.override("es"):
        same = {
            key for key in keys if purpose_of(catalog.entries()[key], key) == catalog.entries()[key].purpose
        }
    assert same == set()


def test_a_receptionist_sees_no_way_there(clinic: Clinic, receptionist: User, browse: Any) -> None:
    member = browse(receptionist)
    assert "approved-texts" not in page(member.get(f"/c/{clinic.slug}/saved-texts/"))
    assert member.get(path(clinic)).status_code == 403
