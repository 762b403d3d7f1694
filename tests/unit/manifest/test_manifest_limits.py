"""What is too much: size, depth, what aliases unfold to; and that saying so takes no time."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from reconciler.manifest.decode import MAX_BYTES
from reconciler.manifest.load import load
from reconciler.manifest.parse import parse

DEEPEST = 64


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("[" * 100_000, DEEPEST + 1),
        ("{a: " * 100_000, 4 * DEEPEST + 1),
        ("{" * 100_000, DEEPEST + 1),
        ("- " * 100_000, 2 * DEEPEST + 1),
        ("? " * 100_000, 2 * DEEPEST + 1),
        ("[a, " * 100_000, 4 * DEEPEST + 1),
        ("[{a: " * 100_000, 5 * DEEPEST // 2 + 1),
        ("&a [" * 100_000, 4 * DEEPEST + 4),
    ],
)
def test_a_bottomless_text_is_refused_at_once(kinds, tmp_path: Path, text: str, column: int) -> None:
    start = time.process_time()
    loaded = load(["-"], kinds, directory=tmp_path, stdin=text.encode)
    assert time.process_time() - start < 1
    (found,) = loaded.diagnostics
    assert (found.code.text, found.position.line, found.position.column) == ("LDR104", 1, column)


def test_a_bottomless_block_mapping_is_refused_at_its_line(read, brief) -> None:
    text = "".join(f"{' ' * depth}a:\n" for depth in range(2000))
    assert brief(read(text)) == [("LDR104", DEEPEST + 1, DEEPEST + 1)]


def test_the_limit_itself_is_allowed() -> None:
    assert parse("[" * DEEPEST + "]" * DEEPEST, "f").broken is None
    assert parse("a:\n - " + "[" * (DEEPEST - 2) + "]" * (DEEPEST - 2), "f").broken is None
    assert parse("a:\n - " + "[" * (DEEPEST - 1) + "]" * (DEEPEST - 1), "f").broken is not None


def test_aliases_do_not_get_around_the_depth(read, brief) -> None:
    half = DEEPEST // 2
    deep = f"a: &a {'[' * half}{']' * half}\n"
    fits = "[" * (half - 1) + "*a" + "]" * (half - 1)
    parsed = parse(deep + f"b: {fits}\n", "f").documents[0]
    assert (parsed.whole, parsed.faults) == (True, [])
    assert brief(read(deep + f"b: [{fits}]\n")) == [("LDR104", 2, 4 + half)]
    chain = "".join(f"a{n + 1}: &a{n + 1} [[[[[[[[*a{n}]]]]]]]]\n" for n in range(100))
    assert brief(read("a0: &a0 []\n" + chain)) == [("LDR104", 9, 17)]


def test_an_alias_bomb_is_one_finding(read, brief) -> None:
    bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n" + "".join(
        f"{name}: &{name} [{', '.join([f'*{last}'] * 9)}]\n"
        for last, name in zip("abcdefgh", "bcdefghi", strict=True)
    )
    start = time.process_time()
    loaded = read(bomb)
    assert time.process_time() - start < 1
    ((code, line, _),) = brief(loaded)
    assert (code, line) == ("LDR104", 4)


def test_a_bomb_leaves_the_other_documents_of_its_file_alone(read, brief) -> None:
    good = "apiVersion: reconciler/v1\nkind: Planet\nmetadata: {{key: {}}}\nspec: {{tags: {}}}\n"
    layers = ["[x, x, x, x, x, x, x, x, x]"] + [f"[{', '.join([f'*a{n}'] * 9)}]" for n in range(8)]
    bomb = "layers:\n" + "".join(f"  - &a{n} {layer}\n" for n, layer in enumerate(layers))
    text = "---\n".join([good.format("mars", "&t [a, b]"), bomb, good.format("venus", "[c]")])
    loaded = read(text)
    assert [code for code, _, _ in brief(loaded)] == ["LDR104"]
    assert [str(resource.address) for resource in loaded.declared] == ["Planet/mars", "Planet/venus"]


def test_the_limit_counts_the_nodes_of_the_file() -> None:
    # 1 mapping, 2 keys, 2 lists, 100 items and n aliases are 105 + n nodes; each alias adds 100.
    items = ", ".join(["x"] * 100)
    for aliases, allowed in ((11, True), (12, False)):
        text = f"a: &a [{items}]\nb: [{', '.join(['*a'] * aliases)}]\n"
        (document,) = parse(text, "f").documents
        assert 10 * (105 + aliases) >= 100 * aliases if allowed else 10 * (105 + aliases) < 100 * aliases
        assert document.whole is allowed


def test_a_long_chain_of_anchors_is_measured_in_no_time(read, brief) -> None:
    text = "a0: &a0 [x]\n" + "".join(f"a{n + 1}: &a{n + 1} {{b: *a{n}, c: *a{n}}}\n" for n in range(60))
    start = time.process_time()
    ((code, _, _),) = brief(read(text))
    assert code == "LDR104"
    assert time.process_time() - start < 1


def test_a_large_file_is_refused_unread(kinds, tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    with path.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    (found,) = load(["large.yaml"], kinds, directory=tmp_path).diagnostics
    assert (found.code.text, str(found.position)) == ("LDR104", "large.yaml")
    assert "16 MiB" in found.message
    (found,) = load(["-"], kinds, directory=tmp_path, stdin=lambda: b" " * (MAX_BYTES + 1)).diagnostics
    assert (found.code.text, str(found.position)) == ("LDR104", "-")


@pytest.mark.parametrize(
    ("data", "place", "words"),
    [
        ("a: 1".encode("utf-16"), (1, 1), "UTF-16"),
        ("a: 1".encode("utf-16-be"), (1, 1), "NUL"),
        (b"\xfe\xff\x00a", (1, 1), "UTF-16"),
        ("a: 1".encode("utf-32"), (1, 1), "UTF-32"),
        (b"a: \xe9\n", (1, 4), "0xe9"),
        ("é: ü\r\nb: ".encode() + b"\xff", (2, 4), "0xff"),
        (b"a: \xed\xa0\x80\n", (1, 4), "0xed"),
        (b"a: 1\n\xef\xbb\xbfb: 2\n", (2, 1), "byte order mark"),
    ],
)
def test_what_is_not_utf8_is_refused_at_its_byte(
    kinds, tmp_path: Path, data: bytes, place: tuple[int, int], words: str
) -> None:
    (found,) = load(["-"], kinds, directory=tmp_path, stdin=lambda: data).diagnostics
    assert (found.code.text, found.position.line, found.position.column) == ("LDR106", *place)
    assert words in found.message
