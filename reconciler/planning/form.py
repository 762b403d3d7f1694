"""The form `reconciler.plan/1` as models: for its JSON Schema, and for reading plans back."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field

from reconciler.model.document import Json


class Summary(BaseModel):
    create: int = Field(ge=0)
    update: int = Field(ge=0)
    delete: int = Field(ge=0)
    unchanged: int = Field(ge=0, description="Declared resources that are live as declared.")


class Place(BaseModel):
    file: str | None = Field(description="Relative to the working directory, with `/`.")
    line: int | None = Field(ge=1)
    column: int | None = Field(ge=1)


class FieldPlace(BaseModel):
    pointer: str = Field(description="JSON pointer of a field that the change writes.")
    line: int | None = Field(ge=1)
    column: int | None = Field(ge=1)


class Operation(BaseModel):
    op: Literal["add", "remove", "replace", "test"]
    path: str
    value: Any = None


class ChangeForm(BaseModel):
    address: str
    id: str | None = Field(description="The service's id, where the resource exists.")
    action: Literal["create", "update", "delete"]
    patch: list[Operation] = Field(description="RFC 6902. Empty for a create and a delete.")
    before: dict[str, Any] | None = Field(description="What is declared, as it is live. Null for a create.")
    after: dict[str, Any] | None = Field(description="What is declared, as it will be. Null for a delete.")
    via: str | None = Field(description="The resource whose request carries this change.")
    source: Place
    fields: list[FieldPlace]
    worst: Literal["destroy", "loosens", "secret", "create", "routine"]
    critical: bool = Field(description="Whether the resource is critical, before or after.")
    version: int | None = Field(
        description="The live version that must not have moved, where secrets are written whole."
    )
    loosens: list[str] = Field(description="Pointers of the protections that the change weakens.")
    secrets: dict[str, str] = Field(description="What live masks prove about declared secrets, by pointer.")
    needs: list[dict[str, str]] = Field(description="References whose values the write sends.")
    cascade: list[str] = Field(description="Live resources that a delete takes along.")
    both: list[str] = Field(
        description="With a base: pointers of fields that the manifests change, and that live held otherwise already."
    )


class ReleasedForm(BaseModel):
    address: str
    fields: list[str] = Field(
        description="Pointers of the fields that are let go; none for the whole resource."
    )
    loosens: bool = Field(description="Whether a protection is among it.")
    source: Place


class Diagnostic(Place):
    code: str
    severity: Literal["error", "warning", "info"]
    message: str
    hint: str
    address: str | None


class Binding(BaseModel):
    host: str | None = Field(description="The host's name; no URL.")
    account: str | None = Field(description="The account's id, where the service tells it.")
    commit: str | None = Field(description="The commit of the manifests, for the reader.")
    manifests: str | None = Field(description="A digest of the manifests, for the reader.")


class Guard(BaseModel):
    code: str
    message: str
    address: str | None
    allow: str = Field(description="The option of apply that lifts it.")


class PlanForm(BaseModel):
    format: Literal["reconciler.plan/1"]
    live: bool = Field(description="Whether LaunchDarkly was read for it.")
    summary: Summary
    fingerprint: str | None = Field(description="The same for plans that do the same.")
    binding: Binding
    preconditions: Literal["none", "test"] = Field(description="Whether patches carry test operations.")
    comment: str | None = Field(description="What patches say in LaunchDarkly's audit log.")
    guards: list[Guard] = Field(description="Why apply would refuse it as it stands.")
    changes: list[ChangeForm] = Field(description="One for each resource, destructive ones first.")
    against: str | None = Field(description="What the manifests were compared with.")
    drift: list[ChangeForm] = Field(description="What was different before. Never applied.")
    released: list[ReleasedForm] = Field(description="What is no longer declared: left as it is.")
    diagnostics: list[Diagnostic]
    digest: str | None = Field(default=None, description="In a saved plan: over everything else in the file.")


def plan_schema() -> dict[str, Json]:
    """The JSON Schema of `reconciler.plan/1`. Members may be added within the version; readers ignore them."""
    schema = PlanForm.model_json_schema()
    return {**schema, "$schema": "https://json-schema.org/draft/2020-12/schema", "title": "reconciler plan"}
