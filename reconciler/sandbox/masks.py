"""How a secret looks once LaunchDarkly has stored it.

Two masks of the live service are on record, `dum****ion` and `sup********123`: three characters at both
ends and a varying number of asterisks between them. How that number comes about, and how short values
look, is not known; hence the switch.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from reconciler.sandbox.options import MaskForm

_SHORT = 6
"""Up to this length, first and last three characters would tell all."""
_ASTERISKS = "****"


def _first3_last3(secret: str) -> str:
    return secret[:3] + "*" * max(4, len(secret) - _SHORT) + secret[-3:]


def _fixed4(secret: str) -> str:
    return secret[:3] + _ASTERISKS + secret[-3:]


def _full(_: str) -> str:
    return _ASTERISKS


_FORMS: Final[Mapping[MaskForm, Callable[[str], str]]] = {
    "first3_last3": _first3_last3,
    "fixed4": _fixed4,
    "full": _full,
}


def mask(secret: str, form: MaskForm) -> str:
    """The mask of a secret; four asterisks for one of up to six characters; an empty one stays empty.

    A mask is its own mask, so that one that a client sends back is stored as it came, which destroys
    the secret. That is the worst case: whether the service knows its own masks again is not known.
    """
    if not secret:
        return ""
    return _ASTERISKS if len(secret) <= _SHORT else _FORMS[form](secret)
