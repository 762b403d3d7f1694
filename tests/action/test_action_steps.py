"""action.yml's own steps, run by bash as a runner would, for each event."""

from __future__ import annotations

import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest

from action.conftest import World
from action.runner import BASH, ROOT, clean, document, evaluate, run_action
from action.runner import outputs as parse


def test_a_pull_request_of_an_own_branch(world: World) -> None:
    world.on_pull_request()
    first = world.step(against="main", label="eu")
    assert (first.code, first.reason, first.outputs["changes"]) == (0, "", "true"), first.log
    assert "1 to add, 1 to change" in first.summary
    assert first.outputs["comment-url"].startswith("https://github.test/")
    assert world.step(against="main", label="eu").outputs["comment-url"] == first.outputs["comment-url"]
    assert len(world.hub.bodies()) == 1


def test_a_pull_request_of_a_fork(world: World) -> None:
    world.on_pull_request(fork=True)
    ran = world.step(sandbox="false", against="main")
    assert (ran.code, ran.reason) == (0, ""), ran.log
    assert "There is no comment" in ran.summary
    assert ran.outputs["comment-url"] == ""


def test_a_push_applies_and_comments_on_what_was_merged(world: World) -> None:
    world.on_push()
    ran = world.step("apply")
    assert (ran.code, ran.reason) == (0, ""), ran.log
    assert "Applied: 1 added, 1 changed" in world.hub.bodies()[0]


@pytest.mark.parametrize(("name", "command"), [("schedule", "drift"), ("workflow_dispatch", "plan")])
def test_events_without_a_pull_request(world: World, name: str, command: str) -> None:
    world.on(name, {}, GITHUB_REF="refs/heads/main", GITHUB_SHA=world.merge)
    ran = world.step(command, detailed_exitcode="true")
    assert (ran.code, ran.reason, ran.outputs["changes"]) == (2, "", "true"), ran.log
    assert not world.hub.asked


def test_a_merge_group_is_validated(world: World) -> None:
    world.on("merge_group", {"merge_group": {}}, GITHUB_REF="refs/heads/gh-readonly-queue/main/pr-7-a")
    ran = world.step("validate")
    assert (ran.code, ran.reason) == (0, ""), ran.log
    assert "Valid" in ran.summary


def test_no_token_on_push(world: World) -> None:
    world.on_push()
    ran = world.step(sandbox="false", against="main", token="")
    assert (ran.code, ran.reason) == (1, "error")


def test_a_token_of_the_workflows_environment_is_taken_and_an_empty_input_is_unset(world: World) -> None:
    world.on_push()
    world.environment |= {"LAUNCHDARKLY_ACCESS_TOKEN": "api-x", "LAUNCHDARKLY_API_HOST": "http://127.0.0.1:9"}
    ran = world.step(sandbox="false", token="", timeout="1")
    assert (ran.code, ran.reason) == (1, "error")
    assert "no LaunchDarkly token" not in ran.log
    assert "api-x" not in ran.log + ran.summary


def test_what_lies_in_the_checkout_is_not_imported(world: World) -> None:
    world.on_push()
    for name in ("httpx", "reconciler", "json", "sitecustomize", "click"):
        (world.workspace / f"{name}.py").write_text("raise SystemExit('imported from the checkout')")
    world.environment["PYTHONPATH"] = str(world.workspace)
    assert world.step("validate").code == 0


def _python(folder: Path, script: str) -> str:
    path = folder / "some-python"
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


@pytest.mark.parametrize("script", ["exit 1", "echo no such thing >&2; exit 127"], ids=["older", "missing"])
def test_an_old_python_is_one_sentence(world: World, script: str) -> None:
    world.on_push()
    ran = world.step("validate", python=_python(world.temp, script))
    assert (ran.code, ran.reason) == (1, "error")
    (issued,) = ran.issued("error")
    assert issued.message.startswith("reconciler needs Python 3.11 or later")


def test_it_installs_what_is_locked_from_its_own_folder_once(world: World) -> None:
    """With a Python that takes down what it is asked to do instead of downloading anything."""
    world.on_push()
    log = world.temp / "calls"
    # The version is asked for first, then whether reconciler is there, then for the environment's name.
    python = _python(
        world.temp,
        f"""echo "$@" >> {log}
case "$*" in
  *version_info*) exit 0 ;;
  *"import os, pathlib, reconciler"*) exit 1 ;;
  *hashlib*) echo key ;;
  *venv*) for last; do :; done; mkdir -p "$last/bin"; cp "$0" "$last/bin/python" ;;
esac""",
    )
    for _ in range(2):
        assert world.step("validate", python=python).code == 0
    calls = log.read_text().splitlines()
    installs = [call for call in calls if " pip install " in call]
    assert len(installs) == 2
    assert "--require-hashes --only-binary :all: --requirement" in installs[0]
    assert installs[0].endswith("/requirements/action.txt")
    assert "--no-index --no-deps --no-build-isolation" in installs[1]
    assert all(call.startswith("-I ") for call in calls)
    assert calls[-1] == "-I -m reconciler.cli.github"


def test_an_install_that_fails_is_said(world: World) -> None:
    world.on_push()
    ran = world.step(
        "validate",
        python=_python(
            world.temp, 'case "$*" in *version_info*) exit 0 ;; *hashlib*) echo key ;; *) exit 1 ;; esac'
        ),
    )
    assert (ran.code, ran.reason) == (1, "error")
    assert "python3-venv" in ran.issued("error")[0].message


# The runner of these tests


def test_the_small_runner_reads_expressions_and_files() -> None:
    contexts = {"inputs": {"a": "", "b": "x"}, "steps": {"s": {"outputs": {"c-d": "y"}}}}
    assert evaluate("${{ inputs.a || inputs.b }}-${{ steps.s.outputs.c-d }}-${{ 'z' }}", contexts) == "x-y-z"
    assert parse("a=1\nb<<E\n2\n3\nE\n") == {"a": "1", "b": "2\n3"}


def test_the_job_of_this_repository_that_uses_the_action(world: World) -> None:
    """Step by step as .github/workflows/ci.yml has it."""
    shutil.copytree(ROOT / "examples", world.workspace / "examples")
    world.on_push()
    contexts: dict[str, Any] = {"steps": {}}
    for step in document(".github/workflows/ci.yml")["jobs"]["action"]["steps"]:
        environment = {name: evaluate(text, contexts) for name, text in step.get("env", {}).items()}
        if "run" in step:
            given = {**clean(), **environment}
            subprocess.run([*BASH, "-c", step["run"]], env=given, cwd=world.workspace, timeout=20, check=True)
        elif step["uses"] == "./":
            given = {name: evaluate(_text(value), contexts) for name, value in step["with"].items()}
            world.environment |= environment
            job = {**clean(), **world.environment, "JOB_TOKEN": world.environment["GITHUB_TOKEN"]}
            ran = run_action(given, job, world.workspace, world.temp)
            assert (ran.code, ran.reason) == (0, ""), ran.log
            contexts["steps"][step.get("id", "")] = {"outputs": ran.outputs}


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
