"""The bodies of requests. They are made here and nowhere else, secrets filled in last."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from reconciler.model.document import Document, Json, Missing, lookup, pointer
from reconciler.model.kind import Kind, Kinds
from reconciler.model.secrets import SecretReference, as_reference, resolved
from reconciler.model.shape import Shape
from reconciler.planning.patch import Operation
from reconciler.planning.plan import Change
from reconciler.planning.rebase import equal, project

Values = Mapping[SecretReference, str]


def create_body(change: Change, passengers: Sequence[Change], kinds: Kinds, values: Values) -> Json:
    """What is POSTed for a create, with the children that travel in it."""
    kind = kinds[change.address.kind]
    body = _create(change, kind, values)
    if kind.carries is not None and passengers:
        child = kinds[kind.carries.kind]
        body[kind.carries.member] = [_create(each, child, values) for each in passengers]
    return body


def _create(change: Change, kind: Kind, values: Values) -> dict[str, Json]:
    shape = kind.shape(change.address)
    declared = change.after or {}
    body = {name: value for name, value in declared.items() if not shape.member(name).after_create}
    _refuse_masks(body, shape)
    sent = {name: resolved(value, shape.member(name), values) for name, value in body.items()}
    return {kind.identity: change.address.keys[-1], **sent}


def patch_body(operations: Sequence[Operation], shape: Shape, values: Values, comment: str = "") -> Json:
    """What is PATCHed: the bare array, or with a comment the form that carries one."""
    sent = [_sent(operation, shape.at(operation.path), values) for operation in operations]
    return {"comment": comment, "patch": sent} if comment else sent


def _sent(operation: Operation, shape: Shape, values: Values) -> Json:
    if isinstance(operation.value, Missing):
        return operation.document()
    if operation.op != "test":
        _refuse_masks(operation.value, shape)
    return replace(operation, value=resolved(operation.value, shape, values)).document()


def _refuse_masks(value: Json, shape: Shape) -> None:
    """The last look before something is sent: a secret is a reference still, never what was read.

    A mask that is written back becomes the secret, and the integration breaks.
    """
    if shape.secret and isinstance(value, str):
        raise ValueError("a secret's place holds something else than a reference; nothing was sent")
    if isinstance(value, Mapping) and as_reference(value) is None:
        for name, inner in value.items():
            _refuse_masks(inner, shape.member(name))


def dropped(wanted: Document, answer: Json | Missing, shape: Shape) -> tuple[str, ...]:
    """The fields that were sent and that the answer shows otherwise, by pointer.

    What an answer leaves out proves nothing about what lists leave out too (an integration's config may
    be absent or `{}`), about what is never shown, and about secrets, which it masks.
    """
    if not isinstance(answer, Mapping):
        return ()
    return tuple(pointer((name,)) for name in _dropped(wanted, answer, shape))


def _dropped(wanted: Document, answer: Mapping[str, Json], shape: Shape) -> Iterator[str]:
    shown = project(answer, wanted, shape)
    for name, value in wanted.items():
        member = shape.member(name)
        if member.create_only or member.write_only:
            continue
        now = lookup(shown, pointer((name,)))
        if member.divisible and (isinstance(now, Missing) or now == {}):
            continue
        if not _kept(value, now, member):
            yield name


def _kept(sent: Json, shown: Json | Missing, shape: Shape) -> bool:
    if isinstance(shown, Missing) or shown is None:
        return not isinstance(shape.absent_means, Missing) and equal(sent, shape.absent_means, shape)
    if shape.secret or as_reference(sent) is not None:
        return True
    if isinstance(sent, Mapping) and isinstance(shown, Mapping):
        return all(
            _kept(value, lookup(shown, pointer((name,))), shape.member(name)) for name, value in sent.items()
        )
    return equal(sent, shown, shape)
