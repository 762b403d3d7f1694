"""The kinds, found by being there: every module of this folder that ends in `KIND = Kind(...)`."""

from __future__ import annotations

import importlib
import pkgutil
from functools import cache
from types import MappingProxyType

import reconciler.kinds
from reconciler.model.kind import Kind, Kinds


@cache
def load_kinds() -> Kinds:
    """Every kind by name, parents before their children."""
    found: dict[str, Kind] = {}
    for module in sorted(pkgutil.iter_modules(reconciler.kinds.__path__), key=lambda module: module.name):
        kind = getattr(importlib.import_module(f"reconciler.kinds.{module.name}"), "KIND", None)
        if isinstance(kind, Kind):
            found[kind.name] = kind
    return MappingProxyType(dict(sorted(found.items(), key=lambda item: (_depth(item[1], found), item[0]))))


def _depth(kind: Kind, kinds: dict[str, Kind]) -> int:
    return 0 if kind.parent is None else 1 + _depth(kinds[kind.parent], kinds)
