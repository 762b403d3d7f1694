"""Where LaunchDarkly is and what opens it: the host and the access token, as the user gave them.

Both come from a flag or the environment, so both are checked before anything is sent, and a mistake
is one sentence that says what to do. No sentence holds the token or a password.
"""

from __future__ import annotations

import re
from ipaddress import IPv6Address, ip_address
from typing import Final
from urllib.parse import urlsplit

from reconciler.model.errors import UsageError

DEFAULT_HOST: Final = "app.launchdarkly.com"

_EXAMPLE = f"give a host such as {DEFAULT_HOST} or app.eu.launchdarkly.com"
_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_DEFAULT_PORTS = {"https": 443, "http": 80}
_MAX_TOKEN = 4096


def base_url(host: str) -> str:
    """The origin that requests go to, without a slash at its end, from what the user gave as host.

    No scheme means https; http is for this machine only, since it would show the token to everybody
    on the way. Raises `UsageError` for everything that is not an origin.
    """
    if not host:
        raise UsageError(f"The host is empty: {_EXAMPLE}")
    if any(not "!" <= character <= "~" for character in host):
        raise UsageError(
            f"The host {host[:100]!a} holds white space, control or non-ASCII characters: {_EXAMPLE}"
        )
    scheme, separator, rest = host.partition("://")
    if not separator:
        scheme, rest = "https", host
    scheme = scheme.lower()
    if "@" in rest:  # said without the value: what stands before the @ may be a password
        raise UsageError(f"The host can't hold a user name or a password: {_EXAMPLE}")
    if scheme not in _DEFAULT_PORTS:
        raise UsageError(f"The host {host[:100]} has a scheme that is not https: {_EXAMPLE}")
    name, port = _name_and_port(scheme, rest, host[:100])
    if scheme == "http" and not is_loopback(name):
        raise UsageError(
            f"http://{name} would send the access token unencrypted: use https://{name}; "
            "http:// is for this machine only, such as http://127.0.0.1:8901"
        )
    shown = f"[{name}]" if ":" in name else name
    return f"{scheme}://{shown}" if port is None else f"{scheme}://{shown}:{port}"


def _name_and_port(scheme: str, rest: str, given: str) -> tuple[str, int | None]:
    if "\\" in rest:
        raise UsageError(f"The host {given} holds a backslash: {_EXAMPLE}")
    try:
        parts = urlsplit(f"{scheme}://{rest}")
        name, port = parts.hostname or "", parts.port
    except ValueError:
        parts, name, port = None, "", None
    if parts is None or port == 0 or parts.netloc.endswith(":"):
        raise UsageError(f"The host {given} has a port or an address that is none: {_EXAMPLE}")
    if parts.query or parts.fragment or "?" in rest or "#" in rest:
        raise UsageError(f"The host {given} can't have a query or a fragment: {_EXAMPLE}")
    if parts.path.rstrip("/") == "/api/v2":
        raise UsageError(f"The host {given} should stand without /api/v2, which is added: leave it out")
    if parts.path not in ("", "/"):
        raise UsageError(f"The host {given} can't have a path: {_EXAMPLE}")
    if "[" in parts.netloc:
        valid = _is_address(name)
    else:
        name = name.removesuffix(".")
        valid = len(name) <= 253 and all(_NAME.fullmatch(label) for label in name.split("."))
    if not valid:
        raise UsageError(f"The host {given} is not a host name: {_EXAMPLE}")
    return name, None if port == _DEFAULT_PORTS[scheme] else port


def is_loopback(name: str) -> bool:
    """Whether a host name or address, without port and brackets, is this machine's own."""
    return name == "localhost" or (_is_address(name) and ip_address(name).is_loopback)


def shown_host(url: str) -> str:
    """A base URL's host and port, for sentences."""
    return url.partition("://")[2]


def _is_address(name: str) -> bool:
    try:
        address = ip_address(name)
    except ValueError:
        return False
    return not (isinstance(address, IPv6Address) and address.scope_id)


def checked_token(token: str, origin: str) -> str:
    """The token without surrounding white space, fit to be sent.

    `origin` names where it came from, such as a variable, for the sentence of the `UsageError` that
    anything else than an access token gives.
    """
    token = token.strip()
    if not token:
        raise UsageError(f"{origin} is empty: give a LaunchDarkly API access token")
    if token.lower() == "bearer" or token.lower().startswith("bearer "):
        raise UsageError(f"{origin} starts with 'Bearer': give the bare token, LaunchDarkly takes no prefix")
    if len(token) > 1 and token[0] == token[-1] and token[0] in "'\"`":
        raise UsageError(f"{origin} stands in quotes: give the bare token")
    if any(not "!" <= character <= "~" for character in token):
        raise UsageError(
            f"{origin} holds white space, control or non-ASCII characters, which no access token does: "
            "copy the token again"
        )
    if len(token) > _MAX_TOKEN:
        raise UsageError(f"{origin} is too long for an access token: is it the right file?")
    if token.startswith(("sdk-", "mob-")):
        kind = "an SDK key" if token.startswith("sdk-") else "a mobile key"
        raise UsageError(f"{origin} holds {kind}: LaunchDarkly's REST API wants an API access token")
    return token
