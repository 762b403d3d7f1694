"""Rebase: what a live document should become.

Declared fields are laid over the live document, guided by the shape; everything else stays as it is.
Comparing comes after, so that what the server filled in, reordered or masked is never a difference.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from reconciler.model.document import MISSING, Document, Json, Missing, canonical, is_list, same
from reconciler.model.secrets import PLACEHOLDER, SecretReference, Verdict, as_reference
from reconciler.model.shape import Shape

Judge = Callable[[SecretReference, "Json | Missing"], Verdict]
"""What the live value proves about the secret that a reference stands for."""


def rebase(wanted: Document, live: Document, shape: Shape, judge: Judge) -> dict[str, Json]:
    """What `live` should become, so that what is `wanted` holds.

    Where nothing differs the live value itself is kept: another order of tags, `1.0` for `1`, a mask
    that fits. `rebase({}, live)` is `live`, and a second rebase changes nothing.
    """
    after = dict(live)
    for name, value in wanted.items():
        member = shape.member(name)
        if member.create_only or member.write_only:
            continue  # an update can't set it, or nobody can see what it is
        rebased = _rebase(value, live.get(name, MISSING), member, judge)
        if not isinstance(rebased, Missing):
            after[name] = rebased
    return after


def _rebase(wanted: Json, live: Json | Missing, shape: Shape, judge: Judge) -> Json | Missing:
    if shape.absent_means is not MISSING and (live is MISSING or live is None):
        return live if same(wanted, shape.absent_means) else wanted
    reference = as_reference(wanted) if shape.secret else None
    if reference is not None:
        return wanted if judge(reference, live) is Verdict.CHANGED else live
    if isinstance(wanted, Mapping) and isinstance(live, Mapping):
        merged = rebase(wanted, live, shape, judge)
        if not shape.atomic:
            return merged
        # Written whole or not at all: once a member differs, every declared secret goes along.
        return live if equal(merged, live, shape) else _whole(wanted, live, shape)
    if shape.unordered and is_list(wanted):
        return live if equal(wanted, live, shape) else _each_once(wanted)
    return live if same(wanted, live) else wanted


def _whole(wanted: Mapping[str, Json], live: Mapping[str, Json], shape: Shape) -> dict[str, Json]:
    """All that is declared, in the manifest's words, over all that is not."""
    whole = dict(live)
    for name, value in wanted.items():
        was, member = live.get(name), shape.member(name)
        if isinstance(value, Mapping) and isinstance(was, Mapping) and not member.secret:
            whole[name] = _whole(value, was, member)
        else:
            whole[name] = value
    return whole


def _each_once(values: Json) -> list[Json]:
    assert isinstance(values, Sequence)  # noqa: S101 - for the type checker; the caller looked
    return list({canonical(value): value for value in values}.values())


def equal(a: Json | Missing, b: Json | Missing, shape: Shape) -> bool:
    """Whether two documents are the same to a shape: as JSON, but set-like lists as sets."""
    if isinstance(a, Mapping) and isinstance(b, Mapping):
        return a.keys() == b.keys() and all(equal(a[name], b[name], shape.member(name)) for name in a)
    if shape.unordered and is_list(a) and is_list(b):
        return set(map(canonical, a)) == set(map(canonical, b))
    return same(a, b)


def project(document: Document, wanted: Document, shape: Shape) -> dict[str, Json]:
    """The part of a document that a plan may show: what is declared, with no secret in it.

    A field that is taken only whole stands whole; a secret stands as a placeholder, unless it is a
    reference already.
    """
    return {
        name: _project(document[name], value, shape.member(name))
        for name, value in wanted.items()
        if name in document
    }


def _project(value: Json, wanted: Json, shape: Shape) -> Json:
    if isinstance(value, Mapping) and isinstance(wanted, Mapping) and not (shape.atomic or shape.secret):
        return project(value, wanted, shape)
    return conceal(value, shape)


def conceal(value: Json, shape: Shape) -> Json:
    """The value with a placeholder for each secret that is no reference."""
    if shape.secret:
        return value if as_reference(value) is not None else PLACEHOLDER
    if isinstance(value, Mapping):
        return {name: conceal(inner, shape.member(name)) for name, inner in value.items()}
    return value


def with_references(projected: Document, wanted: Document, shape: Shape) -> dict[str, Json]:
    """A projection in which each declared secret stands as its reference, unchanged ones too."""
    shown = dict(projected)
    for name, value in wanted.items():
        member = shape.member(name)
        if name not in shown:
            continue
        below = shown[name]
        if member.secret:
            shown[name] = value
        elif isinstance(below, Mapping) and isinstance(value, Mapping):
            shown[name] = with_references(below, value, member)
    return shown
