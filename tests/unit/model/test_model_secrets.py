"""Secret references: where their values come from, what a mask proves, and what is redacted."""

from __future__ import annotations

import base64
import json
import os
import threading
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from laws.law_strategies import LAW

from reconciler.model.secrets import (
    MAX_FILE_BYTES,
    PLACEHOLDER,
    Resolution,
    SecretReference,
    Secrets,
    Verdict,
    as_reference,
    compare,
    looks_masked,
    redact,
    references,
    resolved,
)
from reconciler.model.shape import Shape

CHANGED, UNCHANGED, UNKNOWN = Verdict.CHANGED, Verdict.UNCHANGED, Verdict.UNKNOWN
SECRET = "fst-4Zx9Qp7w-K3y"


def env(name: str) -> SecretReference:
    return SecretReference("fromEnv", name)


def file(path: Path | str) -> Resolution:
    return Secrets({})(SecretReference("fromFile", str(path)))


@pytest.mark.parametrize(
    ("live", "verdict"),
    [
        pytest.param(SECRET, UNCHANGED, id="in clear and equal"),
        pytest.param("another", CHANGED, id="in clear and different"),
        pytest.param(SECRET.upper(), CHANGED, id="in clear, other case"),
        pytest.param("", CHANGED, id="empty"),
        pytest.param("fst****K3y", UNCHANGED, id="prefix and suffix fit"),
        pytest.param("fst**********K3y", UNCHANGED, id="the number of asterisks is no evidence"),
        pytest.param("fst***K3y", UNCHANGED, id="three asterisks are a mask"),
        pytest.param("abc****K3y", CHANGED, id="another prefix"),
        pytest.param("fst****xyz", CHANGED, id="another suffix"),
        pytest.param("FST****K3y", CHANGED, id="prefix in another case"),
        pytest.param("fst****", UNCHANGED, id="prefix alone fits"),
        pytest.param("****K3y", UNCHANGED, id="suffix alone fits"),
        pytest.param("****xyz", CHANGED, id="suffix alone differs"),
        pytest.param("****", UNKNOWN, id="nothing but asterisks"),
        pytest.param("****************", UNKNOWN, id="many asterisks"),
        pytest.param("**", CHANGED, id="two asterisks are no mask"),
        pytest.param(None, CHANGED, id="null"),
        pytest.param(5, CHANGED, id="a number"),
        pytest.param({"fromEnv": "X"}, CHANGED, id="an object"),
    ],
)
def test_what_a_live_value_proves(live: object, verdict: Verdict) -> None:
    assert compare(SECRET, live, present=True) is verdict  # type: ignore[arg-type]


def test_what_is_not_live_has_changed_whatever_is_wanted() -> None:
    assert compare(SECRET, None, present=False) is CHANGED
    assert compare(None, None, present=False) is CHANGED


@pytest.mark.parametrize("live", ["fst****K3y", "****", "in clear", ""])
def test_without_a_value_nothing_can_be_told_of_what_is_live(live: str) -> None:
    assert compare(None, live, present=True) is UNKNOWN


@pytest.mark.parametrize(
    "name", ["A", "_x", "FASTLY_API_TOKEN", "LD_TOKEN", "MY_GITHUB_TOKEN", "LAUNCHDARKLY"]
)
def test_a_variable_of_ones_own_is_read(name: str) -> None:
    assert Secrets({name: SECRET})(env(name)) == Resolution(SECRET)


@pytest.mark.parametrize(
    "name",
    [
        "LAUNCHDARKLY_ACCESS_TOKEN",
        "LAUNCHDARKLY_",
        "launchdarkly_access_token",
        "LD_ACCESS_TOKEN",
        "GITHUB_TOKEN",
        "GitHub_Token",
        "GH_TOKEN",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN",
        "",
        "1A",
        "A-B",
        "A B",
        "A=B",
        "A\n",
        "\u017fECRET",
        "É",
    ],
)
def test_credentials_of_the_platform_and_names_of_nothing_are_refused(name: str) -> None:
    found = Secrets({name: SECRET})(env(name))
    assert found.value is None
    assert found.reason
    assert env(name).refusal() == found.reason


def test_unset_and_empty_are_the_same() -> None:
    assert Secrets({})(env("A")) == Secrets({"A": ""})(env("A")) == Resolution(None, "is unset or empty")


@pytest.mark.parametrize("value", ["abc****xyz", "****", "a***"])
def test_a_mask_is_no_secret(value: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(value)
    for found in (Secrets({"A": value})(env("A")), file(tmp_path / "secret")):
        assert found.value is None
        assert "mask" in found.reason


@pytest.mark.parametrize(
    ("content", "value"),
    [
        (b"abc", "abc"),
        (b"abc\n", "abc"),
        (b"abc\r\n", "abc"),
        (b"abc\n\n", "abc\n"),
        (b"\nabc", "\nabc"),
        (b" abc ", " abc "),
        (b"line 1\nline 2\n", "line 1\nline 2"),
        ("pässwörd\n".encode(), "pässwörd"),
        (b"x" * MAX_FILE_BYTES, "x" * MAX_FILE_BYTES),
    ],
)
def test_a_file_is_read_but_for_one_final_newline(content: bytes, value: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(content)
    assert file(tmp_path / "secret") == Resolution(value)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\n", "is empty"),
        (b"x" * (MAX_FILE_BYTES + 1), "is larger than 64 KiB"),
        (b"\xff\xfe", "is not UTF-8"),
    ],
)
def test_a_file_that_holds_no_usable_secret_says_why(content: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "secret").write_bytes(content)
    assert file(tmp_path / "secret") == Resolution(None, reason)


def test_what_is_no_regular_file_is_not_read(tmp_path: Path) -> None:
    assert file(tmp_path) == Resolution(None, "is no regular file")
    os.mkfifo(tmp_path / "pipe")
    found: list[Resolution] = []
    waiting = threading.Thread(target=lambda: found.append(file(tmp_path / "pipe")), daemon=True)
    waiting.start()
    waiting.join(5)
    assert found == [Resolution(None, "is no regular file")], "opening a FIFO must not wait for a writer"


@pytest.mark.parametrize("name", ["missing", "missing/below", "nul\0byte", "x" * 5000])
def test_a_name_that_leads_nowhere_is_no_error_of_ours(name: str, tmp_path: Path) -> None:
    found = file(tmp_path / name)
    assert found.value is None
    assert found.reason


@pytest.mark.parametrize(
    "target", ["/proc/self/environ", "/proc/1/environ", "/dev/stdin", "/dev/null", "/sys/kernel", "/proc"]
)
def test_the_systems_folders_are_closed_also_behind_links(target: str, tmp_path: Path) -> None:
    link = tmp_path / "innocent"
    link.symlink_to(target)
    folder = tmp_path / "folder"
    folder.symlink_to(os.path.dirname(target))  # noqa: PTH120
    for path in (target, link, folder / os.path.basename(target), f"/tmp/../{target}"):  # noqa: PTH119
        found = file(path)
        assert found.value is None
        assert "/proc" in found.reason


def test_a_link_to_a_file_of_ones_own_is_followed(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    (tmp_path / "link").symlink_to(tmp_path / "secret")
    assert file(tmp_path / "link").value == SECRET


def test_no_file_stays_open(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text(SECRET)
    before = len(os.listdir("/proc/self/fd"))  # noqa: PTH208
    for path in (tmp_path, tmp_path / "secret", tmp_path / "missing"):
        file(path)
    assert len(os.listdir("/proc/self/fd")) == before  # noqa: PTH208


def test_each_reference_is_resolved_once() -> None:
    environment = {"A": SECRET}
    secrets = Secrets(environment)
    assert secrets(env("A")).value == SECRET
    environment["A"] = "another"
    assert secrets(env("A")).value == SECRET
    assert secrets.values() == (SECRET,)


def test_no_repr_shows_a_value() -> None:
    secrets = Secrets({"A": SECRET})
    found = secrets(env("A"))
    assert SECRET not in repr(found)
    assert SECRET not in repr(secrets)


@pytest.mark.parametrize(
    ("value", "reference"),
    [
        ({"fromEnv": "A"}, SecretReference("fromEnv", "A")),
        ({"fromFile": "a/b"}, SecretReference("fromFile", "a/b")),
        ({"fromEnv": "A", "fromFile": "b"}, None),
        ({"fromEnv": "A", "default": "x"}, None),
        ({"fromEnv": 5}, None),
        ({"fromVault": "A"}, None),
        ({}, None),
        ("A", None),
        (["fromEnv"], None),
    ],
)
def test_a_reference_has_exactly_one_source(value: object, reference: SecretReference | None) -> None:
    assert as_reference(value) == reference  # type: ignore[arg-type]


def test_references_count_in_the_place_of_a_secret_and_nowhere_else() -> None:
    secret = Shape(secret=True)
    shape = Shape(members={"a": secret, "again": secret, "deep": Shape(rest=secret)})
    document = {
        "a": {"fromEnv": "B"},
        "again": {"fromEnv": "B"},
        "deep": {"x": {"fromEnv": "A"}},
        "other": {"fromEnv": "C"},
        "list": [{"fromEnv": "D"}],
    }
    assert references(document, shape) == (env("A"), env("B"))
    values = {env("A"): "1st", env("B"): "2nd"}
    assert resolved(document, shape, values) == {
        "a": "2nd",
        "again": "2nd",
        "deep": {"x": "1st"},
        "other": {"fromEnv": "C"},
        "list": [{"fromEnv": "D"}],
    }


@pytest.mark.parametrize(
    "form",
    [
        SECRET,
        f"'{SECRET}'",
        json.dumps(SECRET),
        quote(SECRET),
        quote(SECRET, safe=""),
        base64.b64encode(SECRET.encode()).decode(),
    ],
)
def test_what_others_say_of_a_secret_is_redacted(form: str) -> None:
    assert redact(f"value {form} is wrong", [SECRET]).find(SECRET[4:10]) == -1
    assert PLACEHOLDER in redact(f"value {form} is wrong", [SECRET])


# Letters that stand in no other part of the texts, so that a piece of the secret can be told.
ODD = st.text(st.sampled_from('QZ"\\/ +%\n\té☃\U0001f6a6'), min_size=6, max_size=20).filter(
    lambda text: len(text.split()) == 1 and text.strip() == text
)


@LAW
@given(ODD, st.sampled_from(["raw", "json", "ascii json", "repr", "quoted", "plus", "base64", "urlsafe"]))
def test_a_secret_is_redacted_in_whatever_form_it_comes(secret: str, form: str) -> None:
    said = {
        "raw": secret,
        "json": json.dumps(secret, ensure_ascii=False)[1:-1],
        "ascii json": json.dumps(secret)[1:-1],
        "repr": repr(secret)[1:-1],
        "quoted": quote(secret, safe=""),
        "plus": quote(secret),
        "base64": base64.b64encode(secret.encode()).decode(),
        "urlsafe": base64.urlsafe_b64encode(secret.encode()).decode(),
    }[form]
    assert redact(f"<{said}>", [secret]).rstrip("=>") == f"<{PLACEHOLDER}"


def test_of_two_secrets_the_longer_is_redacted_first() -> None:
    assert redact("abcdef-xyz", ["abcdef", "abcdef-xyz"]) == PLACEHOLDER


def test_each_line_of_a_secret_is_redacted_and_empty_ones_are_not() -> None:
    said = redact("first: line-one; second: line-two", ["line-one\n\nline-two\n"])
    assert said == f"first: {PLACEHOLDER}; second: {PLACEHOLDER}"
    assert redact("a text", ["", "\n"]) == "a text"


@pytest.mark.parametrize(
    ("text", "masked"), [("***", True), ("a***b", True), ("**", False), ("a*b*c*", False)]
)
def test_three_asterisks_in_a_row_look_like_a_mask(text: str, masked: bool) -> None:
    assert looks_masked(text) is masked
