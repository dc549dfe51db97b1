"""Approved texts: which goes for what, the starter set, how they stand at the provider, and how they are sent."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from clinics.models import Clinic, ProviderAccount
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import outbox, providers
from messaging.approved import choosing, rules, starter, submitting, syncing, words, writing
from messaging.approved.saying import say
from messaging.models import ContentTemplate, Message
from tests.messaging.approving import approved
from tests.messaging.outbound import sender_of, thread
from tests.standin.twilio_content import TwilioContentStandIn
from tests.statements import statements
from tests.world import CLINICS, World

SPECS = Path(__file__).parents[3] / "shared" / "specs" / "twilio_content_v1.trimmed.json"
TEXTS = len(starter.starter_set())


@pytest.fixture
def twilio(settings: Any) -> Iterator[TwilioContentStandIn]:
    tokens = {sid: token for *_, sid, token in CLINICS if sid}
    tokens[settings.TWILIO_ACCOUNT_SID] = settings.TWILIO_AUTH_TOKEN
    settings.OUTBOX_HTTP_DEADLINE = 3.0
    with TwilioContentStandIn(tokens=tokens) as standin:
        settings.TWILIO_API_BASE_URL = standin.base_url
        yield standin
        assert standin.broken == []


@pytest.fixture
def inside(committed: World) -> Iterator[Clinic]:
    with in_clinic(committed.clinics["alpha"]):
        yield committed.clinics["alpha"]


def account(clinic: Clinic) -> ProviderAccount:
    return sender_of(clinic).account


def submit() -> int:
    return submitting.submit_waiting(now=clock.now())


def sync() -> None:
    syncing.sync(now=clock.now())


def standing(**columns: Any) -> words.Standing:
    return words.standing(ContentTemplate.objects.get(**columns))


# Which text goes for what.


def test_the_exact_language_wins_then_its_base_then_another_of_the_base(inside: Clinic) -> None:
    mexican = approved("accepted", "es", language="es_MX")
    assert choosing.approved_for("accepted", "es", account(inside).pk) == mexican
    plain = approved("accepted", "es")
    assert choosing.approved_for("accepted", "es", account(inside).pk) == plain
    assert choosing.approved_for("accepted", "es-MX", account(inside).pk) == mexican
    assert choosing.approved_for("accepted", "es-AR", account(inside).pk) == plain
    assert choosing.approved_for("accepted", "en", account(inside).pk) is None


@pytest.mark.parametrize("approval", ["pending", "rejected", "paused", "disabled", "unknown", "unsubmitted"])
def test_what_is_not_approved_is_not_chosen(inside: Clinic, approval: str) -> None:
    approved("accepted", approval=approval)
    assert choosing.approved_for("accepted", "en", account(inside).pk) is None


def test_an_archived_text_and_one_of_another_account_are_not_chosen(inside: Clinic) -> None:
    approved("accepted", archived_at=clock.now())
    other = ProviderAccount.objects.exclude(pk=account(inside).pk).first()
    approved("accepted", account=other)
    assert choosing.approved_for("accepted", "en", account(inside).pk) is None


def test_chinese_is_found_as_whatsapp_spells_it(inside: Clinic) -> None:
    chinese = approved("accepted", "zh")
    assert chinese.language == "zh_CN"
    assert choosing.approved_for("accepted", "zh", account(inside).pk) == chinese
    assert choosing.approved_for("accepted", "zh-Hant", account(inside).pk) == chinese


def test_values_are_one_line_without_runs_of_spaces(inside: Clinic) -> None:
    text = approved("knock")
    filled = choosing.variables_for(
        text, {"patient_name": "  Ana\n\tMaría     López ", "clinic_name": "x" * 2000}
    )
    assert filled == {"1": "Ana María López", "2": "x" * 1600}
    assert choosing.reads(text, filled).startswith("Hello Ana María López, the team of xxx")


@pytest.mark.parametrize("value", [None, "", "  ", "\n\t"], ids=["none", "empty", "blank", "line break"])
def test_a_missing_value_is_no_text(inside: Clinic, value: str | None) -> None:
    text = approved("knock")
    assert choosing.variables_for(text, {"patient_name": value, "clinic_name": "Alpha"}) is None
    assert choosing.missing(text, {"patient_name": value, "clinic_name": "Alpha"}) == ["patient_name"]


# Meta's rules.


def test_the_starter_set_keeps_metas_rules_in_every_language() -> None:
    assert {one.key for one in starter.starter_set()} == {
        "reminder_default", "accepted", "moved", "cancelled", "counter", "waiting_offer", "knock", "missed",
        "accepted_neutral", "moved_neutral", "cancelled_neutral", "api_reminder", "reminder_default_neutral",
    }  # fmt: skip
    for one in starter.starter_set():
        samples = {n: sample for n, _name, sample in one.variables}
        found = rules.problems(one.body, samples=samples, buttons=[title for _id, title in one.buttons])
        assert found == [], (one.key, one.language)
        assert one.category == "UTILITY"


def test_no_text_has_two_stops_behind_a_time() -> None:
    """Spanish, and English in Canada, say "10:42 a.m."."""
    times = {"time": "10:42 a.m.", "old_time": "9:00 a.m.", "when": "mié, 25 de nov, 10:42 a.m."}
    for one in starter.starter_set():
        read = one.body
        for n, name, sample in one.variables:
            read = read.replace(f"{{{{{n}}}}}", times.get(name, sample))
        assert ".." not in read, (one.key, one.language)


@pytest.mark.parametrize(
    ("body", "why"),
    [
        ("{{1}} is your doctor today at the clinic", "first or the last"),
        ("Your doctor at the clinic today is {{1}}.", "first or the last"),
        ("Hello dear {{1}} {{2}}, your visit is confirmed today", "side by side"),
        ("Hello dear {{1}}, {{2}}: your visit is confirmed today", "side by side"),
        ("Hi {{1}} and {{2}} ok", "Too few words"),
        ("Hello {{2}} your visit with {{1}} is confirmed for today", "in the order"),
        ("Hello {{name}}, your visit with us is confirmed", "Variables are written"),
        ("Hello {{1}}, reply CANCEL to cancel your visit with us", "CANCEL"),
        ("Hello {{1}},\n\n\nyour visit with us is confirmed", "empty line"),
        ("x" * 1025, "1024"),
    ],
    ids=["first", "last", "side by side", "comma between", "few words", "order", "named", "reserved", "lines", "long"],
)  # fmt: skip
def test_what_whatsapp_would_reject_is_said_before(body: str, why: str) -> None:
    assert any(why in problem for problem in rules.problems(body))


def test_buttons_are_few_short_and_different() -> None:
    body = "Hello {{1}}, will you be able to come?"
    assert rules.problems(body, buttons=["Yes", "No", "Another time"]) == []
    assert rules.problems(body, buttons=["1", "2", "3", "4"])
    assert rules.problems(body, buttons=["x" * 21])
    assert rules.problems(body, buttons=["Yes", "yes"])
    assert rules.problems(body, samples={"1": " "})


# The starter set at Twilio.


def test_the_starter_set_is_submitted_once_however_often_one_clicks(
    inside: Clinic, twilio: TwilioContentStandIn
) -> None:
    assert writing.submit_starter_set(now=clock.now()) == TEXTS
    assert writing.submit_starter_set(now=clock.now()) == 0
    assert submit() == TEXTS
    assert submit() == 0
    assert writing.submit_starter_set(now=clock.now()) == 0
    assert len(twilio.contents) == TEXTS
    assert set(ContentTemplate.objects.values_list("approval", flat=True)) == {"pending"}
    knock = next(c for c in twilio.contents.values() if c.friendly_name.startswith("knock_en_"))
    assert knock.types["twilio/quick-reply"]["actions"] == [
        {"type": "QUICK_REPLY", "id": "show", "title": "Show me"}
    ]
    assert knock.variables == {"1": "Rosa", "2": "Riverside"}
    assert knock.approval["category"] == "UTILITY"


def test_what_fails_stays_with_its_reason_and_goes_on_when_tried_again(
    inside: Clinic, twilio: TwilioContentStandIn
) -> None:
    writing.submit_starter_set(now=clock.now())
    twilio.refuse_next = [20001]
    assert submit() == TEXTS - 1
    (failed,) = ContentTemplate.objects.filter(approval="unsubmitted")
    assert failed.error_code == "20001"
    shown = words.standing(failed)
    assert (shown.word, shown.code, shown.usable) == ("Not submitted", "20001", False)
    assert submit() == 0
    assert writing.submit_again(failed.pk)
    assert submit() == 1
    assert len(twilio.contents) == TEXTS


def test_a_lost_answer_to_a_submission_is_found_out(inside: Clinic, twilio: TwilioContentStandIn) -> None:
    writing.submit_starter_set(now=clock.now())
    submit()
    row = ContentTemplate.objects.order_by("id").first()
    assert row is not None
    ContentTemplate.objects.filter(pk=row.pk).update(approval="unsubmitted", submitted_at=None)
    assert submit() == 1  # Twilio: 92009, this content was submitted already
    row.refresh_from_db()
    assert (row.approval, row.error_code) == ("pending", "")
    assert len(twilio.contents) == TEXTS


def test_a_refused_token_stops_the_account_and_keeps_the_rows(
    inside: Clinic, twilio: TwilioContentStandIn
) -> None:
    writing.submit_starter_set(now=clock.now())
    twilio.refuse_next = [20003]
    assert submit() == 0
    assert len(twilio.content_requests) == 1
    assert ContentTemplate.objects.filter(approval="unsubmitted", error_code="20003").count() == TEXTS
    assert writing.submit_starter_set(now=clock.now()) == TEXTS
    assert submit() == TEXTS


def test_a_busy_provider_is_asked_again_later(inside: Clinic, twilio: TwilioContentStandIn) -> None:
    writing.submit_starter_set(now=clock.now())
    twilio.refuse_next = [20429]
    assert submit() == 0
    assert ContentTemplate.objects.filter(error_code="").count() == TEXTS
    assert submit() == TEXTS


# How they stand.


def test_every_change_at_whatsapp_is_seen(inside: Clinic, twilio: TwilioContentStandIn) -> None:
    writing.submit_starter_set(now=clock.now())
    submit()
    twilio.page_size = 7  # the list comes in pages
    sids = list(twilio.contents)
    twilio.decide(sids[0], "approved")
    twilio.decide(sids[1], "rejected", reason="TAG_CONTENT_MISMATCH")
    twilio.decide(sids[2], "paused")
    twilio.decide(sids[3], "disabled")
    twilio.decide(sids[4], "brand_new_word")
    twilio.decide(sids[5], "approved", category="MARKETING")
    sync()
    assert standing(content_sid=sids[0]).usable
    rejected = standing(content_sid=sids[1])
    assert (rejected.word, rejected.code, rejected.usable) == ("Rejected", "TAG_CONTENT_MISMATCH", False)
    assert "advertising" in rejected.why
    assert rejected.way
    assert standing(content_sid=sids[2]).word == "Paused"
    assert standing(content_sid=sids[3]).word == "Disabled"
    assert standing(content_sid=sids[4]).word == "Not known"
    assert standing(content_sid=sids[6]).word == "Being reviewed"
    moved = ContentTemplate.objects.get(content_sid=sids[5])
    assert words.category_moved(moved)
    twilio.decide(sids[0], "paused")
    sync()
    assert not standing(content_sid=sids[0]).usable


def test_what_the_provider_does_not_list_any_more_does_not_go_out(
    inside: Clinic, twilio: TwilioContentStandIn
) -> None:
    writing.submit_starter_set(now=clock.now())
    submit()
    twilio.approve_all()
    sync()
    del twilio.contents[next(iter(twilio.contents))]
    sync()
    (gone,) = ContentTemplate.objects.filter(approval="unknown")
    assert not words.standing(gone).usable


def test_a_provider_that_does_not_answer_changes_nothing(
    inside: Clinic, twilio: TwilioContentStandIn
) -> None:
    writing.submit_starter_set(now=clock.now())
    submit()
    twilio.approve_all()
    sync()
    twilio.list_fails = 503
    sync()
    assert ContentTemplate.objects.filter(approval="approved").count() == TEXTS


def test_texts_made_elsewhere_are_listed_with_what_we_can_do_with_them(
    inside: Clinic, twilio: TwilioContentStandIn
) -> None:
    golden = {
        "twilio/text": {"body": "Hello {{1}}, welcome to the clinic."},
        "twilio/quick-reply": {"body": "Hello {{1}}, coming?", "actions": [{"id": "y", "title": "Yes"}]},
        "twilio/media": {"body": "A picture", "media": ["https://example.com/a.png"]},
        "twilio/list-picker": {"body": "Choose", "button": "See", "items": [{"item": "A", "id": "a"}]},
        "twilio/call-to-action": {"body": "Call us", "actions": [{"type": "PHONE_NUMBER", "title": "Call"}]},
        "twilio/location": {"latitude": 1, "longitude": 2, "label": "Here"},
        "twilio/carousel": {"body": "Look", "cards": []},
        "whatsapp/authentication": {"add_security_recommendation": True, "actions": []},
        "acme/from-the-future": {"shape": "unknown"},
    }
    sid = account(inside).external_id
    for name, kind in golden.items():
        made = twilio.store(
            sid, {"friendly_name": name, "language": "en", "variables": {"1": "Ana"}, "types": {name: kind}}
        )
        made.approval = {"status": "approved", "category": "UTILITY", "rejection_reason": ""}
    sync()
    found = {row.content_type: words.standing(row) for row in ContentTemplate.objects.all()}
    assert set(found) == set(golden)
    assert {name for name, stands in found.items() if stands.usable} == {"twilio/text", "twilio/quick-reply"}
    assert "acme/from-the-future" in found["acme/from-the-future"].why
    assert ContentTemplate.objects.get(content_type="twilio/quick-reply").buttons == [
        {"id": "y", "title": "Yes"}
    ]
    assert not ContentTemplate.objects.exclude(
        key=""
    ).exists()  # they go out for nothing until somebody says so


def test_a_text_is_taken_over_by_its_sid(inside: Clinic, twilio: TwilioContentStandIn) -> None:
    made = twilio.store(
        account(inside).external_id,
        {
            "friendly_name": "ours",
            "language": "es",
            "variables": {"1": "clinic_name", "2": "lunes"},
            "types": {"twilio/text": {"body": "En {{1}} le esperamos el {{2}} sin falta."}},
        },
    )
    made.approval = {"status": "approved", "category": "UTILITY", "rejection_reason": ""}
    writing.map_existing(account=account(inside), content_sid=made.sid, key="accepted", now=clock.now())
    with pytest.raises(writing.SidTaken):
        writing.map_existing(account=account(inside), content_sid=made.sid, key="", now=clock.now())
    assert choosing.approved_for("accepted", "es", account(inside).pk) is None
    sync()
    row = ContentTemplate.objects.get()
    assert row.body.startswith("En {{1}}")
    assert [one["name"] for one in row.variables] == ["clinic_name", ""]
    # Nobody knows yet what its second variable is filled with: it is not in use, and takes nobody's place.
    assert choosing.approved_for("accepted", "es", account(inside).pk) is None
    assert choosing.wish_of(row) == "accepted"
    writing.use_for(row.pk, key="accepted", names={"1": "clinic_name", "2": "date"})
    sync()
    row = choosing.approved_for("accepted", "es", account(inside).pk)
    assert row is not None
    assert choosing.wish_of(row) == ""
    assert choosing.variables_for(row, {"clinic_name": "Alpha", "date": "martes"}) == {
        "1": "Alpha",
        "2": "martes",
    }


def test_a_text_that_was_put_away_is_taken_over_again(inside: Clinic, twilio: TwilioContentStandIn) -> None:
    row = mapped(twilio, inside, {"1": "clinic_name"}, "Your visit at {{1}} is confirmed, see you.")
    assert choosing.approved_for("accepted", "en", account(inside).pk) == row
    writing.put_away(row.pk, now=clock.now())
    sync()
    assert choosing.approved_for("accepted", "en", account(inside).pk) is None

    again = {"account": account(inside), "content_sid": row.content_sid, "key": "moved"}
    assert writing.map_existing(**again, now=clock.now()).pk == row.pk
    assert choosing.approved_for("accepted", "en", account(inside).pk) is None
    sync()

    back = ContentTemplate.objects.get()
    assert (back.archived_at, back.approval, back.error_code) == (None, "approved", "")
    assert back.key == "moved"
    with pytest.raises(writing.SidTaken):
        writing.map_existing(**again, now=clock.now())


def test_a_second_click_on_taking_over_is_answered(
    inside: Clinic, twilio: TwilioContentStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = {"account": account(inside), "content_sid": "HX" + "a" * 32, "key": ""}
    writing.map_existing(**taken, now=clock.now())
    monkeypatch.setattr(
        "django.db.models.QuerySet.exists", lambda _rows: False
    )  # it looks before the first commits
    with pytest.raises(writing.SidTaken):
        writing.map_existing(**taken, now=clock.now())


def mapped(
    twilio: TwilioContentStandIn, clinic: Clinic, samples: dict[str, str], body: str
) -> ContentTemplate:
    """Take over an approved text for accepted visits, as the provider has it by now."""
    made = twilio.store(
        account(clinic).external_id,
        {
            "friendly_name": "ours",
            "language": "en",
            "variables": samples,
            "types": {"twilio/text": {"body": body}},
        },
    )
    made.approval = {"status": "approved", "category": "UTILITY", "rejection_reason": ""}
    row = writing.map_existing(account=account(clinic), content_sid=made.sid, key="accepted", now=clock.now())
    sync()
    row.refresh_from_db()
    return row


@pytest.mark.parametrize(
    ("samples", "body"),
    [
        ({"1": "Alpha"}, "Your visit at {{1}} is confirmed, see you."),
        ({}, "Your visit at {{1}} is confirmed, see you."),
        ({"1": "patient_name"}, "Your visit is confirmed, dear {{1}}, see you."),
    ],
    ids=["no name", "no sample", "a name that has no value then"],
)
def test_a_text_whose_variables_nobody_can_fill_takes_the_place_of_none(
    inside: Clinic, twilio: TwilioContentStandIn, samples: dict[str, str], body: str
) -> None:
    row = mapped(twilio, inside, samples, body)
    assert (row.key, choosing.wish_of(row)) == ("", "accepted")
    assert writing.submit_starter_set(now=clock.now()) == TEXTS
    submit()
    twilio.approve_all()
    sync()
    sync()
    found = choosing.approved_for("accepted", "en", account(inside).pk)
    assert found is not None
    assert found.pk != row.pk
    assert choosing.variables_for(found, {one["name"]: "x" for one in found.variables})


def test_of_two_texts_for_one_use_the_second_waits_for_the_first_to_go(
    inside: Clinic, twilio: TwilioContentStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    rung: list[str] = []
    monkeypatch.setattr(writing.jobs, "enqueue_on_commit", rung.append)
    first = approved("accepted")
    theirs = twilio.store(
        account(inside).external_id, {"language": "en", "types": {"twilio/text": {"body": first.body}}}
    )
    theirs.sid, theirs.approval = first.content_sid, {"status": "approved", "category": "UTILITY"}
    theirs.variables = {str(one["n"]): str(one["sample"]) for one in first.variables}
    row = mapped(twilio, inside, {"1": "clinic_name"}, "Your visit at {{1}} is confirmed, see you.")
    assert (row.key, choosing.wish_of(row)) == ("", "accepted")
    assert choosing.approved_for("accepted", "en", account(inside).pk) == first
    rung.clear()
    writing.put_away(first.pk, now=clock.now())
    assert rung == [writing.SYNC]
    sync()
    assert choosing.approved_for("accepted", "en", account(inside).pk) == row


def test_a_use_that_was_taken_back_is_not_wished_for_any_more(
    inside: Clinic, twilio: TwilioContentStandIn
) -> None:
    row = mapped(twilio, inside, {"1": "Alpha"}, "Your visit at {{1}} is confirmed, see you.")
    writing.use_for(row.pk, key="", names={"1": "clinic_name"})
    sync()
    row.refresh_from_db()
    assert (row.key, choosing.wish_of(row)) == ("", "")


def test_a_name_that_is_given_while_the_provider_is_asked_is_kept(
    inside: Clinic, twilio: TwilioContentStandIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = mapped(twilio, inside, {"1": "Alpha"}, "Your visit at {{1}} is confirmed, see you.")
    contents = providers.contents_of("twilio")
    assert contents is not None
    listed = type(contents).listed

    def slowly(self: Any, *args: Any, **kwargs: Any) -> Any:
        found = listed(self, *args, **kwargs)
        writing.use_for(row.pk, key="accepted", names={"1": "clinic_name"})
        return found

    monkeypatch.setattr(type(contents), "listed", slowly)
    sync()
    found = choosing.approved_for("accepted", "en", account(inside).pk)
    assert found == row
    assert choosing.named(found) == [("1", "clinic_name")]


def test_a_long_list_is_read_to_its_end(inside: Clinic, twilio: TwilioContentStandIn) -> None:
    shared = account(inside)
    for n in range(1_020):
        twilio.store(
            shared.external_id,
            {"friendly_name": f"other {n}", "language": "en", "types": {"twilio/text": {"body": "Hello."}}},
        )
    ProviderAccount.objects.filter(pk=shared.pk).update(clinic=None)  # whose texts are not all this clinic's
    twilio.page_size = 100
    row = mapped(twilio, inside, {"1": "clinic_name"}, "Your visit at {{1}} is confirmed, see you.")
    assert (row.approval, row.key) == ("approved", "accepted")
    sync()
    assert choosing.approved_for("accepted", "en", shared.pk) == row


def test_a_list_whose_pages_come_again_and_again_says_of_none_that_it_is_gone(
    inside: Clinic, twilio: TwilioContentStandIn
) -> None:
    row = mapped(twilio, inside, {"1": "clinic_name"}, "Your visit at {{1}} is confirmed, see you.")
    for n in range(3):
        twilio.store(
            account(inside).external_id,
            {"friendly_name": f"other {n}", "language": "en", "types": {"twilio/text": {"body": "Hello."}}},
        )
    del twilio.contents[row.content_sid]
    twilio.page_size, twilio.loops = 1, True
    sync()
    row.refresh_from_db()
    assert row.approval == "approved"


def test_a_sid_that_the_provider_does_not_know_says_so(inside: Clinic, twilio: TwilioContentStandIn) -> None:
    row = writing.map_existing(
        account=account(inside), content_sid="HX" + "a" * 32, key="accepted", now=clock.now()
    )
    sync()
    row.refresh_from_db()
    assert (row.approval, row.error_code) == ("unknown", "gone")


def test_a_rejected_text_is_said_anew_under_another_name(
    inside: Clinic, twilio: TwilioContentStandIn
) -> None:
    old = approved("accepted", approval="rejected", rejection_reason="INVALID_FORMAT")
    new = writing.write_anew(
        old.pk,
        body="Your visit at {{1}} is confirmed for this week.",
        samples={"1": "Alpha"},
        now=clock.now(),
    )
    assert new is not None
    assert submitting.name_at_provider(new) != submitting.name_at_provider(old)
    old.refresh_from_db()
    assert old.archived_at is not None
    assert submit() == 1
    assert writing.write_anew(old.pk, body="x", samples={}, now=clock.now()) is None


# How they are sent.


def test_a_text_goes_by_its_sid_and_variables_without_a_body(
    inside: Clinic, twilio: TwilioContentStandIn
) -> None:
    conversation = thread(inside, last_inbound=None)
    text = approved("knock")
    twilio.rendered[text.content_sid] = text.body
    owner = inside.memberships.get(role="owner").user
    message = say(
        conversation,
        template=text,
        values={"patient_name": "Ana\nMaría", "clinic_name": "Alpha"},
        user=owner,
        now=clock.now(),
    )
    assert message.status == "queued"
    assert outbox.work(now=clock.now()) == 1
    (sent,) = twilio.accepted
    assert sent.content_sid == text.content_sid
    assert sent.content_variables == {"1": "Ana María", "2": "Alpha"}
    # What is shown in the thread is, to the letter, what Twilio sends.
    assert Message.objects.get(pk=message.pk).body == sent.body


def test_every_request_is_one_that_twilio_describes(inside: Clinic, twilio: TwilioContentStandIn) -> None:
    if not SPECS.exists():
        pytest.skip("the provider's description is not here")
    schemas = json.loads(SPECS.read_text())["components"]["schemas"]
    writing.submit_starter_set(now=clock.now())
    submit()
    for _method, path, body in twilio.content_requests:
        name = "ContentCreateRequest" if path == "/v1/Content" else "ContentApprovalRequest"
        assert _breaks(body, schemas[name], schemas) == []


def _breaks(value: Any, schema: dict[str, Any], schemas: dict[str, Any], at: str = "") -> list[str]:
    """Return where a value does not fit its description."""
    if "$ref" in schema:
        return _breaks(value, schemas[schema["$ref"].rpartition("/")[2]], schemas, at)
    if value is None:
        return [] if schema.get("nullable") else [f"{at}: null"]
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool}
    if not isinstance(value, kinds[schema["type"]]):
        return [f"{at}: no {schema['type']}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{at}: {value}"]
    found = []
    if schema["type"] == "array":
        for one in value:
            found += _breaks(one, schema["items"], schemas, f"{at}[]")
    if schema["type"] == "object":
        found += [f"{at}.{name} is missing" for name in schema.get("required", ()) if name not in value]
        known, more = schema.get("properties", {}), schema.get("additionalProperties")
        for name, one in value.items():
            if name in known:
                found += _breaks(one, known[name], schemas, f"{at}.{name}")
            elif isinstance(more, dict):
                found += _breaks(one, more, schemas, f"{at}.{name}")
            else:
                found.append(f"{at}.{name} is not known")
    return found


def test_finding_the_text_for_a_notice_costs_one_statement(inside: Clinic) -> None:
    for language in ("en", "es", "zh"):
        approved("accepted", language)
    account_id = account(inside).pk
    with statements() as sent:
        choosing.approved_for("accepted", "es-MX", account_id)
    assert len(sent) == 1


def test_what_stands_at_an_account_that_clinics_share_is_not_taken_over_by_itself(
    inside: Clinic, twilio: TwilioContentStandIn
) -> None:
    shared = account(inside)
    ProviderAccount.objects.filter(pk=shared.pk).update(clinic=None)
    made = twilio.store(
        shared.external_id,
        {
            "friendly_name": "other",
            "language": "en",
            "types": {"twilio/text": {"body": "Beta Clinic says hello."}},
        },
    )
    sync()
    assert not ContentTemplate.objects.exists()
    writing.map_existing(account=shared, content_sid=made.sid, key="", now=clock.now())
    sync()
    assert ContentTemplate.objects.get().body == "Beta Clinic says hello."
