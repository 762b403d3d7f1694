"""Who is calling: the token, what its role allows, and what `caller-identity` tells of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import get_args

from reconciler.sandbox import errors
from reconciler.sandbox.exchange import Answer, Call, Role


def known_tokens(tokens: Mapping[str, str] | None) -> Mapping[str, Role]:
    """The tokens with their roles. `ValueError` for a role that does not exist; it names no token."""
    known: dict[str, Role] = {}
    for token, name in (tokens or {}).items():
        role = next((role for role in get_args(Role) if role == name), None)
        if role is None:
            raise ValueError(f"a token's role is one of {', '.join(get_args(Role))}, unlike {name!r}")
        known[token] = role
    return known


def role_of(authorization: str | None, tokens: Mapping[str, Role]) -> Role:
    """The role of the token in an `Authorization` header; every token is a writer's where none are named.

    401 without one, for one that is not known, and for `Bearer x`: the service takes the bare token.
    """
    token = (authorization or "").strip()
    if not token or token.partition(" ")[0].lower() == "bearer":
        raise errors.unauthorized()
    if not tokens:
        return "writer"
    if token not in tokens:
        raise errors.unauthorized()
    return tokens[token]


def caller_identity(call: Call) -> Answer:
    """200: the account, and a name for the token, which itself is never told."""
    return Answer(
        200,
        {
            "accountId": call.world.account,
            "authKind": "token",
            "tokenName": f"Sandbox {call.role}",
            "serviceToken": True,
        },
    )
