"""Settings: how plans are judged and carried out. They come from `reconciler.yaml`, flags and the environment.

Neither a host nor a token is among them: a file that is under review must not be able to send the
account's credentials, or the apply, somewhere else.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

_STRICT = ConfigDict(extra="forbid", strict=True, frozen=True)


class Threshold(BaseModel):
    """How many changes of one sort are too many to go through without a second look."""

    model_config = _STRICT
    share: float = Field(ge=0, le=1, description="The share of what the manifests name, from 0 to 1.")
    least: int = Field(ge=0, description="Below this number no share is too large.")


class DeleteThreshold(Threshold):
    """For deletes, of each kind by itself."""

    share: float = Field(
        default=0.3,
        ge=0,
        le=1,
        description="The share of what the manifests name of that kind. By default 0.3.",
    )
    least: int = Field(
        default=10, ge=0, description="Below this number no share is too large. By default 10."
    )


class CreateThreshold(Threshold):
    """For creates, of all kinds together."""

    share: float = Field(
        default=0.8, ge=0, le=1, description="The share of all that the manifests name. By default 0.8."
    )
    least: int = Field(
        default=25, ge=0, description="Below this number no share is too large. By default 25."
    )


class Thresholds(BaseModel):
    """From when on a number of changes blocks apply."""

    model_config = _STRICT
    deletes: DeleteThreshold = Field(
        default=DeleteThreshold(), description="Deletes. By default 30 %, and at least 10."
    )
    creates: CreateThreshold = Field(
        default=CreateThreshold(),
        description="Creates, where no account is pinned: a wrong account looks empty. By default 80 %, and at least 25.",
    )


class PatchForms(BaseModel):
    """How fine patches are. The defaults are what the live service is known to take."""

    model_config = _STRICT
    lists: Literal["whole", "elements"] = Field(
        default="whole",
        description="`whole` replaces a set-like list; `elements` adds and removes its elements, each guarded by a test.",
    )
    config: Literal["whole", "members"] = Field(
        default="whole",
        description="`whole` replaces an integration's config with all its secrets; `members` writes what differs.",
    )


AddressGlob = Annotated[str, StringConstraints(min_length=1)]


class Settings(BaseModel):
    """What `reconciler.yaml` may hold. Every member is optional."""

    model_config = _STRICT
    account: Annotated[str, StringConstraints(min_length=1)] | None = Field(
        default=None,
        description="The account id that LaunchDarkly's caller-identity must show; with another one nothing is read or written.",
    )
    thresholds: Thresholds = Field(
        default=Thresholds(), description="From when on a number of changes blocks apply."
    )
    protected: list[AddressGlob] = Field(
        default=[],
        description="Addresses, with `*` and `?`, that apply may create, but not change or delete. By default none.",
    )
    concurrency: int = Field(default=8, ge=1, le=16, description="Requests at once. By default 8.")
    requestTimeout: float = Field(  # noqa: N815 - the file's own name
        default=30.0, gt=0, le=600, description="Seconds for one try of a request. By default 30."
    )
    timeout: float | None = Field(
        default=None, gt=0, description="Seconds for the whole run. By default it has no bound of its own."
    )
    comment: bool = Field(
        default=False,
        description="Whether patches carry a comment with commit and run into LaunchDarkly's audit log. By default they don't.",
    )
    preconditions: Literal["none", "test"] = Field(
        default="none",
        description="`test` guards each patch with test operations on what it changes. By default `none`.",
    )
    drift: Literal["keep", "refuse", "overwrite"] = Field(
        default="keep",
        description="What `apply --against` does with what was different before: `keep` leaves it, `refuse` blocks apply, "
        "`overwrite` writes it too. By default `keep`.",
    )
    patch: PatchForms = Field(default=PatchForms(), description="How fine patches are.")


DEFAULTS = Settings()
