"""Look: read one resource again, to see whether a change is still to do, or has taken effect."""

from __future__ import annotations

from reconciler.live.connection import Reader
from reconciler.live.paging import read_all
from reconciler.live.reading import CUT, seen, sentence
from reconciler.model.address import Address
from reconciler.model.document import Document
from reconciler.model.errors import NotFound, ReconcilerError
from reconciler.model.kind import Kind, fill
from reconciler.model.state import Observed, Presence


async def look(address: Address, own_id: str, kind: Kind, reader: Reader) -> Observed:
    """What is live at an address now; *unknown*, with the reason, where it can't be read.

    A resource whose id is not known yet is looked for by its name in the list of its scope.
    """
    try:
        if kind.by_id and not own_id:
            return await _by_name(address, kind, reader)
        return seen(address, await reader.get(kind.item_path(address, own_id), beta=kind.beta))
    except NotFound:
        return Observed(address, Presence.ABSENT)
    except ReconcilerError as error:
        return Observed(address, Presence.UNKNOWN, reason=sentence(str(error)))


async def _by_name(address: Address, kind: Kind, reader: Reader) -> Observed:
    template = kind.listing.narrow or kind.listing.path
    path = fill(template, dict(zip(kind.key_names, address.keys, strict=True)))
    pages = await read_all(reader, path, beta=kind.beta)
    found = [item for item in pages.items if kind.keys_of(item) == address.keys]
    if len(found) > 1:
        return Observed(address, Presence.AMBIGUOUS, ids=tuple(map(_id, found)))
    if found:
        return seen(address, await reader.get(kind.item_path(address, _id(found[0])), beta=kind.beta))
    # An item that can't be told may be the one that is looked for.
    if not pages.whole or any(kind.keys_of(item) is None for item in pages.items):
        return Observed(address, Presence.UNKNOWN, reason=CUT)
    return Observed(address, Presence.ABSENT)


def _id(item: Document) -> str:
    return str(item.get("_id", ""))
