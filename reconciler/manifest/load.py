"""Manifests to declared resources: the room's front door."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from reconciler.manifest.check import Checked, check
from reconciler.manifest.decode import BrokenYamlError, decode
from reconciler.manifest.envelope import API_VERSION, is_ours
from reconciler.manifest.files import Found, Source, find, read
from reconciler.manifest.identity import below_tombstones, circles, duplicates
from reconciler.manifest.parse import parse
from reconciler.manifest.parsed import Parsed
from reconciler.model import codes
from reconciler.model.diagnostic import Diagnostic, Position, in_order
from reconciler.model.kind import Kinds
from reconciler.model.state import Declared


@dataclass(frozen=True, slots=True)
class Loaded:
    """What manifests declare, and everything that is wrong with them."""

    declared: tuple[Declared, ...]
    """The resources without a mistake of their own, in the order of files and documents."""
    diagnostics: tuple[Diagnostic, ...]
    files: int
    """How many files were read, standard input included."""
    passed_over: int
    """How many documents in folders are no manifests of ours."""


def load(
    paths: Sequence[str],
    kinds: Kinds,
    *,
    directory: Path | None = None,
    stdin: Callable[[], bytes] | None = None,
) -> Loaded:
    """Reads and checks the manifests that paths stand for; `-` is standard input.

    Paths, and those in findings, are relative to `directory`, by default the working directory. Raises
    nothing for what is wrong with files: all of it is in the diagnostics.
    """
    base = Path.cwd() if directory is None else directory
    found = find(paths, base)
    loader = _Loader(kinds, os.path.abspath(base))  # noqa: PTH100 - must not follow links
    for source in found.sources:
        loader.load(source, stdin)
    return loader.result(found)


class _Loader:
    def __init__(self, kinds: Kinds, directory: str) -> None:
        self.kinds = kinds
        self.directory = directory
        self.manifests: list[Checked] = []
        self.diagnostics: list[Diagnostic] = []
        self.fruitful: set[str] = set()
        """The files that hold manifests, or mistakes that may have been some."""
        self.files = 0
        self.passed_over = 0

    def load(self, source: Source, stdin: Callable[[], bytes] | None) -> None:
        try:
            data = read(source, stdin)
            self.files += 1
            text = decode(data)
        except BrokenYamlError as error:
            place = Position(source.shown, error.line, error.column)
            self.found(source, Diagnostic(error.code, error.message, place, error.hint))
            return
        parsed = parse(text, source.shown)
        for document in parsed.documents:
            self.document(document, source)
        if parsed.broken is not None:
            hint = f"{parsed.broken.hint} What follows it in the file is not checked until then."
            self.found(source, replace(parsed.broken, hint=hint))
        elif all(document.empty for document in parsed.documents):
            self.found(
                source,
                Diagnostic(
                    codes.NO_MANIFESTS,
                    "There is nothing in the file, or nothing but comments.",
                    Position(source.shown, 1, 1),
                    "Write a manifest, or remove the file.",
                ),
            )

    def found(self, source: Source, *diagnostics: Diagnostic) -> None:
        self.fruitful.add(source.shown)
        self.diagnostics += diagnostics

    def document(self, parsed: Parsed, source: Source) -> None:
        if parsed.empty:
            return
        if not parsed.whole:
            self.found(source, *parsed.faults)
        elif is_ours(parsed.value, self.kinds):
            manifest = check(parsed, self.kinds, folder=source.folder, directory=self.directory)
            self.manifests.append(manifest)
            self.found(source, *manifest.diagnostics)
        elif source.named:
            self.found(source, *parsed.faults, _no_manifest(parsed))
        else:
            self.passed_over += 1
            if parsed.faults:
                self.found(source, *parsed.faults)

    def result(self, found: Found) -> Loaded:
        refused = set()
        for manifest, diagnostic in duplicates(self.manifests):
            refused.add(id(manifest))
            self.diagnostics.append(diagnostic)
        self.diagnostics += below_tombstones(self.manifests, self.kinds)
        self.diagnostics += circles(self.manifests)
        self.diagnostics += found.diagnostics
        self.diagnostics += (
            _no_manifests(folder.shown)
            for folder in found.folders
            if folder.sound and not any(source.shown in self.fruitful for source in folder.sources)
        )
        declared = (
            manifest.declared
            for manifest in self.manifests
            if manifest.declared is not None and id(manifest) not in refused
        )
        return Loaded(tuple(declared), in_order(self.diagnostics), self.files, self.passed_over)


def _no_manifest(parsed: Parsed) -> Diagnostic:
    return Diagnostic(
        codes.NOT_A_MANIFEST,
        "This document is no manifest: neither its apiVersion nor its kind is one of ours.",
        parsed.positions.value(""),
        f"Manifests have apiVersion: {API_VERSION} and a kind. In folders other documents are passed over.",
    )


def _no_manifests(folder: str) -> Diagnostic:
    return Diagnostic(
        codes.NO_MANIFESTS,
        "The folder holds no manifest.",
        Position(folder),
        f"Manifests stand in .yaml and .yml files, in documents with apiVersion: {API_VERSION}.",
    )
