"""What a kind's model may be made of, beyond what today's kinds need: unions, validators, rules for keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Literal

import pytest
from pydantic import Field, StringConstraints, field_validator

from reconciler.manifest.load import Loaded, load
from reconciler.model.spec import Spec, declared


class Round(Spec):
    form: Literal["round"]
    radius: Annotated[int, Field(ge=1)]


class Square(Spec):
    form: Literal["square"]
    side: int


class OddSpec(Spec):
    body: Annotated[Round | Square, Field(discriminator="form")] = declared("One of two forms.")
    sizes: Annotated[
        dict[Annotated[str, StringConstraints(pattern="^[a-z]+$")], int], Field(min_length=2)
    ] = declared("By name.")
    either: list[str] | bool = declared("A list or a switch.")
    nothing: str | None = declared("A text.")
    even: int = declared("An even number.")
    code: Annotated[str, StringConstraints(min_length=3)] = declared("Three letters.")
    step: Annotated[int, Field(multiple_of=5)] = declared("In fives.")
    parts: list[Round] = declared("Round ones.")

    @field_validator("even")
    @classmethod
    def _even(cls, value: int) -> int:
        if value % 2:
            raise ValueError("it has to be even")
        return value


@pytest.fixture
def read_odd(kinds) -> Callable[[str], Loaded]:
    odd = {"Planet": replace(kinds["Planet"], spec=OddSpec)}

    def read(spec: str) -> Loaded:
        text = f"apiVersion: reconciler/v1\nkind: Planet\nmetadata: {{key: mars}}\nspec:\n  {spec}\n"
        return load(["-"], odd, stdin=text.encode)

    return read


@pytest.mark.parametrize(
    ("spec", "found", "message"),
    [
        (
            "body: {form: round, radius: 0}",
            ("LDR206", 5, 31),
            "spec.body.radius must be at least 1, but it is the number 0.",
        ),
        (
            "body: {form: round, radius: x}",
            ("LDR205", 5, 31),
            'spec.body.radius must be a whole number, but it is the text "x".',
        ),
        ("body: {form: square}", ("LDR204", 5, 3), "spec.body lacks side."),
        ("body: {form: square, side: 1, odd: 2}", ("LDR203", 5, 33), "spec.body.odd is no field here."),
        ("body: {form: flat}", ("LDR206", 5, 9), "spec.body"),
        ("sizes: {a: 1, B: 2}", ("LDR206", 5, 17), "spec.sizes.B must match the pattern ^[a-z]+$"),
        ("sizes: {a: 1}", ("LDR206", 5, 10), "spec.sizes must have at least 2 items, but it is a mapping."),
        ("either: 5", ("LDR205", 5, 11), "spec.either must be a list or true or false, but it is a number."),
        (
            "either: {a: b}",
            ("LDR205", 5, 11),
            "spec.either must be a list or true or false, but it is a mapping.",
        ),
        ("nothing: 5", ("LDR207", 5, 12), "spec.nothing must be a text, but without quotes 5 is a number."),
        ("nothing: ~", ("LDR208", 5, 12), "spec.nothing is empty (null)."),
        (
            "even: 3",
            ("LDR206", 5, 9),
            "spec.even is not allowed (it has to be even), but it is the number 3.",
        ),
        ("code: ab", ("LDR206", 5, 9), 'spec.code must have at least 3 characters, but it is the text "ab".'),
        ("step: 7", ("LDR206", 5, 9), "spec.step is not allowed (Input should be a multiple of 5)"),
        (
            "parts: [{form: round, radius: 1}, {form: round}]",
            ("LDR204", 5, 37),
            "spec.parts[1] lacks radius.",
        ),
        (
            "parts: [{form: round, radius: 1, odd: 1}]",
            ("LDR203", 5, 36),
            "spec.parts[0].odd is no field of Planet.",
        ),
    ],
)
def test_one_finding_says_what_is_wrong(
    read_odd, spec: str, found: tuple[str, int, int], message: str
) -> None:
    loaded = read_odd(spec)
    assert [(one.code.text, one.position.line, one.position.column) for one in loaded.diagnostics] == [found]
    assert loaded.diagnostics[0].message.startswith(message)
    assert loaded.diagnostics[0].hint


@pytest.mark.parametrize(
    "spec",
    [
        "body: {form: round, radius: 1}",
        "sizes: {a: 1, b: 2}",
        "either: [a]",
        "either: true",
        "even: 2",
        "nothing: x",
    ],
)
def test_what_fits_is_declared(read_odd, spec: str) -> None:
    loaded = read_odd(spec)
    assert (loaded.diagnostics, len(loaded.declared)) == ((), 1)
