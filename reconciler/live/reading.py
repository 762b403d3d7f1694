"""What reading a live side writes down, and the requests that it makes, counted and sorted by answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

from reconciler.live.connection import Reader
from reconciler.live.paging import Pages, read_all, read_pages
from reconciler.model.address import Address
from reconciler.model.document import Document
from reconciler.model.errors import Forbidden, NotFound, ServiceError, Unauthorized
from reconciler.model.kind import Kind, Kinds
from reconciler.model.state import Declared, Observed, Presence

CUT: Final = "The list of them could not be read to its end."


@dataclass
class Notebook:
    """What was read so far."""

    kinds: Kinds
    reader: Reader
    desired: Mapping[Address, Declared]
    asked: dict[Address, Observed] = field(default_factory=dict)
    others: list[Observed] = field(default_factory=list)
    unlisted: dict[str, str] = field(default_factory=dict)
    allowed: int = 0
    """How many reads the service answered, a 404 included."""
    refused: ServiceError | None = None
    """The latest 401 or 403: the service uses both for a lack of rights."""

    def absent(self, addresses: Iterable[Address]) -> None:
        """Note what is proven not to exist."""
        self.asked.update({address: Observed(address, Presence.ABSENT) for address in addresses})

    def unknown(self, addresses: Iterable[Address], reason: str) -> None:
        """Note what could not be read, and why."""
        self.asked.update(
            {address: Observed(address, Presence.UNKNOWN, reason=sentence(reason)) for address in addresses}
        )

    def incomplete(self, kind: Kind, addresses: Iterable[Address], reason: str) -> None:
        """Note that a list of a kind is missing, and with it what was wanted from it."""
        self.unknown(addresses, reason)
        self.unlisted[kind.name] = sentence(reason)

    def below_a_tombstone(self, kind: Kind) -> bool:
        """Whether a declared delete would take resources of this kind along, which the plan has to name."""
        above = set()
        up = kind.parent
        while up is not None:
            above.add(up)
            up = self.kinds[up].parent
        return any(declared.absent and declared.address.kind in above for declared in self.desired.values())

    async def get(self, kind: Kind, path: str, params: Mapping[str, str] | None = None) -> Document:
        """One resource."""
        with self._counted():
            return await self.reader.get(path, params, beta=kind.beta)

    async def all(self, kind: Kind, path: str) -> Pages:
        """A list that is never paged."""
        with self._counted():
            return await read_all(self.reader, path, beta=kind.beta)

    async def pages(self, kind: Kind, path: str, params: Mapping[str, str] | None = None) -> Pages:
        """A list in pages."""
        with self._counted():
            return await read_pages(self.reader, path, params, beta=kind.beta)

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Tells a token without any rights from a single forbidden list."""
        try:
            yield
        except NotFound:
            self.allowed += 1
            raise
        except (Forbidden, Unauthorized) as error:
            self.refused = error
            raise
        self.allowed += 1


def seen(address: Address, item: Document) -> Observed:
    """A live resource, as an answer shows it."""
    version = item.get("version")
    return Observed(
        address,
        Presence.PRESENT,
        id=str(item.get("_id", "")),
        document=item,
        version=version if isinstance(version, int) else None,
    )


def sentence(text: str) -> str:
    """The text with a full stop."""
    return text if text.endswith((".", "?", "!")) else text + "."
