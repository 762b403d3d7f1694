"""Lists: filters, sorting, pages and the links between them.

Source: LaunchDarkly API documentation, "List projects" and "List environments", and recorded answers for
the links.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import urlencode

from reconciler.sandbox import errors
from reconciler.sandbox.exchange import Query
from reconciler.sandbox.links import Link, link
from reconciler.sandbox.options import Options
from reconciler.sandbox.world import Record

Condition: TypeAlias = Callable[[Record, str], bool]
Order: TypeAlias = Callable[[Record], str | bool]

_WHOLE: Final = re.compile(r"[0-9]{1,18}", re.ASCII)
"""Up to 18 digits, so that sums stay within 64 bits."""


@dataclass(frozen=True, slots=True)
class Listing:
    """What one list can be filtered and sorted by, besides `createdOn`, the order of creation."""

    conditions: Mapping[str, Condition]
    orders: Mapping[str, Order]


@dataclass(frozen=True, slots=True)
class Window:
    """The part of a list that a page shows."""

    limit: int
    offset: int = 0


def mentions(record: Record, wanted: str) -> bool:
    """Whether name or key contain a text, in upper or lower case."""
    return wanted.casefold() in record["name"].casefold() or wanted.casefold() in record["key"].casefold()


def has_tags(record: Record, wanted: str) -> bool:
    """Whether all of the tags, joined by `+`, are there. A `+` that was not sent as `%2B` is a space by now."""
    held = {tag.casefold() for tag in record["tags"]}
    return all(tag.casefold() in held for tag in wanted.split("+"))


def has_key(record: Record, wanted: str) -> bool:
    """Whether the key is one of those, joined by `|`. The service does not care for upper or lower case."""
    return record["key"].casefold() in {key.casefold() for key in wanted.split("|")}


def select(records: Sequence[Record], query: Query, listing: Listing) -> list[Record]:
    """The records that pass `filter`, sorted by `sort`. 400 for a field that neither knows."""
    return _sorted(_filtered(records, query.get("filter") or "", listing), query.get("sort") or "", listing)


def _filtered(records: Sequence[Record], text: str, listing: Listing) -> list[Record]:
    kept = list(records)
    for part in filter(None, text.split(",")):
        field, colon, wanted = part.partition(":")
        condition = listing.conditions.get(field)
        if condition is None or not colon:
            known = ", ".join(listing.conditions)
            raise errors.invalid(f"filter takes field:value with one of these fields: {known}")
        kept = [record for record in kept if condition(record, wanted)]
    return kept


def _sorted(records: list[Record], text: str, listing: Listing) -> list[Record]:
    # Sorting is stable, so the least important field goes first.
    for part in reversed(list(filter(None, text.split(",")))):
        field, descending = part.removeprefix("-"), part.startswith("-")
        if field == "createdOn":
            records = records[::-1] if descending else records
        elif field in listing.orders:
            records = sorted(records, key=listing.orders[field], reverse=descending)
        else:
            raise errors.invalid(f"sort takes these fields: {', '.join(['createdOn', *listing.orders])}")
    return records


def window(query: Query, options: Options) -> Window:
    """The page that `limit` and `offset` ask for.

    400 for anything but whole numbers, for a limit of 0, and for one above the largest, unless it is to
    be clamped.
    """
    limit, offset = query.get("limit"), query.get("offset")
    wanted = options.page_size if limit is None else _number(limit, "limit")
    if wanted == 0:
        raise errors.invalid("limit must be at least 1")
    if wanted > options.page_limit and not options.clamp_limit:
        raise errors.invalid(f"limit must be at most {options.page_limit}")
    return Window(min(wanted, options.page_limit), 0 if offset is None else _number(offset, "offset"))


def _number(text: str, name: str) -> int:
    if not _WHOLE.fullmatch(text):
        raise errors.invalid(f"{name} must be a whole number that is not negative")
    return int(text)


def page_links(path: str, query: Query, shown: Window, total: int, parent: str) -> dict[str, Link]:
    """The links of one page.

    The first page has neither `first` nor `prev`, the last one neither `next` nor `last`. `self` is what
    was asked; in the others an offset of 0 is left out.
    """
    kept = [(name, value) for name, value in query.pairs if name not in ("limit", "offset")]

    def page(offset: int) -> Link:
        pairs = [*kept, ("limit", str(shown.limit)), *([("offset", str(offset))] if offset else [])]
        return link(f"{path}?{urlencode(pairs)}")

    links = {"self": link(f"{path}?{query.raw}" if query.raw else path), "parent": link(parent)}
    if shown.offset > 0:
        links["first"] = page(0)
        links["prev"] = page(max(0, shown.offset - shown.limit))
    if shown.offset + shown.limit < total:
        links["next"] = page(shown.offset + shown.limit)
        links["last"] = page((total - 1) // shown.limit * shown.limit)
    return links
