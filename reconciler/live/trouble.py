"""Why a connection came to nothing, in words: one sentence with the reason and the next step.

The words are ours. What libraries say is not shown: a refused header is quoted there with its value.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from typing import Literal

from reconciler.live.exchange import Trouble
from reconciler.live.refusal import one_line

Phase = Literal["connect", "proxy", "exchange", "protocol", "decoding", "request"]


def trouble(error: BaseException, phase: Phase, host: str, *, proxied: bool = False) -> Trouble:
    """What an exception of the given phase means; `proxied` where the environment names a proxy."""
    causes = list(_causes(error))
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            reason = one_line(cause.verify_message or "not trusted", 100)
            return Trouble(
                f"{host} can't be trusted: its TLS certificate is refused ({reason}); "
                "check the host, or name your own authority's certificates in SSL_CERT_FILE",
                sent=False,
                lasting=True,
            )
    if phase == "request":
        return Trouble(f"{host} can't be asked: the request is not a valid one", sent=False, lasting=True)
    if phase == "proxy":
        return Trouble(
            f"{host} can't be reached: the proxy refuses to connect to it; "
            "check HTTPS_PROXY and NO_PROXY in the environment",
            sent=False,
        )
    if phase == "connect":
        hint = "; check the proxy in the environment, --host and the network" if proxied else ""
        reason, step = _refused(causes)
        return Trouble(f"{host} can't be reached: {reason}{hint or '; ' + step}", sent=False)
    if phase == "decoding":
        return Trouble(f"{host} sent an answer whose compressed body can't be read; try again")
    if phase == "protocol":
        return Trouble(f"{host} sent something that is not HTTP; check --host and its port")
    return Trouble(f"{host} broke off the connection in the middle; try again")


def _refused(causes: list[BaseException]) -> tuple[str, str]:
    """Why there is no connection, and what to do."""
    for cause in causes:
        if isinstance(cause, (socket.gaierror, UnicodeError)):
            return "its name is unknown to DNS", "check --host or LAUNCHDARKLY_API_HOST, and the network"
        if isinstance(cause, ConnectionRefusedError):
            return "the connection is refused", "check the host and its port, and that it is running"
        if isinstance(cause, ssl.SSLError):
            return "the TLS handshake failed", "check that the host and its port speak https"
    for cause in causes:
        if isinstance(cause, OSError) and cause.strerror:
            return one_line(cause.strerror, 100).lower(), "check the host and the network"
    return "there is no connection", "check the host and the network"


def late(host: str, seconds: float, *, connecting: bool = False) -> Trouble:
    """No answer within the deadline, in seconds; while `connecting`, not even a connection."""
    what = "did not take a connection" if connecting else "did not answer"
    return Trouble(
        f"{host} {what} within {seconds:g} s; check --host and the network, or try again later",
        sent=not connecting,
        deadline=True,
    )


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The exception and all that led to it, groups included: libraries wrap what the system said."""
    waiting, seen = [error], set[int]()
    while waiting:
        cause = waiting.pop()
        if id(cause) in seen:
            continue
        seen.add(id(cause))
        yield cause
        if isinstance(cause, BaseExceptionGroup):
            waiting.extend(cause.exceptions)
        waiting.extend(next_ for next_ in (cause.__context__, cause.__cause__) if next_ is not None)
