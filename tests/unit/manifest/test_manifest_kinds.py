"""The kinds that there are: the mistakes that people make in them, and that this room knows no kind."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import reconciler.manifest
from reconciler.kinds.registry import load_kinds
from reconciler.manifest.load import Loaded, load
from reconciler.manifest.schema import schemas
from reconciler.model.diagnostic import has_errors


def found_in(text: str) -> list[tuple[str, int, int]]:
    loaded = load(["-"], load_kinds(), stdin=text.encode)
    return [(found.code.text, found.position.line, found.position.column) for found in loaded.diagnostics]


ENVIRONMENT = (
    "apiVersion: reconciler/v1\nkind: Environment\nmetadata: {project: storefront, key: production}\nspec:\n"
)
PROJECT = "apiVersion: reconciler/v1\nkind: Project\nmetadata: {key: storefront}\nspec:\n"
DELIVERY = (
    "apiVersion: reconciler/v1\nkind: IntegrationDeliveryConfiguration\n"
    "metadata: {project: storefront, environment: production, integration: fastly, name: Edge store EU}\nspec:\n"
)
IMPORT = (
    "apiVersion: reconciler/v1\nkind: FlagImportConfiguration\n"
    "metadata: {project: storefront, integration: split, name: Split}\nspec:\n"
)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (ENVIRONMENT + "  nmae: Production\n", ("LDR203", 5, 3)),
        (ENVIRONMENT + "  critical: 'yes'\n", ("LDR205", 5, 13)),
        (ENVIRONMENT + "  color: 417505\n", ("LDR207", 5, 10)),
        (ENVIRONMENT + "  tags: [two words]\n", ("LDR206", 5, 10)),
        (ENVIRONMENT + "  defaultTtl: 61\n", ("LDR206", 5, 15)),
        (
            ENVIRONMENT + "  approvalSettings:\n    required: true\n    requiredApprovalTags: [a]\n",
            ("LDR211", 7, 5),
        ),
        (ENVIRONMENT + "  approvalSettings: {minNumApprovals: 0}\n", ("LDR206", 5, 39)),
        (ENVIRONMENT + "  approvalSettings: {bypassApprovalsForPendingChanges: true}\n", ("LDR209", 5, 22)),
        (ENVIRONMENT + "  resourceApprovalSettings: {}\n", ("LDR209", 5, 3)),
        (ENVIRONMENT + "  source: {key: production}\n", ("LDR214", 5, 17)),
        (ENVIRONMENT + "  name: {fromEnv: NAME}\n", ("LDR306", 5, 9)),
        (ENVIRONMENT.replace("production}", "production, state: absent}"), ("LDR212", 3, 1)),
        (PROJECT + "  requireViewAssociationForNewFlags: true\n", ("LDR209", 5, 3)),
        (
            PROJECT
            + "  includeInSnippetByDefault: true\n  defaultClientSideAvailability: {usingEnvironmentId: true}\n",
            ("LDR211", 6, 35),
        ),
        (PROJECT + "  namingConvention: {case: KebabCase}\n", ("LDR206", 5, 28)),
        (DELIVERY + "  config: {storeId: kv, apiToken: hunter2}\n", ("LDR304", 5, 35)),
        (DELIVERY + "  config: {storeId: kv, apiToken: hun****er2}\n", ("LDR305", 5, 35)),
        (DELIVERY + "  config: {apiToken: {fromEnv: TOKEN}}\n", ("LDR303", 5, 3)),
        (DELIVERY + "  config: {storeId: {fromEnv: STORE}, apiToken: {fromEnv: TOKEN}}\n", ("LDR306", 5, 21)),
        (DELIVERY + "  config: {storeId: 5, apiToken: {fromEnv: TOKEN}}\n", ("LDR207", 5, 21)),
        (DELIVERY + "  config: {storeId: kv, apiToken: {fromEnv: GH_TOKEN}}\n", ("LDR307", 5, 35)),
        (
            IMPORT
            + "  on: true\n  config: {workspaceApiKey: {fromEnv: KEY}, workspaceId: w, environmentId: e}\n",
            ("LDR209", 5, 3),
        ),
        (IMPORT.replace("split", "nobody") + "  config: {key: {fromEnv: KEY}}\n", ("LDR301", 3, 46)),
    ],
)
def test_the_usual_mistakes_are_one_clear_finding_each(text: str, found: tuple[str, int, int]) -> None:
    assert [one for one in found_in(text) if one[0] != "LDR303" or found[0] == "LDR303"] == [found]


def test_believable_manifests_are_declared() -> None:
    text = "---\n".join(
        [
            PROJECT + "  name: Storefront\n  tags: [team-a]\n",
            ENVIRONMENT
            + "  name: Production\n  color: '417505'\n  critical: true\n  tags: []\n"
            + "  approvalSettings: {required: true, minNumApprovals: 2}\n",
            DELIVERY + "  on: true\n  config: {storeId: kv-77f1c0, apiToken: {fromEnv: FASTLY_API_TOKEN}}\n",
        ]
    )
    loaded = load(["-"], load_kinds(), stdin=text.encode)
    assert loaded.diagnostics == ()
    assert [str(resource.address) for resource in loaded.declared] == [
        "Project/storefront",
        "Environment/storefront/production",
        "IntegrationDeliveryConfiguration/storefront/production/fastly/Edge store EU",
    ]


def test_the_schemas_of_the_kinds_are_valid() -> None:
    for schema in schemas(load_kinds()).values():
        jsonschema_rs.meta.validate(schema)


def test_no_kind_is_named_in_the_code_of_this_room() -> None:
    (room,) = reconciler.manifest.__path__
    for path in Path(room).glob("*.py"):
        text = path.read_text()
        assert not [name for name in load_kinds() if f'"{name}"' in text or f"'{name}'" in text], path


def test_reading_manifests_loads_nothing_of_the_other_side() -> None:
    code = (
        "import sys, reconciler.manifest.files\n"
        "assert not {'ruamel', 'pydantic'} & set(sys.modules), 'files'\n"
        "from reconciler.manifest.load import load\n"
        "from reconciler.manifest.schema import schemas\n"
        "load(['-'], {}, stdin=lambda: b'a: 1')\n"
        "assert not {'httpx', 'deepdiff', 'starlette', 'click', 'rich', 'asyncio'} & set(sys.modules)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_same_text_is_loaded_the_same_way_twice() -> None:
    def once() -> Loaded:
        return load(["-"], load_kinds(), stdin=(ENVIRONMENT + "  nmae: x\n---\n" + PROJECT + "  {}\n").encode)

    assert once() == once()


SCHEMA = jsonschema_rs.validator_for(schemas(load_kinds())["manifest.schema.json"])
SCALARS = st.sampled_from(
    [None, True, 0, -1, 1.5, 10**30, "", "a", "a b", "x****", "absent", "fastly", "split", "true"]
)
NAMES = st.sampled_from(
    [
        "apiVersion", "kind", "metadata", "spec", "project", "environment", "integration", "key", "name", "id", "state",
        "config", "tags", "approvalSettings", "required", "requiredApprovalTags", "source", "version", "apiToken",
        "storeId", "fromEnv", "fromFile", "serviceKind", "serviceConfig", "namingConvention", "case", "template", "", "~",
    ]
)  # fmt: skip
ANYTHING = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=6),
    max_leaves=25,
)


@given(
    kind=st.sampled_from(sorted(load_kinds())),
    metadata=ANYTHING,
    spec=ANYTHING,
    keys=st.dictionaries(NAMES, st.just("fastly"), max_size=6),
)
@settings(max_examples=300, deadline=None, derandomize=True)
def test_whatever_a_manifest_holds_it_is_declared_or_refused_with_a_reason(
    kind, metadata, spec, keys
) -> None:
    if isinstance(metadata, dict):
        names = dict.fromkeys(load_kinds()[kind].key_names, "fastly")
        metadata = {**names, **keys, **metadata}
    document = {"apiVersion": "reconciler/v1", "kind": kind, "metadata": metadata, "spec": spec}
    loaded = load(["-"], load_kinds(), stdin=json.dumps(document).encode)
    assert bool(loaded.declared) is not has_errors(loaded.diagnostics)
    for found in loaded.diagnostics:
        assert found.position is not None
        assert found.position.line == 1
        assert found.message.endswith(".")
        assert found.hint
    assert SCHEMA.is_valid(document) or not loaded.declared or metadata.get("state") == "absent"
