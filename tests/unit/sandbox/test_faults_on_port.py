"""Faults over a real connection, from the command line: breaks, cuts and delays as a network has them."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager

import httpx
import pytest

from reconciler.live.client import connect
from reconciler.model.errors import Unreachable

PROJECTS = "/api/v2/projects"
CHECKOUT = {"key": "checkout", "name": "Checkout"}
IMPATIENT = httpx.Timeout(10, read=0.2)


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "reconciler", "sandbox", "serve", "--port", "0", *arguments]


@pytest.fixture
def serving(tmp_path):
    """Serves a file of faults in a process of its own; it must end quietly."""

    @contextmanager
    def served(*faults, says="", **more):
        file = tmp_path / "faults.json"
        file.write_text(json.dumps({"faults": list(faults), **more}))
        process = subprocess.Popen(
            command("--state", str(tmp_path / "sandbox.db"), "--faults", str(file)),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            cwd=tmp_path,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
        try:
            said = process.stderr.readline()
            url = said.split()[4].rstrip(".")
            assert url.startswith("http://127.0.0.1:"), said
            yield url
            process.send_signal(signal.SIGINT)
            out, err = process.communicate(timeout=10)
            assert (process.returncode, out, err) == (0, "", says)
        finally:
            process.kill()
            process.communicate()

    return served


def opened(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, headers={"Authorization": "t"}, trust_env=False)


def lines(http: httpx.Client) -> list[tuple[object, ...]]:
    items = http.get("/__sandbox__/requests").json()["items"]
    return [(item["method"], item["status"], item["effect"]) for item in items]


@pytest.mark.parametrize("effect", ["before", "after"])
def test_a_reset_is_one_for_a_socket(serving, effect):
    with serving({"method": "POST", "reset": True, "effect": effect}) as url, opened(url) as http:
        assert http.get(PROJECTS).status_code == 200  # the connection that breaks has been used before
        with pytest.raises(httpx.ReadError, match="reset by peer"):
            http.post(PROJECTS, json=CHECKOUT)
        there = effect == "after"
        assert http.get(f"{PROJECTS}/checkout").status_code == (200 if there else 404)
        assert lines(http)[1] == ("POST", 0, there)


def test_a_cut_answer_says_its_length_and_ends_before_it(serving):
    fault = {"method": "GET", "path": PROJECTS, "nth": 2, "truncate": True}
    with serving(fault) as url, opened(url) as http:
        whole = http.get(PROJECTS)
        host, port = url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port)), timeout=5) as raw:
            raw.sendall(f"GET {PROJECTS} HTTP/1.1\r\nHost: x\r\nAuthorization: t\r\n\r\n".encode())
            received = b""
            while chunk := raw.recv(65536):
                received += chunk
        head, _, body = received.partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 ")
        assert f"content-length: {len(whole.content)}".encode() in head.lower()
        assert body == whole.content[: len(whole.content) // 2]
        assert lines(http) == [("GET", 200, True), ("GET", 200, True)]


def test_a_long_answer_is_cut_too(serving):
    with serving({"method": "GET", "truncate": True}) as url, opened(url) as http:
        for number in range(20):
            environments = [
                {"key": f"e{one}", "name": "x" * 5_000, "color": "000000", "tags": ["a" * 60]}
                for one in range(20)
            ]
            body = {"key": f"p{number}", "name": "P", "environments": environments}
            assert http.post(PROJECTS, json=body).status_code == 201
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
            http.get(f"{PROJECTS}?expand=environments")
        assert len(http.get(f"{PROJECTS}?expand=environments").content) > 1_000_000


def test_nothing_is_sent_whole(serving):
    with serving({"method": "DELETE", "truncate": True}) as url, opened(url) as http:
        http.post(PROJECTS, json=CHECKOUT)
        assert http.delete(f"{PROJECTS}/checkout/environments/test").status_code == 204


@pytest.mark.parametrize("effect", ["before", "after"])
def test_a_delay_holds_nobody_else_up_and_outlives_its_client(serving, effect):
    fault = {"method": "POST", "delay": 1.5, "effect": effect}
    with serving(fault) as url, opened(url) as http:
        started = time.monotonic()
        with pytest.raises(httpx.ReadTimeout):
            http.post(PROJECTS, json=CHECKOUT, timeout=IMPATIENT)
        there = http.get(f"{PROJECTS}/checkout").status_code == 200
        if time.monotonic() - started < 1.5:  # else this machine is too slow to tell
            assert there is (effect == "after")
        while not there:
            assert time.monotonic() - started < 20
            time.sleep(0.1)
            there = http.get(f"{PROJECTS}/checkout").status_code == 200
        passed = time.monotonic() - started
        assert passed >= (1.5 if effect == "before" else 0)
        time.sleep(max(0, 2 - passed))


def test_a_delay_takes_its_time(serving):
    with serving({"delay": 0.3}, {"delay": 0.3, "effect": "after"}) as url, opened(url) as http:
        started = time.monotonic()
        assert http.get(PROJECTS).status_code == 200
        assert time.monotonic() - started >= 0.6


@pytest.mark.parametrize("effect", ["before", "after"])
def test_a_pending_delay_does_not_hold_up_the_end(serving, effect):
    fault = {"path": PROJECTS, "times": 0, "delay": 30, "effect": effect}
    with serving(fault, says="Cancel 2 running task(s), timeout graceful shutdown exceeded\n") as url:
        with opened(url) as http, pytest.raises(httpx.ReadTimeout):
            http.get(PROJECTS, timeout=IMPATIENT)
        waiting = socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=10)
        waiting.sendall(f"GET {PROJECTS} HTTP/1.1\r\nHost: x\r\nAuthorization: t\r\n\r\n".encode())
        time.sleep(1)
    with waiting, pytest.raises(ConnectionResetError):
        waiting.recv(1)


def test_a_break_for_a_client_that_is_gone_is_none(serving):
    fault = {"method": "GET", "delay": 0.5, "reset": True, "effect": "after"}
    with serving(fault, {"method": "POST", "delay": 0.5, "truncate": True}) as url, opened(url) as http:
        for method in ("GET", "POST"):
            with pytest.raises(httpx.ReadTimeout):
                http.request(method, PROJECTS, json=CHECKOUT, timeout=IMPATIENT)
        time.sleep(0.8)
        assert lines(http) == [("GET", 0, True), ("POST", 201, True)]


def test_a_status_comes_with_its_headers(serving):
    fault = {"status": 503, "html": "<h1>down</h1>", "headers": {"Retry-After": "1"}}
    with serving(fault, rate={"global": 1, "window": 3600, "headers": "none"}) as url, opened(url) as http:
        answer = http.get(PROJECTS)
        assert (answer.status_code, answer.text) == (503, "<h1>down</h1>")
        assert answer.headers["retry-after"] == "1"
        answers = [http.get(PROJECTS) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [200, 429]
        assert "x-ratelimit-reset" not in answers[0].headers


@pytest.mark.anyio
@pytest.mark.parametrize(
    "fault",
    [{"reset": True, "effect": "before"}, {"reset": True, "effect": "after"}, {"truncate": True}],
    ids=["before", "after", "cut"],
)
async def test_the_tools_client_sees_a_break(serving, fault):
    with serving({"method": "POST", **fault}, {"method": "GET", **fault}) as url:
        async with connect(url, "t") as connection:
            assert (await connection.reader.get(PROJECTS))["totalCount"] == 0  # at the second try
            with pytest.raises(Unreachable, match="broke off the connection in the middle") as caught:
                await connection.writer.post(PROJECTS, CHECKOUT)
            assert caught.value.sent
            items = (await connection.reader.get(PROJECTS))["items"]
            assert len(items) == (0 if fault.get("effect") == "before" else 1)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "It is not valid JSON: Expecting property name enclosed in double quotes at line 1, column 2."),
        ('{"faults": [{"status": 200}]}', "faults[0].status must be a whole number from 400 to 599, unlike 200."),
    ],
)  # fmt: skip
def test_a_wrong_file_is_refused_before_anything_is_served(tmp_path, text, sentence):
    file = tmp_path / "faults.json"
    file.write_text(text)
    ended = subprocess.run(
        command("--state", str(tmp_path / "sandbox.db"), "--faults", str(file)),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (1, "", f"Error: {file}: {sentence}\n")
    assert not (tmp_path / "sandbox.db").exists()


def test_a_missing_file_is_refused(tmp_path):
    ended = subprocess.run(
        command("--state", str(tmp_path / "sandbox.db"), "--faults", str(tmp_path / "none.json")),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == 1
    assert "none.json" in ended.stderr
