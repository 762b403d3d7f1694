"""The envelope of a manifest: `apiVersion`, `kind` and `metadata`, and so its address."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from reconciler.manifest.findings import Finding, Rank
from reconciler.manifest.members import envelope_members
from reconciler.manifest.parsed import Parsed
from reconciler.manifest.wording import field as named
from reconciler.manifest.wording import found, listed, nearest, printable, quoted, sort_of
from reconciler.model import codes
from reconciler.model.address import Address
from reconciler.model.document import Json
from reconciler.model.kind import Kind, Kinds
from reconciler.model.spec import KEY_PATTERN

API_VERSION: Final = "reconciler/v1"
GROUP: Final = "reconciler/"
"""What our `apiVersion` starts with, whatever the version."""
STATES: Final = ("present", "absent")
LONGEST_KEY: Final = 100

_MEMBERS = ("apiVersion", "kind", "metadata", "spec")
_NOT_YET = {
    "renamedFrom": "Renaming a resource in place is not supported yet.",
    "template": "Templates are not supported yet.",
}
_NO_SPEC = "Add it; `spec: {}` manages nothing of the resource but that it is there."
_KEY = re.compile(KEY_PATTERN)
_KEY_IN_WORDS = "letters, digits, `_`, `.` and `-`, the first a letter or digit"


@dataclass(slots=True)
class Envelope:
    """What a manifest says around its spec, as far as it can be told."""

    kind: Kind | None = None
    address: Address | None = None
    absent: bool | None = None
    """`None` where the state is not legible."""
    id: str | None = None
    findings: list[Finding] = field(default_factory=list)


def is_ours(document: Json, kinds: Kinds) -> bool:
    """Whether a document means to be a manifest: by our group of versions, or by one of our kinds."""
    if not isinstance(document, Mapping):
        return False
    version, kind = document.get("apiVersion"), document.get("kind")
    return (isinstance(version, str) and version.startswith(GROUP)) or (
        isinstance(kind, str) and kind in kinds
    )


def read_envelope(parsed: Parsed, kinds: Kinds) -> Envelope:
    """The envelope of a document that is ours, with every mistake in it."""
    document = parsed.value
    assert isinstance(document, Mapping)  # noqa: S101 - `is_ours` said so
    envelope = Envelope()
    version = document.get("apiVersion", API_VERSION)
    if version != API_VERSION and "/apiVersion" not in parsed.settled:
        envelope.findings.append(
            Finding(
                codes.API_VERSION,
                "/apiVersion",
                f"apiVersion must be {API_VERSION}, but it is {found(version)}.",
                f"Write apiVersion: {API_VERSION}.",
            )
        )
        return envelope
    kind = document.get("kind")
    envelope.kind = kinds.get(kind) if isinstance(kind, str) else None
    if envelope.kind is None:
        envelope.findings += _without_kind(document, parsed, kinds)
        return envelope
    metadata = document.get("metadata")
    envelope.absent = _state(metadata)
    required = _MEMBERS if envelope.absent is False else _MEMBERS[:3]
    envelope.findings += _members(document, required, parsed)
    if isinstance(metadata, Mapping):
        envelope.findings += _metadata(envelope.kind, metadata, parsed, kinds)
        envelope.address, envelope.id = _identity(envelope, metadata)
    elif "metadata" in document:
        envelope.findings.append(_no_mapping("/metadata", metadata, _lines(envelope.kind)))
    return envelope


def _lines(kind: Kind) -> str:
    return f"It holds {listed(kind.key_names, 'and')}."


def _no_mapping(about: str, value: Json, hint: str) -> Finding:
    if value is None:
        return Finding(codes.MISSING_FIELD, about, f"{named(about)} is empty.", hint, at_key=True)
    return Finding(
        codes.WRONG_TYPE, about, f"{named(about)} must be a mapping, but it is {sort_of(value)}.", hint
    )


def _without_kind(document: Mapping[str, Json], parsed: Parsed, kinds: Kinds) -> Iterator[Finding]:
    kind = document.get("kind")
    known = f"Kinds are: {', '.join(kinds)}."
    if "kind" not in document:
        # Other members can't be judged without a kind, except for one that was meant to be it.
        for finding in _members(document, ("kind",), parsed):
            if finding.code is codes.MISSING_FIELD or nearest(finding.about[1:], ("kind",)):
                yield finding
    elif not isinstance(kind, str):
        yield from _text("/kind", kind, parsed)
    elif kind == "Template":
        message = "Templates are not supported yet."
        yield Finding(codes.UNKNOWN_KIND, "/kind", message, "Write out what documents have in common.")
    else:
        near = nearest(kind, kinds)
        hint = f"Did you mean {near}?" if near else known
        yield Finding(codes.UNKNOWN_KIND, "/kind", f"{quoted(kind)} is none of the kinds.", hint)


def _members(document: Mapping[str, Json], required: Iterable[str], parsed: Parsed) -> Iterator[Finding]:
    for finding in envelope_members(document, "", _MEMBERS, required, parsed.incomplete):
        if finding.code is not codes.MISSING_FIELD:
            yield finding
        elif finding.about == "/apiVersion":
            yield replace(finding, code=codes.API_VERSION, hint=f"Add apiVersion: {API_VERSION}.")
        elif finding.about == "/spec":
            yield replace(finding, hint=_NO_SPEC)
        else:
            yield finding


def _state(metadata: Json) -> bool | None:
    state = metadata.get("state", STATES[0]) if isinstance(metadata, Mapping) else STATES[0]
    return state == STATES[1] if isinstance(state, str) and state in STATES else None


def _metadata(kind: Kind, metadata: Mapping[str, Json], parsed: Parsed, kinds: Kinds) -> Iterator[Finding]:
    allowed = (*kind.key_names, "id", "state")
    for finding in envelope_members(metadata, "/metadata", allowed, kind.key_names, parsed.incomplete):
        later = _NOT_YET.get(finding.about.removeprefix("/metadata/"))
        yield (
            finding
            if later is None
            else replace(finding, code=codes.UNMANAGED_FIELD, message=later, hint="Leave it out.")
        )
    for name in kind.key_names:
        if name in metadata:
            yield from _text(
                f"/metadata/{name}", metadata[name], parsed, key=name in key_members(kind, kinds)
            )
    if "id" in metadata:
        yield from _text("/metadata/id", metadata["id"], parsed)
    state = metadata.get("state", STATES[0])
    if not isinstance(state, str):
        yield from _text("/metadata/state", state, parsed)
    elif state not in STATES:
        message = f"metadata.state must be {listed(STATES)}, but it is {quoted(state)}."
        hint = "Leave it out for present; absent deletes the resource."
        yield Finding(codes.BAD_VALUE, "/metadata/state", message, hint)
    if state == STATES[1] and kind.delete_needs_id and "id" not in metadata:
        yield Finding(
            codes.TOMBSTONE_WITHOUT_ID,
            "/metadata/id",
            f"A tombstone of {_a(kind.noun)} needs metadata.id, so that it never deletes another one that took over the key.",
            "Add the `_id` that LaunchDarkly's API shows for it.",
            place="/metadata",
            at_key=True,
        )


def _a(noun: str) -> str:
    return f"{'an' if noun[:1] in 'aeiou' else 'a'} {noun}"


def key_members(kind: Kind, kinds: Kinds) -> set[str]:
    """The metadata members that are keys of LaunchDarkly's own form: an own `key`, and those of what stands above."""
    found_keys = {"key"} if kind.identity == "key" else set()
    above = kind
    while above.parent is not None and above.parent in kinds:
        above = kinds[above.parent]
        if above.identity == "key":
            found_keys.add(kind.scope[len(above.key_names) - 1])
    return found_keys


def _text(about: str, value: Json, parsed: Parsed, *, key: bool = False) -> Iterator[Finding]:
    """What is wrong with a member that has to be a text, and to look like a key where it is one."""
    field_name = named(about)
    if value is None:
        yield Finding(codes.NULL, about, f"{field_name} is empty.", "Give it a value.", Rank.FORM)
    elif isinstance(value, (bool, int, float)):
        raw = printable(parsed.raw.get(about, ""))
        message = f"{field_name} must be a text, but without quotes {raw} is {sort_of(value)}."
        yield Finding(codes.UNQUOTED, about, message, f'Write "{raw}", in quotes.')
    elif not isinstance(value, str):
        hint = (
            "One document is one resource: write one document for each."
            if isinstance(value, list)
            else "Write one text."
        )
        yield Finding(
            codes.WRONG_TYPE, about, f"{field_name} must be a text, but it is {sort_of(value)}.", hint
        )
    elif not value:
        yield Finding(codes.BAD_VALUE, about, f"{field_name} is an empty text.", "Give it a value.")
    elif key and not _KEY.fullmatch(value):
        message = f"{field_name} is {quoted(value)}, and a key has only {_KEY_IN_WORDS}."
        yield Finding(
            codes.BAD_VALUE, about, message, "Write the key as LaunchDarkly shows it, not the name."
        )
    elif key and len(value) > LONGEST_KEY:
        message = f"{field_name} has {len(value)} characters, and a key has at most {LONGEST_KEY}."
        yield Finding(codes.BAD_VALUE, about, message, "Shorten it.")


def _identity(envelope: Envelope, metadata: Mapping[str, Json]) -> tuple[Address | None, str | None]:
    kind = envelope.kind
    assert kind is not None  # noqa: S101 - the caller has it
    wrong = {finding.about for finding in envelope.findings}
    keys = [
        value
        for name in kind.key_names
        if isinstance(value := metadata.get(name), str) and f"/metadata/{name}" not in wrong
    ]
    pinned = metadata.get("id")
    address = kind.address(*keys) if len(keys) == len(kind.key_names) else None
    return address, pinned if isinstance(pinned, str) and pinned else None
