"""action.yml, the workflows and the locked dependencies, as files."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from action.runner import ROOT, clean, document
from reconciler.cli.github.inputs import Inputs, taken

ACTION = ROOT / "action.yml"
EXAMPLES = sorted((ROOT / "examples" / "github-workflows").glob("*.yml"))
WORKFLOWS = [*EXAMPLES, *sorted((ROOT / ".github" / "workflows").glob("*.yml"))]
ALL = [ACTION, *WORKFLOWS]
LOCK = ROOT / "requirements" / "action.txt"
OURS = "OWNER/reconciler"


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _tool(name: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    beside = Path(sys.executable).with_name(name)
    return subprocess.run(
        [str(beside), *map(str, arguments)],
        capture_output=True,
        text=True,
        env=clean(),
        timeout=60,
        check=False,
    )


def test_they_have_the_form_that_github_takes() -> None:
    """Against the schemas that check-jsonschema brings along."""
    for schema, files in (("vendor.github-actions", [ACTION]), ("vendor.github-workflows", WORKFLOWS)):
        done = _tool("check-jsonschema", "--builtin-schema", schema, *files)
        assert done.returncode == 0, done.stdout + done.stderr


def test_zizmor_finds_nothing_of_weight() -> None:
    done = _tool("zizmor", "--offline", "--no-progress", "--min-severity=medium", "--no-config", *ALL)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_workflows_to_copy_are_all_there() -> None:
    assert {path.stem for path in EXAMPLES} == {"plan", "apply", "drift", "forks", "matrix"}


def _scripts(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every text in a document with where it stands."""
    if isinstance(node, dict):
        for key, value in node.items():
            yield from _scripts(value, (*path, str(key)))
    elif isinstance(node, list):
        for value in node:
            yield from _scripts(value, path)
    elif isinstance(node, str):
        yield path, node


@pytest.mark.parametrize("path", ALL, ids=shown)
def test_no_expression_stands_in_a_script(path: Path) -> None:
    for where, text in _scripts(document(shown(path))):
        if where[-1] == "run":
            assert "${{" not in text, where


def test_in_the_action_expressions_are_environment_outputs_and_defaults() -> None:
    found = {where for where, text in _scripts(document("action.yml")) if "${{" in text}
    assert {where[-2] if where[0] == "runs" else where[0] for where in found} == {"env", "inputs", "outputs"}


@pytest.mark.parametrize("path", ALL, ids=shown)
def test_every_action_is_pinned_by_its_commit_with_the_version_beside_it(path: Path) -> None:
    for name in re.findall(r"uses: (.+)$", path.read_text(), re.MULTILINE):
        assert name == "./" or re.fullmatch(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # .+", name), name


def test_the_docs_name_every_action_of_others_and_how_its_commit_was_verified() -> None:
    docs = (ROOT / "docs" / "github-action.md").read_text()
    for path in WORKFLOWS:
        for name, commit in re.findall(r"uses: ([\w./-]+)@([0-9a-f]{40})", path.read_text()):
            assert name == OURS or (f"`{name}`" in docs and commit in docs), name


@pytest.mark.parametrize("path", WORKFLOWS, ids=shown)
def test_workflows_ask_for_nothing_that_a_job_does_not_need(path: Path) -> None:
    workflow = document(shown(path))
    assert workflow["permissions"] == {}
    for job in workflow["jobs"].values():
        assert "permissions" in job
        assert job["timeout-minutes"] <= 30
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout"):
                assert step["with"]["persist-credentials"] is False


def test_workflows_give_the_action_inputs_that_it_has() -> None:
    inputs, outputs = document("action.yml")["inputs"], document("action.yml")["outputs"]
    for path in WORKFLOWS:
        for job in document(shown(path))["jobs"].values():
            for step in job["steps"]:
                if step.get("uses", "").startswith((OURS, "./")):
                    assert set(step["with"]) <= set(inputs)
        for name in re.findall(r"steps\.(?:plan|again|drift)\.outputs\.([\w-]+)", path.read_text()):
            assert name in outputs


def test_a_pull_request_never_meets_the_token_that_writes() -> None:
    for path in EXAMPLES:
        text = path.read_text()
        assert "pull_request_target" not in text
        if "pull_request" in text:
            assert "WRITE_TOKEN" not in text
        if "workflow_run" in text:
            assert "secrets." not in text


def test_every_input_reaches_the_program_and_the_docs() -> None:
    action = document("action.yml")
    environment = action["runs"]["steps"][1]["env"]
    docs = (ROOT / "docs" / "github-action.md").read_text()
    reached = {name.removeprefix("RECONCILER_INPUT_").lower() for name in environment if "_INPUT_" in name}
    assert reached == set(Inputs.__dataclass_fields__)
    assert {name.replace("-", "_") for name in action["inputs"]} == {
        *reached,
        "token",
        "github_token",
        "python",
    }
    for name in (*action["inputs"], *action["outputs"]):
        assert f"| `{name}` |" in docs


def test_the_defaults_of_the_action_are_those_of_the_program() -> None:
    action = document("action.yml")["inputs"]
    given = {
        f"RECONCILER_INPUT_{name.replace('-', '_').upper()}": one["default"]
        for name, one in action.items()
        if "token" not in name and name != "python"
    }
    assert taken(given) == (Inputs(), [])
    assert given == {}, "what was taken is still there"


def test_dependencies_are_locked_by_hash_and_from_no_index_in_particular() -> None:
    text = LOCK.read_text()
    assert not re.search(r"index-url|find-links|trusted-host|https?://|^\s*-(?!-hash)", text, re.MULTILINE)
    entries = re.split(
        r"\n(?=[a-z])", text[text.index("\n" + re.search(r"^[a-z]", text, re.MULTILINE)[0]) + 1 :]
    )  # type: ignore[index]
    for entry in entries:
        assert re.match(r"[a-z0-9-]+==[\w.]+", entry), entry
        assert "--hash=sha256:" in entry, entry


def test_every_dependency_is_locked_in_a_version_that_is_allowed() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    locked = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", LOCK.read_text(), re.MULTILINE))
    wanted = [*project["project"]["dependencies"], *project["build-system"]["requires"]]
    assert wanted
    for requirement in wanted:
        name, bounds = re.fullmatch(r"([A-Za-z0-9._-]+?)(?:\[.*\])?([<>=!~].*)", requirement).groups()  # type: ignore[union-attr]
        version = locked[re.sub(r"[._]", "-", name).lower()]
        for sign, bound in re.findall(r"(>=|<)([\d.]+)", bounds):
            assert (_parts(version) >= _parts(bound)) is (sign == ">="), requirement
    build = (ROOT / "requirements" / "action.in").read_text()
    assert set(project["build-system"]["requires"]) <= set(build.splitlines())


def _parts(version: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", version)))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("COMMAND", "destroy"),
        ("SANDBOX", "yes"),
        ("COMMENT", "maybe"),
        ("TIMEOUT", "nan"),
        ("LABEL", "x" * 101),
    ],
)
def test_an_input_that_can_not_be_is_named(name: str, value: str) -> None:
    inputs, wrong = taken({f"RECONCILER_INPUT_{name}": value})
    assert len(wrong) == 1
    assert name.lower() in wrong[0]
    assert inputs.label in ("", "x" * 100)
