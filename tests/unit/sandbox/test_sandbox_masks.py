"""How secrets look once they are stored."""

import pytest

from reconciler.sandbox.masks import mask

FORMS = ["first3_last3", "fixed4", "full"]


@pytest.mark.parametrize(
    ("secret", "first3_last3", "fixed4"),
    [
        ("abcdefg", "abc****efg", "abc****efg"),
        ("abcdefghij", "abc****hij", "abc****hij"),
        ("abcdefghijk", "abc*****ijk", "abc****ijk"),
        ("super-secret01", "sup********t01", "sup****t01"),
        ("ééééééé", "ééé****ééé", "ééé****ééé"),
    ],
)
def test_a_long_secret_shows_its_ends_or_nothing(secret, first3_last3, fixed4):
    assert mask(secret, "first3_last3") == first3_last3
    assert mask(secret, "fixed4") == fixed4
    assert mask(secret, "full") == "****"


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("secret", ["a", "abcdef"])
def test_a_short_secret_shows_nothing(form, secret):
    assert mask(secret, form) == "****"


@pytest.mark.parametrize("form", FORMS)
def test_an_empty_one_stays_empty(form):
    assert mask("", form) == ""


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("length", range(60))
def test_a_mask_is_its_own_mask(form, length):
    once = mask("x" * length, form)
    assert mask(once, form) == once
