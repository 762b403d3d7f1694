"""Fingerprints: whether two plans do the same, whatever they look like."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

from reconciler.model.document import Json, canonical
from reconciler.model.kind import Kinds
from reconciler.model.secrets import as_reference
from reconciler.model.shape import Shape
from reconciler.planning.plan import Change


def fingerprint(changes: Iterable[Change], kinds: Kinds) -> str:
    """A digest of what the changes do: `sha256:` and 64 hexadecimal digits.

    Over action, address, id and operations, or the document of a create. File names, the order of files
    and keys, the order within sets, and whatever else is live leave it as it is. Secrets are in it as
    references only.
    """
    done = sorted(canonical(_canonical(change, kinds)) for change in changes)
    return "sha256:" + hashlib.sha256("\n".join(done).encode()).hexdigest()


def _canonical(change: Change, kinds: Kinds) -> Json:
    shape = kinds[change.address.kind].shape(change.address)
    return {
        "action": change.action.value,
        "address": str(change.address),
        "id": change.id,
        "via": None if change.via is None else str(change.via),
        "after": _sorted(change.after, shape) if not change.patch and change.after is not None else None,
        "patch": [
            {
                **operation.document(),
                "value": _sorted(operation.document().get("value"), shape.at(operation.path)),
            }
            for operation in change.patch
        ],
    }


def _sorted(value: Json, shape: Shape) -> Json:
    """The value with its sets in one order."""
    if isinstance(value, Mapping) and as_reference(value) is None:
        return {name: _sorted(inner, shape.member(name)) for name, inner in value.items()}
    if shape.unordered and isinstance(value, (list, tuple)):
        return [each for _, each in sorted({canonical(each): each for each in value}.items())]
    return value
