# Links, `..` and unreadable names are told apart here, which pathlib folds together.
# ruff: noqa: PTH100, PTH116, PTH117, PTH118, PTH119, PTH120, PTH123
"""Manifests on disk: which files paths stand for, and their bytes.

Folders are walked for `*.yaml` and `*.yml`, sorted, without hidden ones and the settings file. Links may
lead anywhere inside of the folder that was given, and nowhere else.
"""

from __future__ import annotations

import os
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from reconciler.manifest.decode import MAX_BYTES, BrokenYamlError, too_large
from reconciler.manifest.wording import printable
from reconciler.model import codes
from reconciler.model.codes import Code
from reconciler.model.diagnostic import Diagnostic, Position

STDIN: Final = "-"
SUFFIXES: Final = (".yaml", ".yml")
RESERVED: Final = ("reconciler.yaml", "reconciler.yml")
"""The name of the settings file, in every folder."""


@dataclass(slots=True)
class Source:
    """One file to read, or standard input."""

    path: str
    """What to open; `-` is standard input."""
    shown: str
    """What findings call it: relative to the working directory, with `/`."""
    folder: str
    """The real folder that relative paths in it start from."""
    named: bool = False
    """Whether it was given by name, so that everything in it has to be a manifest."""


@dataclass(slots=True)
class Folder:
    """One folder that was given."""

    shown: str
    sources: list[Source]
    sound: bool
    """Whether everything in it could be looked at."""


@dataclass(slots=True)
class Found:
    """What the given paths stand for."""

    sources: list[Source] = field(default_factory=list)
    """Each file once, in the order in which it was first reached."""
    folders: list[Folder] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)


def find(paths: Sequence[str], directory: Path) -> Found:
    """The files that paths stand for; they count from `directory`, the working directory."""
    return _Search(os.path.abspath(directory)).run(paths)


def read(source: Source, stdin: Callable[[], bytes] | None = None) -> bytes:
    """The bytes of a file, or of standard input.

    Raises `BrokenYamlError` where it can't be read or is too large to.
    """
    try:
        if source.path != STDIN:
            return _read_file(source.path)
        return sys.stdin.buffer.read(MAX_BYTES + 1) if stdin is None else stdin()
    except OSError as error:
        raise BrokenYamlError(
            codes.UNREADABLE, f"The file can't be read: {_reason(error)}.", "Check its rights."
        ) from None


def _read_file(path: str) -> bytes:
    # Not blocking: opening a named pipe would wait for a writer.
    with open(os.open(path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as file:
        status = os.fstat(file.fileno())
        if not stat.S_ISREG(status.st_mode):
            raise BrokenYamlError(
                codes.UNREADABLE, "This is no regular file.", "Give manifests as plain files."
            )
        if status.st_size > MAX_BYTES:
            raise too_large()
        return file.read(MAX_BYTES + 1)


def _reason(error: OSError) -> str:
    return (error.strerror or type(error).__name__).lower()


class _Search:
    def __init__(self, directory: str) -> None:
        self.directory = directory
        self.found = Found()
        self.by_path: dict[str, Source] = {}

    def run(self, paths: Sequence[str]) -> Found:
        for path in paths:
            if path == STDIN:
                self.reach(STDIN, STDIN, os.path.realpath(self.directory), named=True)
            elif not path:
                self.refuse(
                    codes.UNREADABLE, "", "An empty path was given.", "Give a file, a folder, or `-`."
                )
            else:
                self.given(path)
        return self.found

    def given(self, path: str) -> None:
        whole = os.path.join(self.directory, path)
        shown = self.shown(path)
        try:
            mode = os.stat(whole).st_mode
        except (OSError, ValueError) as error:
            reason = _reason(error) if isinstance(error, OSError) else "the path is none"
            self.refuse(
                codes.UNREADABLE, shown, f"{printable(path)} can't be read: {reason}.", "Check the path."
            )
            return
        if stat.S_ISDIR(mode):
            known = len(self.found.diagnostics)
            sources = list(self.walk(path))
            self.found.folders.append(Folder(shown, sources, len(self.found.diagnostics) == known))
        elif (problem := _unfit(path)) is not None:
            self.refuse(codes.NOT_A_MANIFEST, shown, *problem)
        else:
            self.reach(os.path.realpath(whole), shown, os.path.dirname(os.path.realpath(whole)), named=True)

    def reach(self, real: str, shown: str, folder: str, *, named: bool) -> Source:
        source = self.by_path.get(real)
        if source is None:
            source = self.by_path[real] = Source(real, shown, folder)
            self.found.sources.append(source)
        source.named |= named
        return source

    def refuse(self, code: Code, shown: str, message: str, hint: str) -> None:
        self.found.diagnostics.append(Diagnostic(code, message, Position(shown), hint))

    def shown(self, path: str) -> str:
        """A path for people: relative to the working directory, else as it was given."""
        whole = os.path.abspath(os.path.join(self.directory, path))
        inside = whole == self.directory or whole.startswith(self.directory.rstrip(os.sep) + os.sep)
        if inside or not os.path.isabs(path):
            with suppress(ValueError):  # another drive, from which nothing is relative
                whole = os.path.relpath(whole, self.directory)
        return _readable(whole)

    # Walking. Iterative, since folders can stand in each other deeper than calls can.

    def walk(self, top: str) -> Iterator[Source]:
        root = os.path.realpath(os.path.join(self.directory, top))
        seen: set[str] = set()
        waiting = [top]
        while waiting:
            folder = waiting.pop()
            real = os.path.realpath(os.path.join(self.directory, folder))
            if real in seen:
                continue
            seen.add(real)
            below: list[str] = []
            for entry in self.entries(folder):
                path = os.path.join(folder, entry.name)
                if _is_folder(entry):
                    if not self.leads_out(entry, path, root):
                        below.append(path)
                elif _is_manifest_name(entry.name) and not self.leads_out(entry, path, root):
                    target = os.path.realpath(entry.path)
                    yield self.reach(target, self.shown(path), os.path.dirname(target), named=False)
            waiting.extend(reversed(below))

    def entries(self, folder: str) -> list[os.DirEntry[str]]:
        try:
            with os.scandir(os.path.join(self.directory, folder)) as entries:
                return sorted((e for e in entries if not e.name.startswith(".")), key=lambda e: e.name)
        except OSError as error:
            message = f"The folder can't be read: {_reason(error)}."
            self.refuse(codes.UNREADABLE, self.shown(folder), message, "Check its rights.")
            return []

    def leads_out(self, entry: os.DirEntry[str], path: str, root: str) -> bool:
        if not entry.is_symlink():
            return False
        target = os.path.realpath(entry.path)
        if target == root or target.startswith(root.rstrip(os.sep) + os.sep):
            return False
        self.refuse(
            codes.UNREADABLE,
            self.shown(path),
            "The link leads out of the folder that was given.",
            "Put the file there itself, or name what the link leads to on the command line.",
        )
        return True


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:  # a link to itself
        return False


def _is_manifest_name(name: str) -> bool:
    return name.endswith(SUFFIXES) and name not in RESERVED


def _unfit(path: str) -> tuple[str, str] | None:
    """Why a file that was given by name can't hold manifests, if so: the message and the hint."""
    name = os.path.basename(path)
    if name.lower() in RESERVED:
        return (
            f"The name {name.lower()} is reserved for settings, and never read as a manifest.",
            "Give the file another name.",
        )
    if name.lower().endswith(SUFFIXES):
        return None
    if name.lower().endswith(".json"):
        return (
            "Manifests are YAML files; a .json file is only ever a plan.",
            "Rename it to .yaml, which JSON is too, or apply the plan with `apply`.",
        )
    return (
        "Manifests are files that end in .yaml or .yml.",
        "Give such a file, a folder, or `-` for standard input.",
    )


def _readable(path: str) -> str:
    """A path of this platform as findings show it, whatever bytes its name has."""
    text = os.fsencode(path).decode("utf-8", "replace")
    return printable(text.replace(os.sep, "/"), longest=4096)
