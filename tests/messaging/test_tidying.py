"""Files that no row names are taken away a day later; none that a row names, or may come to name, of any clinic."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import OperationalError, transaction

from clinics import clocks
from clinics.models import Clinic, ClinicClock, HeldEvent, ProviderAccount
from clinics.tenancy import in_clinic
from medsync.lib import clock
from messaging import tasks
from messaging.attachments import attaching, drawing, fetching, sending, store, tidying
from messaging.models import Attachment, AttachmentState, Message
from tests.messaging import files, pdfs
from tests.messaging.inboxes import a_thread
from tests.statements import statements

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
A_DAY_AND_MORE = 25 * HOUR


@pytest.fixture
def inside(clinic: Clinic, settings: Any, tmp_path: Path) -> Iterator[Clinic]:
    settings.FILES_ROOT = tmp_path / "files"
    with in_clinic(clinic):
        yield clinic


@pytest.fixture
def kept(settings: Any) -> Callable[[Clinic], list[str]]:
    """Return the names of a clinic's files."""

    def names(clinic: Clinic) -> list[str]:
        root = Path(settings.FILES_ROOT) / clinic.schema_name
        return sorted(path.name for path in root.rglob("*") if path.is_file())

    return names


def grow_old(settings: Any, *, by: timedelta = A_DAY_AND_MORE) -> None:
    """Let all files have been written so long ago."""
    at = (clock.real_now() - by).timestamp()
    for path in Path(settings.FILES_ROOT).rglob("*"):
        os.utime(path, (at, at))


def take_away(settings: Any, *, after: timedelta = A_DAY_AND_MORE) -> int:
    grow_old(settings, by=after)
    return tidying.take_away(now=clock.real_now())


def stored(message: Message, *, n: int = 1, **columns: Any) -> Attachment:
    columns = {"content_type": "image/jpeg", "kind": "image", "state": "stored"} | columns
    return Attachment.objects.create(message=message, n=n, created_at=clock.now(), **columns)


def waiting(message: Message, **columns: Any) -> Attachment:
    return stored(message, state="waiting", url="https://api.twilio.com/a", **columns)


def a_message() -> Message:
    return Message.objects.get(conversation=a_thread())


def test_what_a_process_left_that_died_before_its_commit_goes_a_day_later(
    inside: Clinic, settings: Any, kept: Any
) -> None:
    key = store.keep(b"a picture")
    store.keep(b"its page", key=store.page_key(key, 1))
    half = Path(settings.FILES_ROOT) / inside.schema_name / key[30:] / f"{key}.part"
    half.write_bytes(b"half")

    assert take_away(settings, after=23 * HOUR) == 0
    assert kept(inside) == [key, f"{key}-1", f"{key}.part"]
    assert take_away(settings) == 1
    assert kept(inside) == []
    assert take_away(settings) == 0


def test_so_many_that_their_rows_must_have_been_lost_stay(
    inside: Clinic,
    settings: Any,
    kept: Any,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(tidying, "MOST", 3)
    monkeypatch.setattr(tidying, "_KEYS_AT_ONCE", 2)
    keys = [store.keep(b"a picture") for _ in range(4)]

    assert take_away(settings) == 0
    assert kept(inside) == sorted(keys)
    assert "4 files that no message has: none is taken away" in caplog.text
    store.remove(keys.pop())
    assert take_away(settings) == 3
    assert kept(inside) == []


def test_what_was_written_lately_makes_all_of_a_file_young(inside: Clinic, settings: Any, kept: Any) -> None:
    key = store.keep(b"a paper")
    grow_old(settings)
    store.keep(b"its page", key=store.page_key(key, 1))

    assert tidying.take_away(now=clock.real_now()) == 0
    assert kept(inside) == [key, f"{key}-1"]


def test_what_a_row_names_or_may_come_to_name_stays(inside: Clinic, settings: Any, kept: Any) -> None:
    message = a_message()
    fetched = stored(message, file="0" * 32)
    fetched.file = store.keep(b"x", key=fetched.pk.hex)
    fetched.playable = store.keep(b"x", key=fetching.playable_key(fetched.pk))
    fetched.save()
    store.keep(b"x", key=store.page_key(fetched.file, 1))
    stored(
        message, n=2, file=store.keep(b"x"), playable=store.keep(b"x")
    )  # as the built-in phones name theirs
    half_way = waiting(message, n=3)  # its worker died between storing and settling, and another will come
    store.keep(b"x", key=half_way.pk.hex)
    store.keep(b"x", key=fetching.playable_key(half_way.pk))
    given_up = stored(message, n=4, state="refused", reason="gave_up", url="https://api.twilio.com/a")
    store.keep(b"x", key=given_up.pk.hex)
    store.keep(b"x", key=fetching.playable_key(given_up.pk))
    before = kept(inside)
    assert len(before) == 9
    lost = store.keep(b"x")

    assert take_away(settings) == 1
    assert kept(inside) == before
    assert lost not in before


def test_no_other_clinics_file_is_touched(
    inside: Clinic, other_clinic: Clinic, settings: Any, kept: Any
) -> None:
    ours = store.keep(b"x")
    with in_clinic(other_clinic):
        named = stored(a_message(), file=ours)
        store.keep(b"y", key=named.file)
        lost = store.keep(b"y")

    assert take_away(settings) == 1
    assert (kept(inside), kept(other_clinic)) == ([], sorted([ours, lost]))
    with in_clinic(other_clinic):
        assert tidying.take_away(now=clock.real_now()) == 1
    assert kept(other_clinic) == [ours]


def test_what_is_no_key_of_ours_is_left_alone(inside: Clinic, settings: Any, kept: Any) -> None:
    key = store.keep(b"x")
    root = Path(settings.FILES_ROOT) / inside.schema_name
    for name in ("README", f"{key[30:]}/notes.txt", f"zz/{'a' * 32}", f"{key[30:]}/{'0' * 30}zz"):
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_bytes(b"x")

    assert take_away(settings) == 1
    assert kept(inside) == sorted(["README", "notes.txt", "a" * 32, "0" * 30 + "zz"])


def test_a_file_of_a_message_that_waits_to_be_replayed_stays(
    inside: Clinic, settings: Any, kept: Any
) -> None:
    key = store.keep(b"x")
    held = HeldEvent.objects.create(
        account=ProviderAccount.objects.get(provider="local", clinic=inside),
        event_id="message:1",
        kind="message",
        body="{}",
        reason=HeldEvent.Reason.FAILED,
        received_at=clock.real_now(),
    )

    assert take_away(settings) == 0
    assert kept(inside) == [key]
    HeldEvent.objects.filter(pk=held.pk).update(replayed_at=clock.real_now())
    assert take_away(settings) == 1


def test_many_files_are_asked_for_together(
    inside: Clinic, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidying, "_KEYS_AT_ONCE", 10)
    message = a_message()
    for n in range(1, 6):
        stored(message, n=n, file=store.keep(b"x"))
    for _ in range(20):
        store.keep(b"x")

    grow_old(settings)
    with statements() as sent:
        assert tidying.take_away(now=clock.real_now()) == 20
    assert (
        len([s for s in sent if "messaging_attachment" in s]) == 4
    )  # what is unsettled, then three times ten


def test_a_commit_whose_answer_was_lost_loses_no_file(inside: Clinic, settings: Any, kept: Any) -> None:
    message = a_message()
    ready = sending.prepared([sending.Upload("a.jpg", files.drawn())], message.sender)

    @contextmanager
    def cut_off() -> Iterator[None]:
        with transaction.atomic():
            yield
        raise OperationalError("the connection was lost")

    with pytest.raises(OperationalError), attaching.kept_with(cut_off()):
        attaching.attach_kept(message, ready, now=clock.now())

    assert kept(inside) == [Attachment.objects.get().file]
    assert take_away(settings) == 0
    Attachment.objects.all().delete()  # had it not been done
    assert take_away(settings) == 1


def test_what_was_refused_before_the_commit_leaves_no_file(inside: Clinic, kept: Any) -> None:
    message = a_message()
    ready = sending.prepared([sending.Upload("a.jpg", files.drawn())], message.sender)

    def refuse() -> None:
        with attaching.kept_with(transaction.atomic()):
            attaching.attach_kept(message, ready, now=clock.now())
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        refuse()
    assert kept(inside) == []


def an_old_paper(data: bytes, *, n: int = 1) -> Attachment:
    """Store a PDF as it was stored before pages were drawn."""
    paper = {"content_type": "application/pdf", "kind": "document", "tries": 5}
    return stored(a_message(), n=n, file=store.keep(data), **paper)


def test_papers_that_were_kept_before_pages_were_drawn_are_drawn(inside: Clinic) -> None:
    old, now = an_old_paper(pdfs.letter(2)), clock.now()
    stored(a_message(), file=store.keep(files.drawn()))

    assert tidying.draw_old_papers(now=now) == 1
    assert tidying.draw_old_papers(now=now) == 0
    assert inside in clocks.due(clocks.MEDIA, clock.real_now())
    drawing.draw(old.pk, now=now)
    old.refresh_from_db()

    assert (old.state, old.pages, old.drawn, old.next_try_at) == (AttachmentState.STORED, 2, 2, None)
    assert tidying.draw_old_papers(now=now) == 0


@pytest.mark.parametrize("make", [pdfs.broken, pdfs.locked], ids=["broken", "locked"])
def test_a_paper_that_cannot_be_drawn_is_tried_once(inside: Clinic, make: Any) -> None:
    old, now = an_old_paper(make()), clock.now()
    assert tidying.draw_old_papers(now=now) == 1
    drawing.draw(old.pk, now=now)
    old.refresh_from_db()

    assert (old.drawn, old.next_try_at) == (0, None)
    assert tidying.draw_old_papers(now=now + A_DAY_AND_MORE) == 0


def test_the_newest_papers_come_first_and_not_all_on_one_day(
    inside: Clinic, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tidying, "PAPERS_AT_ONCE", 1)
    older, newer = an_old_paper(pdfs.letter(1)), an_old_paper(pdfs.letter(1))

    assert tidying.draw_old_papers(now=clock.now()) == 1
    for one in (older, newer):
        one.refresh_from_db()
    assert (older.next_try_at, newer.next_try_at is None) == (None, False)


def test_each_clinic_is_visited_once_a_day(
    inside: Clinic, settings: Any, kept: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    monkeypatch.setattr(tasks, "enqueue", lambda _task, *, schema: started.append(schema))
    store.keep(b"x")
    grow_old(settings)
    ClinicClock.objects.filter(clinic=inside, job=clocks.FILES).delete()
    clocks.keep(first=clock.real_now())
    tasks.tidy_all_files()
    assert inside.schema_name in started

    tasks.tidy_files.apply(headers={"schema": inside.schema_name}, throw=True)

    assert kept(inside) == []
    next_at = ClinicClock.objects.get(clinic=inside, job=clocks.FILES).next_at
    assert timedelta(hours=23) < next_at - clock.real_now() <= timedelta(days=1)
    assert _is_beat("messaging.tidy_all_files", settings)


def _is_beat(task: str, settings: Any) -> bool:
    return task in {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}


def test_a_file_that_went_meanwhile_is_no_mistake(
    inside: Clinic, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = store.keep(b"x")
    grow_old(settings)
    named = tidying._named

    def slow(keys: Any) -> set[str]:
        store.remove(key)
        return named(keys)

    monkeypatch.setattr(tidying, "_named", slow)
    assert tidying.take_away(now=clock.real_now()) == 1
