"""A manifest's spec against its kind's model: pydantic's errors as sentences, one for each mistake."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from reconciler.manifest.constraints import constraint
from reconciler.manifest.findings import Finding, Rank
from reconciler.manifest.members import unknown_field
from reconciler.manifest.wording import field, found, listed, printable, sort_of
from reconciler.model import codes
from reconciler.model.document import Json, Missing, lookup, pointer
from reconciler.model.kind import Kind

# What is wanted, by the type of pydantic's error.
_WANTED = {
    "string_type": "a text",
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "list_type": "a list",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "model_attributes_type": "a mapping",
}
_HOW = {
    "a list": "Write a list: [a, b], or each item on a line of its own after a dash.",
    "a mapping": "Write a mapping: each `name: value` on a line of its own, indented.",
    "a text": "Write one text.",
    "true or false": "Write true or false, without quotes.",
    "a whole number": "Write a whole number, without quotes.",
    "a number": "Write a number, without quotes.",
}
_REFERENCES = ("FromEnv", "FromFile")


@dataclass(frozen=True, slots=True)
class _Error:
    """One of pydantic's errors: what it is about, and which alternative of which union it comes from."""

    type: str
    context: Mapping[str, Any]
    message: str
    about: str
    at_key: bool = False
    union: str | None = None
    label: str = ""


@dataclass(frozen=True, slots=True)
class Look:
    """What may be seen of a spec while it is checked."""

    raw: Mapping[str, str]
    """How the file writes plain scalars, by pointer from the manifest's root."""
    hidden: Callable[[str], bool]
    """Whether the value at a pointer from the spec's root must not be shown."""
    incomplete: Collection[str]
    """Pointers of mappings that lost members to YAML mistakes."""


def spec_findings(kind: Kind, spec: Mapping[str, Json], look: Look) -> Iterator[Finding]:
    """What the model of a kind's spec has against a document: unknown, missing and wrong fields, and nulls."""
    yield from _nulls(spec, "/spec")
    try:
        kind.spec.model_validate(spec)
    except ValidationError as invalid:
        details = invalid.errors(include_url=False, include_input=False)
        errors = [_located(error, spec) for error in details]
    else:
        return
    unknown = [error for error in errors if error.type == "extra_forbidden" and error.union is None]
    meant: set[str | None] = set()
    for error in unknown:
        finding, near = unknown_field(kind, spec, error.about)
        yield finding
        meant.add(near)
    unions: dict[str, list[_Error]] = {}
    for error in errors:
        if error.union is not None:
            unions.setdefault(error.union, []).append(error)
        elif error.type != "extra_forbidden":
            yield from _one(error, spec, look, meant)
    for union, alternatives in unions.items():
        yield from _union(union, alternatives, spec, look, meant)


def _nulls(value: Json, at: str) -> Iterator[Finding]:
    if value is None:
        yield Finding(
            codes.NULL,
            at,
            f"{field(at)} is empty (null).",
            'Leave the field out to leave it unmanaged, or write [], {} or "" to empty it.',
            Rank.FORM,
        )
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _nulls(inner, at + pointer((name,)))
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _nulls(inner, f"{at}/{index}")


def _located(error: ErrorDetails, spec: Json) -> _Error:
    """The error with its place as a pointer; the names of a union's alternatives in it are taken out."""
    value, path = spec, list[str | int]()
    union, label, at_key = None, "", False
    parts = error["loc"]
    for index, part in enumerate(parts):
        if isinstance(value, Mapping) and part in value and not at_key:
            value = value[str(part)]
        elif isinstance(value, list) and isinstance(part, int) and part < len(value):
            value = value[part]
        elif part == "[key]":
            at_key = True
            continue
        elif error["type"] == "missing" and index == len(parts) - 1:
            pass
        else:
            union, label = (pointer(path), str(part)) if union is None else (union, label)
            continue
        path.append(part)
    return _Error(error["type"], error.get("ctx", {}), error["msg"], pointer(path), at_key, union, label)


def _one(error: _Error, spec: Json, look: Look, meant: set[str | None]) -> Iterator[Finding]:
    at = "/spec" + error.about
    if error.type == "missing":
        above, _, name = error.about.rpartition("/")
        if error.about not in meant and "/spec" + above not in look.incomplete:
            message = f"{field('/spec' + above)} lacks {printable(name)}."
            yield Finding(
                codes.MISSING_FIELD,
                at,
                message,
                f"Add {printable(name)}.",
                place="/spec" + above,
                at_key=True,
            )
        return
    value = _value(spec, error.about)
    show = not look.hidden(error.about)
    wanted = _WANTED.get(error.type)
    if wanted is not None:
        yield _wrong_type(at, value, wanted, look.raw.get(at), show=show)
        return
    demand, hint = constraint(error.type, error.context, error.message if show else "", value)
    seen = found(value, look.raw.get(at), show=show)
    yield Finding(codes.BAD_VALUE, at, f"{field(at)} {demand}, but it is {seen}.", hint, at_key=error.at_key)


def _value(spec: Json, path: str) -> Json:
    value = lookup(spec, path)
    return None if isinstance(value, Missing) else value


def _wrong_type(at: str, value: Json, wanted: str, raw: str | None, *, show: bool) -> Finding:
    name = field(at)
    if wanted == "a text" and isinstance(value, (bool, int, float)):
        written = printable(raw) if raw is not None and show else None
        message = f"{name} must be a text, but without quotes {written or 'it'} is {sort_of(value)}."
        hint = f'Write "{written}", in quotes.' if written else "Put it in quotes."
        return Finding(codes.UNQUOTED, at, message, hint)
    hint = _HOW[wanted]
    if isinstance(value, str) and show:
        if wanted == "true or false" and value.casefold() in ("true", "yes", "on", "y"):
            hint = "Write true, without quotes."
        elif wanted == "true or false" and value.casefold() in ("false", "no", "off", "n"):
            hint = "Write false, without quotes."
        elif wanted.endswith("number") and re.fullmatch(r"[0-9]{1,18}", value):
            hint = f"Write {value}, without quotes."
    message = f"{name} must be {wanted}, but it is {found(value, raw, show=show)}."
    return Finding(codes.WRONG_TYPE, at, message, hint)


def _union(
    union: str, errors: list[_Error], spec: Json, look: Look, meant: set[str | None]
) -> Iterator[Finding]:
    """One finding for a value that is none of several alternatives."""
    if len({error.label for error in errors}) == 1:
        for error in errors:
            if error.type == "extra_forbidden":
                at = "/spec" + error.about
                yield Finding(
                    codes.UNKNOWN_FIELD,
                    at,
                    f"{field(at)} is no field here.",
                    "Remove it.",
                    Rank.FORM,
                    at_key=True,
                )
            else:
                yield from _one(error, spec, look, meant)
        return
    at, value = "/spec" + union, _value(spec, union)
    wanted = list(dict.fromkeys(_wanted(errors, union)))
    if "a number" in wanted and "a whole number" in wanted:
        wanted.remove("a whole number")
    message = (
        f"{field(at)} must be {listed(wanted) if wanted else 'of another form'}, but it is {sort_of(value)}."
    )
    yield Finding(codes.WRONG_TYPE, at, message, "Write one of these.")


def _wanted(errors: Iterable[_Error], union: str) -> Iterator[str]:
    for error in errors:
        if error.label in _REFERENCES:
            yield "a reference to a secret"
        elif error.about == union and error.type in _WANTED:
            yield _WANTED[error.type]
