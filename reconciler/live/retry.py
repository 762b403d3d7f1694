"""Sends a request until there is an answer that counts, or none is to be had.

A rate-limited call had no effect, so a 429 is tried again for every method. What may have had an effect
is tried again only where doing it twice does the same as doing it once; a POST never is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from math import inf
from typing import Final

from anyio import Semaphore

from reconciler.live.attempts import count
from reconciler.live.exchange import Answer, Exchanged, OnEvent, Request, Timing, Trouble, Waiting
from reconciler.live.pacing import Pacer
from reconciler.live.ratelimit import JITTER, LONGEST, growing, retry_after
from reconciler.live.refusal import refusal
from reconciler.model.document import Json
from reconciler.model.errors import OutOfTime, Unreachable

MAX_429: Final = 12
MAX_SECONDS_OF_429: Final = 300.0
MAX_RETRIES: Final = 4
SECONDS_TO_APPEAR: Final = 5.0
"""How long the service may answer 404 for what it created just now."""


@dataclass(slots=True)
class _Tally:
    """What a request has gone through so far."""

    tries: int = 0
    limited: int = 0
    failed: int = 0
    missing: int = 0
    uncertain: bool = False
    """Whether one of the tries may have had an effect."""
    limited_since: float = 0.0
    missing_since: float = 0.0


class Sender:
    """Sends requests: at most so many at once, paced, and retried."""

    def __init__(
        self,
        attempt: Callable[[Request], Awaitable[Answer | Trouble]],
        *,
        pacer: Pacer,
        concurrency: int,
        timing: Timing,
        secrets: Callable[[], Iterable[str]],
        on_event: OnEvent,
        until: float = inf,
    ) -> None:
        """`until` is when the run is to be over, by the clock of `timing`: no try is waited for beyond it."""
        self._attempt = attempt
        self._pacer = pacer
        self._places = Semaphore(concurrency, fast_acquire=True)
        self._timing = timing
        self._secrets = secrets
        self._on_event = on_event
        self._until = until
        self._answered = False

    async def __call__(self, request: Request) -> Answer:
        """The answer with a 2xx status. Raises `ServiceError` for another one, `Unreachable` for none."""
        tally = _Tally()
        while True:
            result = await self._once(request, tally)
            wait = self._wait(request, result, tally)
            if wait is None:
                break
            if wait > 0:
                reason = result.sentence if isinstance(result, Trouble) else f"{request}: {result.status}"
                wait += wait * JITTER * self._timing.random()
                if self._timing.clock() + wait >= self._until:
                    break  # what went wrong says more than that the time is over
                self._on_event(Waiting(wait, reason))
                await self._timing.sleep(wait)
        if isinstance(result, Trouble):
            again = f" (tried {tally.tries} times)" if tally.tries > 1 else ""
            raise Unreachable(f"{result.sentence}{again}", sent=tally.uncertain)
        if not 200 <= result.status < 300:
            raise refusal(request, result, secrets=self._secrets, tries=tally.tries)
        return result

    async def _once(self, request: Request, tally: _Tally) -> Answer | Trouble:
        # The pacer comes first, to see all that wait. None who may go waits for a place, or it would slip
        # past a pause: a pacer lets out no more than there are places.
        try:
            await self._pacer.before(request)
        except OutOfTime as error:
            error.sent = tally.uncertain
            raise
        tally.tries += 1
        count()
        result: Answer | Trouble | None = None
        try:
            async with self._places:
                start = self._timing.clock()
                result = await self._attempt(request)
        finally:  # also for a request that was cancelled
            self._pacer.after(request, result if isinstance(result, Answer) else None)
        self._answered = self._answered or isinstance(result, Answer)
        tally.uncertain = tally.uncertain or _uncertain(result)
        status, trouble = (0, result.sentence) if isinstance(result, Trouble) else (result.status, "")
        seconds = self._timing.clock() - start
        self._on_event(Exchanged(request.method, request.path, status, seconds, tally.tries, trouble))
        return result

    def _wait(self, request: Request, result: Answer | Trouble, tally: _Tally) -> float | None:
        """Seconds until the next try, where there is one; 0 where the pacer does the waiting."""
        now = self._timing.clock()
        if isinstance(result, Trouble):
            return self._after_failure(request, result, tally)
        if result.status == 429:
            tally.limited += 1
            tally.limited_since = now if tally.limited == 1 else tally.limited_since
            over = tally.limited >= MAX_429 or now - tally.limited_since >= MAX_SECONDS_OF_429
            return None if over else 0
        if result.status >= 500 and result.status != 501:
            return self._after_failure(request, result, tally)
        if result.status == 404 and request.just_created:
            tally.missing += 1
            tally.missing_since = now if tally.missing == 1 else tally.missing_since
            over = now - tally.missing_since >= SECONDS_TO_APPEAR
            return None if over else growing(0.2, tally.missing - 1, 1)
        return None

    def _after_failure(self, request: Request, result: Answer | Trouble, tally: _Tally) -> float | None:
        tally.failed += 1
        if not request.repeatable or tally.failed > MAX_RETRIES:
            return None
        wait = growing(0.25, tally.failed - 1, 5)
        if isinstance(result, Answer):
            asked = retry_after(result.headers, self._timing.epoch()) or 0
            return max(wait, min(asked, LONGEST))
        # Each try after a deadline takes as long again. A host that never answered is a wrong one.
        if result.lasting or (result.deadline and (tally.failed > 1 or not self._answered)):
            return None
        return wait


def _uncertain(result: Answer | Trouble) -> bool:
    """Whether the try may have had an effect, though no success was answered."""
    return result.sent if isinstance(result, Trouble) else result.status >= 500


def repeatable(operations: Json) -> bool:
    """Whether a PATCH with this body can be sent twice: it tests nothing, and moves no list's elements.

    The body is an array of operations, one with a comment around it, or a partial object.
    """
    if isinstance(operations, Mapping):
        operations = operations.get("patch")
        if operations is None:
            return True
    if not isinstance(operations, (list, tuple)):
        return False
    for operation in operations:
        if not isinstance(operation, Mapping):
            return False
        last = str(operation.get("path", "")).rpartition("/")[2]
        moves = operation.get("op") != "replace" and (last == "-" or last.isdecimal())
        if moves or operation.get("op") not in ("add", "replace", "remove"):
            return False
    return True
