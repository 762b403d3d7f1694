"""The laws of rebase and patch, over any documents and any shapes."""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import jsonpatch
from deepdiff import DeepDiff
from hypothesis import given
from hypothesis import strategies as st
from laws.law_strategies import (
    JUDGE,
    LAW,
    OBJECTS,
    RESOLVED,
    SHAPES,
    Meeting,
    at,
    exactly,
    fields,
    live_documents,
    masked,
    meetings,
    plain,
    rephrased,
    shape_at,
    steps,
)

from reconciler.model.document import MISSING
from reconciler.model.secrets import Verdict, as_reference, references
from reconciler.model.shape import OPAQUE, Shape
from reconciler.planning.patch import Operation, documents, patch, verified
from reconciler.planning.rebase import conceal, project, rebase

WHOLE = object()
"""Declared as one value, so that all of it may be shown."""


def rebased(met: Meeting) -> dict[str, Any]:
    return rebase(met.wanted, met.live, met.shape, JUDGE)


def applied(before: Mapping[str, Any], operations: Sequence[Operation], shape: Shape) -> Any:
    """What a service makes of a document, with a stored object that is fuller than it is shown."""
    document = copy.deepcopy(dict(before))
    for operation in operations:
        *parents, last = steps(operation.path)
        inner: Any = document
        for depth, name in enumerate(parents, 1):
            if shape_at(shape, parents[:depth]).stored and inner.get(name) is None:
                inner[name] = {}
            inner = inner[name]
        if parents and operation.op == "replace" and shape_at(shape, parents).stored:
            inner.setdefault(last, None)
    return jsonpatch.JsonPatch(copy.deepcopy(documents(operations))).apply(document)


def without_hollow(value: Any, shape: Shape) -> Any:
    """The document without empty stored objects: a service that has one may show it or not."""
    if not isinstance(value, Mapping) or shape.atomic or shape.secret:
        return value
    kept = {name: without_hollow(inner, shape.member(name)) for name, inner in value.items()}
    return {
        name: inner for name, inner in kept.items() if not (shape.member(name).stored and inner in ({}, None))
    }


@LAW
@given(SHAPES, OBJECTS)
def test_law_1_where_nothing_is_declared_live_stays_as_it_is(shape: Shape, live: dict[str, Any]) -> None:
    assert exactly(rebase({}, live, shape, JUDGE)) == exactly(live)


@LAW
@given(st.data())
def test_law_2_a_patch_leads_from_any_document_to_any_other(data: st.DataObject) -> None:
    before = data.draw(OBJECTS)
    after = data.draw(st.one_of(OBJECTS, live_documents(before, OPAQUE)))
    assert plain(applied(before, patch(before, after), OPAQUE)) == plain(after)


@LAW
@given(meetings())
def test_law_2_a_patch_leads_to_what_rebase_says(met: Meeting) -> None:
    after = rebased(met)
    reached = applied(met.live, patch(met.live, after, met.shape), met.shape)
    assert plain(without_hollow(reached, met.shape), met.shape) == plain(
        without_hollow(after, met.shape), met.shape
    )


@LAW
@given(meetings(), st.data())
def test_law_3_the_same_document_in_other_words_needs_no_patch(met: Meeting, data: st.DataObject) -> None:
    assert patch(met.live, met.live, met.shape) == ()
    assert patch(met.live, data.draw(rephrased(met.live, met.shape)), met.shape) == ()


@LAW
@given(meetings(), st.data())
def test_what_live_says_in_other_words_is_kept_as_live_says_it(met: Meeting, data: st.DataObject) -> None:
    wanted = {name: value for name, value in met.live.items() if name in met.wanted and value is not None}
    wanted = data.draw(rephrased(wanted, met.shape))
    assert exactly(rebase(wanted, met.live, _without_secrets(met.shape), JUDGE)) == exactly(met.live)


def _without_secrets(shape: Shape) -> Shape:
    members = {name: _without_secrets(member) for name, member in shape.members.items() if not member.secret}
    rest = None if shape.rest is None or shape.rest.secret else shape.rest
    return Shape(members=members, rest=rest, unordered=shape.unordered, atomic=shape.atomic)


@LAW
@given(meetings())
def test_law_4_a_second_rebase_changes_nothing(met: Meeting) -> None:
    once = rebased(met)
    assert exactly(rebase(met.wanted, once, met.shape, JUDGE)) == exactly(once)


@LAW
@given(meetings())
def test_law_4_nothing_differs_once_the_service_has_stored_and_masked_it(met: Meeting) -> None:
    after = rebased(met)
    if any(reference not in RESOLVED for reference in references(after, met.shape)):
        return  # not a plan that could be applied
    stored = _as_shown(after, met.shape)
    assert plain(rebase(met.wanted, stored, met.shape, JUDGE), met.shape) == plain(stored, met.shape)


def _as_shown(value: Any, shape: Shape) -> Any:
    reference = as_reference(value) if shape.secret else None
    if reference is not None and reference in RESOLVED:
        return masked(RESOLVED[reference])
    if isinstance(value, Mapping):
        return {name: _as_shown(inner, shape.member(name)) for name, inner in value.items()}
    return value


@LAW
@given(meetings())
def test_law_5_every_operation_stands_where_something_is_declared(met: Meeting) -> None:
    for operation in patch(met.live, rebased(met), met.shape):
        path = steps(operation.path)
        assert operation.op in ("add", "replace")
        assert at(met.wanted, path) is not MISSING
        if operation.op == "add":
            assert at(met.live, path) is MISSING
            assert isinstance(at(met.live, path[:-1]), Mapping)


@LAW
@given(meetings())
def test_law_7_projections_give_the_same_patch(met: Meeting) -> None:
    after = rebased(met)
    whole = patch(met.live, after, met.shape)
    seen = patch(project(met.live, met.wanted, met.shape), project(after, met.wanted, met.shape), met.shape)
    shown = [
        Operation(each.op, each.path, conceal(each.value, shape_at(met.shape, steps(each.path))))
        for each in whole
    ]
    assert documents(seen) == documents(shown)


@LAW
@given(meetings())
def test_a_projection_shows_no_undeclared_field_and_no_live_secret(met: Meeting) -> None:
    def check(part: Any, wanted: Any, live: Any, shape: Shape) -> None:
        if shape.secret:
            assert part == "(secret)" or as_reference(part) is not None
        elif isinstance(part, Mapping):
            for name, inner in part.items():
                assert wanted is WHOLE or shape.atomic or name in wanted
                below = WHOLE if shape.atomic or wanted is WHOLE else wanted[name]
                if not isinstance(below, Mapping):
                    below = WHOLE
                check(inner, below, live[name], shape.member(name))
        else:
            assert exactly(part) == exactly(live)

    check(project(met.live, met.wanted, met.shape), met.wanted, met.live, met.shape)


@LAW
@given(meetings())
def test_law_8_no_operation_rewrites_what_does_not_differ(met: Meeting) -> None:
    after = rebased(met)
    operations = patch(met.live, after, met.shape)
    for operation in operations:
        path = steps(operation.path)
        member, before = shape_at(met.shape, path), at(met.live, path)
        assert plain(before, member) != plain(operation.value, member)
        assert exactly(operation.value) == exactly(at(after, path))
        if isinstance(before, Mapping) and isinstance(operation.value, Mapping):
            assert member.atomic or member.secret, "an object is replaced that could be changed by member"
        if member.stored and before in (None, MISSING):
            assert not isinstance(operation.value, Mapping), "a stored object is written whole"
    paths = [steps(operation.path) for operation in operations]
    for one in paths:
        assert sum(one == other[: len(one)] for other in paths) == 1


@LAW
@given(meetings())
def test_a_patch_has_one_operation_for_each_differing_field_and_no_more(met: Meeting) -> None:
    after = rebased(met)
    differing = set()
    for path, value in fields(after, met.shape):
        shape = shape_at(met.shape, path)
        if plain(at(met.live, path), shape) == plain(value, shape):
            continue
        # What stands below a missing object goes along with it, unless the service keeps the object.
        depth = next(
            depth
            for depth in range(1, len(path) + 1)
            if depth == len(path)
            or not (isinstance(at(met.live, path[:depth]), Mapping) or _is_kept(met, path[:depth]))
        )
        if depth == len(path) and value == {} and _is_kept(met, path):
            continue
        differing.add(path[:depth])
    assert len(patch(met.live, after, met.shape)) == len(differing)


def _is_kept(met: Meeting, path: tuple[str, ...]) -> bool:
    return shape_at(met.shape, path).stored and at(met.live, path) in (MISSING, None)


@LAW
@given(meetings())
def test_a_patch_is_empty_exactly_where_deepdiff_finds_nothing(met: Meeting) -> None:
    before, after = project(met.live, met.wanted, met.shape), project(rebased(met), met.wanted, met.shape)
    found = DeepDiff(
        _with_sets(before, met.shape),
        _with_sets(after, met.shape),
        ignore_order=False,
        threshold_to_diff_deeper=0,
    )
    hollow = without_hollow(after, met.shape) != after
    if not hollow:
        assert (patch(before, after, met.shape) == ()) == (found == {})


def _with_sets(value: Any, shape: Shape = OPAQUE) -> Any:
    """The document as deepdiff is given it: numbers of one type, and sets where lists are sets."""
    if isinstance(value, Mapping):
        return {name: _with_sets(inner, shape.member(name)) for name, inner in value.items()}
    if isinstance(value, list):
        return frozenset(map(plain, value)) if shape.unordered else [_with_sets(item) for item in value]
    return float(value) + 0.0 if isinstance(value, (int, float)) and not isinstance(value, bool) else value


@LAW
@given(meetings())
def test_what_is_planned_is_verified_by_another_implementation(met: Meeting) -> None:
    after = rebased(met)
    operations = patch(met.live, after, met.shape)
    assert verified(met.live, after, operations, met.shape) == operations


@LAW
@given(meetings())
def test_undeclared_members_survive_every_write(met: Meeting) -> None:
    after = rebased(met)

    def check(wanted: Any, live: Any, became: Any, shape: Shape) -> None:
        for name, value in live.items():
            if name not in wanted:
                assert exactly(became[name]) == exactly(value)
            elif (
                isinstance(value, Mapping)
                and isinstance(wanted[name], Mapping)
                and not shape.member(name).secret
            ):
                check(wanted[name], value, became[name], shape.member(name))

    check(met.wanted, met.live, after, met.shape)


@LAW
@given(meetings())
def test_a_secret_is_written_only_as_a_reference(met: Meeting) -> None:
    for operation in patch(met.live, rebased(met), met.shape):
        _no_text_in_place_of_a_secret(
            operation.value, at(met.wanted, steps(operation.path)), shape_at(met.shape, steps(operation.path))
        )


def _no_text_in_place_of_a_secret(value: Any, wanted: Any, shape: Shape) -> None:
    if shape.secret:
        assert as_reference(value) is not None
    elif isinstance(value, Mapping) and isinstance(wanted, Mapping):
        for name in wanted.keys() & value.keys():
            _no_text_in_place_of_a_secret(value[name], wanted[name], shape.member(name))


@LAW
@given(meetings())
def test_whatever_the_masks_show_the_verdict_decides(met: Meeting) -> None:
    after = rebase(met.wanted, met.live, met.shape, lambda *_: Verdict.UNKNOWN)
    for operation in patch(met.live, after, met.shape):
        path = steps(operation.path)
        if shape_at(met.shape, path).secret:
            assert at(met.live, path[:-1]) in (MISSING, None)  # written along with all that is around it


@LAW
@given(meetings())
def test_element_by_element_a_list_becomes_the_same_set_with_as_few_operations(met: Meeting) -> None:
    after = rebased(met)
    finer = patch(met.live, after, met.shape, "elements")
    assert plain(without_hollow(applied(met.live, finer, met.shape), met.shape), met.shape) == plain(
        without_hollow(after, met.shape), met.shape
    )
    for operation in patch(met.live, after, met.shape):
        path = steps(operation.path)
        was, shape = at(met.live, path), shape_at(met.shape, path)
        within = [
            each
            for each in finer
            if each.path == operation.path or met.shape.field(each.path) == operation.path
        ]
        written = [each for each in within if each.op != "test"]
        if operation.op != "replace" or not shape.unordered or shape.atomic or not isinstance(was, list):
            assert written == [operation]
            continue
        old, new = {plain(item) for item in was}, {plain(item) for item in operation.value}
        gone = [item for item in was if plain(item) not in new]
        assert len(written) == max(len(gone), len(new - old))
        # Indexes race: what is taken out by index is tested first.
        taken = [each for each in written if each.op != "add"]
        tests = [each for each in within if each.op == "test"]
        assert [each.path for each in tests] == [each.path for each in taken]
        assert Counter(plain(each.value) for each in tests) == Counter(plain(item) for item in gone)
