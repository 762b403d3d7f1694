"""What the end-to-end tests share: running commands, a service to run them against, terminals."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

import httpx
import uvicorn

import reconciler.sandbox.app
from reconciler.sandbox.options import Options
from reconciler.sandbox.store import Store

ROOT: Final = Path(__file__).absolute().parents[2]
TOKEN: Final = "api-anything"
FASTLY: Final = "fst-7c1e55aa90e34b21-tail9Z"
"""A fastly token that nothing may ever show."""
ESCAPE: Final = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")

EXAMPLES: Final = sorted(
    path for path in (ROOT / "examples").iterdir() if path.is_dir() and path.name != "github-workflows"
)
"""The examples that hold manifests; the workflows to copy beside them do not."""

COMMAND: Final = [sys.executable, "-P", "-m", "reconciler"]

# In a terminal that is the process's own, so that Ctrl-C typed there reaches it.
_IN_TERMINAL: Final = """
import fcntl, termios
fcntl.ioctl(0, termios.TIOCSCTTY, 0)
from reconciler.cli.main import main
main()
"""


@dataclass(frozen=True)
class Ran:
    """What became of a command."""

    code: int
    out: str
    err: str

    @property
    def all(self) -> str:
        return self.out + self.err

    @property
    def document(self) -> Any:
        """stdout, which has to be one JSON document and nothing else."""
        return json.loads(self.out)

    @property
    def findings(self) -> list[tuple[str | None, int | None, int | None, str]]:
        """File, line, column and code of each diagnostic of a JSON document."""
        found = self.document["diagnostics"]
        return [(each["file"], each["line"], each["column"], each["code"]) for each in found]

    def changes(self) -> list[tuple[str, str]]:
        """Action and address of each change of a JSON document."""
        return [(change["action"], change["address"]) for change in self.document["changes"]]


EXAMPLES: Final = [
    path
    for path in sorted((ROOT / "examples").rglob("*.y*ml"))
    if "apiVersion: reconciler/" in path.read_text(encoding="utf-8")
]
"""The files of the examples that hold manifests; others hold settings and workflows."""

Cli = Callable[..., Ran]
Write = Callable[..., Path]


def manifest(kind: str, metadata: str, spec: str = "{}", more: str = "") -> str:
    """A manifest with metadata and spec in YAML's flow style; the spec stands in line 4."""
    return f"apiVersion: reconciler/v1\nkind: {kind}\nmetadata: {{{metadata}}}\nspec: {spec}\n{more}"


def project(key: str, spec: str = "{}") -> str:
    return manifest("Project", f"key: {key}", spec)


def environment(key: str, spec: str = "{}", *, of: str = "shop", more: str = "") -> str:
    return manifest("Environment", f"project: {of}, key: {key}{more}", spec)


def delivery(name: str, spec: str, *, of: str = "shop/production", integration: str = "fastly") -> str:
    where, environment_key = of.split("/")
    place = f"project: {where}, environment: {environment_key}, integration: {integration}, name: {name}"
    return manifest("IntegrationDeliveryConfiguration", place, spec)


def documents(*texts: str) -> str:
    return "---\n".join(texts)


class Switch:
    """An ASGI app whose app can be changed while it is served."""

    def __init__(self) -> None:
        self.app: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.app(scope, receive, send)


def serving(app: Any) -> Iterator[str]:
    """Serves an app on a free port, in a thread, as long as it is iterated over."""
    with socket.socket(proto=socket.IPPROTO_TCP) as listener:  # else asyncio leaves out TCP_NODELAY
        listener.bind(("127.0.0.1", 0))
        listener.listen(64)
        config = uvicorn.Config(app, log_config=None, access_log=False, lifespan="off", ws="none")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


class Service:
    """A served sandbox over a world in memory, with a client that is not ours."""

    def __init__(self, url: str, switch: Switch) -> None:
        self.url = url
        self._switch = switch
        self.store = Store(None)
        self._http = httpx.Client(base_url=url, headers={"Authorization": TOKEN}, timeout=10, trust_env=False)
        self.knows(None)

    def close(self) -> None:
        self._http.close()
        self.store.close()

    def knows(self, tokens: Mapping[str, str] | None, **options: Any) -> None:
        """From now on only these tokens are let in, with these options."""
        self.answers(reconciler.sandbox.app.create_app(self.store, tokens=tokens, options=Options(**options)))

    def answers(self, app: Any) -> None:
        """From now on this app answers."""
        self._switch.app = app

    @property
    def app(self) -> Any:
        return self._switch.app

    def send(self, method: str, path: str, body: Any = None) -> Any:
        """The answer's document; the path is below `/api/v2`."""
        version = "beta" if "/integration-capabilities/" in path else "20240415"
        answer = self._http.request(
            method,
            f"/api/v2{path}",
            headers={"LD-API-Version": version},
            **({} if body is None else {"json": body}),
        )
        assert answer.is_success, answer.text
        return answer.json() if answer.content else None

    def get(self, path: str) -> Any:
        return self.send("GET", path)

    def post(self, path: str, body: Any) -> Any:
        return self.send("POST", path, body)

    def patch(self, path: str, *operations: Mapping[str, Any]) -> Any:
        return self.send("PATCH", path, list(operations))

    def replace(self, path: str, pointer: str, value: Any) -> Any:
        return self.patch(path, {"op": "replace", "path": pointer, "value": value})

    def log(self) -> list[Any]:
        """What was asked so far, and by whom it does not tell: see `forget`."""
        answer = self._http.get("/__sandbox__/requests")
        assert answer.status_code == 200
        items: list[Any] = answer.json()["items"]
        return items

    def methods(self) -> list[str]:
        return [item["method"] for item in self.log()]

    def writes(self) -> list[str]:
        """The requests that could change something, as `POST /api/v2/projects`."""
        return [f"{item['method']} {item['path']}" for item in self.log() if item["method"] != "GET"]

    def forget(self) -> None:
        """Empty the request log, and leave the world as it is."""
        with self.store.transaction() as world:
            world._connection.execute("DELETE FROM requests")

    def world(self) -> dict[str, Any]:
        """Every document of the world by its place."""
        with self.store.transaction() as world:
            rows = world._connection.execute(
                "SELECT collection, project, environment, key, document FROM documents ORDER BY seq"
            ).fetchall()
        return {"/".join(map(str, row[:4])): json.loads(row[4]) for row in rows}


def edited(app: Any, edit: Callable[[str, Any], Any]) -> Any:
    """An app whose JSON answers are changed on their way; `edit` gets the path and the document."""

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        start: dict[str, Any] = {}
        content = bytearray()

        async def tell(message: Any) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
                return
            content.extend(message.get("body", b""))
            if message.get("more_body"):
                return
            changed = bytes(content)
            if changed and scope["method"] == "GET":
                changed = json.dumps(edit(scope["path"], json.loads(changed))).encode()
            headers = [(name, value) for name, value in start["headers"] if name.lower() != b"content-length"]
            await send(start | {"headers": [*headers, (b"content-length", str(len(changed)).encode())]})
            await send({"type": "http.response.body", "body": changed})

        await app(scope, receive, tell)

    return serve


def refusing(app: Any, refused: Callable[[str, str], int]) -> Any:
    """An app that answers some requests itself, with the status that `refused(method, path)` gives, if not 0."""

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        status = refused(scope["method"], scope["path"])
        if not status:
            await app(scope, receive, send)
            return
        body = json.dumps({"code": "forbidden", "message": "Forbidden."}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    return serve


def clean_environment(more: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a process of ours: nothing of the developer's own LaunchDarkly or terminal."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("LAUNCHDARKLY_", "LD_", "COV_", "RECONCILER_"))
        and name not in ("NO_COLOR", "FORCE_COLOR", "CLICOLOR_FORCE", "COLUMNS", "LINES")
    }
    return {**kept, "PYTHONPATH": str(ROOT), "TERM": "xterm-256color", **(more or {})}


class Screen:
    """A command in a terminal of its own."""

    def __init__(
        self,
        arguments: Sequence[str],
        *,
        cwd: Path,
        columns: int = 100,
        environment: Mapping[str, str] | None = None,
        stdout: int | None = None,
    ) -> None:
        self._master, slave = pty.openpty()
        fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-c", _IN_TERMINAL, *arguments],
            stdin=slave,
            stdout=slave if stdout is None else stdout,
            stderr=slave,
            cwd=cwd,
            env=clean_environment(environment),
            start_new_session=True,
        )
        os.close(slave)
        self._shown = bytearray()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self._master)

    @property
    def raw(self) -> str:
        return self._shown.decode(errors="replace")

    @property
    def text(self) -> str:
        """What was shown, without colours and with plain ends of lines."""
        return ESCAPE.sub("", self.raw).replace("\r\n", "\n")

    def _read(self, seconds: float) -> bool:
        """Whether there may be more."""
        if not select.select([self._master], [], [], seconds)[0]:
            return True
        try:
            piece = os.read(self._master, 65536)
        except OSError:  # nobody has the other end open any more
            return False
        self._shown += piece
        return bool(piece)

    def until(self, text: str, seconds: float = 20) -> None:
        """Waits until a text was shown."""
        end = time.monotonic() + seconds
        while text not in self.text:
            assert time.monotonic() < end, f"{text!r} was not shown in time, but:\n{self.text}"
            assert self._read(0.1) or text in self.text, f"ended without {text!r}:\n{self.text}"

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def end(self, seconds: float = 20) -> int:
        """The exit code, once the command is over and all that it said is read."""
        limit = time.monotonic() + seconds
        while self._read(0.1):
            assert time.monotonic() < limit, f"still running:\n{self.text}"
        return self.process.wait(seconds)


def interrupt(process: subprocess.Popen[Any]) -> None:
    process.send_signal(signal.SIGINT)
