"""What the models of all kinds' specs are made of: strict types, and the patterns of the service."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints


class Spec(BaseModel):
    """A spec as it may stand in a manifest: every field optional, none unknown, no type bent.

    A field that is not declared is not managed, so nothing has a default; models are used to check
    documents and to make schemas, never to hold values.
    """

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)


def declared(description: str, **constraints: Any) -> Any:
    """A field that a manifest may declare or leave out."""
    return Field(default=None, description=description, **constraints)


KEY_PATTERN = r"^[a-zA-Z0-9][a-zA-Z0-9_.-]*$"

Key = Annotated[str, StringConstraints(pattern=KEY_PATTERN, min_length=1, max_length=100)]
"""A project's or environment's key: letters, digits, `_`, `.` and `-`, at most 100, not starting with a sign."""

Tag = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9_.-]*$", min_length=1, max_length=64)]
"""A tag: letters, digits, `_`, `.` and `-`, 1 to 64 of them."""

Text = Annotated[str, StringConstraints(min_length=1)]
"""A text that is not empty."""

Color = Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F]{6}$")]
"""Six hexadecimal digits without `#`; the service keeps their case."""


class FromEnv(BaseModel):
    """A secret that comes from an environment variable of the process that applies."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    fromEnv: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", description="The variable's name.")]  # noqa: N815 - the manifest's own name


class FromFile(BaseModel):
    """A secret that comes from a file."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    fromFile: Annotated[  # noqa: N815 - the manifest's own name
        str, Field(min_length=1, description="The file's path, relative to the manifest.")
    ]


ConfigValue = str | bool | int | float | FromEnv | FromFile
"""A value in an integration's `config`."""
