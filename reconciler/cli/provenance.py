"""Where the manifests come from: the commit, and the run that applies it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Sequence
from pathlib import Path

from reconciler.api import Provenance

_SECONDS = 5


def provenance(paths: Sequence[str]) -> Provenance:
    """The commit that is checked out where the manifests are, and the CI run, as far as they can be told."""
    commit = os.environ.get("GITHUB_SHA") or _commit(paths)
    words = ["reconciler"]
    if commit:
        words.append(f"commit {commit}")
    # No URL: the comment stands in saved plans, and those hold none.
    repository, run = (os.environ.get(name) for name in ("GITHUB_REPOSITORY", "GITHUB_RUN_ID"))
    if repository and run:
        words.append(f"run {run} of {repository}")
    return Provenance(commit, ", ".join(words))


def _commit(paths: Sequence[str]) -> str | None:
    first = Path(next((path for path in paths if path != "-"), "."))
    folder = first if first.is_dir() else first.parent
    try:
        done = subprocess.run(  # noqa: S603 - no shell, no input of others
            ["git", "-C", str(folder), "rev-parse", "--verify", "HEAD"],  # noqa: S607 - whichever git the user has
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None
