"""Keeps the HTTP libraries' own logs out of ours.

At DEBUG httpcore logs the headers of answers and quotes header values that it refuses, and httpx logs
whole addresses; a secret could stand in any of them. What there is to know goes to `on_event`.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

# A filter is not inherited by the loggers below, so each that writes is named.
_LOGGERS = (
    "httpx",
    "httpcore.connection",
    "httpcore.http11",
    "httpcore.http2",
    "httpcore.proxy",
    "httpcore.socks",
)
_ours: ContextVar[bool] = ContextVar("request of ours", default=False)


def _of_others(record: logging.LogRecord) -> bool:  # noqa: ARG001 - a filter's signature
    return not _ours.get()


@contextmanager
def quiet() -> Iterator[None]:
    """What these libraries log inside of the block is dropped; a host program's own use of them is not."""
    for name in _LOGGERS:
        logging.getLogger(name).addFilter(_of_others)  # a second time changes nothing
    token = _ours.set(True)
    try:
        yield
    finally:
        _ours.reset(token)
