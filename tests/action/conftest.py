"""A repository with a pull request, a sandbox that holds its base, a GitHub, and ways to run the Action."""

from __future__ import annotations

import io
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from action.hub import REPOSITORY, TOKEN, Hub, serving
from action.runner import Ran, clean, outputs, run_action
from reconciler import api
from reconciler.cli.github.__main__ import main

BASE = """\
apiVersion: reconciler/v1
kind: Project
metadata: {key: shop}
spec: {name: Shop}
---
apiVersion: reconciler/v1
kind: Environment
metadata: {project: shop, key: production}
spec: {name: Production, color: "417505", critical: true, requireComments: true}
"""
STAGING = """\
---
apiVersion: reconciler/v1
kind: Environment
metadata: {project: shop, key: staging}
spec: {name: Staging, color: "417505"}
"""
HEAD = BASE.replace("name: Shop", "name: Corner shop") + STAGING


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    done = subprocess.run(
        ["git", *identity, *arguments],
        cwd=folder,
        env={**clean(), "GIT_CONFIG_NOSYSTEM": "1", "HOME": str(folder)},
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout.strip()


@pytest.fixture(scope="session")
def _template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`main`, `topic` with a change, and GitHub's merge of the two checked out; a sandbox as `main` says."""
    folder = tmp_path_factory.mktemp("template")
    (folder / "flags").mkdir()
    file = folder / "flags" / "shop.yaml"
    git(folder, "init", "--quiet", "--initial-branch=main")
    (folder / ".gitignore").write_text(".reconciler/\n")
    file.write_text(BASE)
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message=base")
    with api.connect_sandbox(folder / ".reconciler" / "sandbox.db") as target:
        api.apply(api.plan([file], target), target)
    git(folder, "checkout", "--quiet", "-b", "topic")
    file.write_text(HEAD)
    git(folder, "commit", "--quiet", "--all", "--message=topic")
    git(folder, "checkout", "--quiet", "--detach", "main")
    git(folder, "merge", "--quiet", "--no-ff", "--message=merge", "topic")
    return folder


@dataclass
class World:
    """A workspace with its GitHub; `act` runs the Action in this process, `step` the real steps."""

    workspace: Path
    temp: Path
    hub: Hub
    patch: pytest.MonkeyPatch
    base: str
    head: str
    merge: str
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def manifest(self) -> Path:
        return self.workspace / "flags" / "shop.yaml"

    def pull(self, number: int = 7, *, fork: bool = False, **more: Any) -> dict[str, Any]:
        """A pull request as GitHub describes it."""
        owner = "stranger" if fork else "octo"
        return {
            "number": number,
            "state": "open",
            "user": {"login": "someone"},
            "head": {
                "sha": self.head,
                "ref": "topic",
                "repo": {"full_name": f"{owner}/flags", "owner": {"login": owner}},
            },
            "base": {"sha": self.base, "ref": "main"},
            **more,
        }

    def on(self, event: str, payload: dict[str, Any] | None = None, **more: str) -> None:
        """What the run is for."""
        path = self.temp / "event.json"
        path.write_text(json.dumps(payload or {}))
        self.environment |= {"GITHUB_EVENT_NAME": event, "GITHUB_EVENT_PATH": str(path), **more}

    def on_pull_request(self, *, fork: bool = False, **more: Any) -> None:
        pull = self.pull(fork=fork, **more)
        self.hub.pulls[7] = json.loads(json.dumps(pull))
        self.hub.read_only = fork
        self.on("pull_request", {"pull_request": pull}, GITHUB_REF="refs/pull/7/merge", GITHUB_SHA=self.merge)

    def on_push(self) -> None:
        """The pull request has been merged."""
        self.hub.pulls[7] = self.pull(state="closed", merged_at="2026-01-01", merge_commit_sha=self.merge)
        self.hub.merged[self.merge] = [7]
        self.hub.refs["heads/main"] = self.merge
        self.on("push", {}, GITHUB_REF="refs/heads/main", GITHUB_SHA=self.merge)

    def act(self, command: str = "plan", **given: str) -> Ran:
        """Runs the Action's program in this process, with the sandbox unless told otherwise."""
        given = {"command": command, "paths": "flags", "sandbox": "true", **given}
        inputs = {f"RECONCILER_INPUT_{name.upper()}": value for name, value in given.items()}
        files = {name: self.temp / name for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for path in files.values():
            path.write_text("")
        wanted = {
            **clean(),
            **self.environment,
            **inputs,
            **{name: str(path) for name, path in files.items()},
        }
        with self.patch.context() as patch:
            for name in set(os.environ) - set(wanted):
                patch.delenv(name)
            for name, value in wanted.items():
                patch.setenv(name, value)
            patch.chdir(self.workspace)
            log = io.StringIO()
            code = main(os.environ, log)
        found = outputs(files["GITHUB_OUTPUT"].read_text())
        return Ran(code, log.getvalue(), found, files["GITHUB_STEP_SUMMARY"].read_text())

    def step(self, command: str = "plan", **given: str) -> Ran:
        """Runs action.yml's steps, with the sandbox unless told otherwise."""
        inputs = {"command": command, "paths": "flags", "sandbox": "true", **given}
        environment = {**clean(), **self.environment, "JOB_TOKEN": self.environment["GITHUB_TOKEN"]}
        environment.pop("GITHUB_TOKEN")
        named = {name.replace("_", "-"): value for name, value in inputs.items()}
        return run_action(named, environment, self.workspace, self.temp)


@pytest.fixture(scope="session")
def _hub() -> Iterator[Hub]:
    with serving() as hub:
        yield hub


@pytest.fixture
def hub(_hub: Hub) -> Hub:
    """The same port, with nothing in it."""
    _hub.__init__(url=_hub.url)  # type: ignore[misc]
    return _hub


@pytest.fixture
def world(_template: Path, hub: Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    """An event is still to be chosen: `on_pull_request`, `on_push` or `on`."""
    workspace = tmp_path / "workspace"
    shutil.copytree(_template, workspace)
    (tmp_path / "temp").mkdir()
    base, head, merge = (git(workspace, "rev-parse", name) for name in ("main", "topic", "HEAD"))
    hub.refs["heads/main"] = base
    # As fast as a test wants it; what is waited for is tested apart.
    monkeypatch.setattr("reconciler.cli.github.client._WAITS", (0.0, 0.0))
    made = World(workspace, tmp_path / "temp", hub, monkeypatch, base, head, merge)
    made.environment = {
        "GITHUB_API_URL": hub.url,
        "GITHUB_TOKEN": TOKEN,
        "GITHUB_REPOSITORY": REPOSITORY,
        "GITHUB_SERVER_URL": "https://github.test",
        "GITHUB_RUN_ID": "99",
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_WORKSPACE": str(workspace),
        "RUNNER_TEMP": str(tmp_path / "temp"),
    }
    return made
