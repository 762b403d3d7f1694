"""The scripts in the workflows to copy, run by bash with a `gh` that takes down what it is asked."""

from __future__ import annotations

import os
import stat
import subprocess
from pathlib import Path

import pytest

from action.runner import BASH, clean, document, outputs

GH = """#!/bin/sh
printf '%s\\n' "$*" >> "$GH_LOG"
case "$*" in *"$GH_FAILS"*) [ -n "$GH_FAILS" ] && exit 1 ;; esac
case "$*" in *matching-refs*|"issue list"*) printf '%s' "$GH_ANSWER" ;; esac
"""


def script(workflow: str, job: str, name: str) -> str:
    steps = document(f"examples/github-workflows/{workflow}.yml")["jobs"][job]["steps"]
    found: str = next(step["run"] for step in steps if step.get("name") == name)
    return found


def run(folder: Path, text: str, **environment: str) -> tuple[int, list[str], dict[str, str]]:
    """Exit code, what `gh` was asked, and the outputs."""
    gh, log, output = folder / "gh", folder / "log", folder / "output"
    gh.write_text(GH)
    gh.chmod(gh.stat().st_mode | stat.S_IXUSR)
    log.write_text("")
    output.write_text("")
    given = {
        **clean(),
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
        "GH_LOG": str(log),
        "GH_FAILS": "",
        "GH_ANSWER": "",
        "GITHUB_OUTPUT": str(output),
        "GITHUB_REPOSITORY": "octo/flags",
        "GITHUB_SHA": "a" * 40,
        **environment,
    }
    done = subprocess.run(
        [*BASH, "-c", text], env=given, cwd=folder, capture_output=True, timeout=20, check=False
    )
    return done.returncode, log.read_text().splitlines(), outputs(output.read_text())


@pytest.mark.parametrize(
    ("changes", "issue", "asked"),
    [
        ("true", "", "issue create"),
        ("true", "12", "issue edit 12"),
        ("false", "12", "issue close 12"),
        ("false", "", ""),
    ],
)
def test_drift_keeps_one_issue(tmp_path: Path, changes: str, issue: str, asked: str) -> None:
    text = script("drift", "drift", "Keep one issue")
    code, log, _ = run(tmp_path, text, CHANGES=changes, GH_ANSWER=issue, MARKDOWN="drift.md")
    assert code == 0
    done = [line for line in log if line.startswith("issue ") and not line.startswith("issue list")]
    assert [line.startswith(asked) for line in done] == [True] * bool(asked)
    assert all("--body-file drift.md" in line for line in done if "close" not in line)


def test_where_the_issue_can_not_be_looked_for_none_is_opened(tmp_path: Path) -> None:
    text = script("drift", "drift", "Keep one issue")
    code, log, _ = run(tmp_path, text, CHANGES="true", MARKDOWN="drift.md", GH_FAILS="issue list")
    assert code != 0
    assert not [line for line in log if "create --label" in line]


@pytest.mark.parametrize("commit", ["", "b" * 40])
def test_the_last_applied_commit_is_found_or_there_was_none(tmp_path: Path, commit: str) -> None:
    text = script("apply", "plan", "Find the last commit whose apply succeeded")
    assert run(tmp_path, text, GH_ANSWER=commit)[::2] == (0, {"commit": commit})


def test_a_failure_is_not_taken_for_the_first_apply(tmp_path: Path) -> None:
    """Else drift of any age would ride along."""
    text = script("apply", "plan", "Find the last commit whose apply succeeded")
    assert run(tmp_path, text, GH_FAILS="matching-refs")[::2] == (1, {})


@pytest.mark.parametrize(("before", "method"), [("", "POST"), ("b" * 40, "PATCH")])
def test_the_ref_is_made_once_and_then_moved_forwards(tmp_path: Path, before: str, method: str) -> None:
    code, (asked,), _ = run(tmp_path, script("apply", "record", "Move the ref"), APPLIED=before)
    assert code == 0
    assert f"--method {method}" in asked
    assert f"sha={'a' * 40}" in asked
    assert ("force=false" in asked) is (method == "PATCH")
