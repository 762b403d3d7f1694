"""A kind that nobody has heard of: one object, and everything works, from YAML to the wire and back."""

from __future__ import annotations

import ast
import json
from collections.abc import Iterator
from typing import Annotated, Any

import jsonpatch
import pytest
from pydantic import Field

import reconciler
from e2e.support import ROOT, Write, documents, environment, manifest, project
from reconciler.kinds.registry import load_kinds
from reconciler.model.kind import Kind, Kinds, Listing
from reconciler.model.shape import AfterCreate, Needed, Unordered
from reconciler.model.spec import Spec, declared


class BulbSpec(Spec):
    """What a manifest may declare of a bulb."""

    colour: Annotated[str, Needed()] = declared("The colour of its light.")
    watts: Annotated[int, Field(ge=1, le=100), AfterCreate()] = declared("How bright it is.")
    rooms: Annotated[list[str], Unordered()] = declared("Where it shines.")


BULB = Kind(
    name="Bulb",
    noun="bulb",
    spec=BulbSpec,
    scope=("project",),
    identity="key",
    parent="Project",
    item="/api/v2/projects/{project}/bulbs/{key}",
    create="/api/v2/projects/{project}/bulbs",
    listing=Listing(path="/api/v2/projects/{project}/bulbs", paged=True),
)


class Lights:
    """A service that has bulbs, in front of one that has the rest."""

    def __init__(self, app: Any) -> None:
        self._app = app
        self.bulbs: dict[str, Any] = {}
        self.asked: list[tuple[str, str, Any]] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        path: str = scope["path"]
        if "/bulbs" not in path:
            await self._app(scope, receive, send)
            return
        body = json.loads((await receive()).get("body") or b"null")
        self.asked.append((scope["method"], path, body))
        status, answer = self._answer(scope["method"], path.rpartition("/")[2], body)
        content = json.dumps(answer).encode() if answer is not None else b""
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    def _answer(self, method: str, key: str, body: Any) -> tuple[int, Any]:
        if method == "POST":
            self.bulbs[body["key"]] = {"watts": 40, **body, "_id": f"id-{len(self.bulbs)}"}
            return 201, self.bulbs[body["key"]]
        if key == "bulbs":
            return 200, {"items": list(self.bulbs.values()), "totalCount": len(self.bulbs)}
        if key not in self.bulbs:
            return 404, {"code": "not_found", "message": "Unknown bulb"}
        if method == "PATCH":
            self.bulbs[key] = jsonpatch.apply_patch(self.bulbs[key], body)
        if method == "DELETE":
            del self.bulbs[key]
            return 204, None
        return 200, self.bulbs[key]


@pytest.fixture
def kinds() -> Kinds:
    return {**load_kinds(), BULB.name: BULB}


@pytest.fixture
def target() -> Iterator[reconciler.Target]:
    with reconciler.connect_sandbox(None) as opened:
        opened.app = Lights(opened.app)
        yield opened


def bulb(key: str, spec: str) -> str:
    return manifest("Bulb", f"project: house, key: {key}", spec)


HOUSE = documents(
    project("house", "{name: House}"), environment("e", "{name: E, color: '417505'}", of="house")
)


def test_it_is_planned_applied_changed_and_deleted(
    write: Write, kinds: Kinds, target: reconciler.Target
) -> None:
    def planned() -> Any:
        found = reconciler.plan(reconciler.load(["house.yaml"], kinds=kinds), target, kinds=kinds)
        assert not found.has_errors, reconciler.render(found, kinds=kinds)
        return found

    def applied() -> Any:
        outcomes = reconciler.apply(planned(), target, kinds=kinds)
        assert {outcome.status.value for outcome in outcomes} == {"applied"}
        return outcomes

    service: Lights = target.app
    write("house.yaml", documents(HOUSE, bulb("hall", "{colour: warm, watts: 60, rooms: [hall, stairs]}")))
    assert "Bulb/house/hall will be created" in reconciler.render(planned(), kinds=kinds)
    assert len(applied()) == 3
    writes = [(method, body) for method, _, body in service.asked if method != "GET"]
    assert writes == [
        ("POST", {"key": "hall", "colour": "warm", "rooms": ["hall", "stairs"]}),
        ("PATCH", [{"op": "replace", "path": "/watts", "value": 60}]),
    ]
    assert planned().changes == ()

    service.bulbs["hall"]["rooms"].reverse()
    service.bulbs["hall"]["dust"] = "much"
    assert planned().changes == ()

    write("house.yaml", documents(HOUSE, bulb("hall", "{colour: cold}")))
    [change] = planned().changes
    assert [(each.op, each.path) for each in change.patch] == [("replace", "/colour")]
    applied()
    assert service.bulbs["hall"]["colour"] == "cold"

    gone = manifest("Bulb", "project: house, key: hall, state: absent").replace("spec: {}\n", "")
    write("house.yaml", documents(HOUSE, gone))
    applied()
    assert service.bulbs == {}


def test_mistakes_are_found(write: Write, kinds: Kinds) -> None:
    write("house.yaml", bulb("hall", "{color: warm, watts: 101, rooms: x}"))
    loaded = reconciler.load(["house.yaml"], kinds=kinds)
    assert [found.code.text for found in loaded.diagnostics] == ["LDR203", "LDR206", "LDR205"]
    assert loaded.diagnostics[0].hint == "Did you mean colour?"


def test_it_has_a_schema(kinds: Kinds) -> None:
    assert "bulb.schema.json" in reconciler.schemas(kinds)
    assert "Bulb" in json.dumps(reconciler.schemas(kinds)["manifest.schema.json"])


def test_the_engine_names_no_kind() -> None:
    """No `if kind == ...`: outside of `kinds/` and the sandbox no kind's name is a constant."""
    names = set(load_kinds())
    for path in sorted((ROOT / "reconciler").rglob("*.py")):
        room = path.relative_to(ROOT / "reconciler").parts[0]
        if room in {"kinds", "sandbox"}:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                assert node.value not in names, f"{path.name}:{node.lineno} names {node.value}"
                assert not any(node.value.startswith(f"{name}/") for name in names), (
                    f"{path.name}:{node.lineno}"
                )
