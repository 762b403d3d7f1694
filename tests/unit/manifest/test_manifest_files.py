"""Which files paths stand for, what findings call them, and what can't be read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.manifest.load import Loaded, load


def manifest(key: str) -> str:
    return f"apiVersion: reconciler/v1\nkind: Planet\nmetadata: {{key: {key}}}\nspec: {{}}\n"


FOREIGN = "apiVersion: v1\nkind: ConfigMap\n"


def keys(loaded: Loaded) -> list[str]:
    return [resource.address.keys[0] for resource in loaded.declared]


def places(loaded: Loaded) -> list[tuple[str, str]]:
    return [(found.code.text, str(found.position)) for found in loaded.diagnostics]


def test_a_folder_is_walked_sorted_without_what_is_hidden_or_reserved(kinds, write) -> None:
    root = write(
        {
            "m/b.yaml": manifest("b"),
            "m/a.yml": manifest("a"),
            "m/sub/d.yaml": manifest("d"),
            "m/sub/c.yaml": manifest("c"),
            "m/.hidden.yaml": "[",
            "m/.git/x.yaml": "[",
            "m/reconciler.yaml": "[",
            "m/sub/reconciler.yml": "[",
            "m/readme.md": "[",
            "m/plan.json": "[",
        }
    )
    loaded = load(["m"], kinds, directory=root)
    assert (keys(loaded), loaded.diagnostics, loaded.files) == (["a", "b", "c", "d"], (), 4)
    assert [resource.start.file for resource in loaded.declared] == [
        "m/a.yml", "m/b.yaml", "m/sub/c.yaml", "m/sub/d.yaml",
    ]  # fmt: skip


def test_documents_of_others_are_passed_over_in_a_folder_and_refused_in_a_named_file(kinds, write) -> None:
    root = write({"m/a.yaml": f"{FOREIGN}---\n{manifest('a')}---\n- 1\n---\ntext\n---\n~\n"})
    loaded = load(["m"], kinds, directory=root)
    assert (keys(loaded), loaded.passed_over, loaded.diagnostics) == (["a"], 4, ())
    loaded = load(["m/a.yaml"], kinds, directory=root)
    assert places(loaded) == [("LDR109", f"m/a.yaml:{line}:1") for line in (1, 9, 11, 13)]
    assert (keys(loaded), loaded.passed_over) == (["a"], 0)


def test_documents_of_others_may_hold_what_only_ours_may_not(kinds, write) -> None:
    root = write(
        {
            "m/a.yaml": manifest("a"),
            "m/b.yaml": "%YAML 1.2\n---\nservices:\n  a: &a {x: .inf}\n  b: {<<: *a, 1: x, 1: y}\n  c: {d:e}\n",
        }
    )
    assert load(["m"], kinds, directory=root).diagnostics == ()


@pytest.mark.parametrize(
    ("text", "finding"),
    [
        ("a: [\n", ("LDR101", "m/b.yaml:1:4")),
        ("a: !Ref b\n", ("LDR102", "m/b.yaml:1:4")),
        ("a: *b\n", ("LDR101", "m/b.yaml:1:4")),
        ("a: &a [*a]\n", ("LDR104", "m/b.yaml:1:8")),
        (f"a: {'[' * 65}{']' * 65}\n", ("LDR104", "m/b.yaml:1:67")),
        ("a: \x01\n", ("LDR106", "m/b.yaml:1:4")),
    ],
)
def test_broken_yaml_is_an_error_everywhere(kinds, write, text: str, finding: tuple[str, str]) -> None:
    root = write({"m/a.yaml": manifest("a"), "m/b.yaml": text})
    loaded = load(["m"], kinds, directory=root)
    assert (places(loaded), keys(loaded)) == ([finding], ["a"])


def test_a_file_that_is_reached_twice_counts_once(kinds, write) -> None:
    root = write({"m/a.yaml": manifest("a"), "m/sub/b.yaml": manifest("b")})
    (root / "m" / "link.yaml").symlink_to("a.yaml")
    (root / "m" / "zoo").symlink_to("sub")
    loaded = load(["m/sub/b.yaml", "m", "m/sub", str(root / "m"), "m/../m"], kinds, directory=root)
    assert (keys(loaded), loaded.files, loaded.diagnostics) == (["b", "a"], 2, ())


def test_a_file_in_a_folder_that_is_also_named_has_to_hold_manifests_only(kinds, write) -> None:
    root = write({"m/a.yaml": manifest("a"), "m/b.yaml": FOREIGN})
    assert places(load(["m", "m/b.yaml"], kinds, directory=root)) == [("LDR109", "m/b.yaml:1:1")]


def test_links_that_lead_out_of_the_folder_are_errors(kinds, write) -> None:
    root = write({"m/a.yaml": manifest("a"), "out/b.yaml": manifest("b"), "out/c.txt": ""})
    (root / "m" / "file.yaml").symlink_to(root / "out" / "b.yaml")
    (root / "m" / "folder").symlink_to(root / "out")
    (root / "m" / "c.txt").symlink_to(root / "out" / "c.txt")
    (root / "m" / "up").symlink_to("..")
    loaded = load(["m"], kinds, directory=root)
    assert places(loaded) == [("LDR107", "m/file.yaml"), ("LDR107", "m/folder"), ("LDR107", "m/up")]
    assert keys(loaded) == ["a"]
    assert keys(load(["m/file.yaml"], kinds, directory=root)) == ["b"]


def test_links_in_a_circle_end(kinds, write) -> None:
    root = write({"m/a.yaml": manifest("a"), "m/sub/b.yaml": manifest("b")})
    (root / "m" / "sub" / "up").symlink_to("..")
    (root / "m" / "self").symlink_to(".")
    (root / "m" / "loop.yaml").symlink_to("loop.yaml")
    loaded = load(["m"], kinds, directory=root)
    assert (keys(loaded), places(loaded)) == (["a", "b"], [("LDR107", "m/loop.yaml")])


def test_what_is_no_readable_file_is_an_error(kinds, write) -> None:
    root = write({"m/a.yaml": manifest("a")})
    (root / "m" / "broken.yaml").symlink_to("nowhere.yaml")
    (root / "m" / "folder.yaml").mkdir()
    os.mkfifo(root / "m" / "pipe.yaml")
    loaded = load(["m", "missing", "missing.yaml", "", "a\x00b"], kinds, directory=root)
    assert places(loaded) == [
        ("LDR107", ""),
        ("LDR107", r"a\x00b"),
        ("LDR107", "m/broken.yaml"),
        ("LDR107", "m/pipe.yaml"),
        ("LDR107", "missing"),
        ("LDR107", "missing.yaml"),
    ]
    assert keys(loaded) == ["a"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_an_error(kinds, write) -> None:
    root = write({"m/a.yaml": manifest("a"), "m/shut/b.yaml": manifest("b")})
    (root / "m" / "a.yaml").chmod(0)
    (root / "m" / "shut").chmod(0)
    try:
        assert places(load(["m"], kinds, directory=root)) == [("LDR107", "m/a.yaml"), ("LDR107", "m/shut")]
    finally:
        (root / "m" / "shut").chmod(0o700)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("plan.json", "only ever a plan"),
        ("plan.JSON", "only ever a plan"),
        ("readme.md", "end in .yaml or .yml"),
        ("manifest", "end in .yaml or .yml"),
        ("reconciler.yaml", "reserved for settings"),
        ("reconciler.yml", "reserved for settings"),
    ],
)
def test_a_named_file_that_holds_no_manifests_is_refused_by_its_name(
    kinds, write, name: str, words: str
) -> None:
    root = write({f"m/{name}": manifest("a")})
    loaded = load([f"m/{name}"], kinds, directory=root)
    (found,) = loaded.diagnostics
    assert (found.code.text, str(found.position), loaded.files) == ("LDR109", f"m/{name}", 0)
    assert words in found.message
    assert found.hint


def test_a_hidden_file_is_read_where_it_is_named(kinds, write) -> None:
    root = write({"m/.a.yaml": manifest("a")})
    assert keys(load(["m/.a.yaml"], kinds, directory=root)) == ["a"]


@pytest.mark.parametrize("files", [{}, {"m/readme.md": ""}, {"m/a.yaml": FOREIGN}, {"m/reconciler.yaml": ""}])
def test_a_folder_without_manifests_is_an_error_at_the_folder(kinds, write, files: dict[str, str]) -> None:
    root = write({"m/.keep": "", **files})
    assert places(load(["m"], kinds, directory=root)) == [("LDR108", "m")]


def test_a_folder_with_broken_files_only_is_not_called_empty(kinds, write) -> None:
    root = write({"m/a.yaml": "a: [\n", "n/b.yaml": "", "o/c.yaml": "apiVersion: reconciler/v1\nkind: Sun\n"})
    found = places(load(["m", "n", "o"], kinds, directory=root))
    assert found == [("LDR101", "m/a.yaml:1:4"), ("LDR108", "n/b.yaml:1:1"), ("LDR202", "o/c.yaml:2:7")]


def test_of_two_folders_the_one_without_manifests_is_named(kinds, write) -> None:
    root = write({"m/a.yaml": manifest("a"), "m/sub/readme.md": ""})
    assert places(load(["m", "m/sub"], kinds, directory=root)) == [("LDR108", "m/sub")]


@pytest.mark.parametrize("text", ["", "\n\n", "# nothing\n", "---\n", "---\n# a\n---\n...\n", "\ufeff"])
def test_an_empty_file_is_an_error_at_its_start(kinds, write, text: str) -> None:
    root = write({"m/a.yaml": text, "m/b.yaml": manifest("b")})
    loaded = load(["m"], kinds, directory=root)
    assert (places(loaded), keys(loaded)) == ([("LDR108", "m/a.yaml:1:1")], ["b"])


def test_empty_documents_between_others_are_nothing(kinds, write) -> None:
    root = write({"a.yaml": f"---\n---\n{manifest('a')}---\n# c\n---\n"})
    loaded = load(["a.yaml"], kinds, directory=root)
    assert (keys(loaded), loaded.diagnostics) == (["a"], ())


def test_standard_input_is_read_once_and_strictly(kinds, tmp_path: Path) -> None:
    calls: list[int] = []

    def stdin() -> bytes:
        calls.append(1)
        return (manifest("a") + "---\n" + FOREIGN).encode()

    loaded = load(["-", "-"], kinds, directory=tmp_path, stdin=stdin)
    assert (len(calls), keys(loaded), places(loaded)) == (1, ["a"], [("LDR109", "-:6:1")])


def test_standard_input_that_fails_is_an_error(kinds, tmp_path: Path) -> None:
    def stdin() -> bytes:
        raise OSError(5, "Input/output error")

    assert places(load(["-"], kinds, directory=tmp_path, stdin=stdin)) == [("LDR107", "-")]


def test_findings_name_files_from_the_working_directory(kinds, write) -> None:
    root = write({"work/in.yaml": "[", "out.yaml": "[", "other/far.yaml": "["})
    work = root / "work"
    paths = ["./in.yaml", "../out.yaml", str(root / "other" / "far.yaml")]
    found = [
        position.rpartition(":")[0].rpartition(":")[0]
        for _, position in places(load(paths, kinds, directory=work))
    ]
    assert sorted(found) == sorted(["in.yaml", "../out.yaml", (root / "other" / "far.yaml").as_posix()])
    assert [p for _, p in places(load([str(work)], kinds, directory=work))] == ["in.yaml:1:1"]
    assert [p for _, p in places(load(["."], kinds, directory=work))] == ["in.yaml:1:1"]
    assert [p for _, p in places(load([".."], kinds, directory=work))] == [
        "../other/far.yaml:1:1", "../out.yaml:1:1", "in.yaml:1:1",
    ]  # fmt: skip


def test_odd_names_are_printable(kinds, write) -> None:
    root = write({"m/a\x1b[31m\u202e.yaml": "["})
    with (root / "m" / os.fsdecode(b"b\xff.yaml")).open("w") as file:
        file.write("[")
    assert [p for _, p in places(load(["m"], kinds, directory=root))] == [
        "m/a\\x1b[31m\\u202e.yaml:1:1",
        "m/b\ufffd.yaml:1:1",
    ]


def test_no_paths_are_no_manifests(kinds, tmp_path: Path) -> None:
    assert load([], kinds, directory=tmp_path) == Loaded((), (), 0, 0)


def test_the_working_directory_is_the_default(kinds, write, monkeypatch) -> None:
    monkeypatch.chdir(write({"a.yaml": manifest("a")}))
    assert keys(load(["a.yaml"], kinds)) == ["a"]
