"""A kind that the engine has never heard of, alone in the world: one object, and nothing else."""

from __future__ import annotations

import ast
import copy
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any

import jsonpatch
import pytest
from laws.law_strategies import masked

import reconciler
from reconciler import api
from reconciler.api import Target
from reconciler.kinds.registry import load_kinds
from reconciler.model.kind import Kind, Kinds, Listing
from reconciler.model.secrets import Secrets
from reconciler.model.shape import (
    AbsentMeans,
    AfterCreate,
    Atomic,
    CreateOnly,
    Direction,
    Needed,
    Protects,
    Secret,
    Shape,
    Stored,
    Unordered,
    WriteOnly,
)
from reconciler.model.spec import FromEnv, FromFile, Spec, declared
from reconciler.planning.plan import Outcome, Plan, Status


class Dimmer(Spec):
    """How bright a lamp may be."""

    least: Annotated[int, Protects(Direction.HIGHER)] = declared("The darkest.")
    fades: Annotated[bool, AbsentMeans(value=False)] = declared("Whether it fades.")


class LampSpec(Spec):
    """What a manifest may declare of a lamp."""

    colour: Annotated[str, Needed()] = declared("The colour of its light.")
    rooms: Annotated[list[str], Unordered()] = declared("Where it shines.")
    pin: Annotated[FromEnv | FromFile, Secret()] = declared("What unlocks it.")
    wiring: Annotated[dict[str, int], Atomic()] = declared("Which wire goes where, as a whole.")
    dimmer: Annotated[Dimmer, Stored(), AfterCreate()] = declared("Only once it hangs.")
    factory: Annotated[str, CreateOnly(), WriteOnly()] = declared("Where it was made.")


LAMP = Kind(
    name="Lamp",
    noun="lamp",
    spec=LampSpec,
    scope=("house",),
    identity="name",
    item="/houses/{house}/lamps/{id}",
    create="/houses/{house}/lamps",
    listing=Listing(path="/lamps", details=("wiring",)),
)
KINDS: Kinds = {LAMP.name: LAMP}
SECRETS = {"PIN": "pin-5ecret-value-0", "OTHER": "xyz-0ther-secret-9"}


class Lamps:
    """A service that has nothing but lamps. It keeps a fuller dimmer than it shows, and masks pins."""

    def __init__(self) -> None:
        self.lamps: dict[str, dict[str, Any]] = {}
        self.writes: list[tuple[str, str, Any]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        content = (await receive()).get("body") or b"null"
        status, answer = self.answer(scope["method"], scope["path"], json.loads(content))
        body = b"" if answer is None else json.dumps(answer).encode()
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def answer(self, method: str, path: str, body: Any) -> tuple[int, Any]:
        if method != "GET":
            self.writes.append((method, path, body))
        _, *steps = path.split("/")
        if (method, steps) == ("GET", ["lamps"]):
            hidden = ("wiring",)
            shown = [self.shown(each) for each in self.lamps.values()]
            return 200, {"items": [{k: v for k, v in each.items() if k not in hidden} for each in shown]}
        if method == "POST":
            if {"dimmer"} & set(body):
                return 400, {"message": "it does not hang yet"}
            id_ = f"lamp-{len(self.lamps)}"
            fixed = {"_id": id_, "houseKey": steps[1], "dimmer": {"least": 0, "fades": None}}
            self.lamps[id_] = {**body, **fixed}
            del self.lamps[id_]["factory"]
            return 201, self.shown(self.lamps[id_])
        held = self.lamps.get(steps[-1])
        if held is None:
            return 404, {"message": "no such lamp"}
        if method == "PATCH":
            held = self.lamps[steps[-1]] = jsonpatch.apply_patch(held, body)
        if method == "DELETE":
            del self.lamps[steps[-1]]
            return 204, None
        return 200, self.shown(held)

    def shown(self, held: Mapping[str, Any]) -> dict[str, Any]:
        document = copy.deepcopy({**held, "wattage": 40, "_links": {}})
        if "pin" in document:
            document["pin"] = masked(document["pin"])
        if document["dimmer"]["fades"] is None:
            del document["dimmer"]["fades"]
        return document


@pytest.fixture
def lamps() -> Lamps:
    return Lamps()


def manifest(name: str, spec: Mapping[str, Any] | None, **metadata: Any) -> str:
    document = {
        "apiVersion": "reconciler/v1",
        "kind": "Lamp",
        "metadata": {"house": "h", "name": name, **metadata},
    }
    return json.dumps(document if spec is None else {**document, "spec": spec}) + "\n---\n"


def planned(lamps: Lamps, *manifests: str, secrets: Mapping[str, str] = SECRETS) -> Plan:
    loaded = api.load(["-"], stdin="".join(manifests).encode, kinds=KINDS)
    plan = reconciler.plan(loaded, Target("http://lamps", "t", lamps), secrets=Secrets(secrets), kinds=KINDS)
    assert not plan.has_errors, plan.diagnostics
    return plan


def applied(lamps: Lamps, *manifests: str) -> tuple[Outcome, ...]:
    plan = planned(lamps, *manifests)
    target = Target("http://lamps", "t", lamps)
    lamps.writes.clear()
    outcomes = reconciler.apply(plan, target, secrets=Secrets(SECRETS), kinds=KINDS)
    assert {each.status for each in outcomes} == {Status.APPLIED}
    return outcomes


HALL = {
    "colour": "warm",
    "rooms": ["hall", "stairs"],
    "pin": {"fromEnv": "PIN"},
    "wiring": {"red": 1},
    "dimmer": {"least": 10, "fades": False},
    "factory": "east",
}


def test_it_is_created_with_what_a_create_takes_and_then_finished(lamps: Lamps) -> None:
    applied(lamps, manifest("hall", HALL))
    at_once = {"name": "hall", **{name: value for name, value in HALL.items() if name != "dimmer"}}
    assert lamps.writes == [
        ("POST", "/houses/h/lamps", {**at_once, "pin": SECRETS["PIN"]}),
        ("PATCH", "/houses/h/lamps/lamp-0", [{"op": "replace", "path": "/dimmer/least", "value": 10}]),
    ]
    assert planned(lamps, manifest("hall", HALL)).changes == ()


def test_each_sort_of_field_is_changed_in_its_own_way(lamps: Lamps) -> None:
    applied(lamps, manifest("hall", HALL))
    lamps.lamps["lamp-0"]["wiring"]["green"] = 2
    lamps.lamps["lamp-0"]["rooms"].reverse()
    assert planned(lamps, manifest("hall", HALL)).changes == ()
    changed = {
        "rooms": ["stairs"],
        "pin": {"fromEnv": "OTHER"},
        "wiring": {"red": 3},
        "dimmer": {"least": 5, "fades": True},
        "factory": "west",
    }
    [change] = planned(lamps, manifest("hall", changed)).changes
    assert [(each.op, each.path, each.value) for each in change.patch] == [
        ("replace", "/dimmer/fades", True),
        ("replace", "/dimmer/least", 5),
        ("replace", "/pin", {"fromEnv": "OTHER"}),
        ("replace", "/rooms", ["stairs"]),
        ("replace", "/wiring", {"red": 3, "green": 2}),
    ]
    assert change.loosens == ("/dimmer/least",)
    applied(lamps, manifest("hall", changed))
    assert lamps.lamps["lamp-0"]["pin"] == SECRETS["OTHER"]
    assert planned(lamps, manifest("hall", changed)).changes == ()


def test_it_is_renamed_and_deleted_by_its_id(lamps: Lamps) -> None:
    applied(lamps, manifest("hall", HALL))
    applied(lamps, manifest("corridor", {}, id="lamp-0"))
    assert lamps.writes == [
        ("PATCH", "/houses/h/lamps/lamp-0", [{"op": "replace", "path": "/name", "value": "corridor"}])
    ]
    applied(lamps, manifest("corridor", None, state="absent"))
    assert lamps.lamps == {}


def test_it_can_be_shown(lamps: Lamps) -> None:
    plan = planned(lamps, manifest("hall", HALL))
    said = reconciler.render(plan, kinds=KINDS)
    assert "+ Lamp/h/hall will be created" in said
    assert "(secret from variable PIN)" in said
    assert SECRETS["PIN"] not in said + reconciler.render(plan, "json", kinds=KINDS) + repr(plan)


def test_its_schema_and_its_findings_come_of_themselves() -> None:
    assert "lamp.schema.json" in api.schemas(KINDS)
    text = manifest("hall", {"color": "warm", "rooms": 5, "pin": "1234"})
    found = api.load(["-"], stdin=text.encode, kinds=KINDS).diagnostics
    assert sorted(each.code.text for each in found) == ["LDR203", "LDR205", "LDR304"]


# The other side of it: nothing of the kinds that there are stands outside of their own rooms.

SOURCES = sorted(
    path
    for path in Path(reconciler.__file__).parent.rglob("*.py")
    if not {"kinds", "sandbox"} & set(path.relative_to(Path(reconciler.__file__).parent).parts)
)


def constants(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Every text in a program that is no documentation."""
    documentation = {
        id(node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documentation:
            yield node.lineno, node.value


def field_names(shape: Shape) -> Iterator[str]:
    for name, member in shape.members.items():
        yield name
        yield from field_names(member)


KIND_NAMES = set(load_kinds())
OWN_FIELDS = {
    name
    for kind in load_kinds().values()
    for name in field_names(kind.own_shape)
    if any(map(str.isupper, name))
}


@pytest.mark.parametrize(
    "path", SOURCES, ids=lambda path: path.relative_to(Path(reconciler.__file__).parent).as_posix()
)
def test_the_engine_names_no_kind_and_no_field_of_one(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    named = [
        (line, text)
        for line, text in constants(tree)
        if text in KIND_NAMES | OWN_FIELDS or any(text.startswith(f"{name}/") for name in KIND_NAMES)
    ]
    named += [
        (node.lineno, node.attr if isinstance(node, ast.Attribute) else node.id)
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr in KIND_NAMES | OWN_FIELDS)
        or (isinstance(node, ast.Name) and node.id in KIND_NAMES | OWN_FIELDS)
    ]
    assert named == []


@pytest.mark.parametrize(
    "path", SOURCES, ids=lambda path: path.relative_to(Path(reconciler.__file__).parent).as_posix()
)
def test_the_engine_compares_no_kind_with_a_text(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Compare):
            continue
        sides = [node.left, *node.comparators]
        kinds = [side for side in sides if ast.unparse(side).endswith((".kind", "kind.name", "kind.noun"))]
        texts = [side for side in sides if isinstance(side, ast.Constant) and isinstance(side.value, str)]
        assert not (kinds and texts), f"line {node.lineno}: {ast.unparse(node)}"


def test_there_is_something_to_find() -> None:
    assert len(SOURCES) > 40
    assert {"approvalSettings", "includeInSnippetByDefault"} <= OWN_FIELDS
    assert list(constants(ast.parse('"""doc"""\nx = "Project"'))) == [(2, "Project")]
