"""What the workflow runs for: the event, its pull request, and whether that is to be trusted."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

_SHA: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")
_REPOSITORY: Final = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
_DEPENDABOT: Final = "dependabot[bot]"
_EVENT_BYTES: Final = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Pull:
    """A pull request as it was when the event happened."""

    number: int
    head: str = ""
    """The commit at the end of its branch."""
    base: str = ""
    """The commit of the other branch that it was compared with."""
    base_ref: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A branch whose pull request is still to be looked for."""

    owner: str
    branch: str
    commit: str


@dataclass(frozen=True, slots=True)
class Event:
    """The event. Everything from the payload is text of others."""

    name: str = ""
    repository: str = ""
    commit: str = ""
    """`GITHUB_SHA`."""
    ref: str = ""
    """`GITHUB_REF`, such as `refs/heads/main`."""
    run: str = ""
    """The run's address."""
    pull: Pull | None = None
    source: Source | None = None
    for_pull_request: bool = False
    """Whether it is a pull request that is looked at."""
    untrusted: str = ""
    """Who wrote what is looked at, where that is not to be trusted: `fork` or `Dependabot`."""


def read(environment: Mapping[str, str]) -> Event:
    """The event that the runner's variables and payload describe; what is missing stays empty."""
    payload = _payload(environment.get("GITHUB_EVENT_PATH", ""))
    name = environment.get("GITHUB_EVENT_NAME", "")
    repository = environment.get("GITHUB_REPOSITORY", "")
    direct = name in ("pull_request", "pull_request_target")
    pull = _map(payload, "pull_request") if direct else {}
    run = _map(payload, "workflow_run") if name == "workflow_run" else {}
    about = direct or run.get("event") in ("pull_request", "pull_request_target")
    return Event(
        name=name,
        repository=repository if _REPOSITORY.fullmatch(repository) else "",
        commit=sha(environment.get("GITHUB_SHA")),
        ref=environment.get("GITHUB_REF", ""),
        run=_run(environment, repository),
        pull=pull_of(pull),
        source=_source(run) if about else None,
        for_pull_request=about,
        untrusted=_untrusted(pull or run, repository, environment) if about else "",
    )


def pull_of(document: Mapping[str, Any]) -> Pull | None:
    """The pull request that a document of GitHub's describes, if it does."""
    number = document.get("number")
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        return None
    head, base = _map(document, "head"), _map(document, "base")
    return Pull(number, sha(head.get("sha")), sha(base.get("sha")), _text(base, "ref"))


def sha(value: object) -> str:
    """A commit's id, or nothing for anything else."""
    return value if isinstance(value, str) and _SHA.fullmatch(value) else ""


def _source(run: Mapping[str, Any]) -> Source | None:
    owner = _text(_map(_map(run, "head_repository"), "owner"), "login")
    branch, commit = _text(run, "head_branch"), sha(run.get("head_sha"))
    return Source(owner, branch, commit) if owner and branch and commit else None


def _untrusted(about: Mapping[str, Any], repository: str, environment: Mapping[str, str]) -> str:
    head = _map(about, "head_repository") or _map(_map(about, "head"), "repo")
    if _text(head, "full_name").lower() != repository.lower():  # a deleted fork has none
        return "fork"
    authors = (_text(_map(about, "user"), "login"), _text(_map(about, "actor"), "login"))
    return "Dependabot" if _DEPENDABOT in (*authors, environment.get("GITHUB_ACTOR")) else ""


def _run(environment: Mapping[str, str], repository: str) -> str:
    server, number = environment.get("GITHUB_SERVER_URL", ""), environment.get("GITHUB_RUN_ID", "")
    attempt = environment.get("GITHUB_RUN_ATTEMPT", "")
    if not (server.startswith(("https://", "http://")) and repository and number.isdecimal()):
        return ""
    again = f"/attempts/{attempt}" if attempt.isdecimal() and attempt != "1" else ""
    return f"{server}/{repository}/actions/runs/{number}{again}"


def _payload(path: str) -> Mapping[str, Any]:
    if not path:
        return {}
    try:
        with Path(path).open("rb") as file:
            document = json.loads(file.read(_EVENT_BYTES))
    except (OSError, ValueError, RecursionError):
        return {}
    return document if isinstance(document, dict) else {}


def _map(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = document.get(name)
    return value if isinstance(value, dict) else {}


def _text(document: Mapping[str, Any], name: str) -> str:
    value = document.get(name)
    return value if isinstance(value, str) else ""
