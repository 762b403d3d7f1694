"""A pull request's comments: one for each label, found again and brought up to date."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from reconciler.cli.github.client import GitHub, GitHubError
from reconciler.cli.github.comment import BUDGET, Comment, Marker, compose, ours
from reconciler.cli.github.event import Event, Pull, pull_of
from reconciler.rendering.budget import Budget

_OTHERS: Final = 30
"""Open pull requests that an apply looks at for comments that it outdates."""

Content = Callable[[Budget], str]
"""The text within a budget."""


@dataclass(frozen=True, slots=True)
class Posted:
    """What became of the comment."""

    url: str = ""
    why_not: str = ""
    """Why there is none, or why it is not this run's, as a sentence."""


def pull_for(event: Event, github: GitHub, *, applied: bool) -> Pull | None:
    """The pull request to comment on: the event's own; for an apply after a merge the one that was merged."""
    if event.pull is not None:
        return event.pull
    if event.source is not None:
        wanted = event.source
        head = f"{wanted.owner}:{wanted.branch}"
        for document in github.pages("/pulls", state="open", head=head):
            found = pull_of(document)
            if found is not None and found.head == wanted.commit:
                return found
        return None
    if not applied or not event.commit:
        return None
    branch = event.ref.removeprefix("refs/heads/")
    merged = [
        (document.get("merge_commit_sha") == event.commit, found)
        for document in github.pages(f"/commits/{event.commit}/pulls")
        if document.get("merged_at") and (found := pull_of(document)) and found.base_ref == branch
    ]
    return max(merged, key=lambda each: each[0])[1] if merged else None


@dataclass(frozen=True, slots=True)
class Thread:
    """The comments that one author has made under one label. Every method raises `GitHubError`."""

    github: GitHub
    label: str
    author: str

    def plan(self, pull: Pull, marker: Marker, content: Content, *, create: bool) -> Posted:
        """Brings the plan's comment up to date, or makes it where there is none and `create` says so.

        It is marked where head or base have moved meanwhile. One that a run for a later head wrote stays.
        """
        note, later = self._moved(pull)
        mine = self._found(pull, applied=False)
        if later and mine is not None and mine.marker.head == later:
            return Posted(mine.url, "The comment holds the plan of a later commit, so it stays as it is.")
        if mine is None and not create:
            return Posted()
        return Posted(self._put(pull, mine, replace(marker, outdated=bool(note)), content, note))

    def applied(self, pull: Pull, marker: Marker, content: Content) -> Posted:
        """Puts an apply's result in the place of the plan that was reviewed."""
        return Posted(self._put(pull, self._found(pull, applied=True), marker, content))

    def failed(self, pull: Pull, note: str, *, outdated: bool) -> Posted:
        """Puts a note over what stands there, since nothing newer could be made."""
        mine = self._found(pull, applied=False)
        return Posted() if mine is None else Posted(self._mark(mine, note, outdated=outdated))

    def outdate(self, branch: str, note: str, *, but: int) -> None:
        """Marks the plans of the open pull requests into a branch: what they were made for has changed."""
        looked_at = 0
        for document in self.github.pages("/pulls", state="open", base=branch):
            other = pull_of(document)
            if other is None or other.number == but:
                continue
            looked_at += 1
            if looked_at > _OTHERS:
                raise GitHubError(f"has more than {_OTHERS} open pull requests there")
            mine = self._found(other, applied=False)
            if mine is not None and not mine.marker.outdated:
                self._mark(mine, note)

    def _mark(self, comment: Comment, note: str, *, outdated: bool = True) -> str:
        marker = replace(comment.marker, outdated=outdated or comment.marker.outdated)
        body = compose(marker, comment.content, note)
        return _url(self.github.patch(f"/issues/comments/{comment.id}", {"body": body}))

    def _found(self, pull: Pull, *, applied: bool) -> Comment | None:
        """The plan's comment if there is one, else, where `applied`, the last result."""
        last: Comment | None = None
        for document in self.github.pages(f"/issues/{pull.number}/comments"):
            found = ours(document, self.author)
            if found is None or found.marker.label != self.label:
                continue
            if not found.marker.applied:
                return found
            last = found
        return last if applied else None

    def _put(self, pull: Pull, mine: Comment | None, marker: Marker, content: Content, note: str = "") -> str:
        def put(budget: Budget) -> str:
            body = {"body": compose(marker, content(budget), note)}
            if mine is None:
                return _url(self.github.post(f"/issues/{pull.number}/comments", body))
            return _url(self.github.patch(f"/issues/comments/{mine.id}", body))

        try:
            return put(BUDGET)
        except GitHubError as error:
            if error.status != 422:
                raise
        return put(BUDGET.share(0.2))  # too long after all, however it counts there

    def _moved(self, pull: Pull) -> tuple[str, str]:
        """What to say where the pull request has moved since the event, and its later head."""
        try:
            document = self.github.get(f"/pulls/{pull.number}")
        except GitHubError:
            return "", ""  # the comment is worth more than the word about its age
        now = pull_of(document) if isinstance(document, dict) else None
        if now is not None and now.head and pull.head and now.head != pull.head:
            words = f"This is about {pull.head[:12]}, and the branch has moved to {now.head[:12]} since."
            return f"**Outdated.** {words}", now.head
        if not pull.base or not pull.base_ref:
            return "", ""
        try:
            base = self.github.commit_of(f"heads/{pull.base_ref}")
        except GitHubError:
            return "", ""  # it may be gone by now
        if base != pull.base:
            return f"**Outdated.** The base has moved from {pull.base[:12]} to {base[:12]} since.", ""
        return "", ""


def _url(document: Any) -> str:
    url = document.get("html_url") if isinstance(document, dict) else None
    return url if isinstance(url, str) else ""
