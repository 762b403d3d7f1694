"""The file: whose it is, what happens to others, several processes, all or nothing."""

import sqlite3
import stat
import subprocess
import sys
import threading

import httpx
import pytest

from reconciler.sandbox.app import create_app
from reconciler.sandbox.store import Store, StoreError
from reconciler.sandbox.world import LoggedRequest


@pytest.fixture
def path(tmp_path):
    return tmp_path / "a" / "state" / "sandbox.db"


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def client(store):
    transport = httpx.ASGITransport(app=create_app(store))
    return httpx.AsyncClient(transport=transport, base_url="http://sandbox", headers={"Authorization": "t"})


def test_file_and_new_folder_are_private_and_ignored_by_git(path):
    with Store(path) as store, store.transaction() as world:
        world.add("projects", "a", {"key": "a"})
        beside = sorted(file.name for file in path.parent.iterdir())
        assert {mode(file) for file in path.parent.glob("sandbox.db*")} == {0o600}
    assert beside in (
        [".gitignore", "sandbox.db"],
        [".gitignore", "sandbox.db", "sandbox.db-journal"],
    )
    assert mode(path.parent) == 0o700
    assert (path.parent / ".gitignore").read_text() == "*\n"
    assert sorted(file.name for file in path.parent.iterdir()) == [".gitignore", "sandbox.db"]


def test_a_folder_that_is_there_stays_as_it_is(tmp_path):
    tmp_path.chmod(0o755)
    Store(tmp_path / "sandbox.db").close()
    assert mode(tmp_path) == 0o755
    assert [file.name for file in tmp_path.iterdir()] == ["sandbox.db"]


def test_a_file_that_others_could_read_is_made_private(path):
    Store(path).close()
    path.chmod(0o644)
    Store(path).close()
    assert mode(path) == 0o600


def test_an_empty_file_becomes_a_world(tmp_path):
    (tmp_path / "empty.db").touch()
    with Store(tmp_path / "empty.db") as store, store.transaction() as world:
        assert len(world.account) == 24


def test_the_world_survives_and_the_account_stays_the_same(path):
    with Store(path) as store, store.transaction() as world:
        world.add("projects", "a", {"key": "a"})
        account = world.account
    with Store(path) as store:
        with store.transaction() as world:
            assert world.find("projects", "a") == {"key": "a"}
            assert world.account == account
        store.reset()
        with store.transaction() as world:
            assert world.every("projects") == []
            assert world.account == account


def test_each_world_has_an_account_of_its_own():
    accounts = set()
    for _ in range(3):
        with Store(None) as store, store.transaction() as world:
            accounts.add(world.account)
    assert len(accounts) == 3


@pytest.mark.anyio
async def test_two_stores_on_one_file_see_each_other(path):
    with Store(path) as one, Store(path) as two:
        async with client(one) as first, client(two) as second:
            for n in range(5):
                made = await first.post("/api/v2/projects", json={"key": f"p{n}", "name": "P"})
                assert made.status_code == 201
                assert (await second.get(f"/api/v2/projects/p{n}")).json()["_id"] == made.json()["_id"]
            await second.delete("/api/v2/projects/p0")
            assert (await first.get("/api/v2/projects/p0")).status_code == 404
            log = (await first.get("/__sandbox__/requests")).json()["items"]
            assert len(log) == 12


def test_writers_in_several_threads_and_stores_wait_for_each_other(path):
    with Store(path) as one, Store(path) as two:

        def write(store, name):
            for n in range(20):
                with store.transaction() as world:
                    count = world.count("projects")
                    world.add("projects", f"{name}{n}", {"key": f"{name}{n}", "seen": count})

        threads = [
            threading.Thread(target=write, args=(store, name))
            for store, name in [(one, "a"), (one, "b"), (two, "c")]
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with one.transaction() as world:
            assert [record["seen"] for record in world.every("projects")] == list(range(60))


KILLED = """
import os, sys
from pathlib import Path
from reconciler.sandbox.store import Store
with Store(Path(sys.argv[1])).transaction() as world:
    for n in range(20_000):
        world.add("projects", f"p{n}", {"name": "x" * 500})
    os._exit(9)
"""


def test_a_process_that_is_killed_while_it_writes_leaves_nothing_half_done(path):
    with Store(path) as store, store.transaction() as world:
        world.add("projects", "a", {"key": "a"})
    ended = subprocess.run([sys.executable, "-c", KILLED, str(path)], check=False)
    assert ended.returncode == 9
    journal = path.with_name("sandbox.db-journal")
    assert journal.exists(), "the transaction was too small to have been written before its end"
    assert mode(journal) == 0o600
    with Store(path) as store, store.transaction() as world:
        assert world.every("projects") == [{"key": "a"}]
    assert not journal.exists()


def test_the_request_log_forgets_its_oldest_entries(monkeypatch):
    monkeypatch.setattr("reconciler.sandbox.world.KEPT_REQUESTS", 1_500)
    with Store(None) as store, store.transaction() as world:
        for n in range(3_500):
            world.log(LoggedRequest("GET", f"/{n}", 200, None, None))
        kept = world.requests()
    assert [kept[0].path, kept[-1].path] == ["/1500", "/3499"]


def add_and_fail(world, key):
    world.add("projects", key, {"key": key})
    raise ValueError("stop")


def test_a_transaction_that_raises_leaves_nothing():
    with Store(None) as store:
        with pytest.raises(ValueError, match="stop"), store.transaction() as world:
            add_and_fail(world, "a")
        with store.transaction() as world:
            assert world.every("projects") == []


def test_a_step_that_raises_is_undone_and_the_rest_is_kept():
    with Store(None) as store:
        with store.transaction() as world:
            world.add("projects", "a", {"key": "a"})
            with pytest.raises(ValueError, match="stop"), world.all_or_nothing():
                add_and_fail(world, "b")
            with world.all_or_nothing():
                world.add("projects", "c", {"key": "c"})
        with store.transaction() as world:
            assert [record["key"] for record in world.every("projects")] == ["a", "c"]


def assert_one_sentence(error, path):
    message = str(error.value)
    assert str(path) in message
    assert message.endswith(".")
    assert "\n" not in message
    assert ": " in message


@pytest.mark.parametrize(
    "content", [b"not a database, but long enough to look like something" * 40, b"\x00" * 4096]
)
def test_a_file_that_is_no_database_is_refused_and_left_alone(tmp_path, content):
    path = tmp_path / "other.txt"
    path.write_bytes(content)
    with pytest.raises(StoreError) as error:
        Store(path)
    assert_one_sentence(error, path)
    assert path.read_bytes() == content


def test_somebody_elses_database_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "other.db"
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE mine (x)")
    connection.commit()
    connection.close()
    content = path.read_bytes()
    with pytest.raises(StoreError, match="not a sandbox's state") as error:
        Store(path)
    assert_one_sentence(error, path)
    assert path.read_bytes() == content


def test_a_newer_layout_is_refused(path):
    Store(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.commit()
    connection.close()
    with pytest.raises(StoreError, match="upgrade reconciler") as error:
        Store(path)
    assert_one_sentence(error, path)


def test_a_folder_in_the_place_of_the_file_is_refused(tmp_path):
    with pytest.raises(StoreError) as error:
        Store(tmp_path)
    assert_one_sentence(error, tmp_path)


def test_a_file_in_the_place_of_a_folder_is_refused(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError) as error:
        Store(tmp_path / "file" / "sandbox.db")
    assert_one_sentence(error, tmp_path / "file" / "sandbox.db")


@pytest.mark.anyio
async def test_a_world_that_breaks_while_it_is_served_is_said_clearly(path):
    with Store(path) as store:
        async with client(store) as http:
            await http.post("/api/v2/projects", json={"key": "a", "name": "A"})
            size = path.stat().st_size
            path.write_bytes(b"\xff" * size)
            with pytest.raises(StoreError) as error:
                await http.get("/api/v2/projects")
    assert_one_sentence(error, path)


@pytest.mark.anyio
async def test_such_a_failure_is_a_500_in_json_for_the_client(path):
    store = Store(path)
    store.close()
    transport = httpx.ASGITransport(app=create_app(store), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as http:
        answer = await http.get("/api/v2/projects")
    assert answer.status_code == 500
    assert set(answer.json()) == {"code", "message"}
