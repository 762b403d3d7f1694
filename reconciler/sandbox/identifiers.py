"""The identifiers that the service makes up: object ids, UUIDs, SDK keys."""

from __future__ import annotations

import random
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

_UUID: Final = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Identifiers:
    """A source of identifiers; the same bits give the same ones, which is for tests."""

    bits: Callable[[int], int] = random.SystemRandom().getrandbits
    """A whole number of that many random bits."""

    def object_id(self) -> str:
        """24 hexadecimal digits, the form of most ids."""
        return f"{self.bits(96):024x}"

    def uuid(self) -> str:
        """A UUID, the form of a flag import's id and of an error's."""
        return str(uuid.UUID(int=self.bits(128), version=4))

    def sdk_key(self) -> str:
        """A server-side SDK key."""
        return f"sdk-{self.uuid()}"

    def mobile_key(self) -> str:
        """A mobile SDK key."""
        return f"mob-{self.uuid()}"


def is_uuid(text: str) -> bool:
    """Whether a text has the form of a UUID."""
    return _UUID.fullmatch(text) is not None
