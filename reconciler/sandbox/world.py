"""One open transaction: the documents by place, in the order of their creation, and the request log."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, TypeAlias, final

from reconciler.model.document import Json
from reconciler.sandbox.identifiers import Identifiers

KEPT_REQUESTS: Final = 100_000
"""How many entries the request log holds at least: a file in daily use would else grow for ever."""
_FORGET_EVERY: Final = 1_000

Record: TypeAlias = dict[str, Any]
"""A stored document. Its form is ours, so it needs no checks."""


@dataclass(frozen=True, slots=True)
class LoggedRequest:
    """A request and what it was answered, with nothing in it that may be secret."""

    method: str
    path: str
    """With the query, as it was sent."""
    status: int
    api_version: str | None
    body: Json


@final
class World:
    """What the account holds, while a transaction lasts.

    A document stands in a collection, below a project and an environment where it belongs to one, under
    a key of its own.
    """

    __slots__ = ("_connection", "ids", "now")

    def __init__(self, connection: sqlite3.Connection, *, now: int, ids: Identifiers) -> None:
        self._connection = connection
        self.now = now
        """Unix milliseconds, the same for the whole transaction."""
        self.ids = ids

    @property
    def account(self) -> str:
        """The account's id."""
        row = self._connection.execute("SELECT id FROM account").fetchone()
        return str(row[0])

    def find(self, collection: str, key: str, *, project: str = "", environment: str = "") -> Record | None:
        """A document, or `None`."""
        row = self._connection.execute(
            "SELECT document FROM documents"
            " WHERE collection = ? AND project = ? AND environment = ? AND key = ?",
            (collection, project, environment, key),
        ).fetchone()
        return None if row is None else _read(row[0])

    def every(
        self, collection: str, *, project: str | None = None, environment: str | None = None
    ) -> list[Record]:
        """A collection's documents, oldest first: all of them, a project's or an environment's."""
        query, values = "SELECT document FROM documents WHERE collection = ?", [collection]
        if project is not None:
            query, values = query + " AND project = ?", [*values, project]
        if environment is not None:
            query, values = query + " AND environment = ?", [*values, environment]
        return [_read(row[0]) for row in self._connection.execute(query + " ORDER BY seq", values)]

    def count(self, collection: str, *, project: str = "") -> int:
        """How many documents a collection has in a project."""
        row = self._connection.execute(
            "SELECT count(*) FROM documents WHERE collection = ? AND project = ?", (collection, project)
        ).fetchone()
        return int(row[0])

    def add(
        self, collection: str, key: str, document: Record, *, project: str = "", environment: str = ""
    ) -> None:
        """Put a document where none is."""
        self._connection.execute(
            "INSERT INTO documents (collection, project, environment, key, document) VALUES (?, ?, ?, ?, ?)",
            (collection, project, environment, key, json.dumps(document)),
        )

    def replace(
        self, collection: str, key: str, document: Record, *, project: str = "", environment: str = ""
    ) -> None:
        """Put another document in the place of one. It keeps its place in the order."""
        self._connection.execute(
            "UPDATE documents SET document = ?"
            " WHERE collection = ? AND project = ? AND environment = ? AND key = ?",
            (json.dumps(document), collection, project, environment, key),
        )

    def remove(self, collection: str, key: str, *, project: str = "", environment: str = "") -> None:
        """Take a document away."""
        self._connection.execute(
            "DELETE FROM documents WHERE collection = ? AND project = ? AND environment = ? AND key = ?",
            (collection, project, environment, key),
        )

    def remove_below(self, project: str, environment: str | None = None) -> None:
        """Take away whatever belongs to a project, or to one of its environments."""
        if environment is None:
            self._connection.execute("DELETE FROM documents WHERE project = ?", (project,))
        else:
            self._connection.execute(
                "DELETE FROM documents WHERE project = ? AND environment = ?", (project, environment)
            )

    def clear(self) -> None:
        """Take away all documents and the request log."""
        self._connection.execute("DELETE FROM documents")
        self._connection.execute("DELETE FROM requests")

    def log(self, request: LoggedRequest) -> None:
        """Add to the request log, which forgets its oldest entries beyond the last 100,000."""
        added = self._connection.execute(
            "INSERT INTO requests (method, path, status, api_version, body) VALUES (?, ?, ?, ?, ?)",
            (request.method, request.path, request.status, request.api_version, json.dumps(request.body)),
        ).lastrowid
        if added is not None and added % _FORGET_EVERY == 0:
            self._connection.execute("DELETE FROM requests WHERE seq <= ?", (added - KEPT_REQUESTS,))

    def requests(self) -> Sequence[LoggedRequest]:
        """The request log, oldest first."""
        return [
            LoggedRequest(method, path, status, api_version, json.loads(body))
            for method, path, status, api_version, body in self._connection.execute(
                "SELECT method, path, status, api_version, body FROM requests ORDER BY seq"
            )
        ]

    @contextmanager
    def all_or_nothing(self) -> Iterator[None]:
        """Undo what the block wrote if it raises, and only that: the transaction goes on."""
        self._connection.execute("SAVEPOINT step")
        try:
            yield
        except BaseException:
            self._connection.execute("ROLLBACK TO step")
            self._connection.execute("RELEASE step")
            raise
        self._connection.execute("RELEASE step")


def _read(text: str) -> Record:
    document: Record = json.loads(text)
    return document
