"""YAML text to JSON values with places: a small constructor over the parser's events.

Values are what the core schema says and nothing else. What a mistake leaves of a document is kept, so
that everything else in it can still be checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from reconciler.manifest.decode import BrokenYamlError
from reconciler.manifest.events import MAX_DEPTH, Events, too_deep
from reconciler.manifest.scalars import NotANumberError, resolve, text_of
from reconciler.manifest.wording import quoted, sort_of
from reconciler.model import codes
from reconciler.model.codes import Code
from reconciler.model.diagnostic import Diagnostic, Position
from reconciler.model.document import Json
from reconciler.model.state import Positions

MAX_EXPANSION: Final = 10
"""How many times the file's own nodes aliases may add."""

_QUOTE_IT = "If it is meant as text, put it in quotes."
_ENORMOUS = 1 << 60


@dataclass(slots=True)
class Parsed:
    """One YAML document: its value, where everything in it stands, and what is wrong with it already."""

    file: str
    value: Json = None
    values: dict[str, tuple[int, int]] = field(default_factory=dict)
    keys: dict[str, tuple[int, int]] = field(default_factory=dict)
    raw: dict[str, str] = field(default_factory=dict)
    """How the file writes the plain scalars that are no texts, by pointer."""
    empty: bool = True
    """Whether nothing stands in it."""
    whole: bool = True
    """Whether its value may be looked at: not where it contains itself, or unfolds without measure."""
    faults: list[Diagnostic] = field(default_factory=list)
    """Mistakes in anybody's documents: syntax, tags, limits."""
    own_faults: list[Diagnostic] = field(default_factory=list)
    """Mistakes if the document is a manifest of ours."""
    settled: set[str] = field(default_factory=set)
    """Pointers about whose values these faults have said it all."""
    incomplete: set[str] = field(default_factory=set)
    """Pointers of mappings that lost members to these faults, so that nothing can be called missing there."""

    @property
    def positions(self) -> Positions:
        """The places as the rest of the tool knows them."""
        return Positions(self.file, self.values, self.keys)


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """The documents of one file; where it is broken, those before, and the finding."""

    documents: tuple[Parsed, ...]
    broken: Diagnostic | None = None


@dataclass(frozen=True, slots=True)
class _Anchor:
    value: Json
    size: int
    """How many nodes it unfolds to."""
    height: int
    """How many levels of lists and mappings it has."""
    raw: str | None


def parse(text: str, file: str) -> ParsedFile:
    """The documents of a YAML text. `file` is the name that findings give it."""
    reader = _Reader(text, file)
    broken = None
    try:
        reader.read()
    except BrokenYamlError as error:
        broken = Diagnostic(error.code, error.message, Position(file, error.line, error.column), error.hint)
    reader.limit_aliases()
    return ParsedFile(tuple(reader.documents), broken)


class _Reader:
    """The state of reading one file: recursive over nodes, of which at most 64 stand in each other."""

    def __init__(self, text: str, file: str) -> None:
        self.file = file
        self.source = Events(text)
        self.events: Iterator[Any] = iter(self.source)
        self.documents: list[Parsed] = []
        self.nodes = 0
        self.unfolded: dict[int, list[tuple[int, int, int]]] = {}
        """For each document with aliases: nodes added so far, line and column, at each alias."""
        self._start_document()

    def _start_document(self) -> None:
        self.document = Parsed(self.file)
        self.anchors: dict[str, _Anchor | None] = {}
        self.added = 0
        self.deepest = 0

    def read(self) -> None:
        for event in self.events:
            if isinstance(event, DocumentStartEvent):
                self._start_document()
                self.documents.append(self.document)
                self._refuse_directives(event.start_mark.index)
                self._read_root(next(self.events))
            elif not isinstance(event, DocumentEndEvent) and self.documents:
                self._refuse_directives(_ENORMOUS)

    def _read_root(self, event: Any) -> None:
        document = self.document
        try:
            document.value = self._node(
                event, "", (event.start_mark.line + 1, event.start_mark.column + 1), 1
            )
        except BrokenYamlError:
            # Half a document is no document; what was found in it stands nevertheless.
            document.whole, document.own_faults = False, []
            document.empty = False
            raise
        document.empty = _is_empty(event)
        if isinstance(document.value, dict) and document.value:
            document.values[""] = next(iter(document.keys.values()), document.values[""])

    def limit_aliases(self) -> None:
        """Marks the documents whose aliases unfold beyond the limit, which the whole file sets."""
        left = MAX_EXPANSION * self.nodes
        for index, steps in self.unfolded.items():
            beyond = next((step for step in steps if step[0] > left), None)
            if beyond is None:
                left -= steps[-1][0]
                continue
            document = self.documents[index]
            document.whole = False
            document.faults.append(
                Diagnostic(
                    codes.LIMIT,
                    f"Aliases unfold to more than {MAX_EXPANSION} times of what the file holds, from this one on.",
                    Position(self.file, beyond[1], beyond[2]),
                    "Write out what is repeated, or split the file.",
                )
            )

    def _refuse_directives(self, index: int) -> None:
        for line, column in self.source.directives_before(index):
            self.document.own_faults.append(
                Diagnostic(
                    codes.YAML_FEATURE,
                    "A line that starts with % is a YAML directive, and manifests have none.",
                    Position(self.file, line, column),
                    "Remove the line; manifests are always YAML 1.2.",
                )
            )

    # Nodes. `pointer` is None where places are not kept: inside of what is thrown away.

    def _node(self, event: Any, pointer: str | None, place: tuple[int, int], depth: int) -> Json:
        self.nodes += 1
        if isinstance(event, AliasEvent):
            return self._alias(event, pointer, depth)
        if event.ctag is not None:
            self._refuse_tag(event, pointer)
        if event.anchor is not None:
            return self._anchored(event, pointer, place, depth)
        return self._content(event, pointer, place, depth)

    def _content(self, event: Any, pointer: str | None, place: tuple[int, int], depth: int) -> Json:
        if isinstance(event, ScalarEvent):
            return self._scalar(event, pointer, place)
        mark = event.start_mark
        if depth > MAX_DEPTH:
            raise too_deep(mark.line + 1, mark.column + 1)
        self.deepest = max(self.deepest, depth)
        if pointer is not None:
            self.document.values[pointer] = (mark.line + 1, mark.column + 1)
        if isinstance(event, SequenceStartEvent):
            return self._list(pointer, depth)
        return self._mapping(event, pointer, depth)

    def _scalar(self, event: Any, pointer: str | None, place: tuple[int, int]) -> Json:
        mark = event.start_mark
        text: str = event.value
        plain = event.style is None
        if not (plain and _is_empty(event)):
            place = (mark.line + 1, mark.column + 1)
        if pointer is not None:
            self.document.values[pointer] = place
        if not plain:
            whole = text_of(text)
            if whole is None:
                raise BrokenYamlError(
                    codes.ENCODING,
                    "An escape in this text stands for one half of a character alone.",
                    "Write the character itself, or both halves of it.",
                    *place,
                )
            return whole
        try:
            value = resolve(text)
        except NotANumberError as error:
            self._own(codes.YAML_FEATURE, f"This {error}.", place, _QUOTE_IT, pointer)
            return 0
        if pointer is not None and not isinstance(value, str):
            self.document.raw[pointer] = text
        return value

    def _list(self, pointer: str | None, depth: int) -> list[Json]:
        items: list[Json] = []
        for event in self.events:
            if isinstance(event, SequenceEndEvent):
                break
            mark = event.start_mark
            inside = None if pointer is None else f"{pointer}/{len(items)}"
            # An empty item has its place right behind its dash, which is the dash's own column from 1.
            items.append(self._node(event, inside, (mark.line + 1, max(mark.column, 1)), depth + 1))
        return items

    def _mapping(self, start: MappingStartEvent, pointer: str | None, depth: int) -> dict[str, Json]:
        members: dict[str, Json] = {}
        places: dict[str, tuple[int, int]] = {}
        for event in self.events:
            if isinstance(event, MappingEndEvent):
                break
            place = (event.start_mark.line + 1, event.start_mark.column + 1)
            key = self._key(event, place, pointer, depth)
            value = next(self.events)
            if key is None or self._refuse_key(event, key, place, pointer, places):
                self._node(value, None, place, depth + 1)
                continue
            inside = _below(pointer, key)
            if inside is not None:
                self.document.keys[inside] = place
            places[key] = place
            if start.flow_style and ":" in key and event.style is None and _is_empty(value):
                message = "A colon without a space after it ends no key here."
                hint = "Write a space after the colon, or put the text in quotes."
                self._own(codes.SYNTAX, message, place, hint, inside)
                self._lose(pointer)
            members[key] = self._node(value, inside, place, depth + 1)
        return members

    def _key(self, event: Any, place: tuple[int, int], pointer: str | None, depth: int) -> str | None:
        """The text of a key; `None` where it is none and the member can't be kept."""
        known = len(self.document.own_faults)
        key = self._node(event, None, place, depth + 1)
        if isinstance(key, str):
            return key
        if len(self.document.own_faults) == known:
            hint = _QUOTE_IT if isinstance(event, ScalarEvent) and event.value else "Write a text as the key."
            self._own(
                codes.WRONG_TYPE, f"The key here is {sort_of(key)}, and keys are texts.", place, hint, None
            )
        self._lose(pointer)
        return None

    def _refuse_key(
        self,
        event: Any,
        key: str,
        place: tuple[int, int],
        pointer: str | None,
        places: dict[str, tuple[int, int]],
    ) -> bool:
        if key == "<<" and getattr(event, "style", "") is None:
            message = "The merge key << stands here, which YAML 1.2 doesn't have."
            self._own(codes.YAML_FEATURE, message, place, "Write out what it would merge.", None)
            self._lose(pointer)
        elif key in places:
            first = "line {}, column {}".format(*places[key])
            message = f"The key {quoted(key)} stands here a second time; the first is in {first}."
            self._own(codes.DUPLICATE_KEY, message, place, "Remove one of them.", None)
            self._lose(_below(pointer, key))
        else:
            return False
        return True

    def _own(self, code: Code, message: str, place: tuple[int, int], hint: str, pointer: str | None) -> None:
        self.document.own_faults.append(Diagnostic(code, message, Position(self.file, *place), hint))
        if pointer is not None:
            self.document.settled.add(pointer)

    def _lose(self, pointer: str | None) -> None:
        if pointer is not None:
            self.document.incomplete.add(pointer)

    # Tags, anchors and aliases. Their names are never quoted: they may be a secret that lacks its quotes.

    def _refuse_tag(self, event: Any, pointer: str | None) -> None:
        mark = event.start_mark
        standard = str(event.ctag).startswith("tag:yaml.org,2002:")
        self._fault(
            codes.TAG,
            "A tag (`!!…`) stands here, and manifests have none." if standard
            else "A custom tag (`!…`) stands here, and manifests have none.",
            (mark.line + 1, mark.column + 1),
            "Remove it; a value in quotes is a text anyway." if standard else _QUOTE_IT,
            pointer,
        )  # fmt: skip

    def _anchored(self, event: Any, pointer: str | None, place: tuple[int, int], depth: int) -> Json:
        nodes, added, deepest = self.nodes, self.added, self.deepest
        self.anchors[event.anchor] = None  # while it is open it can't be referred to
        self.deepest = depth - 1
        value = self._content(event, pointer, place, depth)
        self.anchors[event.anchor] = _Anchor(
            value,
            self.nodes - nodes + 1 + self.added - added,
            self.deepest - depth + 1,
            event.value if isinstance(event, ScalarEvent) and event.style is None else None,
        )
        self.deepest = max(self.deepest, deepest)
        return value

    def _alias(self, event: AliasEvent, pointer: str | None, depth: int) -> Json:
        place = (event.start_mark.line + 1, event.start_mark.column + 1)
        if pointer is not None:
            self.document.values[pointer] = place
        anchor = self.anchors.get(event.anchor)
        if anchor is None:
            if event.anchor in self.anchors:
                message, hint = "The alias (`*…`) here stands inside of what it refers to.", "Write it out."
                self._fault(codes.LIMIT, message, place, hint, pointer)
            else:
                message = "The alias (`*…`) here refers to no anchor (`&…`) above it in the document."
                self._fault(codes.SYNTAX, message, place, _QUOTE_IT, pointer)
            return None
        self.added = min(self.added + anchor.size, _ENORMOUS)
        self.unfolded.setdefault(len(self.documents) - 1, []).append((self.added, *place))
        self.deepest = max(self.deepest, depth - 1 + anchor.height)
        if depth - 1 + anchor.height > MAX_DEPTH and self.document.whole:
            self.document.whole = False
            found = too_deep(*place)
            self._fault(found.code, found.message, place, "Write it out, with fewer levels.", pointer)
        if pointer is not None and anchor.raw is not None and not isinstance(anchor.value, str):
            self.document.raw[pointer] = anchor.raw
        return anchor.value

    def _fault(
        self, code: Code, message: str, place: tuple[int, int], hint: str, pointer: str | None
    ) -> None:
        self.document.faults.append(Diagnostic(code, message, Position(self.file, *place), hint))
        if pointer is not None:
            self.document.settled.add(pointer)


def _below(pointer: str | None, key: str) -> str | None:
    return None if pointer is None else pointer + "/" + key.replace("~", "~0").replace("/", "~1")


def _is_empty(event: Any) -> bool:
    """Whether nothing at all stands where an event says that there is a scalar."""
    return (
        isinstance(event, ScalarEvent) and not event.value and event.start_mark.index == event.end_mark.index
    )
