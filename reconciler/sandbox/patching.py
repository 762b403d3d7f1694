"""JSON Patch (RFC 6902) as the service takes it: which operations, on which paths, all of them or none.

The `jsonpatch` library applies them, so that no code of ours reads what code of ours wrote.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from jsonpatch import JsonPatchException, JsonPatchTestFailed, JsonPointerException, apply_patch

from reconciler.model.document import Json, tokens
from reconciler.sandbox import errors
from reconciler.sandbox.errors import ApiError
from reconciler.sandbox.options import Options
from reconciler.sandbox.world import Record

Path: TypeAlias = tuple[str, ...]
Operation: TypeAlias = dict[str, Any]

_WITH_VALUE: Final = frozenset({"add", "replace", "test"})
_KNOWN: Final = _WITH_VALUE | {"remove"}
"""The service's schema of an operation has no `from`, so there is no `move` and no `copy`."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What a patch of one kind may do."""

    editable: frozenset[Path]
    """The paths that may be changed, and with them all that is below."""
    refusal: Callable[[str], ApiError] = field(default=errors.invalid)
    """What answers a patch that can't be applied; takes the reason."""
    test_status: int = 400
    """See `failed_test`."""


def operations(body: Json, options: Options) -> list[Operation]:
    """The operations in a PATCH body: a bare array, or `{"comment": ..., "patch": [...]}`.

    400 where the body has another form.
    """
    if isinstance(body, dict) and options.commented_patches:
        if "merge" in body:
            raise errors.invalid("this resource takes no merge patch")
        if not isinstance(body.get("comment", ""), str):
            raise errors.invalid("comment must be a string")
        body = body.get("patch")
    if not isinstance(body, list):
        raise errors.invalid("the body is not a JSON Patch, which is an array of operations")
    return [_operation(item, index) for index, item in enumerate(body)]


def _operation(item: Json, index: int) -> Operation:
    if (
        not isinstance(item, dict)
        or not isinstance(item.get("op"), str)
        or not isinstance(item.get("path"), str)
    ):
        raise errors.invalid(f"operation {index} is not an object with the strings op and path")
    return item


def apply(document: Record, patch: Sequence[Operation], rules: Rules, options: Options) -> Record:
    """The document after all operations. It is not checked otherwise; the one passed in stays as it is.

    The kind's refusal where an operation is unknown, changes what may not be changed, or can't be applied.
    """
    for index, operation in enumerate(patch):
        _check(operation, index, document, rules)
    try:
        patched: Record = apply_patch(document, patch)
    except JsonPatchTestFailed as error:
        # The library's messages quote values, hence `from None` everywhere here.
        raise failed_test(error.op.location, rules, options) from None
    except (JsonPatchException, JsonPointerException, TypeError):
        raise rules.refusal("the patch can't be applied: a path does not exist") from None
    return patched


def _check(operation: Operation, index: int, document: Record, rules: Rules) -> None:
    op = operation["op"]
    if op not in _KNOWN:
        raise rules.refusal(f"operation {index} is none of add, remove, replace, test")
    if op in _WITH_VALUE and "value" not in operation:
        raise errors.invalid(f"operation {index} has no value")
    try:
        path = tokens(operation["path"])
    except ValueError:
        raise rules.refusal(f"operation {index} has a path that is no JSON pointer") from None
    if op == "test" or any(path[: len(allowed)] == allowed for allowed in rules.editable):
        return
    known = bool(path) and path[0] in document
    raise rules.refusal(
        f"operation {index} changes what can't be changed"
        if known
        else f"operation {index} has an unknown path"
    )


def failed_test(path: str, rules: Rules, options: Options) -> ApiError:
    """What answers a failed `test`. Nobody has seen the live service do it, so the status can be switched.

    Unless it is: 422 on featureStore, whose PATCH documents no 409; elsewhere 409 where the test was on
    the version, else 400.
    """
    status = options.failed_test or rules.test_status
    if options.failed_test is None and status == 400 and path == "/version":
        status = 409
    return ApiError(status, errors.CODES[status], "a test operation failed")
