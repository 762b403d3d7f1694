"""Law 6: plan, apply, plan is empty, from any world in which the plan has no error. Against the sandbox."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from laws import law_resources as make
from laws.law_strategies import LAW, plain

from reconciler import api
from reconciler.api import Target
from reconciler.model.secrets import Secrets
from reconciler.model.settings import DEFAULTS, PatchForms, Settings
from reconciler.planning.guards import Allowance
from reconciler.planning.plan import Action, Outcome, Plan, Status
from reconciler.sandbox.app import create_app
from reconciler.sandbox.masks import mask
from reconciler.sandbox.options import MaskForm, Options
from reconciler.sandbox.store import Store

BEFORE = {"TOKEN": "tok-5ecretvalue-end", "OTHER": "zzz-9876543210-qqq"}
COLLECTIONS = ("projects", "environments", "featureStore", "flag-import")

Manifest = dict[str, Any]
Key = tuple[str, ...]

# What other projects there are a filtered list does not tell, and the last one can't be deleted.
ANOTHER = (
    make.manifest("Project", {"key": "another"}, {"name": "Another"}),
    make.manifest("Environment", {"project": "another", "key": "e"}, {"name": "E", "color": "417505"}),
)

# The ways in which a patch can be written.
HOW = st.builds(
    lambda lists, config, preconditions: Settings(
        patch=PatchForms(lists=lists, config=config), preconditions=preconditions
    ),
    st.sampled_from(["whole", "elements"]),
    st.sampled_from(["whole", "members"]),
    st.sampled_from(["none", "test"]),
)

WORLDS = settings(LAW, max_examples=LAW.max_examples)


@st.composite
def specs(draw: st.DrawFn, kind: str, metadata: Mapping[str, str], chosen: Options, *, whole: bool) -> Any:
    integration = metadata.get("integration", "")
    match kind:
        case "Project":
            return draw(make.projects(whole=whole))
        case "Environment":
            spec = draw(make.environments(whole=whole))
            if not chosen.approvals:  # which is only known where an environment was read before
                spec.pop("approvalSettings", None)
            return spec
        case "IntegrationDeliveryConfiguration":
            return draw(make.deliveries(integration, whole=whole))
        case _:
            return draw(make.imports(integration, whole=whole))


@st.composite
def worlds(draw: st.DrawFn, chosen: Options) -> list[Manifest]:
    """Some resources of a small account, with all that a create needs."""
    places: list[tuple[str, dict[str, str]]] = []
    for project in draw(st.lists(st.sampled_from(["p", "Q.x"]), min_size=1, unique=True)):
        environments = draw(st.lists(st.sampled_from(["e", "E", "split"]), min_size=1, unique=True))
        places.append(("Project", {"key": project}))
        for key in environments:
            places.append(("Environment", {"project": project, "key": key}))
            for name in draw(st.lists(st.sampled_from(["x", "y/z"]), max_size=2, unique=True)):
                integration = draw(st.sampled_from(["fastly", "vercel", "vercel-native"]))
                place = {"project": project, "environment": key, "integration": integration, "name": name}
                places.append(("IntegrationDeliveryConfiguration", place))
        if draw(st.booleans()):
            integration = draw(st.sampled_from(["split", "unleash"]))
            place = {"project": project, "integration": integration, "name": "import"}
            places.append(("FlagImportConfiguration", place))
    found = [
        make.manifest(kind, place, draw(specs(kind, place, chosen, whole=True))) for kind, place in places
    ]
    for manifest in found:
        first = next(each for each in found if each["kind"] == "Environment")["metadata"]
        own = manifest["metadata"]
        if manifest["kind"] == "Environment" and own["project"] == first["project"] and own != first:
            manifest["spec"] |= draw(st.sampled_from([{}, {"source": {"key": first["key"]}}]))
    return draw(st.permutations(found))


@st.composite
def successors(
    draw: st.DrawFn, world: Sequence[Manifest], documents: Mapping[Key, Any], chosen: Options
) -> list[Manifest]:
    """Other manifests for a world: partly the same, partly changed, buried or new, some released."""
    found = {}
    for old in [*world, *(draw(worlds(chosen)) if draw(st.integers(0, 2)) == 0 else ())]:
        manifest, kind, metadata = old, old["kind"], old["metadata"]
        fate = draw(st.sampled_from(["same", "changed", "changed", "changed", "released", "buried"]))
        if fate == "changed":
            manifest = make.manifest(kind, metadata, draw(specs(kind, metadata, chosen, whole=False)))
        elif fate == "buried":
            manifest = _buried(old, documents)
        if fate != "released":
            found.setdefault(_declared_place(manifest), manifest)
    return draw(st.permutations(list(found.values())))


def _buried(manifest: Manifest, documents: Mapping[Key, Any]) -> Manifest:
    """A tombstone in the place of a manifest."""
    metadata = {**manifest["metadata"], "state": "absent"}
    if manifest["kind"] in ("Project", "Environment"):
        place = [metadata[name] for name in ("project", "key") if name in metadata]
        collection = manifest["kind"].lower() + "s"
        metadata["id"] = documents.get((collection, *place), {}).get("_id", "nobody")
    return make.manifest(manifest["kind"], metadata, None)


@st.composite
def options(draw: st.DrawFn) -> Options:
    return Options(
        masks=draw(st.sampled_from(["first3_last3", "fixed4", "full"])),
        lists_config=draw(st.sampled_from(["empty", "absent"])),
        write_config=draw(st.sampled_from(["full", "empty", "absent"])),
        approvals=draw(st.sampled_from([True, True, True, False])),
        strict_bodies=True,
    )


class Account:
    """A sandbox in memory that can be looked into, and changed behind everybody's back."""

    def __init__(self, store: Store, options: Options) -> None:
        self.store = store
        self.target = Target("http://sandbox", "token", create_app(store, options=options))

    def plan(
        self, manifests: Sequence[Manifest], secrets: Mapping[str, str], how: Settings = DEFAULTS
    ) -> Plan:
        return api.plan(make.read(manifests), self.target, secrets=Secrets(secrets), settings=how)

    def apply(self, plan: Plan, secrets: Mapping[str, str]) -> None:
        meant = [Allowance(each.code.text, each.address and str(each.address)) for each in plan.guards]
        outcomes = api.apply(plan, self.target, secrets=Secrets(secrets), allow=meant)
        assert [became for became in map(_became, outcomes) if became] == []
        assert len(outcomes) == len(plan.changes)

    def documents(self) -> dict[Key, Any]:
        """Every stored document by where it stands."""
        with self.store.transaction() as world:
            return {
                (name, *_place(document)): document
                for name in COLLECTIONS
                for document in _every(world, name)
            }

    def requests(self) -> list[tuple[str, str]]:
        with self.store.transaction() as world:
            return [(each.method, each.path) for each in world.requests()]


def _became(outcome: Outcome) -> str:
    """What is wrong with an outcome; empty where nothing is."""
    if outcome.status is Status.APPLIED:
        return outcome.note
    return f"{outcome.change.address} {outcome.status}: {outcome.error}"


def _every(world: Any, collection: str) -> Iterator[Any]:
    if collection != "environments":
        yield from world.every(collection)
        return
    for project in world.every("projects"):
        for document in world.every(collection, project=project["key"]):
            yield {**document, "projectKey": project["key"]}


def _place(document: Mapping[str, Any]) -> Key:
    names = ("projectKey", "environmentKey", "integrationKey")
    return (
        *(str(document[name]) for name in names if name in document),
        document.get("key", document["_id"]),
    )


@contextmanager
def account(chosen: Options) -> Iterator[Account]:
    with Store(None) as store:
        yield Account(store, chosen)


def drift(data: st.DataObject, held: Account, masks: MaskForm) -> None:
    """Other people's changes: values, approvals, tags in another order, rotated secrets."""
    with held.store.transaction() as world:
        for name in COLLECTIONS:
            for document in _every(world, name):
                scope = {"project": document["projectKey"]} if "projectKey" in document else {}
                if "environmentKey" in document:
                    scope["environment"] = document["environmentKey"]
                changed = {
                    field: data.draw(_drifted(field, value, masks)) if data.draw(st.booleans()) else value
                    for field, value in document.items()
                    if not (name == "environments" and field == "projectKey")
                }
                key = document.get("key", document["_id"])
                world.replace(name, key, changed, **scope)


def _drifted(field: str, value: Any, masks: MaskForm) -> st.SearchStrategy[Any]:
    if field in (
        "key",
        "_id",
        "projectKey",
        "environmentKey",
        "integrationKey",
        "name",
        "_status",
        "version",
    ):
        return st.just(value)
    match value:
        case bool():
            return st.booleans()
        case int():
            return st.integers(0, 60)
        case list():
            return st.one_of(st.permutations([*value, *value]), make.TAGS)
    if field == "color":
        return make.COLORS
    if field == "config":
        return st.fixed_dictionaries({name: _drifted_variable(held, masks) for name, held in value.items()})
    if field == "approvalSettings":
        return st.sampled_from(
            [
                value,
                {**value, "required": True, "requiredApprovalTags": []},
                {**value, "required": False, "requiredApprovalTags": ["a", "b"], "minNumApprovals": 5},
                {
                    **value,
                    "autoApplyApprovedChanges": None,
                    "serviceConfig": {**value["serviceConfig"], "own": {"x": 1}},
                },
            ]
        )
    return st.just(value)


def _drifted_variable(value: Any, masks: MaskForm) -> st.SearchStrategy[Any]:
    if isinstance(value, str) and "****" in value:
        return st.sampled_from([value, "****", mask("an-0ther-secret", masks)])
    return st.one_of(st.just(value), make.TEXTS) if isinstance(value, str) else st.just(value)


@WORLDS
@given(st.data(), options())
def test_what_was_created_needs_no_other_plan(data: st.DataObject, chosen: Options) -> None:
    manifests = data.draw(worlds(chosen))
    with account(chosen) as held:
        plan = held.plan(manifests, BEFORE)
        if plan.has_errors:
            return
        held.apply(plan, BEFORE)
        again = held.plan(manifests, BEFORE)
        assert (again.changes, again.has_errors) == ((), False)
        assert again.unchanged == len(manifests)


@WORLDS
@given(st.data(), options())
def test_from_any_world_one_apply_is_enough_and_touches_nothing_else(
    data: st.DataObject, chosen: Options
) -> None:
    with account(chosen) as held:
        world = [*data.draw(worlds(chosen)), *ANOTHER]
        first = held.plan(world, BEFORE)
        if first.has_errors:
            return
        held.apply(first, BEFORE)
        drift(data, held, chosen.masks)
        before = held.documents()
        rotated = data.draw(st.sampled_from([BEFORE["TOKEN"], "tok-r0tated-end", "new-51mple-one"]))
        now = {**BEFORE, "TOKEN": rotated}
        manifests = data.draw(successors(world, before, chosen))
        asked = len(held.requests())
        how = data.draw(HOW)
        plan = held.plan(manifests, now, how)
        assert {method for method, _ in held.requests()[asked:]} <= {"GET"}
        assert held.documents() == before
        if plan.has_errors:
            return
        held.apply(plan, now)
        _nothing_else_was_touched(before, held.documents(), manifests, plan)
        again = held.plan(manifests, now, how)
        assert (again.changes, again.has_errors) == ((), False)


def _nothing_else_was_touched(
    before: Mapping[Key, Any], after: Mapping[Key, Any], manifests: Sequence[Manifest], plan: Plan
) -> None:
    declared = {_declared_place(each): each for each in manifests}
    gone = [_declared_place(each) for each in manifests if each["metadata"].get("state") == "absent"]
    for place, document in before.items():
        named = _name_of(place, document)
        if place not in after:
            assert any(named == each or _below(named, each) for each in gone), f"{place} was deleted"
            continue
        spec = declared.get(named, {}).get("spec", {})
        _same_but_for(spec, document, after[place], place)
    for place in after.keys() - before.keys():
        assert _name_of(place, after[place]) in declared, f"{place} was created"
    assert sum(change.action is Action.CREATE for change in plan.changes) == len(after.keys() - before.keys())


def _same_but_for(spec: Mapping[str, Any], before: Any, after: Any, place: Key) -> None:
    for name in before.keys() | after.keys():
        if name in ("version", "_status", "importDue"):
            continue
        if name == "defaultClientSideAvailability" and "includeInSnippetByDefault" in spec:
            continue  # one setting under two names
        if name not in spec:
            assert plain(before.get(name)) == plain(after.get(name)), f"{name} of {place} was touched"
        elif name in ("approvalSettings", "config", "serviceConfig") and isinstance(before[name], dict):
            _same_but_for(spec[name], before[name], after[name], place)


def _declared_place(manifest: Manifest) -> Key:
    metadata = manifest["metadata"]
    names = ("project", "environment", "integration", "key", "name")
    return (manifest["kind"], *(metadata[name] for name in names if name in metadata))


def _name_of(place: Key, document: Mapping[str, Any]) -> Key:
    kinds = dict(
        zip(
            COLLECTIONS,
            ("Project", "Environment", "IntegrationDeliveryConfiguration", "FlagImportConfiguration"),
            strict=True,
        )
    )
    last = document["key"] if place[0] in COLLECTIONS[:2] else document["name"]
    return (kinds[place[0]], *place[1:-1], last)


def _below(place: Key, tombstone: Key) -> bool:
    kind, keys, above = place[0], place[1:], tombstone[1:]
    if keys[: len(above)] != above:
        return False
    return tombstone[0] == "Project" or (
        tombstone[0] == "Environment" and kind == "IntegrationDeliveryConfiguration"
    )


def test_the_request_log_would_show_a_write() -> None:
    with account(Options()) as held:
        manifests = [
            make.manifest("Project", {"key": "p"}, {"name": "P"}),
            make.manifest("Environment", {"project": "p", "key": "e"}, {"name": "E", "color": "417505"}),
        ]
        held.apply(held.plan(manifests, BEFORE), BEFORE)
        assert [method for method, _ in held.requests()].count("POST") == 1
        assert json.dumps(held.requests()).count("PATCH") == 0
