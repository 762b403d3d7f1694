"""Lists, read whole or known not to be: a resource is only ever created where its list was whole."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Final

from reconciler.live.connection import Reader
from reconciler.model.document import MISSING, Document, Json
from reconciler.model.errors import ServiceError

LIMIT: Final = 100
SAFE_LIMIT: Final = 20
"""The page length that the service itself uses, should it refuse a longer one."""
MAX_READS: Final = 3
MAX_PAGES: Final = 1000


@dataclass(frozen=True, slots=True)
class Pages:
    """A list's items, in the service's order, each once."""

    items: list[Document] = field(default_factory=list, repr=False)
    whole: bool = False
    """Whether that is surely all there is: only then does what is not in it not exist."""
    total: int | None = None
    """How many there are, by the service's count, where it counts."""


def by(*names: str) -> Callable[[Document], Hashable]:
    """A key function: the first of the given members that an item has, such as `_id`, `id` or `key`."""

    def key(item: Document) -> Hashable:
        found = (item.get(name) for name in names)
        return next((value for value in found if isinstance(value, str)), None)

    return key


BY_KEY: Final = by("key", "_id", "id")


def one_page(document: Document, *, full: int | None = None) -> Pages:
    """A list as one answer holds it, or as it stands nested in another document.

    `full` is the length at which a page without a `totalCount` may have been cut.
    """
    entries, total = _entries(document), _total(document)
    items = _objects(entries)
    cut = (total is None and full is not None and len(items) >= full) or len(items) < (total or 0)
    whole = entries is not None and len(items) == len(entries) and not cut and not _has_next(document)
    return Pages(items, whole, total)


async def read_all(
    reader: Reader, path: str, params: Mapping[str, str] | None = None, *, beta: bool = False
) -> Pages:
    """A list that the API never pages, in one request. Raises as `Reader.get` does."""
    return one_page(await reader.get(path, params, beta=beta))


async def read_pages(
    reader: Reader,
    path: str,
    params: Mapping[str, str] | None = None,
    *,
    key: Callable[[Document], Hashable] = BY_KEY,
    limit: int = LIMIT,
    beta: bool = False,
) -> Pages:
    """A list that is paged by offset, page after page. Raises as `Reader.get` does.

    `key` tells items apart; one for which it is None stands for itself. Where the list moved while it
    was read, it is read again, at most three times in all, and then it is not `whole`.
    """
    pages = Pages()
    for _ in range(MAX_READS):
        try:
            pages, moved = await _read(reader, path, params or {}, key, limit, beta=beta)
        except ServiceError as error:
            if error.status != 400 or limit <= SAFE_LIMIT:
                raise
            limit, moved = SAFE_LIMIT, True
        if not moved:
            break
    return pages


async def _read(
    reader: Reader,
    path: str,
    params: Mapping[str, str],
    key: Callable[[Document], Hashable],
    limit: int,
    *,
    beta: bool,
) -> tuple[Pages, bool]:
    """The list once, and whether it moved meanwhile, so that an item may have slipped through."""
    items: dict[Hashable, Document] = {}
    totals: set[int | None] = set()
    received, moved, readable = 0, False, True
    for _ in range(MAX_PAGES):
        where = {"limit": str(limit)} | ({"offset": str(received)} if received else {})
        document = await reader.get(path, {**params, **where}, beta=beta)
        entries, total = _entries(document), _total(document)
        totals.add(total)
        page, before = _objects(entries), len(items)
        for item in page:
            name = key(item)
            items.setdefault(("nameless", len(items)) if name is None else ("named", name), item)
        length = 0 if entries is None else len(entries)
        received += length
        readable = readable and entries is not None and len(page) == length
        # The links' addresses are not followed, but a next one says that there is more.
        more = _has_next(document) or (length >= limit if total is None else received < total)
        fresh = len(items) - before
        moved = moved or fresh < len(page) or len(totals) > 1
        if not more or not fresh:  # nothing new: an empty page, or a server that knows no offset
            enough = total is None or len(items) >= total
            whole = readable and enough and not more and not moved
            return Pages(list(items.values()), whole, total), moved
    return Pages(list(items.values()), whole=False, total=None), False


def _entries(document: Document) -> list[Json] | None:
    """What stands in `items`, which some servers make null where a list is empty; None if that is no list."""
    found = document.get("items", MISSING)
    if found is None:
        return []
    return list(found) if isinstance(found, (list, tuple)) else None


def _objects(entries: list[Json] | None) -> list[Document]:
    return [entry for entry in entries or () if isinstance(entry, Mapping)]


def _total(document: Document) -> int | None:
    total = document.get("totalCount")
    return total if isinstance(total, int) and not isinstance(total, bool) and total >= 0 else None


def _has_next(document: Document) -> bool:
    links = document.get("_links")
    return isinstance(links, Mapping) and links.get("next") is not None
