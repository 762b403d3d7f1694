"""YAML text to JSON values with places: a small constructor over the parser's events.

Values are what the core schema says and nothing else. What a mistake leaves of a document is kept, so
that everything else in it can still be checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from reconciler.manifest.aliases import Anchors, limit
from reconciler.manifest.decode import BrokenYamlError
from reconciler.manifest.events import MAX_DEPTH, Events, is_empty, place_of, plain_text, too_deep
from reconciler.manifest.parsed import Parsed, ParsedFile, Place
from reconciler.manifest.scalars import NotANumberError, resolve, text_of
from reconciler.manifest.wording import quoted, sort_of
from reconciler.model import codes
from reconciler.model.diagnostic import Diagnostic, Position
from reconciler.model.document import Json

_QUOTE_IT = "If it is meant as text, put it in quotes."


def parse(text: str, file: str) -> ParsedFile:
    """The documents of a YAML text. `file` is the name that findings give it."""
    reader = _Reader(text, file)
    broken = None
    try:
        reader.read()
    except BrokenYamlError as error:
        broken = Diagnostic(error.code, error.message, Position(file, error.line, error.column), error.hint)
    limit(zip(reader.documents, reader.anchors, strict=True), reader.nodes)
    return ParsedFile(tuple(reader.documents), broken)


class _Reader:
    """The state of reading one file. Recursive over nodes, of which at most 64 stand in each other.

    Where a `pointer` is None no places are kept: that is inside of keys, and of what is thrown away.
    """

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.source = Events(text)
        self.events: Iterator[Any] = iter(self.source)
        self.documents: list[Parsed] = []
        self.anchors: list[Anchors] = []
        self.nodes = 0

    def read(self) -> None:
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                self.document, self.known = Parsed(self.file), Anchors()
                self.documents.append(self.document)
                self.anchors.append(self.known)
                self.refuse_directives(event.start_mark.index)
                self.root()
            elif not isinstance(event, DocumentEndEvent) and self.documents:
                self.refuse_directives(None)

    def root(self) -> None:
        document = self.document
        try:
            event = next(self.events)
            document.value = self.node(event, "", place_of(event), 1)
        except BrokenYamlError:
            # Half a document is no document; whose it would have been can't be told.
            document.whole, document.own_faults = False, []
            raise
        document.empty = is_empty(event)
        if isinstance(document.value, dict) and document.value:
            document.values[""] = next(iter(document.keys.values()), document.values[""])

    def refuse_directives(self, before: int | None) -> None:
        for place in self.source.directives(before):
            message = "A line that starts with % is a YAML directive, and manifests have none."
            hint = "Remove the line; manifests are always YAML 1.2."
            self.document.own_fault(codes.YAML_FEATURE, message, place, hint)

    def node(self, event: Any, pointer: str | None, place: Place, depth: int) -> Json:
        self.nodes += 1
        if isinstance(event, AliasEvent):
            return self.alias(event, pointer, depth)
        if event.ctag is not None:
            self.refuse_tag(event, pointer)
        if event.anchor is None:
            return self.content(event, pointer, place, depth)
        opened = self.known.open(event.anchor, self.nodes, depth)
        value = self.content(event, pointer, place, depth)
        self.known.close(opened, value, plain_text(event), self.nodes)
        return value

    def content(self, event: Any, pointer: str | None, place: Place, depth: int) -> Json:
        if isinstance(event, ScalarEvent):
            return self.scalar(event, pointer, place)
        if depth > MAX_DEPTH:
            raise too_deep(*place_of(event))
        self.known.deepest = max(self.known.deepest, depth)
        if pointer is not None:
            self.document.values[pointer] = place_of(event)
        if isinstance(event, SequenceStartEvent):
            return self.list(pointer, depth)
        return self.mapping(pointer, depth, is_flow=bool(event.flow_style))

    def scalar(self, event: ScalarEvent, pointer: str | None, place: Place) -> Json:
        text = plain_text(event)
        if not is_empty(event):
            place = place_of(event)
        if pointer is not None:
            self.document.values[pointer] = place
        if text is None:
            return self.quoted(event.value, place, pointer)
        try:
            value = resolve(text)
        except NotANumberError as error:
            self.document.own_fault(codes.YAML_FEATURE, f"This {error}.", place, _QUOTE_IT, pointer)
            return 0
        if pointer is not None and not isinstance(value, str):
            self.document.raw[pointer] = text
        return value

    def quoted(self, text: str, place: Place, pointer: str | None) -> str:
        whole = text_of(text)
        if whole is None:
            message = "An escape in this text stands for one half of a character alone."
            hint = "Write the character itself, or both halves of it."
            self.document.fault(codes.ENCODING, message, place, hint, pointer)
        return whole or ""

    def list(self, pointer: str | None, depth: int) -> list[Json]:
        items: list[Json] = []
        for event in self.events:
            if isinstance(event, SequenceEndEvent):
                break
            line, column = place_of(event)
            inside = None if pointer is None else f"{pointer}/{len(items)}"
            # An empty item has its place right behind its dash, and takes that of the dash.
            items.append(self.node(event, inside, (line, max(column - 1, 1)), depth + 1))
        return items

    def mapping(self, pointer: str | None, depth: int, *, is_flow: bool) -> dict[str, Json]:
        members: dict[str, Json] = {}
        places: dict[str, Place] = {}
        for event in self.events:
            if isinstance(event, MappingEndEvent):
                break
            place = place_of(event)
            key = self.key(event, place, pointer, depth)
            value = next(self.events)
            if key is None or self.refuses(event, key, place, pointer, places):
                self.node(value, None, place, depth + 1)
                continue
            inside = _below(pointer, key)
            if inside is not None:
                self.document.keys[inside] = place
            places[key] = place
            if is_flow and ":" in key and plain_text(event) is not None and is_empty(value):
                message = "A colon without a space after it ends no key here."
                hint = "Write a space after the colon, or put the text in quotes."
                self.document.own_fault(codes.SYNTAX, message, place, hint, inside)
                self.document.lose(pointer)
            members[key] = self.node(value, inside, place, depth + 1)
        return members

    def key(self, event: Any, place: Place, pointer: str | None, depth: int) -> str | None:
        """The text of a key; `None` where it is none and the member can't be kept."""
        known = len(self.document.own_faults)
        key = self.node(event, None, place, depth + 1)
        if isinstance(key, str):
            return key
        if len(self.document.own_faults) == known:
            message = f"The key here is {sort_of(key)}, and keys are texts."
            hint = _QUOTE_IT if isinstance(event, ScalarEvent) and event.value else "Write a text as the key."
            self.document.own_fault(codes.WRONG_TYPE, message, place, hint)
        self.document.lose(pointer)
        return None

    def refuses(
        self, event: Any, key: str, place: Place, pointer: str | None, places: dict[str, Place]
    ) -> bool:
        if key in places:
            message = (
                f"The key {quoted(key)} stands here a second time; the first is in line {places[key][0]}."
            )
            self.document.own_fault(codes.DUPLICATE_KEY, message, place, "Remove one of them.")
            self.document.lose(_below(pointer, key))
            return True
        if key == "<<" and plain_text(event) is not None:
            message = "The merge key << stands here, which YAML 1.2 doesn't have."
            self.document.own_fault(codes.YAML_FEATURE, message, place, "Write out what it would merge.")
            self.document.lose(pointer)
            return True
        return False

    # The names of tags and aliases are never quoted: they may be half of a secret that lacks its quotes.

    def refuse_tag(self, event: Any, pointer: str | None) -> None:
        if str(event.ctag).startswith("tag:yaml.org,2002:"):
            message = "A tag (`!!…`) stands here, and manifests have none."
            hint = "Remove it; a value in quotes is a text anyway."
        else:
            message, hint = "A custom tag (`!…`) stands here, and manifests have none.", _QUOTE_IT
        self.document.fault(codes.TAG, message, place_of(event), hint, pointer)

    def alias(self, event: AliasEvent, pointer: str | None, depth: int) -> Json:
        place = place_of(event)
        if pointer is not None:
            self.document.values[pointer] = place
        anchored = self.known.refer(event.anchor, place, depth)
        if anchored is None:
            if self.known.is_open(event.anchor):
                message = "The alias (`*…`) here stands inside of what it refers to."
                self.document.fault(codes.LIMIT, message, place, "Write out what it stands for.", pointer)
            else:
                message = "The alias (`*…`) here refers to no anchor (`&…`) above it in the document."
                self.document.fault(codes.SYNTAX, message, place, _QUOTE_IT, pointer)
            return None
        if depth - 1 + anchored.height > MAX_DEPTH and self.document.whole:
            self.document.whole = False
            fault = too_deep(*place)
            self.document.fault(fault.code, fault.message, place, "Write it out, with fewer levels.", pointer)
        if pointer is not None and anchored.raw is not None and not isinstance(anchored.value, str):
            self.document.raw[pointer] = anchored.raw
        return anchored.value


def _below(pointer: str | None, key: str) -> str | None:
    return None if pointer is None else pointer + "/" + key.replace("~", "~0").replace("/", "~1")
