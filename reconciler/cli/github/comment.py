"""The comment's text: a hidden marker by which it is found again, a note on its state, the content."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any, Final

from reconciler.rendering.budget import COMMENT, Budget

_OPEN: Final = "<!-- reconciler/comment "
_CLOSE: Final = " -->"
_CONTENT: Final = "<!-- reconciler/content -->"
_ESCAPES: Final = {ord(sign): f"\\u{ord(sign):04x}" for sign in "-<>&@#`"}

BUDGET: Final = Budget((COMMENT.characters or 0) - 3_000, COMMENT.bytes)
"""What the content may take beside marker, heading, note and footer."""


@dataclass(frozen=True, slots=True)
class Marker:
    """What identifies a comment, and what state it is in."""

    label: str = ""
    """With the tool's name the identity: one comment for each label."""
    command: str = ""
    head: str = ""
    base: str = ""
    fingerprint: str = ""
    applied: bool = False
    """An apply's result: kept, and never replaced by a later plan."""
    outdated: bool = False

    def __str__(self) -> str:
        """An HTML comment. No text in it can end it: what could is escaped as JSON escapes it."""
        text = json.dumps({"v": 1, **asdict(self)}, separators=(",", ":"), sort_keys=True)
        return f"{_OPEN}{text.translate(_ESCAPES)}{_CLOSE}"


@dataclass(frozen=True, slots=True)
class Comment:
    """A comment of ours on GitHub."""

    id: int
    url: str
    marker: Marker
    content: str


def compose(marker: Marker, content: str, note: str = "") -> str:
    """The comment's text."""
    warning = f"> [!WARNING]\n> {note}\n\n" if note else ""
    return f"{marker}\n{warning}{_CONTENT}\n{content}"


def ours(document: Mapping[str, Any], author: str) -> Comment | None:
    """The comment that a document of GitHub's holds, where it is ours.

    It has to begin with a marker: elsewhere in a text anybody may quote one. And `author` has to have
    written it.
    """
    user, body, number = document.get("user"), document.get("body"), document.get("id")
    login = user.get("login") if isinstance(user, dict) else None
    if not isinstance(login, str) or login.lower() != author.lower():
        return None
    if not isinstance(body, str) or not isinstance(number, int) or not body.startswith(_OPEN):
        return None
    text, closed, rest = body.removeprefix(_OPEN).partition(_CLOSE)
    marker = _marker(text) if closed else None
    if marker is None:
        return None
    before, delimiter, content = rest.partition(f"{_CONTENT}\n")
    url = document.get("html_url")
    return Comment(
        number, url if isinstance(url, str) else "", marker, (content if delimiter else before).strip("\n")
    )


def _marker(text: str) -> Marker | None:
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or document.pop("v", None) != 1:
        return None
    # One of a later version may say more.
    values = {each.name: document[each.name] for each in fields(Marker) if each.name in document}
    wanted = asdict(Marker())
    if any(type(value) is not type(wanted[name]) for name, value in values.items()):
        return None
    return Marker(**values)
