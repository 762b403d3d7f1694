"""Valid manifests of the real kinds, and what the service may hold where they are declared."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from hypothesis import strategies as st
from laws.law_strategies import JSON, live_secrets, rephrased

from reconciler import api
from reconciler.catalog.integrations import CATALOG, Variable
from reconciler.manifest.load import Loaded

TAGS = st.lists(st.sampled_from(["a", "b", "tier-1", "A", "a.b", "x_y"]), max_size=3)
NAMES = st.sampled_from(["Checkout", "naïve \U0001f6a6", "a/b~c", "true", "1", " ", "x\x85\u2028y"])
COLORS = st.sampled_from(["417505", "DADBEE", "dadbee", "000000", "1e1000"])
TEXTS = st.sampled_from(["kv-1", "kv-2", "a/b", "ключ", "~"])
REFERENCES = st.sampled_from([{"fromEnv": "TOKEN"}, {"fromEnv": "OTHER"}])


def manifest(kind: str, metadata: Mapping[str, Any], spec: Mapping[str, Any] | None) -> dict[str, Any]:
    """A manifest; without a spec a tombstone."""
    document = {"apiVersion": "reconciler/v1", "kind": kind, "metadata": dict(metadata)}
    return document if spec is None else {**document, "spec": dict(spec)}


def loaded(manifests: Sequence[Mapping[str, Any]]) -> Loaded:
    """The manifests as the tool reads them, without a mistake."""
    found = read(manifests)
    mistakes = [str(each) for each in found.diagnostics if each.severity == "error"]
    assert not mistakes, f"the strategy makes manifests with mistakes: {mistakes}"
    return found


def read(manifests: Sequence[Mapping[str, Any]]) -> Loaded:
    """The manifests as the tool reads them; JSON is YAML."""
    text = "---\n".join(json.dumps(document) + "\n" for document in manifests)
    return api.load(["-"], stdin=text.encode)


def some_of(fields: Mapping[str, st.SearchStrategy[Any]], *, all_of: Sequence[str] = ()) -> st.SearchStrategy:
    needed = {name: fields[name] for name in all_of}
    rest = {name: strategy for name, strategy in fields.items() if name not in all_of}
    return st.fixed_dictionaries(needed, optional=rest)


@st.composite
def projects(draw: st.DrawFn, *, whole: bool) -> dict[str, Any]:
    spec = draw(some_of({"name": NAMES, "tags": TAGS}, all_of=["name"] if whole else []))
    flags = st.booleans()
    match draw(st.sampled_from(["neither", "old", "new"])):
        case "old":
            spec["includeInSnippetByDefault"] = draw(flags)
        case "new":
            names = {"usingEnvironmentId": flags, "usingMobileKey": flags}
            spec["defaultClientSideAvailability"] = draw(some_of(names, all_of=list(names) if whole else []))
    if draw(st.booleans()):
        spec["namingConvention"] = draw(some_of({"case": st.just("kebabCase"), "prefix": NAMES}))
    return spec


@st.composite
def approvals(draw: st.DrawFn) -> dict[str, Any]:
    flags = st.booleans()
    settings = draw(
        some_of(
            {
                "minNumApprovals": st.integers(1, 5),
                "canReviewOwnRequest": flags,
                "canApplyDeclinedChanges": flags,
                "autoApplyApprovedChanges": st.just(value=False),
            }
        )
    )
    match draw(st.sampled_from(["neither", "required", "tags", "off"])):
        case "required":
            settings |= {"required": True, "requiredApprovalTags": []}
        case "tags":
            settings |= {"required": False, "requiredApprovalTags": draw(TAGS)}
        case "off":
            settings |= {"required": False}
    if draw(st.integers(0, 3)) == 0:
        settings |= {
            "serviceKind": "servicenow",
            "serviceConfig": draw(
                st.dictionaries(
                    st.sampled_from(["detail_column", "nested", "a/b"]),
                    st.sampled_from(["x", 1, True, {"deep": 1}, {"deep": {"er": [1, "1", True]}}]),
                )
            )
            | {"template": draw(TEXTS)},
            "autoApplyApprovedChanges": draw(flags),
        }
    return settings


@st.composite
def environments(draw: st.DrawFn, *, whole: bool) -> dict[str, Any]:
    flags = st.booleans()
    fields = {
        "name": NAMES,
        "color": COLORS,
        "defaultTtl": st.integers(0, 60),
        "secureMode": flags,
        "defaultTrackEvents": flags,
        "requireComments": flags,
        "confirmChanges": flags,
        "critical": flags,
        "tags": TAGS,
        "approvalSettings": approvals(),
    }
    return draw(some_of(fields, all_of=["name", "color"] if whole else []))


def _value(variable: Variable) -> st.SearchStrategy[Any]:
    if variable.concealed:
        return REFERENCES
    if variable.allowed:
        return st.sampled_from(variable.allowed)
    return st.sampled_from(["https://a.example/x", "https://b.example/"]) if variable.type == "uri" else TEXTS


def configs(capability: str, integration: str) -> st.SearchStrategy[dict[str, Any]]:
    known = CATALOG[capability][integration].variables
    if known is None:
        return st.dictionaries(st.sampled_from(["url", "key", "a/b"]), REFERENCES, min_size=1)
    required = [variable.key for variable in known if variable.required]
    return some_of({variable.key: _value(variable) for variable in known}, all_of=required)


def deliveries(integration: str, *, whole: bool) -> st.SearchStrategy[dict[str, Any]]:
    fields = {"on": st.booleans(), "tags": TAGS, "config": configs("featureStore", integration)}
    return some_of(fields, all_of=["config"] if whole else [])


def imports(integration: str, *, whole: bool) -> st.SearchStrategy[dict[str, Any]]:
    fields = {"tags": TAGS, "config": configs("flagImport", integration)}
    return some_of(fields, all_of=["config"] if whole else [])


@st.composite
def live_like(draw: st.DrawFn, spec: Mapping[str, Any]) -> dict[str, Any]:
    """What an unreliable service may show where a spec is declared: the same, other words, or anything."""
    live: dict[str, Any] = {}
    for name, value in spec.items():
        sort = draw(st.sampled_from(["same", "other words", "inside", "inside", "other", "gone"]))
        if isinstance(value, dict) and set(value) == {"fromEnv"}:
            live[name] = draw(live_secrets(value))
        elif isinstance(value, dict) and sort in ("same", "other words", "inside"):
            live[name] = draw(live_like(value))
        elif isinstance(value, list) and sort in ("other words", "inside"):
            live[name] = draw(st.permutations([*value, *value[:1]]))
        elif sort in ("same", "inside"):
            live[name] = value
        elif sort == "other words":
            live[name] = draw(rephrased(value))
        elif sort == "other":
            live[name] = draw(JSON)
    return live | draw(st.dictionaries(st.sampled_from(["filledIn", "_status", "version"]), JSON, max_size=2))
