"""`patch.lists: elements` and `patch.config: members`: the fewest operations, and nothing rewritten."""

from __future__ import annotations

import itertools
import random
from collections import deque

import jsonpatch
import pytest

from reconciler.model.document import Json, canonical, is_list, lookup
from reconciler.model.shape import Shape, divided
from reconciler.planning.patch import Operation, documents, patch, verified

TAGS = Shape(members={"tags": Shape(unordered=True)})
LETTERS = "abcd"
LISTS = [list(chosen) for size in range(4) for chosen in itertools.permutations(LETTERS, size)]


def steps(state: tuple[str, ...]) -> set[tuple[str, ...]]:
    """Every list that one add, remove or replace makes of a list."""
    reached = set()
    for index in range(len(state) + 1):
        reached.update((*state[:index], letter, *state[index:]) for letter in LETTERS if len(state) < 4)
    for index in range(len(state)):
        reached.add((*state[:index], *state[index + 1 :]))
        reached.update((*state[:index], letter, *state[index + 1 :]) for letter in LETTERS)
    return reached


def fewest_from(start: tuple[str, ...]) -> dict[frozenset[str], int]:
    """How many operations the nearest list with each set of elements is away, by exhaustive search."""
    fewest: dict[frozenset[str], int] = {}
    seen = {start: 0}
    queue = deque([start])
    while queue:
        state = queue.popleft()
        fewest.setdefault(frozenset(state), seen[state])
        for reached in steps(state):
            if reached not in seen:
                seen[reached] = seen[state] + 1
                queue.append(reached)
    return fewest


def writes(operations: tuple[Operation, ...]) -> list[Operation]:
    return [operation for operation in operations if operation.op != "test"]


@pytest.mark.parametrize("size", range(4))
def test_a_set_is_changed_by_as_few_operations_as_there_can_be(size: int) -> None:
    compared = 0
    for start in (chosen for chosen in LISTS if len(chosen) == size):
        fewest = fewest_from(tuple(start))
        for wanted in LISTS:
            operations = patch({"tags": start}, {"tags": wanted}, TAGS, "elements")
            removed, added = set(start) - set(wanted), set(wanted) - set(start)
            assert len(writes(operations)) == max(len(removed), len(added)) == fewest[frozenset(wanted)]
            reached = jsonpatch.JsonPatch(documents(operations)).apply({"tags": list(start)})
            assert set(reached["tags"]) == set(wanted)
            compared += 1
    assert compared >= len(LISTS)


def test_each_operation_by_index_is_guarded_by_a_test_of_what_it_takes_out() -> None:
    operations = patch({"tags": ["a", "b", "c"]}, {"tags": ["c", "x"]}, TAGS, "elements")
    for before, operation in itertools.pairwise(operations):
        if operation.op in ("replace", "remove"):
            assert (before.op, before.path) == ("test", operation.path)
    assert operations[0].op == "test"
    with pytest.raises(jsonpatch.JsonPatchTestFailed):
        jsonpatch.JsonPatch(documents(operations)).apply({"tags": ["z", "b", "c"]})


def mutated(rng: random.Random) -> tuple[dict[str, Json], dict[str, Json]]:
    """A document with tags and a config, and what a few edits make of it."""
    names = ["a", "b", "c/d", "e~f", "ü", ""]
    before: dict[str, Json] = {
        "on": rng.random() < 0.5,
        "name": rng.choice(["x", "y"]),
        "tags": [str(tag) for tag in rng.sample(range(9), rng.randrange(6))],
        "config": {
            name: rng.choice([1, 1.0, True, "v", None]) for name in rng.sample(names, rng.randrange(1, 6))
        },
    }
    after: dict[str, Json] = {**before}
    for _ in range(rng.randrange(1, 5)):
        match rng.randrange(4):
            case 0:
                after["on"] = rng.random() < 0.5
            case 1:
                tags = after["tags"]
                assert is_list(tags)
                after["tags"] = rng.sample([*tags, str(rng.randrange(12))], len(tags) + rng.randrange(2))
            case 2:
                config = after["config"]
                assert isinstance(config, dict)
                after["config"] = {**config, rng.choice(names): rng.choice([1, True, "w", "v"])}
            case 3:
                config = after["config"]
                assert isinstance(config, dict)
                after["config"] = {name: value for name, value in config.items() if rng.random() < 0.7}
    return before, after


def test_over_2000_mutations_no_unchanged_value_is_rewritten() -> None:
    rng = random.Random(20261121)
    config = Shape(members={"b": Shape()}, atomic=True, divisible=True)
    shape = divided(Shape(members={"tags": Shape(unordered=True), "config": config}))
    changed = 0
    for _ in range(2000):
        before, after = mutated(rng)
        operations = patch(before, after, shape, "elements")
        verified(before, after, operations, shape)
        state: Json = before
        for operation in operations:
            if operation.op == "replace":
                assert canonical(lookup(state, operation.path)) != canonical(operation.value)  # type: ignore[arg-type]
            if operation.op == "add" and not operation.path.endswith("/-"):
                assert not lookup(state, operation.path)
            if operation.op in ("add", "replace") and operation.path.startswith("/tags/"):
                tags = before["tags"]
                assert is_list(tags)
                assert operation.value not in tags
            state = jsonpatch.JsonPatch([operation.document()]).apply(state)
        tests = [operation for operation in operations if operation.op == "test"]
        differing = sum(
            canonical(before["config"].get(name, "∅")) != canonical(after["config"].get(name, "∅"))
            for name in {*before["config"], *after["config"]}
        )  # type: ignore[union-attr, arg-type, misc]
        differing += before["on"] is not after["on"]
        old, new = set(before["tags"]), set(after["tags"])  # type: ignore[arg-type]
        differing += max(len(old - new), len(new - old))
        assert len(operations) - len(tests) == differing
        changed += bool(operations)
    assert changed > 1500
