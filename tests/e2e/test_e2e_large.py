"""2,000 resources, and what a command loads before it does anything."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from e2e.support import Cli, Write, clean_environment, delivery, documents, environment, manifest, project
from reconciler.model.document import Json
from reconciler.sandbox import integrations, projects
from reconciler.sandbox.exchange import Call, Query
from reconciler.sandbox.options import Options
from reconciler.sandbox.store import Store

PROJECTS: Final = 50
ENVIRONMENTS: Final = 20
DELIVERIES: Final = 900
IMPORTS: Final = 50
TOKEN: Final = "token-of-a-store"


def live(store: Store) -> None:
    """1,000 environments in 50 projects, 900 deliveries and 50 imports."""
    with store.transaction() as world:
        for number in range(PROJECTS):
            names = [f"e{index:02}" for index in range(ENVIRONMENTS)]
            body: Mapping[str, Json] = {
                "key": f"p{number:02}",
                "name": f"P {number}",
                "tags": ["team-a", "tier-1"],
                "environments": [
                    {"key": name, "name": name, "color": "417505", "tags": ["a", "b"]} for name in names
                ],
            }
            projects.add(world, Options(), body)

        def create(capability: Any, keys: dict[str, str], name: str, config: Mapping[str, Json]) -> None:
            body: Json = {"name": name, "tags": ["x"], "config": dict(config)}
            integrations.create(capability, Call(world, Options(), "writer", "", keys, Query(""), body=body))

        for number in range(DELIVERIES):
            keys = {
                "projectKey": f"p{number % PROJECTS:02}",
                "environmentKey": f"e{number % ENVIRONMENTS:02}",
                "integrationKey": "fastly",
            }
            create(integrations.FEATURE_STORE, keys, f"Store {number}", {"storeId": "s", "apiToken": TOKEN})
        for number in range(IMPORTS):
            keys = {"projectKey": f"p{number:02}", "integrationKey": "split"}
            config = {"workspaceApiKey": TOKEN, "workspaceId": "w", "environmentId": "e", "ldApiKey": TOKEN}
            create(integrations.FLAG_IMPORT, keys, "Import", config)


def declared() -> Iterator[str]:
    for number in range(PROJECTS):
        yield project(f"p{number:02}", f"{{name: P {number}, tags: [tier-1, team-a]}}")
        for index in range(ENVIRONMENTS):
            spec = f"{{name: e{index:02}, color: '417505', tags: [b, a]}}"
            yield environment(f"e{index:02}", spec, of=f"p{number:02}")
    for number in range(DELIVERIES):
        place = f"p{number % PROJECTS:02}/e{number % ENVIRONMENTS:02}"
        spec = "{tags: [x], config: {storeId: s, apiToken: {fromEnv: STORE_TOKEN}}}"
        yield delivery(f"Store {number}", spec, of=place)
    for number in range(IMPORTS):
        reference = "{fromEnv: STORE_TOKEN}"
        config = f"workspaceApiKey: {reference}, workspaceId: w, environmentId: e, ldApiKey: {reference}"
        place = f"project: p{number:02}, integration: split, name: Import"
        yield manifest("FlagImportConfiguration", place, f"{{tags: [x], config: {{{config}}}}}")


def test_2000_resources_with_nothing_to_do(
    cli: Cli, folder: Path, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORE_TOKEN", TOKEN)
    with Store(folder / "world.db") as store:
        live(store)
    texts = list(declared())
    assert len(texts) == 2000
    for start in range(0, 2000, 100):
        write(f"manifests/part-{start:04}.yaml", documents(*texts[start : start + 100]))
    ran = cli("plan", "--sandbox-state", "world.db", "--format", "json", "--detailed-exitcode", "manifests")
    assert ran.code == 0, ran.all[:2000]
    assert ran.document["summary"] == {"create": 0, "update": 0, "delete": 0, "unchanged": 2000}
    assert ran.document["diagnostics"] == []


# What is loaded

HEAVY: Final = ("httpx", "deepdiff", "starlette", "uvicorn", "rich", "anyio")
TOLD: Final = """
import json, sys
from reconciler.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit as end:
    print(file=sys.stderr)
    print(json.dumps([end.code, sorted({name.partition(".")[0] for name in sys.modules})]), file=sys.stderr)
"""


def loaded(folder: Path, *arguments: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-P", "-c", TOLD, *arguments],
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    )
    code, modules = json.loads(done.stderr.splitlines()[-1])
    assert code == 0, done.stdout + done.stderr
    return set(modules)


@pytest.mark.parametrize(
    ("arguments", "heavy"),
    [
        (["--help"], [*HEAVY, "pydantic", "ruamel"]),
        (["--version"], [*HEAVY, "pydantic", "ruamel"]),
        (["validate", "shop.yaml"], HEAVY),
        (["validate", "--format", "json", "shop.yaml"], HEAVY),
        (["plan", "--help"], HEAVY),
        (["apply", "--help"], HEAVY),
        (["sandbox", "--help"], HEAVY),
        (["plan", "--sandbox", "shop.yaml"], ["deepdiff", "uvicorn"]),
    ],
    ids=lambda value: " ".join(value) if "httpx" not in value else "",
)
def test_commands_load_what_they_need(
    folder: Path, write: Write, arguments: list[str], heavy: list[str]
) -> None:
    write(
        "shop.yaml", documents(project("shop", "{name: S}"), environment("e", "{name: E, color: '417505'}"))
    )
    assert loaded(folder, *arguments) & set(heavy) == set()
