"""The sandbox on a port."""

import os
import signal
import socket
import subprocess
import sys
import threading

import httpx
import pytest

from reconciler.sandbox.app import create_app
from reconciler.sandbox.server import ServeError, serve
from reconciler.sandbox.store import Store

PROGRAM = """
from pathlib import Path
import sys
from reconciler.sandbox.app import create_app
from reconciler.sandbox.server import serve
from reconciler.sandbox.store import Store
with Store(Path(sys.argv[1])) as store:
    serve(create_app(store), port=0, ready=lambda url: print(url, flush=True))
print("closed", flush=True)
"""


@pytest.fixture
def served(tmp_path):
    """A sandbox in a process of its own, and its URL."""
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path / "sandbox.db")],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    try:
        yield process, process.stdout.readline().strip()
    finally:
        process.kill()
        process.communicate()


def test_it_serves_quietly_until_ctrl_c(served):
    process, url = served
    assert url.startswith("http://127.0.0.1:")
    with httpx.Client(base_url=url, headers={"Authorization": "t"}, trust_env=False) as client:
        assert client.post("/api/v2/projects", json={"key": "a", "name": "A"}).status_code == 201
        assert client.get("/api/v2/projects/a").json()["name"] == "A"
        answer = client.delete("/api/v2/projects/a/environments/test")
        assert (answer.status_code, answer.content) == (204, b"")
        assert client.get("/api/v2/projects/a%2Fb").status_code == 404
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out, err) == (0, "closed\n", "")


def test_a_taken_port_is_said_in_one_sentence():
    with Store(None) as store, socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ServeError, match=rf"^Port {port} can't be served \(.*\): .* another port\.$"):
            serve(create_app(store), port=port)


@pytest.mark.parametrize("port", [-1, 65_536])
def test_there_are_only_so_many_ports(port):
    with Store(None) as store, pytest.raises(ServeError, match="there is no such port"):
        serve(create_app(store), port=port)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "example.com", "192.168.0.1"])
def test_only_this_machine_is_served(host):
    with Store(None) as store, pytest.raises(ServeError, match="this machine only"):
        serve(create_app(store), host=host, port=0)


def test_a_fixed_port_is_free_again_at_once():
    with Store(None) as store:
        app = create_app(store)
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        for _ in range(2):
            seen = []

            def use(url, seen=seen):
                seen.append(url)

                def call():
                    seen.append(httpx.get(f"{url}/api/v2/projects", trust_env=False).status_code)
                    signal.raise_signal(signal.SIGINT)

                threading.Thread(target=call).start()

            serve(app, port=port, ready=use)
            assert seen == [f"http://127.0.0.1:{port}", 401]
