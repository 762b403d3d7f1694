"""GitHub's REST API, as far as the Action needs it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Self
from urllib.parse import quote, urlsplit

import httpx

from reconciler.cli.github.event import sha
from reconciler.live.host import is_loopback
from reconciler.model.text import printable

_SECONDS: Final = 10.0
"""For one try of a request."""
_ALL: Final = 90.0
"""For all requests of a run: a slow GitHub doesn't hold up the job."""
_WAITS: Final = (0.3, 1.0)
_LONGEST_WAIT: Final = 10.0
_PAGE: Final = 100
_PAGES: Final = 100


class GitHubError(Exception):
    """GitHub can't be asked, or says no. The message is the end of a sentence."""

    def __init__(self, message: str, status: int = 0) -> None:
        self.status = status
        super().__init__(message)


class GitHub:
    """The API of one repository."""

    def __init__(
        self,
        url: str,
        token: str,
        repository: str,
        *,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """`url` is `GITHUB_API_URL`."""
        self._sleep = sleep
        self._until = time.monotonic() + _ALL
        self._root = f"/repos/{repository}"
        self._http = httpx.Client(
            base_url=url.rstrip("/"),
            headers={
                "Authorization": f"Bearer {token}",
                "Accept": "application/vnd.github+json",
                "X-GitHub-Api-Version": "2022-11-28",
                "User-Agent": "launchdarkly-reconciler-action",
            },
            timeout=_SECONDS,
            trust_env=not is_loopback(urlsplit(url).hostname or ""),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Ends its connections."""
        self._http.close()

    def get(self, path: str, **parameters: str | int) -> Any:
        """A document. `path` counts from the repository. Raises `GitHubError`, as all of these do."""
        return _document(self._send("GET", path, params=parameters))

    def post(self, path: str, body: Mapping[str, Any]) -> Any:
        """Makes something, once: an answer that was lost is not asked for again."""
        return _document(self._send("POST", path, json=body))

    def patch(self, path: str, body: Mapping[str, Any]) -> Any:
        """Changes something."""
        return _document(self._send("PATCH", path, json=body))

    def pages(self, path: str, **parameters: str | int) -> Iterator[Mapping[str, Any]]:
        """Every element of a list, page by page, as long as somebody reads on."""
        for page in range(1, _PAGES + 1):
            answer = self._send("GET", path, params={**parameters, "per_page": _PAGE, "page": page})
            found = _document(answer)
            if not isinstance(found, list):
                raise GitHubError("answered with something that is no list")
            yield from (each for each in found if isinstance(each, dict))
            if "next" not in answer.links:
                return
        raise GitHubError(f"has more than {_PAGES * _PAGE} of them")

    def commit_of(self, ref: str) -> str:
        """The commit that a ref such as `heads/main` leads to."""
        found = self.get(f"/commits/{quote(ref)}")
        commit = sha(found.get("sha")) if isinstance(found, dict) else ""
        if not commit:
            raise GitHubError("named no commit")
        return commit

    def _send(self, method: str, path: str, **given: Any) -> httpx.Response:
        waits = iter(_WAITS)
        while True:
            wait: float | None
            try:
                if time.monotonic() > self._until:
                    raise GitHubError("takes too long to answer")
                answer = self._http.request(method, self._root + path, **given)
            except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
                problem = GitHubError(f"can't be reached ({type(error).__name__})")
                wait = next(waits, None) if method != "POST" else None
            else:
                if answer.is_success:
                    return answer
                problem = _refusal(answer)
                wait = next(waits, None) if _passing(answer, method) else None
                if wait is not None:
                    wait = max(wait, _asked(answer))
            if wait is None or wait > _LONGEST_WAIT:
                raise problem
            self._sleep(wait)


def _limited(answer: httpx.Response) -> bool:
    """Whether it is a rate limit's refusal; GitHub says 403 for the secondary one too."""
    if answer.status_code == 429:
        return True
    gone = answer.headers.get("X-RateLimit-Remaining") == "0" or "Retry-After" in answer.headers
    return answer.status_code == 403 and gone


def _passing(answer: httpx.Response, method: str) -> bool:
    """Whether the same request may fare better soon. A POST that was not refused for its rate may have worked."""
    return _limited(answer) or (answer.status_code >= 500 and method != "POST")


def _asked(answer: httpx.Response) -> float:
    """The seconds that GitHub asks to wait."""
    after, reset = answer.headers.get("Retry-After", ""), answer.headers.get("X-RateLimit-Reset", "")
    if after.isdecimal():
        return float(after)
    if _limited(answer) and reset.isdecimal():
        return max(0.0, float(reset) - time.time())
    return 0.0


def _refusal(answer: httpx.Response) -> GitHubError:
    try:
        document = answer.json()
    except (ValueError, RecursionError):
        document = None
    said = document.get("message") if isinstance(document, dict) else None
    words = f": {printable(said, 200)}" if isinstance(said, str) and said else ""
    limit = ", its rate limit" if _limited(answer) else ""
    return GitHubError(f"answered {answer.status_code}{limit}{words}", answer.status_code)


def _document(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except (ValueError, RecursionError):
        raise GitHubError("answered with something that is no JSON", answer.status_code) from None
