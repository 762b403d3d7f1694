"""Foreign text is shown on one line, and shows what is in it."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from laws.law_strategies import LAW

from reconciler.model.text import printable


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("naïve 日本 \U0001f6a6", "naïve 日本 \U0001f6a6"),
        ("a\x1b[31mred", "a\\x1b[31mred"),
        ("two\nlines\r", "two\\x0alines\\x0d"),
        ("\x85\x9b", "\\x85\\x9b"),
        ("\u202eevil", "\\u202eevil"),
        ("zero\u200bwidth\u2066", "zero\\u200bwidth\\u2066"),
        ("line\u2028par\u2029", "line\\u2028par\\u2029"),
        ("\ud800", "\\ud800"),
        ("\U000e0041", "\\U000e0041"),
        ("\ue000", "\\ue000"),
    ],
)
def test_controls_and_directions_are_escaped_and_all_else_stands(text: str, shown: str) -> None:
    assert printable(text) == shown


@LAW
@given(st.text())
def test_nothing_that_is_shown_can_move_a_cursor_or_hide(text: str) -> None:
    shown = printable(text)
    assert not any(unicodedata.category(char) in ("Cc", "Cf", "Cs", "Zl", "Zp") for char in shown)
    assert printable(shown) == shown


def test_a_long_text_is_cut_with_a_sign_of_it() -> None:
    assert printable("abcdef", 4) == "abc…"
    assert printable("abcd", 4) == "abcd"
