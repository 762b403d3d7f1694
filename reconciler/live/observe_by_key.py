"""Observe kinds that have keys: roots by a filter, their children along with them or in pages."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import anyio

from reconciler.live.paging import Pages, one_page
from reconciler.live.reading import CUT, Notebook, seen
from reconciler.model.address import Address
from reconciler.model.document import Document
from reconciler.model.errors import Forbidden, NotFound, ServiceError
from reconciler.model.kind import Kind, fill, parent_of
from reconciler.model.state import Presence

# Keys in one `filter=keys:a|b`: a URL of much more than 2,000 characters is refused by proxies on the way.
_KEYS_IN_A_FILTER = 50
_FILTER_LENGTH = 1500
# How many children come embedded in their parent at most; the service does not say when it cut them.
_EMBEDDED = 20


async def observe_by_key(notebook: Notebook, wanted: Mapping[str, Sequence[Address]]) -> None:
    """Note what is live of the wanted resources of all kinds that have keys, parents first."""
    embedded: dict[Address, Pages] = {}
    for kind in notebook.kinds.values():
        if kind.by_id:
            continue
        async with anyio.create_task_group() as group:
            if kind.parent is None:
                for chunk in _chunks(wanted[kind.name]):
                    group.start_soon(_roots, notebook, kind, chunk, embedded)
            else:
                for parent, children in _families(notebook, kind, wanted[kind.name]):
                    group.start_soon(_children, notebook, kind, parent, children, embedded)


async def _roots(
    notebook: Notebook, kind: Kind, addresses: Sequence[Address], embedded: dict[Address, Pages]
) -> None:
    params = _expanding(kind) | {
        "filter": f"{kind.listing.key_filter}:" + "|".join(address.keys[-1] for address in addresses)
    }
    try:
        pages = await notebook.pages(kind, kind.listing.path, params)
    except Forbidden:
        async with anyio.create_task_group() as group:
            for address in addresses:
                group.start_soon(_root, notebook, kind, address, embedded)
        return
    except NotFound as error:
        # The list of a whole account is always there, so whatever answered is no LaunchDarkly.
        raise ServiceError(
            error.status,
            request=error.request,
            message="this does not look like LaunchDarkly; is --host right?",
        ) from None
    except ServiceError as error:
        notebook.unknown(addresses, str(error))
        return
    # The filter ignores case, and keys do not.
    items = {item.get(kind.identity): item for item in pages.items}
    whole = pages.whole and all(isinstance(key, str) for key in items)
    for address in addresses:
        item = items.get(address.keys[-1])
        if item is not None:
            _present(notebook, kind, address, item, embedded)
        elif whole:
            notebook.absent([address])
        else:
            notebook.unknown([address], CUT)


async def _root(notebook: Notebook, kind: Kind, address: Address, embedded: dict[Address, Pages]) -> None:
    try:
        item = await notebook.get(kind, kind.item_path(address), _expanding(kind))
    except NotFound:
        notebook.absent([address])
    except ServiceError as error:
        notebook.unknown([address], str(error))
    else:
        _present(notebook, kind, address, item, embedded)


def _expanding(kind: Kind) -> dict[str, str]:
    return {"expand": kind.carries.expand} if kind.carries is not None and kind.carries.expand else {}


def _present(
    notebook: Notebook, kind: Kind, address: Address, item: Document, embedded: dict[Address, Pages]
) -> None:
    notebook.asked[address] = seen(address, item)
    children = item.get(kind.carries.member) if kind.carries is not None else None
    if isinstance(children, Mapping):
        embedded[address] = one_page(children, full=_EMBEDDED)


def _families(
    notebook: Notebook, kind: Kind, wanted: Iterable[Address]
) -> Iterator[tuple[Address, list[Address]]]:
    """Parents whose children are to be read, with the children that were asked for."""
    families: dict[Address, list[Address]] = {}
    for address in wanted:
        parent = parent_of(address, notebook.kinds)
        if parent is not None:
            families.setdefault(parent, []).append(address)
    for declared in notebook.desired.values():
        if declared.absent and declared.address.kind == kind.parent:
            families.setdefault(declared.address, [])
    yield from families.items()


async def _children(
    notebook: Notebook,
    kind: Kind,
    parent: Address,
    wanted: Sequence[Address],
    embedded: Mapping[Address, Pages],
) -> None:
    if notebook.asked[parent].presence is Presence.ABSENT:
        notebook.absent(wanted)
        return
    carries = notebook.kinds[parent.kind].carries
    pages = embedded.get(parent) if carries is not None and carries.kind == kind.name else None
    if pages is None or not pages.whole:
        scope = dict(zip(kind.scope, parent.keys, strict=True))
        try:
            pages = await notebook.pages(kind, fill(kind.listing.path, scope))
        except NotFound:
            notebook.absent(wanted)
            return
        except ServiceError as error:
            notebook.incomplete(kind, wanted, str(error))
            return
    missing, whole = set(wanted), pages.whole
    for item in pages.items:
        key = item.get(kind.identity)
        if not isinstance(key, str):
            whole = False  # it may be any of those that are wanted
            continue
        address = kind.address(*parent.keys, key)
        if address in missing:
            missing.discard(address)
            notebook.asked[address] = seen(address, item)
        else:
            notebook.others.append(seen(address, item))
    if whole:
        notebook.absent(missing)
    else:
        notebook.incomplete(kind, missing, CUT)


def _chunks(addresses: Sequence[Address]) -> Iterator[list[Address]]:
    """Addresses in portions that a filter can hold."""
    chunk: list[Address] = []
    length = 0
    for address in addresses:
        if chunk and (len(chunk) == _KEYS_IN_A_FILTER or length + len(address.keys[-1]) > _FILTER_LENGTH):
            yield chunk
            chunk, length = [], 0
        chunk.append(address)
        length += len(address.keys[-1]) + 3  # the separator, percent-encoded
    if chunk:
        yield chunk
