"""The tool works through every operation that it has, and the plugin listens: a life of each kind.

Tests elsewhere are listened to in the same way; this one makes sure that nothing is left to chance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

import reconciler.sandbox.app
from contract import openapi
from contract.recording import OWN_AGENT, Recorder
from contract.samples import NOBODY, TOKENS, WRITER
from reconciler import api
from reconciler.model.errors import Forbidden
from reconciler.model.secrets import Secrets
from reconciler.planning.guards import Allowance
from reconciler.sandbox import projects
from reconciler.sandbox.options import Options
from reconciler.sandbox.store import Store

if reason := openapi.missing():
    pytest.skip(reason, allow_module_level=True)

SECRETS: Final = Secrets(
    {name: f"placeholder-for-{name}" for name in ("EDGE", "EDGE_NEXT", "SPLIT", "SPLIT_TARGET")}
)
CREATED: Final = """
apiVersion: reconciler/v1
kind: Project
metadata: {key: shop}
spec:
  name: Shop
  tags: [team-shop]
  defaultClientSideAvailability: {usingEnvironmentId: false, usingMobileKey: true}
  namingConvention: {case: kebabCase, prefix: shop-}
---
apiVersion: reconciler/v1
kind: Environment
metadata: {project: shop, key: live}
spec:
  name: Live
  color: "417505"
  tags: [tier-1]
  defaultTtl: 5
  critical: true
  secureMode: true
  requireComments: true
  confirmChanges: true
  approvalSettings: {required: true, minNumApprovals: 2, serviceKind: servicenow, serviceConfig: {template: t1}}
---
apiVersion: reconciler/v1
kind: Environment
metadata: {project: shop, key: trial}
spec: {name: Trial, color: "F5A623", source: {key: live}}
---
apiVersion: reconciler/v1
kind: IntegrationDeliveryConfiguration
metadata: {project: shop, environment: live, integration: fastly, name: Edge}
spec:
  on: true
  tags: [edge]
  config: {storeId: kv-1, apiToken: {fromEnv: EDGE}}
---
apiVersion: reconciler/v1
kind: FlagImportConfiguration
metadata: {project: shop, integration: split, name: Migration}
spec:
  tags: [migration]
  config:
    workspaceApiKey: {fromEnv: SPLIT}
    workspaceId: ws-1
    environmentId: env-1
    ldApiKey: {fromEnv: SPLIT_TARGET}
"""
CHANGED: Final = """
apiVersion: reconciler/v1
kind: Project
metadata: {key: shop}
spec: {name: The shop, tags: [team-shop, tier-1]}
---
apiVersion: reconciler/v1
kind: Environment
metadata: {project: shop, key: live}
spec:
  defaultTtl: 10
  tags: []
  approvalSettings: {required: false, requiredApprovalTags: [payments], serviceKind: launchdarkly}
---
apiVersion: reconciler/v1
kind: IntegrationDeliveryConfiguration
metadata: {project: shop, environment: live, integration: fastly, name: Edge}
spec:
  on: false
  config: {storeId: kv-2, apiToken: {fromEnv: EDGE_NEXT}}
---
apiVersion: reconciler/v1
kind: FlagImportConfiguration
metadata: {project: shop, integration: split, name: Migration}
spec: {tags: [migration, q3]}
"""
OF_CHILDREN: Final = """
apiVersion: reconciler/v1
kind: IntegrationDeliveryConfiguration
metadata: {project: shop, environment: live, integration: fastly, name: Edge, state: absent}
---
apiVersion: reconciler/v1
kind: FlagImportConfiguration
metadata: {project: shop, integration: split, name: Migration, state: absent}
---
apiVersion: reconciler/v1
kind: Environment
metadata: {project: shop, key: trial, state: absent, id: TRIAL_ID}
"""
OF_PROJECT: Final = """
apiVersion: reconciler/v1
kind: Project
metadata: {key: shop, state: absent, id: SHOP_ID}
"""

LIFE: Final = frozenset(
    {
        *("getProjects", "postProject", "patchProject", "deleteProject"),
        *("postEnvironment", "patchEnvironment", "deleteEnvironment"),
        *("getIntegrationDeliveryConfigurations", "getIntegrationDeliveryConfigurationById"),
        *("createIntegrationDeliveryConfiguration", "patchIntegrationDeliveryConfiguration"),
        "deleteIntegrationDeliveryConfiguration",
        *("getFlagImportConfigurations", "getFlagImportConfiguration", "createFlagImportConfiguration"),
        *("patchFlagImportConfiguration", "deleteFlagImportConfiguration"),
    }
)

Brought = Callable[..., dict[str, str]]


@pytest.fixture
def world() -> Iterator[Store]:
    """No project but one that is not ours, so that ours is not the last."""
    with Store(None) as store:
        with store.transaction() as opened:
            projects.add(opened, Options(), {"key": "another", "name": "Another"})
        yield store


@pytest.fixture
def target(world: Store) -> api.Target:
    app = reconciler.sandbox.app.create_app(world, tokens=TOKENS)
    return api.Target("http://sandbox", WRITER, app)


@pytest.fixture
def bring(target: api.Target, tmp_path: Path) -> Brought:
    """Brings a sandbox to what manifests declare, and then has nothing more to do."""

    def brought(text: str) -> dict[str, str]:
        path = tmp_path / "manifest.yaml"
        path.write_text(text, encoding="utf-8")
        plan = api.plan([path], target, secrets=SECRETS)
        allowed = [Allowance.parse(guard.flag.partition(" ")[2]) for guard in plan.guards]
        outcomes = api.apply(plan, target, secrets=SECRETS, allow=allowed)
        assert outcomes
        assert {outcome.status.value for outcome in outcomes} == {"applied"}, outcomes
        assert api.plan([path], target, secrets=SECRETS).changes == ()
        return {str(change.address): change.action.value for change in plan.changes}

    return brought


def own(recorder: Recorder) -> set[str]:
    """The operations that the tool itself was answered with success."""
    mine = [one for one in recorder.exchanges if one.header("user-agent").startswith(OWN_AGENT)]
    assert mine == recorder.exchanges
    return recorder.answered()


def test_a_life_of_each_kind(bring: Brought, world: Store, recorder: Recorder):
    assert set(bring(CREATED).values()) == {"create"}
    assert set(bring(CHANGED).values()) == {"update"}
    with world.transaction() as opened:
        shop = opened.find("projects", "shop")
        trial = opened.find("environments", "trial", project="shop")
    assert shop is not None
    assert trial is not None
    assert set(bring(OF_CHILDREN.replace("TRIAL_ID", trial["_id"])).values()) == {"delete"}
    assert set(bring(OF_PROJECT.replace("SHOP_ID", shop["_id"])).values()) == {"delete"}
    missed = LIFE - own(recorder)
    assert not missed


def test_a_project_of_more_environments_than_a_page_shows(bring: Brought, recorder: Recorder):
    environments = "".join(
        f"---\napiVersion: reconciler/v1\nkind: Environment\nmetadata: {{project: wide, key: e{number}}}\n"
        f'spec: {{name: "{number}", color: "417505"}}\n'
        for number in range(23)
    )
    project = "apiVersion: reconciler/v1\nkind: Project\nmetadata: {key: wide}\nspec: {name: Wide}\n"
    assert len(bring(project + environments)) == 24
    assert {"postProject", "postEnvironment", "getEnvironmentsByProject"} <= own(recorder)


def test_the_narrow_list_where_the_wide_one_is_forbidden(
    bring: Brought, target: api.Target, tmp_path: Path, recorder: Recorder
):
    bring(CREATED)
    inner = target.app

    async def gate(scope: Any, receive: Any, send: Any) -> None:
        """Forbids the list of the whole account, as for a token that may see one environment."""
        if scope["path"] == "/api/v2/integration-capabilities/featureStore":
            headers = [(name, value) for name, value in scope["headers"] if name != b"authorization"]
            scope = {**scope, "headers": [*headers, (b"authorization", NOBODY.encode())]}
        await inner(scope, receive, send)

    target.app = gate
    assert api.plan([tmp_path / "manifest.yaml"], target, secrets=SECRETS).changes == ()
    assert "getIntegrationDeliveryConfigurationByEnvironment" in own(recorder)


def test_what_a_token_without_rights_is_told(target: api.Target, tmp_path: Path, recorder: Recorder):
    target.token = NOBODY
    path = tmp_path / "manifest.yaml"
    path.write_text(CREATED, encoding="utf-8")
    with pytest.raises(Forbidden):
        api.plan([path], target, secrets=SECRETS)
    assert {exchange.status for exchange in recorder.exchanges} == {403}
