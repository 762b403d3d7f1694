"""The way to LaunchDarkly as the rest sees it: one object that reads, one that writes. No httpx here."""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from reconciler.live.exchange import Answer, Request, encoded
from reconciler.live.retry import repeatable
from reconciler.model.document import Document, Json
from reconciler.model.errors import Unreachable, UsageError

_PATH = re.compile(r"/(?!/)[A-Za-z0-9._~!$&'()*+,;=:@%/-]*")


class Reader:
    """Reads. It has no way to write: what it holds can send a GET and nothing else."""

    __slots__ = ("_fetch",)

    def __init__(self, fetch: Callable[[str, Mapping[str, str], bool], Awaitable[Document]]) -> None:
        self._fetch = fetch

    async def get(
        self, path: str, params: Mapping[str, str] | None = None, *, beta: bool = False
    ) -> Document:
        """The JSON object at a path such as `/api/v2/projects`, its dynamic parts percent-encoded.

        Raises `ServiceError` (`Unauthorized`, `Forbidden`, `NotFound`) for an answer that says no, and
        `Unreachable` where there is none, or one that can't be LaunchDarkly's.
        """
        return await self._fetch(path, params or {}, beta)


class Writer:
    """Writes. Each method raises as `Reader.get` does; after `Unreachable` the effect is not known,
    except where its `sent` is false."""

    __slots__ = ("_send",)

    def __init__(self, send: Callable[[Request], Awaitable[Answer]]) -> None:
        self._send = send

    async def post(self, path: str, body: Json, *, beta: bool = False, just_created: bool = False) -> Answer:
        """Creates or triggers; sent again after a 429 only (and a 404 where the parent is `just_created`)."""
        return await self._send(
            Request("POST", _checked(path), body=encoded(body), beta=beta, just_created=just_created)
        )

    async def patch(
        self, path: str, operations: Json, *, beta: bool = False, just_created: bool = False
    ) -> Answer:
        """Changes; sent again after a 5xx or a broken connection where that can't do harm.

        `just_created`: a 404 is taken as "not yet" for some seconds.
        """
        return await self._send(
            Request(
                "PATCH",
                _checked(path),
                body=encoded(operations),
                beta=beta,
                repeatable=repeatable(operations),
                just_created=just_created,
            )
        )

    async def delete(self, path: str, *, beta: bool = False) -> Answer:
        """Deletes; after a retry, a `NotFound` may mean that the first try did it."""
        return await self._send(Request("DELETE", _checked(path), beta=beta, repeatable=True))


@dataclass(frozen=True, slots=True)
class Connection:
    """An open way to one LaunchDarkly. What only reads is given `reader`."""

    reader: Reader
    writer: Writer


def reading(
    send: Callable[[Request], Awaitable[Answer]], host: str
) -> Callable[[str, Mapping[str, str], bool], Awaitable[Document]]:
    """All that a `Reader` gets hold of."""

    async def fetch(path: str, params: Mapping[str, str], beta: bool) -> Document:  # noqa: FBT001
        request = Request("GET", _checked(path), query=dict(params), beta=beta, repeatable=True)
        answer = await send(request)
        if not isinstance(answer.document, Mapping):
            raise Unreachable(
                f"{host} answered {answer.status} to {request} with something that is not LaunchDarkly's "
                "JSON; is --host right?"
            )
        return answer.document

    return fetch


def _checked(path: str) -> str:
    """The path, which stays one: no other host, no query, and no step up to another resource."""
    segments = path.lower().replace("%2e", ".").split("/")
    if not _PATH.fullmatch(path) or "." in segments or ".." in segments:
        raise UsageError(f"{path[:200]!a} is no path that LaunchDarkly can be asked for")
    return path
