"""Characters that nobody sees: a text with some may read otherwise than it is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.manifest.wording import field
from reconciler.model import codes
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.document import Json, is_list, pointer
from reconciler.model.state import Positions
from reconciler.model.text import unseen


def unseen_characters(value: Json, positions: Positions, path: tuple[str, ...] = ()) -> Iterator[Diagnostic]:
    """A warning for each text or key with control, formatting or direction-changing characters."""
    if isinstance(value, Mapping):
        for name, inner in value.items():
            below = (*path, name)
            if unseen(name):
                yield _warning(f"The key {field(pointer(below))}", positions, pointer(below), at_key=True)
            yield from unseen_characters(inner, positions, below)
    elif is_list(value):
        for index, inner in enumerate(value):
            yield from unseen_characters(inner, positions, (*path, str(index)))
    elif isinstance(value, str) and unseen(value):
        yield _warning(field(pointer(path)), positions, pointer(path))


def _warning(what: str, positions: Positions, path: str, *, at_key: bool = False) -> Diagnostic:
    return Diagnostic(
        codes.UNSEEN,
        f"{what} holds characters that can't be seen, so that it may read otherwise than it is.",
        positions.key(path) if at_key else positions.value(path),
        "Write it without them; where they are meant, plans show them escaped.",
    )
