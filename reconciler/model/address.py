"""Addresses: which resource is meant, in one line of text."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote

# What would end a part, start an escape, or leave the line that an address stands on.
_UNSAFE = re.compile(r"[/%\x00-\x1f\x7f-\x9f\u2028\u2029]")


def _encode(key: str) -> str:
    return _UNSAFE.sub(lambda match: "".join(f"%{byte:02X}" for byte in match[0].encode()), key)


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """The kind of a resource and its keys, outermost first: `Environment/storefront/production`.

    In the text form `/`, `%` and control characters of a key are percent-encoded; all else stands as
    it is. An address of a kind that the service identifies by id ends in the resource's name.
    """

    kind: str
    keys: tuple[str, ...]

    def __str__(self) -> str:
        return "/".join((self.kind, *map(_encode, self.keys)))

    @classmethod
    def parse(cls, text: str) -> Self:
        """The address that a text stands for; the inverse of `str`.

        Raises `ValueError` where the text names no kind or no key.
        """
        kind, *keys = text.split("/")
        if not kind or not keys or not all(keys):
            raise ValueError(f"{text!r} is no address; one looks like Environment/storefront/production")
        return cls(kind, tuple(unquote(key, errors="strict") for key in keys))
