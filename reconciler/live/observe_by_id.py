"""Observe kinds whose ids the service makes: one list for the account, then details of what is declared."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import anyio

from reconciler.live.reading import CUT, Notebook, seen
from reconciler.model.address import Address
from reconciler.model.document import Document
from reconciler.model.errors import Forbidden, NotFound, ServiceError
from reconciler.model.kind import Kind, fill
from reconciler.model.state import Observed, Presence


async def observe_by_id(notebook: Notebook, kind: Kind, wanted: Sequence[Address]) -> None:
    """Note what is live of the wanted resources of one kind, and what else its lists show."""
    try:
        pages = await notebook.all(kind, kind.listing.path)
    except Forbidden as error:
        if kind.listing.narrow is None:
            notebook.incomplete(kind, wanted, str(error))
        else:
            await _narrowly(notebook, kind, kind.listing.narrow, wanted)
    except ServiceError as error:
        notebook.incomplete(kind, wanted, str(error))
    else:
        if not pages.whole:
            notebook.unlisted[kind.name] = CUT
        await _match(notebook, kind, wanted, pages.items, whole=pages.whole)


async def _narrowly(notebook: Notebook, kind: Kind, narrow: str, wanted: Sequence[Address]) -> None:
    """The narrower lists, for callers who may not read the widest."""
    names = [name for name in kind.scope if "{" + name + "}" in narrow]
    scopes: dict[tuple[str, ...], list[Address]] = {}
    for address in wanted:
        scopes.setdefault(address.keys[: len(names)], []).append(address)
    if notebook.below_a_tombstone(kind):
        notebook.unlisted[kind.name] = f"The list of every {kind.noun} of the account is forbidden."

    async def read(keys: tuple[str, ...], addresses: list[Address]) -> None:
        try:
            pages = await notebook.all(kind, fill(narrow, dict(zip(names, keys, strict=True))))
        except NotFound:
            notebook.absent(addresses)
        except ServiceError as error:
            notebook.incomplete(kind, addresses, str(error))
        else:
            await _match(notebook, kind, addresses, pages.items, whole=pages.whole)

    async with anyio.create_task_group() as group:
        for keys, addresses in scopes.items():
            group.start_soon(read, keys, addresses)


async def _match(
    notebook: Notebook, kind: Kind, wanted: Sequence[Address], items: Sequence[Document], *, whole: bool
) -> None:
    """Find each wanted resource among the listed ones: by pinned id, else by its name in its scope."""
    pins = {
        declared.id: address
        for address in wanted
        if (declared := notebook.desired.get(address)) is not None and declared.id is not None
    }
    pinned = set(pins.values())
    by_name = set(wanted) - pinned
    matches: dict[Address, list[Document]] = defaultdict(list)
    for item in items:
        keys = kind.keys_of(item)
        if keys is None or not isinstance(item.get("_id"), str):
            whole = False  # it may be any of those that are wanted
            continue
        own = kind.address(*keys)
        target = pins.get(str(item.get("_id")))
        if target is not None and target.keys[:-1] == own.keys[:-1]:
            matches[target].append(item)
        elif own in by_name:
            matches[own].append(item)
        else:
            notebook.others.append(seen(own, item))

    async def note(address: Address) -> None:
        found = matches[address]
        if len(found) > 1:
            ids = tuple(str(item.get("_id")) for item in found)
            notebook.asked[address] = Observed(address, Presence.AMBIGUOUS, ids=ids)
        elif found:
            await _detailed(notebook, kind, address, found[0])
        elif whole:
            notebook.absent([address])
        else:
            notebook.unknown([address], CUT)

    async with anyio.create_task_group() as group:
        for address in wanted:
            group.start_soon(note, address)


async def _detailed(notebook: Notebook, kind: Kind, address: Address, item: Document) -> None:
    """Note the listed item, or its full form where the manifest declares what lists leave out."""
    declared = notebook.desired.get(address)
    details = () if declared is None or declared.absent else kind.listing.details
    if declared is None or not any(name in declared.document for name in details):
        notebook.asked[address] = seen(address, item)
        return
    try:
        full = await notebook.get(kind, kind.item_path(address, str(item.get("_id"))))
    except NotFound:
        notebook.absent([address])
    except ServiceError as error:
        notebook.unknown([address], str(error))
    else:
        notebook.asked[address] = seen(address, full)
