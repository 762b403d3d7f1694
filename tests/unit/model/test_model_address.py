"""Addresses and their text form."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from laws.law_strategies import LAW

from reconciler.model.address import Address

KEYS = st.lists(
    st.one_of(
        st.text(min_size=1, max_size=6),
        st.sampled_from(["a/b", "%", "%2F", "%25", "..", " ", "\n", "\x85", "\u2028", "é/日本", "a%"]),
    ),
    min_size=1,
    max_size=4,
)


@LAW
@given(KEYS)
def test_an_address_can_be_read_back(keys: list[str]) -> None:
    address = Address("Environment", tuple(keys))
    assert Address.parse(str(address)) == address


@LAW
@given(KEYS, KEYS)
def test_no_two_addresses_share_a_text(one: list[str], other: list[str]) -> None:
    texts = {str(Address("K", tuple(keys))) for keys in (one, other)}
    assert len(texts) == len({tuple(one), tuple(other)})


@LAW
@given(KEYS)
def test_an_address_stays_on_its_line_and_has_as_many_parts_as_keys(keys: list[str]) -> None:
    text = str(Address("K", tuple(keys)))
    assert len(text.splitlines()) == 1
    assert text.count("/") == len(keys)
    assert not any(unicodedata.category(char) in ("Cc", "Zl", "Zp") for char in text)


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        (("storefront", "production"), "Environment/storefront/production"),
        (("a/b", "50%"), "Environment/a%2Fb/50%25"),
        (("a b", "é:?#&+"), "Environment/a b/é:?#&+"),
        (("tab\t", "line\u2028"), "Environment/tab%09/line%E2%80%A8"),
    ],
)
def test_only_what_would_break_the_text_is_encoded(keys: tuple[str, ...], text: str) -> None:
    assert str(Address("Environment", keys)) == text


@pytest.mark.parametrize(
    "text", ["", "Environment", "/a", "Environment/", "Environment/a//b", "Environment/a/", "E/%FF"]
)
def test_a_text_without_a_kind_or_a_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - a decoding error is one too
        Address.parse(text)
