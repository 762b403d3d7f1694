"""The world, in SQLite: documents, and what was asked of the sandbox.

The file is the only truth: each request reads it and writes it in one transaction, so that several
processes can share a world. It holds what the service would show, masks in the place of secrets.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Final, Self, final

from reconciler.sandbox.identifiers import Identifiers
from reconciler.sandbox.world import World

_APPLICATION: Final = 0x4C44_5342
"""SQLite's `application_id`: tells our files from anybody else's."""
_VERSION: Final = 1
"""SQLite's `user_version`: the layout below."""
_LAYOUT: Final = (
    f"PRAGMA application_id = {_APPLICATION}",
    f"PRAGMA user_version = {_VERSION}",
    "CREATE TABLE account (id TEXT NOT NULL)",
    # What belongs to no project has an empty one; what belongs to no environment likewise.
    """CREATE TABLE documents (
        seq INTEGER PRIMARY KEY, collection TEXT NOT NULL, project TEXT NOT NULL, environment TEXT NOT NULL,
        key TEXT NOT NULL, document TEXT NOT NULL, UNIQUE (collection, project, environment, key)
    )""",
    "CREATE INDEX documents_below ON documents (project, environment)",
    """CREATE TABLE requests (
        seq INTEGER PRIMARY KEY, method TEXT NOT NULL, path TEXT NOT NULL, status INTEGER NOT NULL,
        api_version TEXT, body TEXT NOT NULL
    )""",
)
_SETTINGS: Final = (
    # What is deleted is overwritten at once, as is what a journal held.
    "PRAGMA secure_delete = ON",
    "PRAGMA temp_store = MEMORY",
    # A journal in a file survives `kill -9`. Syncing would only add a power cut to that, and costs
    # more than all the rest of a request.
    "PRAGMA journal_mode = DELETE",
    "PRAGMA synchronous = OFF",
)
_WAIT_SECONDS: Final = 30.0
"""How long a request waits for another process's transaction."""


@final
class StoreError(Exception):
    """The sandbox's state can't be used. The message is one sentence that says what to do."""


def wall_clock() -> int:
    """Now, in Unix milliseconds."""
    return time.time_ns() // 1_000_000


@final
class Store:
    """A world and its request log, in a file or (`None`) in memory.

    Making one opens the file, or creates it with mode 0600; a folder that has to be made for it is
    private too, and ignored by git. `StoreError` where that can't be done, or where the file is not ours.
    `clock` (Unix milliseconds) and `ids` are the world's: with fixed ones it behaves the same each time.
    """

    def __init__(
        self,
        path: Path | None,
        *,
        clock: Callable[[], int] = wall_clock,
        ids: Identifiers | None = None,
    ) -> None:
        self._path = path
        self._clock = clock
        self._ids = ids or Identifiers()
        self._lock = threading.Lock()
        if path is not None:
            _make_private_file(path)
        with self._explained():
            # Requests may come from an event loop in another thread; the lock makes that safe.
            self._connection = sqlite3.connect(
                ":memory:" if path is None else path.absolute(),
                isolation_level=None,
                check_same_thread=False,
                timeout=_WAIT_SECONDS,
            )
        try:
            self._prepare()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file. A world in memory ends here."""
        self._connection.close()

    @contextmanager
    def transaction(self) -> Iterator[World]:
        """The world, alone with the caller: all that is done in the block is kept, or, if it raises, nothing.

        `StoreError` where the file can't be read or written, or another process holds it for 30 seconds.
        """
        with self._lock, self._explained():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield World(self._connection, now=self._clock(), ids=self._ids)
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def reset(self) -> None:
        """Empty the world and the request log. The account stays the same one."""
        with self.transaction() as world:
            world.clear()

    def _prepare(self) -> None:
        with self._explained():
            for setting in _SETTINGS:
                self._connection.execute(setting)
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._lay_out()
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")

    def _lay_out(self) -> None:
        version = self._number("PRAGMA user_version")
        if version == 0 and self._number("SELECT count(*) FROM sqlite_master") == 0:
            for statement in _LAYOUT:
                self._connection.execute(statement)
            self._connection.execute("INSERT INTO account (id) VALUES (?)", (self._ids.object_id(),))
        elif self._number("PRAGMA application_id") != _APPLICATION:
            raise StoreError(
                f"{self._path} is not a sandbox's state: name another file, it would be overwritten."
            )
        elif version != _VERSION:
            raise StoreError(
                f"The sandbox's state {self._path} was written by another version of reconciler (layout {version}, "
                f"this one reads {_VERSION}): upgrade reconciler, name another file, or remove this one."
            )

    def _number(self, query: str) -> int:
        row = self._connection.execute(query).fetchone()
        return int(row[0])

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            where = "in memory" if self._path is None else str(self._path)
            raise StoreError(
                f"The sandbox's state {where} can't be used ({error}): remove it or name another file."
            ) from error


def _make_private_file(path: Path) -> None:
    """Make a file, with mode 0600, and a folder for it with 0700 that git ignores, where they don't exist."""
    try:
        if not path.parent.exists():
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            (path.parent / ".gitignore").write_text("*\n", encoding="utf-8")
        if not path.exists():
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        elif path.is_file():
            # By its name, since closing a second handle would drop SQLite's locks in this process.
            path.chmod(0o600)
    except OSError as error:
        raise StoreError(
            f"The sandbox's state {path} can't be created ({error.strerror}): name a file in a folder of your own."
        ) from error
