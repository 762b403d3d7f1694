"""The check right before an apply's first write: is this commit still the head of its branch?"""

from __future__ import annotations

import subprocess

from reconciler.cli.github.client import GitHub, GitHubError
from reconciler.cli.github.event import Event, pull_of, sha
from reconciler.model.errors import Stale

_SECONDS = 10


def checked_out(*arguments: str) -> str:
    """A commit of the checkout in the working directory, by default its own; empty where git can't tell."""
    try:
        done = subprocess.run(  # noqa: S603 - no shell, no input of others
            ["git", "rev-parse", "--verify", "--quiet", *(arguments or ("HEAD",))],  # noqa: S607 - the runner's
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return sha(done.stdout.strip())


def confirm(event: Event, github: GitHub | None) -> None:
    """Raises `Stale` where the commit is not the head of its branch any more, or where that can't be told."""
    if github is None:
        raise _unknown("there is no github-token to ask with")
    commit = checked_out() or event.commit
    if not commit:
        raise _unknown("neither git nor GITHUB_SHA names the commit")
    try:
        if event.pull is not None:
            _confirm_pull(event, github, commit)
        elif event.ref.startswith(("refs/heads/", "refs/tags/")):
            name = event.ref.removeprefix("refs/")
            _compare(commit, github.commit_of(name), name.partition("/")[2])
        else:
            raise _unknown("this run belongs to no branch")
    except GitHubError as error:
        raise _unknown(f"GitHub {error}") from None


def _confirm_pull(event: Event, github: GitHub, commit: str) -> None:
    assert event.pull is not None  # noqa: S101 - for the type checker
    found = github.get(f"/pulls/{event.pull.number}")
    now = pull_of(found) if isinstance(found, dict) else None
    if now is None or not now.head:
        raise _unknown("GitHub named no head of the pull request")
    if found.get("state") != "open":
        raise Stale(f"Nothing was written: pull request #{now.number} is no longer open.")
    # What is checked out is the head, or GitHub's merge of it into the other branch.
    ours = event.pull.head if commit in (event.commit, event.pull.head) else commit
    _compare(ours, now.head, f"pull request #{now.number}")


def _compare(commit: str, head: str, branch: str) -> None:
    if commit != head:
        raise Stale(
            f"Nothing was written: {commit[:12]} is no longer the head of {branch}, which is {head[:12]} by now. "
            "The run for that commit applies what is meant."
        )


def _unknown(why: str) -> Stale:
    return Stale(
        f"Nothing was written, since it can't be told whether this commit is still the head of its branch: {why}."
    )
