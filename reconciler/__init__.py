"""Declarative GitOps for LaunchDarkly: YAML manifests, a plan of minimal JSON Patches, apply.

The public names live in `reconciler.api` and are loaded when they are first used.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reconciler.api import (
        Allowance,
        Loaded,
        Provenance,
        Settings,
        Target,
        apply,
        check,
        connect,
        connect_sandbox,
        drift,
        load,
        load_settings,
        plan,
        plan_offline,
        read_plan,
        refresh,
        render,
        save,
        schemas,
        validate,
    )

__all__ = [
    "Allowance",
    "Loaded",
    "Provenance",
    "Settings",
    "Target",
    "apply",
    "check",
    "connect",
    "connect_sandbox",
    "drift",
    "load",
    "load_settings",
    "plan",
    "plan_offline",
    "read_plan",
    "refresh",
    "render",
    "save",
    "schemas",
    "validate",
]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(importlib.import_module("reconciler.api"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
