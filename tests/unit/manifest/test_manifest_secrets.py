"""Secrets: given by reference only, in places for secrets only, and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.manifest.load import load

ACME = "apiVersion: reconciler/v1\nkind: LightBeacon\nmetadata: {planet: mars, maker: acme, name: x}\nspec:\n"
OTHER = ACME.replace("acme", "nobody")
MOON = "apiVersion: reconciler/v1\nkind: Moon\nmetadata: {planet: mars, key: deimos}\nspec:\n"


@pytest.mark.parametrize(
    ("text", "place", "words"),
    [
        # A literal where a secret belongs.
        (
            ACME + "  config: {store: s, token: hunter2}\n",
            ("LDR304", 5, 29),
            "spec.config.token holds a secret in clear",
        ),
        (ACME + "  config: {store: s, token: ''}\n", ("LDR304", 5, 29), "in clear"),
        (ACME + "  config: {store: s, token: 12345}\n", ("LDR304", 5, 29), "in clear"),
        (ACME + "  config: {store: s, token: true}\n", ("LDR304", 5, 29), "in clear"),
        (MOON + "  password: hunter2\n", ("LDR304", 5, 13), "spec.password holds a secret in clear"),
        # A mask.
        (ACME + "  config: {store: s, token: hun***er2}\n", ("LDR305", 5, 29), "looks like a mask"),
        (ACME + "  config: {store: hun****er2}\n", ("LDR305", 5, 19), "spec.config.store looks like a mask"),
        (MOON + "  notes: {a: {b: ['x***']}}\n", ("LDR305", 5, 19), "spec.notes.a.b[0] looks like a mask"),
        # A reference where none can be.
        (ACME + "  config: {store: {fromEnv: A}}\n", ("LDR306", 5, 19), "spec.config.store is a reference"),
        (MOON + "  name: {fromEnv: A}\n", ("LDR306", 5, 9), "spec.name is a reference"),
        (MOON + "  tags: [{fromFile: a}]\n", ("LDR306", 5, 10), "spec.tags[0] is a reference"),
        (MOON + "  notes: {a: [{fromEnv: A}]}\n", ("LDR306", 5, 15), "spec.notes.a[0] is a reference"),
        (MOON + "  guard: {fromEnv: A}\n", ("LDR306", 5, 10), "spec.guard is a reference"),
        # A reference that is none.
        (
            ACME + "  config: {store: s, token: {fromEnv: A, b: c}}\n",
            ("LDR307", 5, 29),
            "holds more than fromEnv",
        ),
        (ACME + "  config: {store: s, token: {fromEnv: 5}}\n", ("LDR307", 5, 29), "whose fromEnv is no text"),
        (
            ACME + "  config: {store: s, token: {from_env: A}}\n",
            ("LDR307", 5, 29),
            "no reference to a secret",
        ),
        (ACME + "  config: {store: s, token: {}}\n", ("LDR307", 5, 29), "no reference to a secret"),
        (
            ACME + "  config: {store: s, token: {fromEnv: A, fromFile: b}}\n",
            ("LDR307", 5, 29),
            "more than fromEnv",
        ),
        # A reference that is not allowed.
        (
            ACME + "  config: {store: s, token: {fromEnv: GITHUB_TOKEN}}\n",
            ("LDR307", 5, 29),
            "GITHUB_TOKEN, which is a cred",
        ),
        (
            ACME + "  config: {store: s, token: {fromEnv: hunter2-x}}\n",
            ("LDR307", 5, 29),
            "has the fromEnv, which is no name",
        ),
        (
            ACME + "  config: {store: s, token: {fromEnv: ''}}\n",
            ("LDR307", 5, 29),
            "has the fromEnv, which is no name",
        ),
        (
            ACME + "  config: {store: s, token: {fromFile: ''}}\n",
            ("LDR307", 5, 29),
            "has the fromFile, which names no file",
        ),
        # What is neither.
        (ACME + "  config: {store: s, token: [hunter2]}\n", ("LDR205", 5, 29), "but it is a list"),
        (ACME + "  config: {store: s, token: }\n", ("LDR208", 5, 22), "spec.config.token is empty"),
        (
            ACME + "  config: {store: [hunter2]}\n",
            ("LDR205", 5, 19),
            "a text, true or false, a number or a reference to a secret",
        ),
        (ACME + "  config: {store: {hunter2: hunter2}}\n", ("LDR205", 5, 19), "but it is a mapping"),
        (ACME + "  config: hunter2\n", ("LDR205", 5, 11), "spec.config must be a mapping, but it is a text."),
        (ACME + "  config: [hunter2]\n", ("LDR205", 5, 11), "spec.config must be a mapping"),
    ],
)
def test_one_finding_says_what_is_wrong_with_a_secret(
    read, brief, text: str, place: tuple[str, int, int], words: str
) -> None:
    loaded = read(text)
    assert brief(loaded) == [place]
    (found,) = loaded.diagnostics
    assert words in found.message
    assert found.hint
    assert "hunter2" not in repr(loaded)
    assert "hun*" not in repr(loaded)


def test_where_nothing_is_known_every_text_is_a_secret(read, brief) -> None:
    loaded = read(
        OTHER + "  config: {a: hunter2, b: true, c: 5, d: {fromEnv: D}, e: {fromenv: E}, f: 'x****'}\n"
    )
    assert brief(loaded) == [
        ("LDR301", 3, 33),
        ("LDR304", 5, 15),
        ("LDR307", 5, 59),
        ("LDR305", 5, 76),
    ]
    assert "hunter2" not in repr(loaded)


def test_a_warning_alone_keeps_nothing_from_being_declared(read, brief) -> None:
    loaded = read(OTHER + "  config: {a: {fromEnv: A}}\n")
    assert brief(loaded) == [("LDR301", 3, 33)]
    assert loaded.declared[0].document == {"config": {"a": {"fromEnv": "A"}}}


def test_an_unknown_variable_is_called_unknown_and_not_secret(read, brief) -> None:
    for value in ("hunter2", "{fromEnv: A}", "{fromEnv: 5}", "hun***er2", "5"):
        loaded = read(ACME + f"  config: {{store: s, tokn: {value}}}\n")
        assert brief(loaded) == [("LDR302", 5, 22)], value
        assert "hunter2" not in repr(loaded)


def test_references_are_declared_as_they_stand(read) -> None:
    (resource,) = read(ACME + "  config: {store: s, flag: true, token: {fromEnv: TOKEN}}\n").declared
    assert resource.document == {"config": {"store": "s", "flag": True, "token": {"fromEnv": "TOKEN"}}}


@pytest.mark.parametrize(
    ("written", "declared"),
    [
        ("token", "teams/edge/token"),
        ("./keys/token", "teams/edge/keys/token"),
        ("../shared/token", "teams/shared/token"),
        ("../../../token", "../token"),
        ("/run/secrets/token", "/run/secrets/token"),
    ],
)
def test_files_are_found_from_the_manifest_and_declared_from_the_working_directory(
    kinds, write, written: str, declared: str
) -> None:
    token = f"config: {{store: s, token: {{fromFile: {written}}}}}"
    root = write({"teams/edge/a.yaml": ACME.replace("spec:\n", f"spec: {{{token}}}\n")})
    for paths in (["teams"], ["teams/edge/a.yaml"], [str(root / "teams")]):
        (resource,) = load(paths, kinds, directory=root).declared
        assert resource.document == {"config": {"store": "s", "token": {"fromFile": declared}}}


def test_files_of_standard_input_are_found_from_the_working_directory(read) -> None:
    (resource,) = read(ACME + "  config: {store: s, token: {fromFile: ./keys/token}}\n").declared
    assert resource.document == {"config": {"store": "s", "token": {"fromFile": "keys/token"}}}


def test_files_are_found_from_where_a_linked_manifest_really_is(kinds, write) -> None:
    text = ACME.replace("spec:\n", "spec: {config: {store: s, token: {fromFile: ../token}}}\n")
    root = write({"real/deep/a.yaml": text, "token": "", "real/token": ""})
    (root / "link").symlink_to("real/deep")
    (resource,) = load(["link"], kinds, directory=root).declared
    assert resource.document == {"config": {"store": "s", "token": {"fromFile": "real/token"}}}
    assert resource.start.file == "link/a.yaml"


def test_an_aliased_reference_is_moved_once(kinds, write) -> None:
    text = OTHER.replace("spec:\n", "spec: {config: {a: &t {fromFile: t}, b: *t}}\n")
    root = write({"teams/a.yaml": text})
    (resource,) = load(["teams"], kinds, directory=root).declared
    assert resource.document == {"config": {"a": {"fromFile": "teams/t"}, "b": {"fromFile": "teams/t"}}}


def test_nothing_of_a_config_is_shown_while_its_maker_is_not_known(read, brief) -> None:
    text = "apiVersion: reconciler/v1\nkind: LightBeacon\nmetadata: {planet: mars, name: x}\nspec:\n"
    loaded = read(text + "  on: hunter2\n  config: {a: [hunter2], b: {fromEnv: B}}\n")
    assert brief(loaded) == [("LDR204", 3, 1), ("LDR205", 5, 7), ("LDR205", 6, 15)]
    assert "hunter2" not in repr(loaded)


def test_no_finding_ever_holds_what_stands_in_a_secret_place(kinds, tmp_path: Path) -> None:
    forms = (
        "{0}", "'{0}'", '"{0}"', "|\n      {0}\n", "[{0}]", "{{a: {0}}}", "{{fromEnv: {0}, fromFile: {0}}}",
        "{{fromEnv: [{0}]}}", "{{fromEnv: {0}-}}", "!{0}", "&{0}", "*{0}", "{{{0}:1}}", "{0}: {0}", "@{0}", "'{0}", '"{0}\\q"', "{{? [{0}] : 1}}",
        "{0}****", "%{0}", "[{0}", "{{{0}", "!<{0}> x", "|{0}", "- {0}", "? {0}", "`{0}`", "\t{0}", "#{0}",
    )  # fmt: skip
    for head in (ACME, OTHER, ACME.replace(", name: x", "")):
        for form in forms:
            text = head + "  config:\n    store: s\n    token: " + form.format("s3cr3tV4lue") + "\n"
            loaded = load(["-"], kinds, directory=tmp_path, stdin=text.encode)
            assert loaded.diagnostics, text
            assert "s3cr3tV4lue" not in repr(loaded.diagnostics), text
