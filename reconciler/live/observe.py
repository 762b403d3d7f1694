"""Observe: read what the manifests name, and what stands around it, with as few requests as possible.

Lists instead of one request for each resource; a GET by id only where a list leaves a member out that
a manifest declares. The reader that it is given can't write.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import anyio

from reconciler.live.connection import Reader
from reconciler.live.observe_by_id import observe_by_id
from reconciler.live.observe_by_key import observe_by_key
from reconciler.live.reading import Notebook
from reconciler.model.address import Address
from reconciler.model.errors import Forbidden, ReconcilerError, ServiceError, Unauthorized
from reconciler.model.kind import Kinds, ancestors
from reconciler.model.state import Declared, Live


async def observe(desired: Sequence[Declared], kinds: Kinds, reader: Reader) -> Live:
    """What LaunchDarkly holds of the declared resources and of everything above them.

    A resource that can't be read is *unknown*, with the reason; *absent* is only what a direct 404 or
    a list that was read whole has proven. Raises `Unauthorized` and `Unreachable`, and `Forbidden`
    where not a single read was allowed.
    """
    notebook = Notebook(kinds, reader, {declared.address: declared for declared in desired})
    wanted = _wanted(desired, kinds)
    with ungrouped():
        async with anyio.create_task_group() as group:
            group.start_soon(observe_by_key, notebook, wanted)
            for kind in kinds.values():
                if kind.by_id and (wanted[kind.name] or notebook.below_a_tombstone(kind)):
                    group.start_soon(observe_by_id, notebook, kind, wanted[kind.name])
    if notebook.refused is not None and not notebook.allowed:
        raise _without_rights(notebook.refused)
    return Live(notebook.asked, tuple(notebook.others), notebook.unlisted)


def _without_rights(refused: ServiceError) -> ServiceError:
    """The one error that stands for a token that may read nothing."""
    if isinstance(refused, Unauthorized):
        return refused
    return Forbidden(
        refused.status,
        code=refused.code,
        message="the access token has no right to read anything that the manifests name; give it a role with read access",
        request_id=refused.request_id,
        request="Every read",
    )


def _wanted(desired: Sequence[Declared], kinds: Kinds) -> dict[str, list[Address]]:
    """The addresses to read, by kind: what is declared, and everything above it."""
    wanted: dict[str, set[Address]] = defaultdict(set)
    for declared in desired:
        for address in (declared.address, *ancestors(declared.address, kinds)):
            wanted[address.kind].add(address)
    return defaultdict(list, {kind: sorted(addresses) for kind, addresses in wanted.items()})


@contextmanager
def ungrouped() -> Iterator[None]:
    """Raises our first own error out of a task group's bundle, where there is one."""
    try:
        yield
    except BaseExceptionGroup as group:
        errors = group.split(ReconcilerError)[0]
        first: BaseException | None = errors
        while isinstance(first, BaseExceptionGroup):
            first = first.exceptions[0]
        if first is None:
            raise
        raise first from None
