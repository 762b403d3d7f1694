"""What is known to be wrong with LaunchDarkly's OpenAPI document, one by one, and how it is put right.

Each defect says which operations it is about and why it is believed; `test_defects` shows for each of them
that the sandbox's answers could not be checked without it. What is not listed here is taken at its word.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

Document: TypeAlias = dict[str, Any]
Schema: TypeAlias = dict[str, Any]

ERRORS: Final[Mapping[int, str]] = {
    400: "InvalidRequestErrorRep",
    401: "UnauthorizedErrorRep",
    403: "ForbiddenErrorRep",
    404: "NotFoundErrorRep",
    409: "StatusConflictErrorRep",
    422: "PatchFailedErrorRep",
    429: "RateLimitedErrorRep",
}
"""The schema that goes with each status."""
_COMPONENTS: Final = "#/components/schemas/"


@dataclass(frozen=True)
class Unlisted:
    """A status that the operation answers with, though the document does not list it."""

    status: int

    def put_right(self, document: Document, operation: Schema) -> None:
        """List it, with the error schema that other operations have for it."""
        assert str(self.status) not in operation["responses"], "it is listed by now"
        schema = {"$ref": _COMPONENTS + ERRORS[self.status]}
        operation["responses"][str(self.status)] = {
            "description": "",
            "content": {"application/json": {"schema": schema}},
        }


@dataclass(frozen=True)
class Impossible:
    """A status that the document lists, though the operation has no way to it."""

    status: int

    def put_right(self, document: Document, operation: Schema) -> None:
        """Take it away."""
        del operation["responses"][str(self.status)]


@dataclass(frozen=True)
class Optional:
    """A member that a schema requires, though answers of this status may lack it."""

    status: int
    schema: str
    member: str

    def put_right(self, document: Document, operation: Schema) -> None:
        """Give the answer a copy of its schema, down to the one that requires the member, without that."""
        if str(self.status) not in operation["responses"]:
            return
        media = operation["responses"][str(self.status)]["content"]["application/json"]
        name = f"{self.schema} without {self.member}".replace(" ", "_")
        relaxed = copy.deepcopy(document["components"]["schemas"][self.schema])
        relaxed["required"].remove(self.member)
        replacing = {_COMPONENTS + self.schema: _COMPONENTS + name}
        new = {name: relaxed}
        media["schema"] = _replaced(media["schema"], replacing, f"_of_{name}", document, new)
        document["components"]["schemas"].update(new)


@dataclass(frozen=True)
class Unnamed:
    """A member that answers have, though their schema does not name it."""

    schemas: tuple[str, ...]
    member: str
    is_a: str

    def put_right(self, document: Document, operation: Schema) -> None:
        """Name it."""
        for schema in self.schemas:
            document["components"]["schemas"][schema]["properties"][self.member] = {"type": self.is_a}


@dataclass(frozen=True)
class UndeclaredHeader:
    """A header that the operation wants, though the document does not declare it."""

    name: str
    value: str

    def put_right(self, document: Document, operation: Schema) -> None:
        """Declare it."""
        operation.setdefault("parameters", []).append(
            {
                "name": self.name,
                "in": "header",
                "required": True,
                "schema": {"type": "string", "enum": [self.value]},
            }
        )


@dataclass(frozen=True)
class RefSiblings:
    """Members beside `$ref`, which OpenAPI 3.0 ignores, and tools do not: examples of another type."""

    def put_right(self, document: Document, operation: Schema) -> None:
        """Take them away, everywhere."""
        for reference in references(document):
            kept = reference["$ref"]
            reference.clear()
            reference["$ref"] = kept


Mistake: TypeAlias = Unlisted | Impossible | Optional | Unnamed | UndeclaredHeader | RefSiblings


@dataclass(frozen=True)
class Defect:
    """Something that is wrong with the document."""

    name: str
    reason: str
    mistake: Mistake
    operations: tuple[str, ...]
    """The ids of the operations that it is about; all of them have it."""


_DELIVERY_LISTS: Final = (
    "getIntegrationDeliveryConfigurations",
    "getIntegrationDeliveryConfigurationByEnvironment",
)
_DELIVERY_WRITES: Final = ("createIntegrationDeliveryConfiguration", "patchIntegrationDeliveryConfiguration")
_IMPORT_WRITES: Final = ("createFlagImportConfiguration", "patchFlagImportConfiguration")
_BETA: Final = (
    *_DELIVERY_LISTS,
    *_DELIVERY_WRITES,
    "getIntegrationDeliveryConfigurationById",
    "deleteIntegrationDeliveryConfiguration",
    "validateIntegrationDeliveryConfiguration",
    "getFlagImportConfigurations",
    *_IMPORT_WRITES,
    "getFlagImportConfiguration",
    "deleteFlagImportConfiguration",
    "triggerFlagImportJob",
)
_NOT_STATED: Final = (
    "The documentation promises config for a request of a single one by its id, and nothing else."
)
_SUMMARY: Final = (
    "Its own description says that config is only included when requesting a single one by its id."
)
_TEST: Final = "What answers a failed test operation is documented nowhere; the sandbox's switch has all three likely ones."

DEFECTS: Final = (
    Defect("siblings", "OpenAPI 3.0 ignores them; their examples have other types.", RefSiblings(), ()),
    Defect(
        "delivery-get-401",
        "Only 404 and 429 are listed; a bad token is answered 401 everywhere.",
        Unlisted(401),
        ("getIntegrationDeliveryConfigurationById",),
    ),
    Defect(
        "delivery-get-403",
        "Only 404 and 429 are listed; a token without rights is answered 403 everywhere.",
        Unlisted(403),
        ("getIntegrationDeliveryConfigurationById",),
    ),
    Defect(
        "patch-environment-403",
        "A token without rights is answered 403 everywhere, and the document's own text wants rights for it.",
        Unlisted(403),
        ("patchEnvironment",),
    ),
    Defect(
        "identity-403",
        "The sandbox answers all calls of a token without rights 403; the document lists 401 and 429 alone.",
        Unlisted(403),
        ("getCallerIdentity",),
    ),
    Defect(
        "last-environment-400",
        "The last environment of a project can't be deleted; the status is not documented, 400 is the default.",
        Unlisted(400),
        ("deleteEnvironment",),
    ),
    Defect(
        "malformed-id-400",
        "An id that is no UUID was seen to be answered 400, which the other calls of this resource list.",
        Unlisted(400),
        ("deleteFlagImportConfiguration",),
    ),
    Defect("test-409", _TEST, Unlisted(409), ("patchIntegrationDeliveryConfiguration",)),
    Defect(
        "test-422",
        _TEST,
        Unlisted(422),
        ("patchProject", "patchEnvironment", "patchFlagImportConfiguration"),
    ),
    Defect(
        "read-409",
        "A GET changes nothing, so nothing can conflict with it.",
        Impossible(409),
        ("getFlagImportConfigurations", "getFlagImportConfiguration"),
    ),
    Defect(
        "list-405",
        "The method is the documented one.",
        Impossible(405),
        ("getEnvironmentsByProject",),
    ),
    Defect(
        "config-in-delivery-lists",
        _SUMMARY,
        Optional(200, "IntegrationDeliveryConfiguration", "config"),
        _DELIVERY_LISTS,
    ),
    Defect(
        "config-in-import-lists",
        _SUMMARY,
        Optional(200, "FlagImportIntegration", "config"),
        ("getFlagImportConfigurations",),
    ),
    Defect(
        "config-after-delivery-create",
        _NOT_STATED,
        Optional(201, "IntegrationDeliveryConfiguration", "config"),
        ("createIntegrationDeliveryConfiguration",),
    ),
    Defect(
        "config-after-delivery-patch",
        _NOT_STATED,
        Optional(200, "IntegrationDeliveryConfiguration", "config"),
        ("patchIntegrationDeliveryConfiguration",),
    ),
    Defect(
        "config-after-import-writes",
        _NOT_STATED,
        Optional(200, "FlagImportIntegration", "config"),
        _IMPORT_WRITES,
    ),
    Defect(
        "beta-gate-code",
        "The recorded 403 for a call without the beta header has a message, and no code.",
        Optional(403, "ForbiddenErrorRep", "code"),
        _BETA,
    ),
    Defect(
        "beta-header",
        "The header is wanted, and declared for other beta calls only.",
        UndeclaredHeader("LD-API-Version", "beta"),
        _BETA,
    ),
    Defect(
        "error-id",
        "The overview shows an id in every error; no error schema has one.",
        Unnamed(tuple(ERRORS.values()), "id", "string"),
        (),
    ),
    Defect(
        "view-rules-flags",
        "Real answers have it, and LaunchDarkly's Terraform provider reads it.",
        Unnamed(("Project", "ProjectRep"), "requireViewAssociationForNewFlags", "boolean"),
        (),
    ),
    Defect(
        "view-rules-segments",
        "Real answers have it, and LaunchDarkly's Terraform provider reads it.",
        Unnamed(("Project", "ProjectRep"), "requireViewAssociationForNewSegments", "boolean"),
        (),
    ),
)


def amended(document: Document, defects: Iterable[Defect]) -> Document:
    """The document, changed in place, with the defects put right."""
    operations = {
        operation["operationId"]: operation
        for item in document["paths"].values()
        for operation in item.values()
        if isinstance(operation, dict)
    }
    # What is about all operations comes first: what is about one makes copies of schemas.
    for defect in sorted(defects, key=lambda defect: bool(defect.operations)):
        for operation in [operations[name] for name in defect.operations] or [{}]:
            defect.mistake.put_right(document, operation)
    return document


def references(part: Any) -> Iterator[Schema]:
    """All `$ref` objects below a part of the document."""
    if isinstance(part, dict):
        if isinstance(part.get("$ref"), str):
            yield part
        else:
            for child in list(part.values()):
                yield from references(child)
    elif isinstance(part, list):
        for child in part:
            yield from references(child)


def _replaced(
    schema: Schema, replacing: dict[str, str], suffix: str, document: Document, new: dict[str, Schema]
) -> Schema:
    """A copy of a schema in which references, direct and indirect ones, lead to the replacements."""
    schema = copy.deepcopy(schema)
    for reference in references(schema):
        target = reference["$ref"]
        if target not in replacing:
            name = target.removeprefix(_COMPONENTS)
            part = document["components"]["schemas"][name]
            copied = _replaced(part, dict(replacing), suffix, document, new)
            if copied == part:
                continue
            replacing[target] = f"{_COMPONENTS}{name}{suffix}"
            new[f"{name}{suffix}"] = copied
        reference["$ref"] = replacing[target]
    return schema
