"""The form `reconciler.plan/1` as models, for its JSON Schema."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from reconciler.model.document import Json


class _Summary(BaseModel):
    create: int = Field(ge=0)
    update: int = Field(ge=0)
    delete: int = Field(ge=0)
    unchanged: int = Field(ge=0, description="Declared resources that are live as declared.")


class _Place(BaseModel):
    file: str | None = Field(description="Relative to the working directory, with `/`.")
    line: int | None = Field(ge=1)
    column: int | None = Field(ge=1)


class _FieldPlace(BaseModel):
    pointer: str = Field(description="JSON pointer of a field that the change writes.")
    line: int | None = Field(ge=1)
    column: int | None = Field(ge=1)


class _Operation(BaseModel):
    op: Literal["add", "remove", "replace", "test"]
    path: str
    value: Any = None


class _Change(BaseModel):
    address: str
    id: str | None = Field(description="The service's id, where the resource exists.")
    action: Literal["create", "update", "delete"]
    patch: list[_Operation] = Field(description="RFC 6902. Empty for a create and a delete.")
    before: dict[str, Any] | None = Field(description="What is declared, as it is live. Null for a create.")
    after: dict[str, Any] | None = Field(description="What is declared, as it will be. Null for a delete.")
    via: str | None = Field(description="The resource whose request carries this change.")
    source: _Place
    fields: list[_FieldPlace]
    worst: Literal["destroy", "loosens", "secret", "create", "routine"]
    loosens: list[str] = Field(description="Pointers of the protections that the change weakens.")
    secrets: dict[str, str] = Field(description="What live masks prove about declared secrets, by pointer.")
    needs: list[dict[str, str]] = Field(description="References whose values the write sends.")
    cascade: list[str] = Field(description="Live resources that a delete takes along.")


class _Diagnostic(_Place):
    code: str
    severity: Literal["error", "warning", "info"]
    message: str
    hint: str
    address: str | None


class _Plan(BaseModel):
    format: Literal["reconciler.plan/1"]
    live: bool = Field(description="Whether LaunchDarkly was read for it.")
    summary: _Summary
    changes: list[_Change] = Field(description="One for each resource, destructive ones first.")
    diagnostics: list[_Diagnostic]


def plan_schema() -> dict[str, Json]:
    """The JSON Schema of `reconciler.plan/1`. Members may be added within the version; readers ignore them."""
    schema = _Plan.model_json_schema()
    return {**schema, "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "reconciler plan"}
