"""A pull request's comments: one for each label, found again and brought up to date."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Final

from reconciler.cli.github.client import GitHub, GitHubError
from reconciler.cli.github.comment import BUDGET, Comment, Marker, compose, ours
from reconciler.cli.github.event import Event, Pull, pull_of, sha
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


def post_plan(
    github: GitHub,
    pull: Pull,
    marker: Marker,
    author: str,
    content: Content,
    *,
    create: bool,
) -> Posted:
    """Brings the plan's comment up to date, or makes it where there is none and `create` says so.

    It is marked where head or base have moved meanwhile. One that a run for a later head wrote stays.
    """
    note, newer = _moved(github, pull)
    mine = _found(github, pull, marker.label, author, applied=False)
    if newer and mine is not None and mine.marker.head == newer:
        return Posted(mine.url, "The comment holds the plan of a later commit, so it stays as it is.")
    if mine is None and not create:
        return Posted()
    return Posted(_put(github, pull, mine, replace(marker, outdated=bool(note)), content, note))


def post_applied(github: GitHub, pull: Pull, marker: Marker, author: str, content: Content) -> Posted:
    """Puts an apply's result in the place of the plan that was reviewed."""
    mine = _found(github, pull, marker.label, author, applied=True)
    return Posted(_put(github, pull, mine, marker, content, ""))


def post_failure(github: GitHub, pull: Pull, label: str, author: str, note: str) -> Posted:
    """Marks what stands there as outdated, since nothing newer could be made."""
    mine = _found(github, pull, label, author, applied=False)
    if mine is None:
        return Posted()
    return Posted(_mark(github, mine, note))


def outdate_others(github: GitHub, branch: str, label: str, author: str, note: str, own: int | None) -> None:
    """Marks the plans of open pull requests into a branch: what they were made for has changed."""
    looked_at = 0
    for document in github.pages("/pulls", state="open", base=branch):
        other = pull_of(document)
        if other is None or other.number == own:
            continue
        looked_at += 1
        if looked_at > _OTHERS:
            raise GitHubError(f"has more than {_OTHERS} open pull requests into {branch}")
        mine = _found(github, other, label, author, applied=False)
        if mine is not None and not mine.marker.outdated:
            _mark(github, mine, note)


def _mark(github: GitHub, comment: Comment, note: str) -> str:
    marker = replace(comment.marker, outdated=True)
    body = compose(marker, comment.content, note)
    return _url(github.patch(f"/issues/comments/{comment.id}", {"body": body}))


def _found(github: GitHub, pull: Pull, label: str, author: str, *, applied: bool) -> Comment | None:
    """The comment of a label: the plan's if there is one, else, where `applied`, the last result."""
    last: Comment | None = None
    for document in github.pages(f"/issues/{pull.number}/comments"):
        found = ours(document, author)
        if found is None or found.marker.label != label:
            continue
        if not found.marker.applied:
            return found
        last = found
    return last if applied else None


def _put(
    github: GitHub, pull: Pull, mine: Comment | None, marker: Marker, content: Content, note: str
) -> str:
    def put(budget: Budget) -> Any:
        body = {"body": compose(marker, content(budget), note)}
        if mine is None:
            return github.post(f"/issues/{pull.number}/comments", body)
        return github.patch(f"/issues/comments/{mine.id}", body)

    try:
        return _url(put(BUDGET))
    except GitHubError as error:
        if error.status != 422:
            raise
    # Too long after all, however it counts there.
    return _url(put(BUDGET.share(0.2)))


def _moved(github: GitHub, pull: Pull) -> tuple[str, str]:
    """What to say where the pull request has moved since the event, and its later head."""
    document = github.get(f"/pulls/{pull.number}")
    head = document.get("head") if isinstance(document, dict) else None
    now = sha(head.get("sha")) if isinstance(head, dict) else ""
    if now and pull.head and now != pull.head:
        return f"**Outdated.** This is about {pull.head[:12]}, and the branch has moved to {now[:12]}.", now
    if not pull.base or not pull.base_ref:
        return "", ""
    try:
        base = github.commit_of(f"heads/{pull.base_ref}")
    except GitHubError:
        return "", ""  # it may be gone by now
    if base != pull.base:
        return f"**Outdated.** The base has moved from {pull.base[:12]} to {base[:12]} since.", ""
    return "", ""


def _url(document: Any) -> str:
    url = document.get("html_url") if isinstance(document, dict) else None
    return url if isinstance(url, str) else ""
