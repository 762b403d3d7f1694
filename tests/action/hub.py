"""A GitHub to test with: as much of its REST API as the Action uses, on a loopback port."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final
from urllib.parse import parse_qs, unquote, urlsplit

REPOSITORY: Final = "octo/flags"
TOKEN: Final = "ghs_job"
BOT: Final = "github-actions[bot]"
LONGEST: Final = 65_536


@dataclass
class Fault:
    """What a matching request is answered with instead, as often as `times` says."""

    method: str
    path: str
    status: int
    message: str = "no"
    headers: Mapping[str, str] = field(default_factory=dict)
    times: int = 1_000


@dataclass
class Hub:
    """Its state, and what was asked of it."""

    url: str = ""
    comments: dict[int, list[dict[str, Any]]] = field(default_factory=dict)
    pulls: dict[int, dict[str, Any]] = field(default_factory=dict)
    refs: dict[str, str] = field(default_factory=dict)
    merged: dict[str, list[int]] = field(default_factory=dict)
    """Numbers of pull requests by the commit that they were merged with."""
    read_only: bool = False
    faults: list[Fault] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def add(self, pull: int, body: str, author: str = BOT) -> dict[str, Any]:
        """Puts a comment at the end of a thread."""
        number = 1_000 + sum(map(len, self.comments.values()))
        comment = {
            "id": number,
            "body": body,
            "user": {"login": author},
            "html_url": f"https://github.test/{REPOSITORY}/pull/{pull}#issuecomment-{number}",
        }
        self.comments.setdefault(pull, []).append(comment)
        return comment

    def bodies(self, pull: int = 7) -> list[str]:
        """The comments of ours."""
        return [
            each["body"]
            for each in self.comments.get(pull, [])
            if each["user"]["login"] == BOT and each["body"].startswith("<!-- reconciler/comment")
        ]

    @property
    def written(self) -> list[tuple[str, str]]:
        """The requests that change something."""
        return [each for each in self.asked if each[0] != "GET"]

    def answer(
        self, method: str, path: str, query: Mapping[str, list[str]], body: Any
    ) -> tuple[int, Any, dict[str, str]]:
        """Status, document and headers."""
        self.asked.append((method, path))
        for fault in self.faults:
            if fault.times and fault.method in (method, "*") and re.search(fault.path, path):
                fault.times -= 1
                return fault.status, {"message": fault.message}, dict(fault.headers)
        if method != "GET" and self.read_only:
            return 403, {"message": "Resource not accessible by integration"}, {}
        here = path.removeprefix(f"/repos/{REPOSITORY}")
        found = self._comment(method, here, query, body) or self._read(here, query)
        return found or (404, {"message": "Not Found"}, {})

    def _comment(
        self, method: str, here: str, query: Mapping[str, list[str]], body: Any
    ) -> tuple[int, Any, dict[str, str]] | None:
        if match := re.fullmatch(r"/issues/(\d+)/comments", here):
            if method == "POST":
                return self._saved(lambda: self.add(int(match[1]), body["body"]), body, 201)
            return self._page(self.comments.get(int(match[1]), []), query)
        if (match := re.fullmatch(r"/issues/comments/(\d+)", here)) and method == "PATCH":
            every = (each for thread in self.comments.values() for each in thread)
            found = next((each for each in every if each["id"] == int(match[1])), None)
            if found is not None:
                return self._saved(lambda: found.update(body) or found, body, 200)
        return None

    def _read(self, here: str, query: Mapping[str, list[str]]) -> tuple[int, Any, dict[str, str]] | None:
        if (match := re.fullmatch(r"/pulls/(\d+)", here)) and int(match[1]) in self.pulls:
            return 200, self.pulls[int(match[1])], {}
        if here == "/pulls":
            return self._page([each for each in self.pulls.values() if _wanted(each, query)], query)
        if match := re.fullmatch(r"/commits/([0-9a-f]{40})/pulls", here):
            return self._page([self.pulls[number] for number in self.merged.get(match[1], [])], query)
        if (match := re.fullmatch(r"/commits/((?:heads|tags)/.+)", here)) and match[1] in self.refs:
            return 200, {"sha": self.refs[match[1]]}, {}
        return None

    def _saved(self, save: Any, body: Any, status: int) -> tuple[int, Any, dict[str, str]]:
        if len(body["body"]) > LONGEST:
            return 422, {"message": "body is too long (maximum is 65536 characters)"}, {}
        return status, save(), {}

    def _page(
        self, found: list[dict[str, Any]], query: Mapping[str, list[str]]
    ) -> tuple[int, Any, dict[str, str]]:
        size, page = int(query.get("per_page", ["30"])[0]), int(query.get("page", ["1"])[0])
        rest = found[page * size :]
        headers = {"Link": f'<{self.url}/next?page={page + 1}>; rel="next"'} if rest else {}
        return 200, found[(page - 1) * size : page * size], headers


def _wanted(pull: Mapping[str, Any], query: Mapping[str, list[str]]) -> bool:
    if "head" in query and query["head"] != [
        f"{pull['head']['repo']['owner']['login']}:{pull['head']['ref']}"
    ]:
        return False
    if "base" in query and query["base"] != [pull["base"]["ref"]]:
        return False
    return query.get("state", [pull["state"]]) == [pull["state"]]


@contextmanager
def serving() -> Iterator[Hub]:
    """A hub on a free port."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = -1

        def log_message(self, *_: object) -> None:
            pass

        def _do(self) -> None:
            parts = urlsplit(self.path)
            data = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                status, document, headers = 401, {"message": "Bad credentials"}, dict[str, str]()
            else:
                status, document, headers = hub.answer(
                    self.command, unquote(parts.path), parse_qs(parts.query), json.loads(data or b"null")
                )
            text = json.dumps(document).encode()
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(text))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_PATCH = _do  # noqa: N815 - the library's names

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=lambda: server.serve_forever(poll_interval=0.02), daemon=True)
    thread.start()
    try:
        yield hub
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
