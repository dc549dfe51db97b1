"""Other commands find the running stack by its home, and never believe a dead one."""

import json

import pytest

from medsync.stack import locate

FACTS = {
    "database_url": "postgres://postgres@/medsync?host=/x&port=5432",
    "redis_url": "unix:///x/v.sock?db=0",
}


@pytest.fixture
def home(tmp_path, monkeypatch):
    for name in ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "FIELD_ENCRYPTION_KEYS"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("MEDSYNC_HOME", str(tmp_path))
    return tmp_path


def test_a_live_stack_is_found(home):
    (home / "run.json").write_text(json.dumps(FACTS))
    with locate.only_one(home) as held:
        assert held
        assert locate.database_url() == FACTS["database_url"]
        assert locate.redis_url() == FACTS["redis_url"]


def test_what_a_dead_stack_wrote_down_is_not_believed(home):
    (home / "run.json").write_text(json.dumps(FACTS))
    (home / "up.lock").touch()
    assert locate.database_url() is None
    assert locate.redis_url() is None


def test_the_environment_wins(home, monkeypatch):
    (home / "run.json").write_text(json.dumps(FACTS))
    monkeypatch.setenv("DATABASE_URL", "postgres://elsewhere/medsync")
    with locate.only_one(home):
        assert locate.database_url() == "postgres://elsewhere/medsync"


def test_half_a_file_and_no_home_at_all_are_no_stack(home, monkeypatch):
    (home / "run.json").write_text('{"database_url": "post')
    with locate.only_one(home):
        assert locate.database_url() is None
    monkeypatch.setenv("MEDSYNC_HOME", str(home / "nowhere"))
    assert locate.database_url() is None
    assert locate.secret_key() is None


def test_only_one_holds_a_home(home):
    with locate.only_one(home) as first, locate.only_one(home) as second:
        assert (first, second) == (True, False)
    with locate.only_one(home) as third:
        assert third


def test_secrets_are_made_once(home):
    made = locate.make_secrets(home)
    assert locate.make_secrets(home) == made
    assert locate.secret_key() == made["SECRET_KEY"]
    assert locate.field_encryption_keys() == made["FIELD_ENCRYPTION_KEYS"]


def test_damaged_secrets_are_an_error_not_a_new_key(home):
    (home / "secrets.json").write_text("{")
    with pytest.raises(ValueError, match="Expecting"):
        locate.make_secrets(home)


@pytest.mark.parametrize(
    ("url", "broker"),
    [
        ("unix:///a%20b/v.sock?db=3", "redis+socket:///a b/v.sock?virtual_host=3"),
        ("unix:///v.sock", "redis+socket:///v.sock?virtual_host=0"),
        ("redis://:word@cache.example:6379/1", "redis://:word@cache.example:6379/1"),
        ("rediss://cache.example/0", "rediss://cache.example/0"),
    ],
)
def test_celery_spells_sockets_its_own_way(url, broker):
    assert locate.broker_url(url) == broker
