"""An answer that says no, as an error with one printable sentence: the status counts, the body may be anything."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Final
from urllib.parse import urlsplit

from reconciler.live.exchange import Answer, Request
from reconciler.model.document import Missing
from reconciler.model.errors import Forbidden, NotFound, ServiceError, Unauthorized
from reconciler.model.secrets import redact
from reconciler.model.text import printable

MAX_MESSAGE: Final = 300
_MAX_NAME = 100
_ERRORS: dict[int, type[ServiceError]] = {401: Unauthorized, 403: Forbidden, 404: NotFound}


def refusal(
    request: Request, answer: Answer, *, secrets: Callable[[], Iterable[str]], tries: int = 1
) -> ServiceError:
    """The error for an answer without success; 3xx is one, since no redirect is followed."""
    values = list(secrets())

    def said(text: str, limit: int) -> str:
        # Redacted before it is cut, or a cut secret would not be found.
        return one_line(redact(text, values), limit)

    if 300 <= answer.status < 400:
        code, message, request_id = "", said(_redirect(answer, values), MAX_MESSAGE), ""
    else:
        code, message, request_id = _members(answer)
        code, message, request_id = (
            said(code, _MAX_NAME),
            said(message, MAX_MESSAGE),
            said(request_id, _MAX_NAME),
        )
    if tries > 1:
        message = f"{message} (tried {tries} times)".lstrip()
    error = _ERRORS.get(answer.status, ServiceError)
    return error(answer.status, code=code, message=message, request_id=request_id, request=str(request))


def _redirect(answer: Answer, secrets: Iterable[str]) -> str:
    """Where it points to by its host alone: a login page's address carries tokens."""
    location = answer.headers.get("location", "")
    try:
        # A host name is read in lower case, in which a secret would not be found again.
        host = urlsplit(location).hostname if redact(location, secrets) == location else ""
    except ValueError:
        host = ""
    to = f"a redirect to {host}" if host else "a redirect"
    return f"{to}, which is not followed; is the host right?"


def _members(answer: Answer) -> tuple[str, str, str]:
    """Code, message and request id, each empty where the body has none."""
    document = answer.document
    if isinstance(document, Mapping):
        code, message, identifier = (document.get(name) for name in ("code", "message", "id"))
        return (
            code if isinstance(code, str) else "",
            message if isinstance(message, str) else "",
            identifier if isinstance(identifier, str) else "",
        )
    if isinstance(document, str):
        return "", document, ""
    if not isinstance(document, Missing):
        return "", json.dumps(document, ensure_ascii=False), ""
    return "", _text(answer), ""


def _text(answer: Answer) -> str:
    """What a body says that is not JSON, where it is plain text.

    Broken JSON and HTML are not shown: there a secret could stand in an escaped form that is not found.
    """
    kind = answer.headers.get("content-type", "").partition(";")[0].strip().lower()
    start = answer.body[:200].lstrip().lower()
    if "html" in kind or start.startswith((b"<!doctype", b"<html", b"<")):
        return "an HTML page, which is not LaunchDarkly's; is a proxy in between?"
    if "json" in kind or start.startswith((b"{", b"[", b'"')):
        return "a body that is not JSON"
    try:
        return answer.body.decode()
    except UnicodeDecodeError:
        return "a body that is not text"


def one_line(text: str, limit: int = MAX_MESSAGE) -> str:
    """One line of at most `limit` characters that a terminal shows as it stands."""
    return printable(" ".join(text[: limit * 40].split()), limit)
