"""One command starts everything, keeps it alive, and takes it down; tried with real processes."""

import json
import os
import signal
import socket
import stat

import pytest

from tests.stack.running import RunningStack, is_alive, running_stack, until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(240)]
PARTS = {"postgres", "valkey", "web", "worker", "beat"}


@pytest.fixture(scope="module")
def stack():
    with running_stack() as running:
        until(lambda: set(running.pids()) == PARTS, seconds=30, what="all parts")
        yield running


def test_all_parts_run_and_the_screen_says_where_to_click(stack):
    assert all(is_alive(pid) for pid in stack.pids().values())
    # The pages answer a moment before the screen says so.
    until(lambda: f"{stack.url}/" in stack.said(), seconds=30, what="where to click")
    until(lambda: "Ctrl-C" in stack.said(), seconds=30, what="how to stop")


def test_health_is_never_kept_by_a_cache_and_needs_no_log_in(stack):
    for path in ("/healthz", "/readyz"):
        status, headers, body = stack.get(path)
        assert status == 200
        assert "no-store" in headers["cache-control"]
        assert json.loads(body)
    assert json.loads(stack.get("/readyz")[2])["checks"] == {
        "database": True,
        "broker": True,
        "migrations": True,
    }


def test_secrets_are_made_once_and_are_nobody_elses(stack):
    for name in ("secrets.json", "run.json"):
        assert stat.S_IMODE((stack.home / name).stat().st_mode) == 0o600
    kept = json.loads((stack.home / "secrets.json").read_text())
    assert len(kept["SECRET_KEY"]) >= 50
    assert kept["FIELD_ENCRYPTION_KEYS"]


def test_a_second_up_on_the_same_home_says_so_and_leaves_the_first_alone(stack):
    before = stack.pids()
    second = stack.manage("up", MEDSYNC_PORT="1")
    assert second.returncode == 2
    assert "already running" in second.stdout
    assert stack.url in second.stdout
    assert stack.pids() == before
    assert stack.ready()


def test_commands_find_the_running_stack_by_its_home(stack):
    done = stack.manage("prepare", "--verbosity", "0")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"migrated": True, "demo": False}
    assert done.stdout.count("\n") == 1


def test_commands_without_a_stack_exit_2_with_one_sentence(stack, tmp_path):
    done = stack.manage("prepare", MEDSYNC_HOME=str(tmp_path / "nothing"))
    assert done.returncode == 2
    assert done.stdout == ""
    # Libraries may warn before that; the last line is ours.
    assert done.stderr.strip().splitlines()[-1] == (
        "MedSync is not running here: start it with `make run`, or set DATABASE_URL."
    )


def test_the_doctor_finds_a_running_stack_well(stack):
    # Beat notes its first tick some seconds after the start.
    until(lambda: "beat: last noted tick" in stack.manage("doctor").stdout, seconds=60, what="a tick of beat")
    report = stack.manage("doctor")
    assert report.returncode == 0, report.stdout
    for part in ("database: PostgreSQL", "broker: answers", "worker: 1 answering"):
        assert part in report.stdout


@pytest.mark.parametrize("name", ["worker", "beat", "valkey", "postgres", "web"])
def test_a_killed_part_is_started_again(stack, name):
    before = stack.pids()
    os.kill(before[name], signal.SIGKILL)
    until(lambda: stack.pids().get(name) not in (None, before[name]), seconds=30, what=f"another {name}")
    until(stack.ready, seconds=30, what="readiness")
    assert {k: v for k, v in stack.pids().items() if k != name} == {
        k: v for k, v in before.items() if k != name
    }


def test_ctrl_c_stops_all_and_the_next_start_finds_its_data(stack):
    pids = stack.pids()
    assert stack.stop(with_signal=signal.SIGINT) == 0
    assert not [name for name, pid in pids.items() if is_alive(pid)]
    assert not (stack.home / "run.json").exists()
    stack.start(seconds=60)
    assert "Preparing the database" not in stack.said()


def test_when_up_itself_is_killed_its_children_go_and_the_next_start_works(stack):
    pids = until(lambda: set(stack.pids()) == PARTS and stack.pids(), seconds=30, what="all parts")
    stack.process.kill()
    stack.process.wait()
    until(lambda: not [pid for pid in pids.values() if is_alive(pid)], seconds=20, what="the children to go")
    done = stack.manage("prepare")
    assert done.returncode == 2  # what the dead one wrote down is not believed
    stack.start(seconds=60)
    assert stack.stop(with_signal=signal.SIGTERM) == 0


def test_a_taken_port_is_named_with_the_way_out(tmp_path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        stack = RunningStack(tmp_path / "home")
        done = stack.manage("up", MEDSYNC_PORT=str(taken.getsockname()[1]))
    assert done.returncode == 1
    assert "MEDSYNC_PORT=" in done.stdout
    assert "Traceback" not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("environment", "word"),
    [
        ({"MEDSYNC_PORT": "http"}, "MEDSYNC_PORT"),
        ({"MEDSYNC_PORT": "70000"}, "MEDSYNC_PORT"),
        ({"MEDSYNC_DEMO": "maybe"}, "MEDSYNC_DEMO"),
        ({"MEDSYNC_DEMO": "1", "MEDSYNC_BIND": "0.0.0.0"}, "127.0.0.1 only"),
    ],
)
def test_an_odd_environment_is_refused_in_words(tmp_path, environment, word):
    done = RunningStack(tmp_path / "home").manage("up", **environment)
    assert done.returncode == 1
    assert word in done.stderr
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "home").exists()
