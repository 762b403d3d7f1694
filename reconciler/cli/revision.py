"""Earlier manifests: those of a folder, or of the commit where a branch left another one."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from reconciler import api
from reconciler.model import codes
from reconciler.model.codes import Severity
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.errors import UsageError
from reconciler.model.state import Declared

_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Base:
    """What earlier manifests declare."""

    declared: tuple[Declared, ...]
    name: str
    """What they are, for people."""
    diagnostics: tuple[Diagnostic, ...] = ()


def base_of(against: str, paths: Sequence[str]) -> Base:
    """The manifests to compare with: those in the folder `against`, or at the merge base of that ref and HEAD.

    An existing folder wins over a ref. Raises `UsageError` where neither can be read.
    """
    folder = Path(against)
    if folder.is_dir():
        return _loaded([against], None, against)
    if "-" in paths:
        raise UsageError("--against with a ref compares files; standard input has no earlier state.")
    top = Path(_git(Path.cwd(), "rev-parse", "--show-toplevel"))
    commit = _merge_base(top, against)
    with _checked_out(top, commit) as old:
        here = old / Path.cwd().resolve().relative_to(top.resolve())
        here.mkdir(parents=True, exist_ok=True)
        there = [path for path in map(str, map(_relative, paths)) if (here / path).exists()]
        if not there:
            return Base((), _name(against, commit))
        return _loaded(there, here, _name(against, commit))


def _name(against: str, commit: str) -> str:
    return f"{against} ({commit[:12]})"


def _relative(path: str) -> Path:
    """The path as it counts from the working directory, which is all that an old commit knows."""
    resolved = Path(path).resolve()
    try:
        return resolved.relative_to(Path.cwd().resolve())
    except ValueError:
        raise UsageError(
            f"{path} lies outside of the working directory, where a ref says nothing of it."
        ) from None


def _loaded(paths: Sequence[str], directory: Path | None, name: str) -> Base:
    loaded = api.load(paths, directory=directory)
    wrong = [
        found
        for found in loaded.diagnostics
        if found.severity is Severity.ERROR and found.code is not codes.NO_MANIFESTS
    ]
    findings = (
        (
            Diagnostic(
                codes.BASE_ERRORS,
                f"{len(wrong)} of the manifests in {name}, which these are compared with, can't be read "
                f"(the first: {wrong[0].position}); what they declare counts as new.",
                hint="Nothing to do, where this change mends them.",
            ),
        )
        if wrong
        else ()
    )
    return Base(loaded.declared, name, findings)


def _merge_base(top: Path, ref: str) -> str:
    if ref.startswith("-"):
        raise UsageError(f"--against {ref}: that is neither a folder nor a ref.")
    known = _try(top, "rev-parse", "--verify", "--quiet", "--end-of-options", f"{ref}^{{commit}}")
    if known is None:
        raise UsageError(
            f"--against {ref}: there is no such folder, and git knows no such ref. In CI, fetch it: a shallow "
            "checkout holds one commit only (actions/checkout: fetch-depth: 0)."
        )
    found = _try(top, "merge-base", known, "HEAD")
    if found is None:
        raise UsageError(
            f"--against {ref}: it has no commit in common with HEAD that is here. The checkout is probably shallow; "
            "fetch the whole history (actions/checkout: fetch-depth: 0)."
        )
    return found


@contextmanager
def _checked_out(top: Path, commit: str) -> Iterator[Path]:
    """The files of a commit, in a folder of their own for a while."""
    archive = _run(top, "archive", "--format=tar", commit)
    if archive.returncode != 0:
        raise UsageError(f"git can't read the commit {commit[:12]}; is the checkout whole?")
    with tempfile.TemporaryDirectory(prefix="reconciler-") as folder:
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as tar:
            tar.extractall(folder, filter="data")
        yield Path(folder)


def _git(folder: Path, *arguments: str) -> str:
    found = _try(folder, *arguments)
    if found is None:
        raise UsageError("--against wants a folder, or a ref in a git repository, and this is none.")
    return found


def _try(folder: Path, *arguments: str) -> str | None:
    done = _run(folder, *arguments)
    return done.stdout.decode(errors="replace").strip() or None if done.returncode == 0 else None


def _run(folder: Path, *arguments: str) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(  # noqa: S603 - no shell
            ["git", "-C", str(folder), *arguments],  # noqa: S607 - whichever git the user has
            capture_output=True,
            timeout=_SECONDS,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        raise UsageError(
            "--against with a ref needs git, which can't be run here; name a folder instead."
        ) from None
