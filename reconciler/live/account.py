"""Which account a token belongs to."""

from __future__ import annotations

from reconciler.live.connection import Reader
from reconciler.model.errors import WrongAccount


async def account_of(reader: Reader) -> str | None:
    """The account's id, from `GET /api/v2/caller-identity`; `None` where the service doesn't tell it."""
    identity = await reader.get("/api/v2/caller-identity")
    found = identity.get("accountId")
    return found if isinstance(found, str) else None


async def check_account(reader: Reader, wanted: str, meant_by: str) -> str:
    """The account's id. Raises `WrongAccount` where it is another one, or where it can't be told."""
    found = await account_of(reader)
    if found != wanted:
        shown = "one that LaunchDarkly doesn't name" if found is None else found
        raise WrongAccount(
            f"The access token belongs to the account {shown}, and {meant_by} means {wanted}; nothing else was read, "
            "and nothing was written. Use the other account's token, or correct what is meant."
        )
    return found
