"""`python -m reconciler.cli.github`: one step of a workflow."""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import MutableMapping
from pathlib import Path
from typing import Final, TextIO

from reconciler.cli.exits import Exit
from reconciler.cli.github import event, files, inputs, notes
from reconciler.cli.github.client import GitHub
from reconciler.cli.github.commands import command, logged
from reconciler.cli.github.event import Event
from reconciler.cli.github.head import checked_out
from reconciler.cli.github.report import Report
from reconciler.cli.github.work import Work, moved_to
from reconciler.model.errors import UsageError

_API: Final = "https://api.github.com"


def main(environment: MutableMapping[str, str], out: TextIO) -> int:
    """The exit code; everything else stands in the runner's files and in `out`."""
    given, wrong = inputs.taken(environment)
    github_token = environment.pop("GITHUB_TOKEN", "").strip()
    happened = event.read(environment)
    github = None
    if github_token and happened.repository:
        url = environment.get("GITHUB_API_URL") or _API
        github = GitHub(url, github_token, happened.repository)
    work = Work(given, happened, github, environment, files.folder(environment))
    report: Report | None = None
    try:
        with logged(out):
            try:
                inputs.check(given, wrong)
                moved_to(given.working_directory)
            except UsageError as error:
                work.error = str(error)
            else:
                work.run()
            report = Report(work, *_commits(happened))
            report.publish()
    except Exception as error:  # noqa: BLE001 - the outputs have to agree with the exit code whatever happens
        with logged(out):
            traceback.print_exc()
        if report is None:
            work.exit = Exit.PARTIAL if work.writing else Exit.ERROR
            work.error = (
                work.error or f"This is a mistake in reconciler ({type(error).__name__}); the log has it all."
            )
        else:
            report.warnings.append(
                f"The report is not complete, by a mistake in reconciler ({type(error).__name__})."
            )
    except KeyboardInterrupt:
        if report is None:
            work.interrupted()
        else:
            report.warnings.append("The run was interrupted before its report was complete.")
    finally:
        if github is not None:
            github.close()
    report = report or Report(work, "", "")
    out.writelines(said + "\n" for said in notes.commands(report.notes(), _root(environment)))
    out.flush()
    try:
        files.write_outputs(report.outputs(), environment)
    except OSError as error:
        out.write(command("error", f"The outputs can't be written ({error.strerror}).") + "\n")
        return work.exit or Exit.ERROR
    return work.exit


def _commits(happened: Event) -> tuple[str, str]:
    """The commit that is looked at, and the one that its pull request was made against."""
    here = checked_out()
    if happened.source is not None:
        return here or happened.source.commit, ""
    if happened.pull is None:
        return here or happened.commit, ""
    # GitHub's own merge of the two: its first parent is the base that was really used.
    merged = here and here == happened.commit and checked_out("HEAD^2")
    return happened.pull.head or here, checked_out("HEAD^1") if merged else happened.pull.base


def _root(environment: MutableMapping[str, str]) -> Path | None:
    root = environment.get("GITHUB_WORKSPACE")
    return Path(root) if root else None


if __name__ == "__main__":
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace", line_buffering=True)
    sys.exit(main(os.environ, sys.stdout))
