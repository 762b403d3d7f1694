"""The Action's inputs, as `action.yml` puts them into the environment."""

from __future__ import annotations

import math
from collections.abc import MutableMapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, cast, get_args

from reconciler.model.errors import UsageError
from reconciler.model.text import printable

Command = Literal["validate", "plan", "apply", "drift"]
Comment = Literal["true", "false", "changes"]

PREFIX: Final = "RECONCILER_INPUT_"
_LABEL: Final = 100


@dataclass(frozen=True, slots=True)
class Inputs:
    """What the workflow asks for; the two tokens are apart from it."""

    command: Command = "plan"
    paths: tuple[str, ...] = ()
    host: str | None = None
    against: str | None = None
    plan_file: Path | None = None
    expect: str | None = None
    comment: Comment = "true"
    comment_author: str = "github-actions[bot]"
    label: str = ""
    allow: tuple[str, ...] = ()
    sandbox: bool = False
    timeout: float | None = None
    detailed_exitcode: bool = False
    working_directory: Path = Path()


def taken(environment: MutableMapping[str, str]) -> tuple[Inputs, list[str]]:
    """The inputs, and what is wrong with them; those are left at their defaults.

    They are removed from the environment, out of reach of what a manifest could refer to.
    """
    given = {
        name.removeprefix(PREFIX).lower(): environment.pop(name).strip()
        for name in list(environment)
        if name.startswith(PREFIX)
    }
    wrong: list[str] = []

    def one_of(name: str, allowed: tuple[str, ...], default: str) -> str:
        value = given.get(name, "") or default
        if value in allowed:
            return value
        wrong.append(
            f"The input {_dashed(name)} is {printable(value, 50)!r}; it can be {', '.join(allowed)}."
        )
        return default

    def flag(name: str) -> bool:
        given[name] = given.get(name, "").lower()
        return one_of(name, ("true", "false"), "false") == "true"

    def seconds() -> float | None:
        value = given.get("timeout", "")
        try:
            number = float(value) if value else None
        except ValueError:
            number = math.nan
        if number is None or 0 < number < math.inf:
            return number
        wrong.append(
            f"The input timeout is {printable(value, 50)!r}; it is a number of seconds, more than 0."
        )
        return None

    label = given.get("label", "")
    if len(label) > _LABEL:
        wrong.append(f"The input label is longer than {_LABEL} characters.")
    inputs = Inputs(
        command=cast("Command", one_of("command", get_args(Command), "plan")),
        paths=_lines(given.get("paths", "")),
        host=given.get("host") or None,
        against=given.get("against") or None,
        plan_file=Path(given["plan_file"]) if given.get("plan_file") else None,
        expect=given.get("expect") or None,
        comment=cast("Comment", one_of("comment", get_args(Comment), "true")),
        comment_author=given.get("comment_author") or Inputs().comment_author,
        label=label[:_LABEL],
        allow=_lines(given.get("allow", "")),
        sandbox=flag("sandbox"),
        timeout=seconds(),
        detailed_exitcode=flag("detailed_exitcode"),
        working_directory=Path(given.get("working_directory") or "."),
    )
    return inputs, wrong


def check(inputs: Inputs, wrong: list[str]) -> None:
    """Raises `UsageError` that names all that is wrong."""
    found = list(wrong)
    if "-" in inputs.paths:
        found.append("The input paths can't be -; an action has no standard input.")
    if inputs.command == "plan" and inputs.plan_file is not None and inputs.plan_file.suffix != ".json":
        found.append("The input plan-file has to end in .json, by which apply knows a plan.")
    if inputs.command == "apply" and inputs.plan_file is not None and inputs.paths:
        found.append("A saved plan is applied alone: leave out paths, or leave out plan-file.")
    if found:
        raise UsageError(" ".join(found))


def _lines(text: str) -> tuple[str, ...]:
    return tuple(filter(None, (line.strip() for line in text.splitlines())))


def _dashed(name: str) -> str:
    return name.replace("_", "-")
