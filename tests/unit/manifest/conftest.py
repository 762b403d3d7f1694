"""Toy kinds that have everything a kind can have, and manifests given as text."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Annotated, Literal

import pytest
from pydantic import Field, JsonValue

from reconciler.manifest.load import Loaded, load
from reconciler.model import codes
from reconciler.model.address import Address
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.kind import Kind, Kinds, Listing
from reconciler.model.shape import Atomic, Excludes, FromSibling, Secret, Shape, Unordered
from reconciler.model.spec import Color, ConfigValue, Key, Spec, Tag, Text, declared
from reconciler.model.state import Declared


class Form(Spec):
    round: bool = declared("Whether it is round.")
    wide: bool = declared("Whether it is wide.")


class PlanetSpec(Spec):
    name: Text = declared("Its name.")
    tags: Annotated[list[Tag], Unordered()] = declared("Its tags.")
    flat: Annotated[bool, Excludes("/form/round", when="declared")] = declared("The older name.")
    form: Annotated[Form, Atomic()] = declared("Its form.")


class Guard(Spec):
    required: Annotated[bool, Excludes("/requiredTags")] = declared("Always.")
    requiredTags: Annotated[list[Tag], Excludes("/required")] = declared("Sometimes.")  # noqa: N815
    count: Annotated[int, Field(ge=1, le=5)] = declared("How many.")


class Source(Spec):
    key: Key
    version: int = declared("Which.")


class MoonSpec(Spec):
    name: Text = declared("Its name.")
    color: Color = declared("Its color.")
    size: Annotated[int, Field(ge=0, le=60)] = declared("Its size.")
    weight: Annotated[float, Field(gt=0, lt=10)] = declared("Its weight.")
    bright: bool = declared("Whether it shines.")
    orbit: Literal["near", "middle", "far"] = declared("Where it is.")
    tags: Annotated[list[Tag], Unordered(), Field(max_length=5)] = declared("Its tags.")
    guard: Guard = declared("Who looks at it.")
    source: Annotated[Source, Atomic(), FromSibling("key")] = declared("What it is cloned from.")
    notes: Annotated[dict[str, JsonValue], Atomic()] = declared("Whatever one likes.")
    password: Annotated[ConfigValue, Secret()] = declared("What it is locked with.")


class BeaconSpec(Spec):
    on: bool = declared("Whether it is on.")
    config: Annotated[dict[str, ConfigValue], Atomic()] = declared("Its variables.")


_ACME = {"store": False, "flag": False, "token": True}


def _beacon_shape(address: Address, shape: Shape) -> Shape:
    known = _ACME if address.keys[1] == "acme" else {}
    members = {name: Shape(secret=secret) for name, secret in known.items()}
    return shape.with_member("config", Shape(members=members, rest=Shape(secret=True), atomic=True))


def _beacon_check(found: Declared) -> Iterable[Diagnostic]:
    if found.address.keys[1] != "acme":
        place = found.positions.value("/metadata/maker")
        yield Diagnostic(codes.UNKNOWN_INTEGRATION, "Nobody knows it.", place, "Look it up.", found.address)
        return
    config = found.document.get("config")
    if not isinstance(config, Mapping):
        return
    for name in config:
        if name not in _ACME:
            place = found.positions.key(f"/spec/config/{name}")
            yield Diagnostic(
                codes.UNKNOWN_VARIABLE, f"Nobody knows {name}.", place, "Look it up.", found.address
            )
    if "store" not in config:
        place = found.positions.key("/spec/config")
        yield Diagnostic(codes.MISSING_VARIABLE, "It lacks store.", place, "Add it.", found.address)
    if "flag" in config and not isinstance(config["flag"], bool):
        place = found.positions.value("/spec/config/flag")
        yield Diagnostic(codes.WRONG_TYPE, "flag must be true or false.", place, "Mend it.", found.address)


_URL = "/api/{planet}/{key}"

PLANET = Kind(
    name="Planet",
    noun="planet",
    spec=PlanetSpec,
    scope=(),
    identity="key",
    item="/api/{key}",
    create="/api",
    listing=Listing(path="/api"),
    delete_needs_id=True,
    unmanaged={"/moons": "Moons are manifests of their own."},
)
MOON = Kind(
    name="Moon",
    noun="moon",
    spec=MoonSpec,
    scope=("planet",),
    identity="key",
    parent="Planet",
    item=_URL,
    create="/api/{planet}",
    listing=Listing(path="/api/{planet}"),
    delete_needs_id=True,
    unmanaged={"/guard/service": "Nobody can change it."},
)
BEACON = Kind(
    name="LightBeacon",
    noun="beacon",
    spec=BeaconSpec,
    scope=("planet", "maker"),
    identity="name",
    parent="Planet",
    item="/api/{planet}/{maker}/{id}",
    create="/api/{planet}/{maker}",
    listing=Listing(path="/api/beacons"),
    refine=_beacon_shape,
    check=_beacon_check,
    unmanaged={"/name": "The name stands in metadata."},
)

KINDS: Kinds = {kind.name: kind for kind in (PLANET, MOON, BEACON)}


@pytest.fixture
def kinds() -> Kinds:
    return KINDS


@pytest.fixture
def with_check() -> Callable[[str, Callable[[Declared], Iterable[Diagnostic]]], Kinds]:
    """The toy kinds, one of them with another hatch."""

    def make(name: str, check: Callable[[Declared], Iterable[Diagnostic]]) -> Kinds:
        return {**KINDS, name: replace(KINDS[name], check=check)}

    return make


Read = Callable[[str], Loaded]


@pytest.fixture
def read(tmp_path: Path, kinds: Kinds) -> Read:
    """Loads one text as standard input, where everything has to be a manifest."""

    def read_text(text: str) -> Loaded:
        return load(["-"], kinds, directory=tmp_path, stdin=lambda: dedent(text).lstrip("\n").encode())

    return read_text


Brief = Callable[[Loaded], list[tuple[str, int, int]]]


@pytest.fixture
def brief() -> Brief:
    """Code, line and column of every finding."""

    def findings(loaded: Loaded) -> list[tuple[str, int, int]]:
        return [
            (found.code.text, found.position.line, found.position.column)
            for found in loaded.diagnostics
            if found.position is not None
        ]

    return findings


Write = Callable[[Mapping[str, str]], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes files below the working directory of the test, which it returns."""

    def write_files(files: Mapping[str, str]) -> Path:
        for name, text in files.items():
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(dedent(text).lstrip("\n").encode())
        return tmp_path

    return write_files
