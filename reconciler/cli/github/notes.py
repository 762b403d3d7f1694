"""Annotations: what stands at the lines of the manifests, within what the runner shows of one step."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from reconciler.cli.github.commands import command
from reconciler.model.codes import Severity
from reconciler.model.diagnostic import Diagnostic, Position
from reconciler.planning.plan import Action, Change, Outcome, Plan, Status, Worst

Level = Literal["error", "warning", "notice"]

MOST: Final = 10
"""How many of each level the runner shows for a step; it drops the rest without a word."""


@dataclass(frozen=True, slots=True)
class Note:
    """One annotation."""

    level: Level
    message: str
    title: str = ""
    position: Position | None = None


def commands(notes: Iterable[Note], root: Path | None) -> Iterator[str]:
    """The workflow commands, in the order given; where a level has too many, the last counts the others.

    Files are named from `root`, the repository's, as the platform wants it.
    """
    of_level: dict[Level, list[Note]] = {"error": [], "warning": [], "notice": []}
    for note in dict.fromkeys(notes):
        of_level[note.level].append(note)
    for level, found in of_level.items():
        shown = found if len(found) <= MOST else found[: MOST - 1]
        for note in shown:
            yield command(level, note.message, **_place(note.position, root), title=note.title)
        left = len(found) - len(shown)
        if left:
            yield command(level, f"And {left} more; the step's summary and log have them all.")


def of_plan(found: Plan) -> Iterator[Note]:
    """What a plan has to say at lines, most severe first."""
    yield from of_diagnostics(found.diagnostics, "error")
    by_address = {change.address: change for change in found.changes}
    for guard in found.guards:
        change = by_address.get(guard.address) if guard.address is not None else None
        place = _loosened(change) if change else None
        lift = f"{guard.code}@{guard.address}" if guard.address else guard.code.text
        words = f"{guard.message} If it is meant, give the apply the input allow: {lift}"
        yield Note("warning", words, f"{guard.code} guard", place)
    guarded = {guard.address for guard in found.guards}
    for change in sorted(found.changes, key=lambda each: list(Worst).index(each.worst)):
        if change.address in guarded:  # that has been said
            continue
        if change.action is Action.DELETE:
            yield Note("warning", f"{change.address} would be deleted.", "Destroys", change.position)
        elif change.loosens:
            fields = _fields(change.loosens)
            yield Note(
                "warning", f"{change.address}: weaker protection ({fields}).", "Loosens", _loosened(change)
            )
    for released in found.released:
        if released.loosens:
            fields = f" ({_fields(released.fields)})" if released.fields else ""
            yield Note(
                "warning",
                f"{released.address}: a protection is no longer declared{fields}; nothing keeps it up from now on.",
                "Released",
            )  # its position is one in the earlier manifests
    yield from of_diagnostics(found.diagnostics, "warning")


def of_drift(changes: Sequence[Change]) -> Iterator[Note]:
    """What differs from the manifests, at the lines that say otherwise."""
    for change in changes:
        missing = "is missing in" if change.action is Action.CREATE else "differs in"
        yield Note("warning", f"{change.address} {missing} LaunchDarkly.", "Drift", change.position)


def of_outcomes(outcomes: Iterable[Outcome]) -> Iterator[Note]:
    """What was not done, those first that stand unprotected."""
    for became in sorted(outcomes, key=lambda each: (not each.unprotected, list(Status).index(each.status))):
        if became.status is not Status.APPLIED or became.unprotected:
            title = "Unprotected" if became.unprotected else became.status.value.capitalize()
            yield Note("error", f"{became.change.address}: {became.error}.", title, became.change.position)


def of_diagnostics(found: Iterable[Diagnostic], level: Literal["error", "warning"]) -> Iterator[Note]:
    """The findings of a severity."""
    severity = Severity.ERROR if level == "error" else Severity.WARNING
    for each in found:
        if each.severity is severity:
            yield Note(level, f"{each.message} {each.hint}".strip(), each.code.text, each.position)


def _loosened(change: Change) -> Position | None:
    """Where the protection that it weakens is declared, if it weakens one."""
    places = (place.position for place in change.fields if place.pointer in change.loosens)
    return next(places, change.position)


def _fields(pointers: Iterable[str]) -> str:
    return ", ".join(pointer.lstrip("/").replace("/", ".") for pointer in pointers)


def _place(position: Position | None, root: Path | None) -> dict[str, str | int]:
    if position is None or position.file == "-":
        return {}
    file = position.file
    if root is not None:
        file = os.path.relpath(Path.cwd().resolve() / file, root.resolve())
        if file.startswith(".."):
            return {}
    return {"file": Path(file).as_posix(), "line": position.line, "col": position.column}
