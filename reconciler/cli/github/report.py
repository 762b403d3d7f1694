"""What a command's end looks like on the platform: summary, comment, annotations, outputs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from reconciler.cli.exits import Exit
from reconciler.cli.github import files, notes
from reconciler.cli.github.client import GitHubError
from reconciler.cli.github.comment import BUDGET, Marker
from reconciler.cli.github.content import framed
from reconciler.cli.github.event import Pull
from reconciler.cli.github.notes import Note
from reconciler.cli.github.thread import Posted, Thread, pull_for
from reconciler.cli.github.work import UNTRUSTED, Work
from reconciler.planning.plan import Action, Change, Plan, Status
from reconciler.rendering.budget import SUMMARY, Budget
from reconciler.rendering.escape import entities
from reconciler.rendering.markdown_rows import worst_of

_FRAME: Final = 10_000
"""Bytes of the summary that are kept for what stands around the content."""


@dataclass
class Report:
    """What is told about one command."""

    work: Work
    head: str
    """The commit that was looked at."""
    base: str
    """The commit that it was compared with."""
    posted: Posted = field(default_factory=Posted)
    file: Path | None = None
    """The Markdown, short enough for a comment."""
    warnings: list[str] = field(default_factory=list)
    """What the platform did not do."""
    notices: list[str] = field(default_factory=list)

    def publish(self) -> None:
        """Writes the Markdown file, the comment and the summary; the comment first, since the summary tells of it."""
        self.file = self.work.files / f"{self.work.inputs.command}.md"
        files.write(self.file, self.framed(BUDGET))
        self._comment()
        budget = Budget(bytes=(SUMMARY.bytes or 0) - _FRAME)
        said = [*self.work.notices, *self.notices, *self.warnings]
        told = "".join(f"\n_{entities(each, 1_000).replace('&#58; ', ': ')}_\n" for each in said)
        where = (
            f"\n[The comment]({self.posted.url})\n"
            if self.posted.url and _is_address(self.posted.url)
            else ""
        )
        try:
            files.write_summary(f"{self.framed(budget)}{told}{where}\n", self.work.environment)
        except OSError as error:
            self.warnings.append(f"The step's summary can't be written ({error.strerror}).")

    def notes(self) -> Iterator[Note]:
        """The annotations: the failure first, then what the platform did not do, then what stands at lines."""
        work = self.work
        if work.error:
            yield Note("error", work.error, f"reconciler {work.inputs.command}: {work.reason}")
        for warning in self.warnings:
            yield Note("warning", warning)
        for notice in (*work.notices, *self.notices):
            yield Note("notice", notice)
        yield from notes.of_outcomes(work.outcomes)
        if work.loaded is not None:
            yield from notes.of_diagnostics(work.loaded.diagnostics, "error")
            yield from notes.of_diagnostics(work.loaded.diagnostics, "warning")
        if work.plan is not None:
            yield from notes.of_plan(work.plan)
            if work.inputs.command == "drift":
                yield from notes.of_drift(work.plan.drift)

    def outputs(self) -> dict[str, str]:
        """The step's outputs; always all of them."""
        found = self.work.plan or Plan(live=False)
        changes = found.drift if self.work.inputs.command == "drift" else found.changes
        worst = worst_of(changes)
        return {
            "changes": "true" if changes else "false",
            "create": str(_count(changes, Action.CREATE)),
            "update": str(_count(changes, Action.UPDATE)),
            "delete": str(_count(changes, Action.DELETE)),
            "worst": worst.value if worst else "",
            "drift": str(len(found.drift)),
            "plan-file": str(self.work.saved or ""),
            "markdown-file": str(self.file or ""),
            "fingerprint": found.fingerprint,
            "failure-reason": self.work.reason,
            "comment-url": self.posted.url if _is_address(self.posted.url) else "",
        }

    def framed(self, budget: Budget) -> str:
        """What the command found or did, with its heading and the way to its run."""
        return framed(self.work, self.head, budget)

    def _comment(self) -> None:
        work, inputs = self.work, self.work.inputs
        if inputs.comment == "false" or inputs.command not in ("plan", "apply"):
            return
        applied = inputs.command == "apply"
        if not (work.event.for_pull_request or applied):
            return
        if work.github is None:
            self._uncommented("there is no github-token")
            return
        try:
            pull = pull_for(work.event, work.github, applied=applied)
            if pull is None:
                self.notices.append("There is no comment, since no pull request belongs to this commit.")
                return
            thread = Thread(work.github, inputs.label, inputs.comment_author)
            self.posted = self._post(thread, pull, applied=applied)
        except GitHubError as error:
            self._uncommented(f"GitHub {error}", error.status)
            return
        if self.posted.why_not:
            self.notices.append(self.posted.why_not)
        if applied and any(became.status is Status.APPLIED for became in work.outcomes):
            self._outdate(thread, pull)

    def _post(self, thread: Thread, pull: Pull, *, applied: bool) -> Posted:
        work, inputs = self.work, self.work.inputs
        if work.plan is None:
            of, said = self.head[:12] or "a later commit", entities(work.error, 500)
            note = f"**Not applied** ({work.reason}), {of}: {said}"
            if not applied:
                note = f"**Outdated.** Plan of {of} failed: {said}"
            return thread.failed(pull, note, outdated=not applied)
        marker = Marker(
            inputs.label,
            inputs.command,
            self.head,
            self.base,
            work.plan.fingerprint,
            applied=applied and (bool(work.outcomes) or work.exit is Exit.OK),
        )
        if applied:
            return thread.applied(pull, marker, self.framed)
        pull = Pull(pull.number, self.head or pull.head, self.base or pull.base, pull.base_ref)
        something = bool(work.plan.changes or work.plan.released or work.plan.has_errors)
        return thread.plan(pull, marker, self.framed, create=inputs.comment == "true" or something)

    def _outdate(self, thread: Thread, own: Pull) -> None:
        event = self.work.event
        if event.for_pull_request or not event.ref.startswith("refs/heads/"):
            return
        branch = event.ref.removeprefix("refs/heads/")
        try:
            thread.outdate(
                branch,
                f"**Outdated.** {self.head[:12]} was applied since; run the plan again.",
                but=own.number,
            )
        except GitHubError as error:
            self.warnings.append(
                f"Not every comment of other pull requests is marked as outdated: GitHub {error}."
            )

    def _uncommented(self, why: str, status: int = 0) -> None:
        untrusted = self.work.event.untrusted
        if untrusted and (status in (401, 403, 404) or self.work.github is None):
            self.notices.append(
                f"There is no comment: {UNTRUSTED[untrusted][0].lower()}{UNTRUSTED[untrusted][1:]}, and GitHub gives its "
                "runs no token that may write. The difference stands in the step's summary."
            )
            return
        hint = " The job needs the permission pull-requests: write." if status in (401, 403, 404) else ""
        self.warnings.append(f"There is no comment, or an old one: {why}.{hint}")


def _count(changes: Sequence[Change], action: Action) -> int:
    return sum(change.action is action for change in changes)


def _is_address(url: str) -> bool:
    return url.startswith(("https://", "http://")) and not any(sign in url for sign in " \n\r()<>")
