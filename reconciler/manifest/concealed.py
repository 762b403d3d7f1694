"""Secrets in a document: where references stand, what stands in clear, and what may be shown of it."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress

from reconciler.manifest.findings import Finding, Rank
from reconciler.manifest.wording import field
from reconciler.model import codes
from reconciler.model.document import Json, pointer, tokens
from reconciler.model.secrets import as_reference, looks_masked
from reconciler.model.shape import OPAQUE, Shape

_HOW = "Write {fromEnv: NAME}, or {fromFile: PATH}, and keep the value out of the manifest."
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}")
_SOURCES = ("fromEnv", "fromFile")


def conceals(shape: Shape, path: str) -> bool:
    """Whether the value at a pointer may be, or may hold, something that must not be shown."""
    for token in tokens(path):
        unlisted = token not in shape.members
        if _conceals(shape) or (unlisted and _holds_secrets(shape)):
            return True
        shape = shape.member(token)
    return _conceals(shape) or _holds_secrets(shape)


def _conceals(shape: Shape) -> bool:
    free_form = shape.atomic and not shape.members
    return shape.secret or free_form


def _holds_secrets(shape: Shape) -> bool:
    return shape.rest is not None or any(member.secret for member in shape.members.values())


def secret_findings(document: Json, shape: Shape) -> Iterator[Finding]:
    """Literal secrets, masks, and references that are malformed, refused or out of place. `document` is a spec."""
    yield from _walk(document, shape, "/spec", is_config=False)


def _walk(value: Json, shape: Shape, at: str, *, is_config: bool, listed: bool = True) -> Iterator[Finding]:
    if shape.secret:
        yield from _secret(value, at, known=listed)
        return
    if as_reference(value) is not None:
        yield Finding(
            codes.MISPLACED_REFERENCE,
            at,
            f"{field(at)} is a reference to a secret, and this is no secret field.",
            "Write the value itself; references stand only in variables of a config that hold a secret.",
            Rank.PLACE,
        )
    elif isinstance(value, Mapping):
        is_config = is_config or shape.atomic or _holds_secrets(shape)
        for name, inner in value.items():
            below = at + pointer((name,))
            yield from _walk(
                inner, shape.member(name), below, is_config=is_config, listed=name in shape.members
            )
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from _walk(inner, OPAQUE, f"{at}/{index}", is_config=is_config)
    elif is_config and isinstance(value, str) and looks_masked(value):
        yield _mask(at, Rank.PLACE)


def _secret(value: Json, at: str, *, known: bool) -> Iterator[Finding]:
    # Of a member that no one listed, that it is unknown says more than that it would be secret.
    rank = Rank.SECRET if known else Rank.PLACE
    name = field(at)
    reference = as_reference(value)
    if reference is not None:
        refusal = reference.refusal()
        if refusal:
            # What is no name may be the secret itself, put in the wrong place.
            shown = f" {reference.name}" if _NAME.fullmatch(reference.name) else ""
            message = f"{name} has the {reference.source}{shown}, which {refusal}."
            yield Finding(codes.BAD_REFERENCE, at, message, "Keep the secret in a variable of its own.", rank)
    elif isinstance(value, Mapping):
        yield Finding(codes.BAD_REFERENCE, at, f"{name} is {_malformed(value)}.", _HOW, rank)
    elif isinstance(value, str) and looks_masked(value):
        yield _mask(at, rank)
    elif isinstance(value, str) or (known and isinstance(value, (bool, int, float))):
        message = f"{name} holds a secret in clear, and a manifest can only refer to one."
        hint = f"{_HOW} Replace the secret, if the file was ever shared."
        yield Finding(codes.LITERAL_SECRET, at, message, hint, rank)


def _mask(at: str, rank: Rank) -> Finding:
    message = f"{field(at)} looks like a mask, as LaunchDarkly shows instead of a stored secret."
    hint = _HOW if rank is Rank.SECRET else "Write the value itself."
    return Finding(codes.MASK, at, message, f"A mask is never written. {hint}", rank)


def _malformed(value: Mapping[str, Json]) -> str:
    given = [source for source in _SOURCES if source in value]
    if not given:
        return "a mapping, but no reference to a secret"
    if len(value) > 1:
        return f"a reference that holds more than {given[0]}"
    return f"a reference whose {given[0]} is no text"


def with_paths_from(document: Json, folder: str, directory: str) -> Json:
    """The document with the file of each `fromFile` relative to the working directory.

    In a manifest it is relative to the manifest's `folder`. What holds no such reference stays the
    same object.
    """
    reference = as_reference(document)
    if reference is not None:
        if reference.source != "fromFile" or os.path.isabs(reference.name):  # noqa: PTH117
            return document
        whole = os.path.normpath(os.path.join(folder, reference.name))  # noqa: PTH118
        return {"fromFile": _posix(whole, directory)}
    if isinstance(document, Mapping):
        members = {name: with_paths_from(value, folder, directory) for name, value in document.items()}
        return members if any(members[name] is not value for name, value in document.items()) else document
    if isinstance(document, list):
        items = [with_paths_from(value, folder, directory) for value in document]
        return items if any(new is not old for new, old in zip(items, document, strict=True)) else document
    return document


def _posix(whole: str, directory: str) -> str:
    with suppress(ValueError):  # another drive, from which nothing is relative
        whole = os.path.relpath(whole, os.path.realpath(directory))
    return whole.replace(os.sep, "/")
