"""Findings together: all mistakes of all files in one run, each told once, by whoever tells it best."""

from __future__ import annotations

from dataclasses import replace

from reconciler.manifest.load import load
from reconciler.model import codes
from reconciler.model.diagnostic import Diagnostic, Position
from reconciler.model.state import Declared

MOON = "apiVersion: reconciler/v1\nkind: Moon\nmetadata: {planet: mars, key: deimos}\nspec:\n"


def run(kinds, text: str):
    return load(["-"], kinds, stdin=text.encode)


def brief(loaded) -> list[tuple[str, str]]:
    return [(found.code.text, str(found.position)) for found in loaded.diagnostics]


def at(pointer: str, code: codes.Code = codes.BAD_VALUE, *, key: bool = False):
    def check(found: Declared):
        place = found.positions.key(pointer) if key else found.positions.value(pointer)
        yield Diagnostic(code, "The kind says so.", place, "Do so.", found.address)

    return check


def test_what_the_kind_says_is_told_with_the_rest(with_check) -> None:
    kinds = with_check("Moon", at("/spec/name"))
    assert brief(run(kinds, MOON + "  name: x\n  size: 99\n")) == [("LDR206", "-:5:9"), ("LDR206", "-:6:9")]


def test_what_the_kind_says_of_a_value_replaces_what_its_type_says(with_check) -> None:
    loaded = run(with_check("Moon", at("/spec/size")), MOON + "  size: x\n")
    assert brief(loaded) == [("LDR206", "-:5:9")]
    assert loaded.diagnostics[0].message == "The kind says so."


def test_what_the_kind_says_at_a_key_replaces_what_is_said_of_its_value(with_check) -> None:
    kinds = with_check("Moon", at("/spec/size", key=True))
    assert brief(run(kinds, MOON + "  size: x\n")) == [("LDR206", "-:5:3")]


def test_null_unknown_and_secret_go_before_what_the_kind_says(with_check) -> None:
    assert brief(run(with_check("Moon", at("/spec/size")), MOON + "  size: ~\n")) == [("LDR208", "-:5:9")]
    assert brief(run(with_check("Moon", at("/spec/sise", key=True)), MOON + "  sise: 1\n")) == [
        ("LDR203", "-:5:3")
    ]
    assert brief(run(with_check("Moon", at("/spec/password")), MOON + "  password: x\n")) == [
        ("LDR304", "-:5:13")
    ]
    assert brief(run(with_check("Moon", at("/spec/size")), MOON + "  size: .nan\n")) == [("LDR105", "-:5:9")]


def test_what_a_mapping_lacks_is_told_beside_what_is_wrong_in_it(with_check) -> None:
    kinds = with_check("Moon", at("/spec/notes", codes.MISSING_FIELD))
    # In block style a mapping starts where its first member does.
    assert brief(run(kinds, MOON + "  notes:\n    a: ~\n")) == [("LDR204", "-:6:5"), ("LDR208", "-:6:8")]
    assert brief(run(kinds, MOON + "  notes:\n    a:\n")) == [("LDR204", "-:6:5"), ("LDR208", "-:6:5")]


def test_the_kind_is_asked_of_wrong_documents_too_but_not_of_tombstones(with_check) -> None:
    asked: list[object] = []

    def check(found: Declared):
        asked.append(found.document)
        return ()

    kinds = with_check("Moon", check)
    run(kinds, MOON + "  name: [x]\n")
    run(kinds, MOON.replace("key: deimos", "key: deimos, state: absent, id: x") + "  name: x\n")
    run(kinds, MOON.replace("spec:", "spec: []"))
    assert asked == [{"name": ["x"]}]


def test_a_warning_of_the_kind_is_told_and_stops_nothing(with_check) -> None:
    loaded = run(with_check("Moon", at("/spec/name", codes.TWIN)), MOON + "  name: x\n")
    assert brief(loaded) == [("LDR411", "-:5:9")]
    assert len(loaded.declared) == 1


def test_all_mistakes_of_all_files_are_told_in_one_run_in_the_order_of_places(kinds, write) -> None:
    head = "apiVersion: reconciler/v1\nkind: Moon\n"
    root = write(
        {
            "m/a.yaml": f"{head}metadata: {{planet: mars, key: a}}\nspec:\n  nmae: x\n  bright: maybe\n  color: 417505\n"
            f"---\napiVersion: reconciler/v1\nkind: Mon\n---\n{head}metadata: {{planet: mars, key: b}}\nspec:\n  size: 1\n  size: 2\n",
            "m/b.yaml": f"{head}metadata: {{planet: mars, key: a}}\nspec: {{tags: [two words]}}\n"
            f"---\n{head}metadata: {{planet: mars, key: c}}\nspec:\n  guard: {{required: true, requiredTags: [a]}}\n",
            "m/c.yaml": "apiVersion: reconciler/v1\nkind: LightBeacon\nmetadata: {planet: mars, maker: acme, name: x}\n"
            "spec:\n  config: {token: hunter2, flag: x****}\n",
            "m/d.yaml": f"{head}metadata: {{planet: mars, key: d}}\nspec:\n\tname: x\n",
            "m/e.yaml": f"{head}metadata: {{planet: mars, key: e}}\nspec:\n  name: !env X\n",
            "m/f.yaml": "a: &a [x, x, x, x, x, x, x, x, x]\nb: &b [*a, *a, *a, *a, *a, *a, *a, *a, *a]\n"
            "c: &c [*b, *b, *b, *b, *b, *b, *b, *b, *b]\nd: [*c, *c, *c, *c, *c, *c, *c, *c, *c]\n",
            "m/g.yaml": "[" * 100_000,
            "m/h.yaml": "",
            "n/readme.txt": "",
        }
    )
    assert brief(load(["m", "n"], kinds, directory=root)) == [
        ("LDR203", "m/a.yaml:5:3"),
        ("LDR205", "m/a.yaml:6:11"),
        ("LDR207", "m/a.yaml:7:10"),
        ("LDR202", "m/a.yaml:10:7"),
        ("LDR103", "m/a.yaml:17:3"),
        ("LDR210", "m/b.yaml:1:1"),
        ("LDR206", "m/b.yaml:4:15"),
        ("LDR211", "m/b.yaml:10:27"),
        ("LDR303", "m/c.yaml:5:3"),
        ("LDR304", "m/c.yaml:5:19"),
        ("LDR205", "m/c.yaml:5:34"),
        ("LDR101", "m/d.yaml:5:1"),
        ("LDR102", "m/e.yaml:5:9"),
        ("LDR104", "m/f.yaml:3:24"),
        ("LDR104", "m/g.yaml:1:65"),
        ("LDR108", "m/h.yaml:1:1"),
        ("LDR108", "n"),
    ]


def test_a_hatch_that_finds_nothing_has_no_say(kinds) -> None:
    kinds = {**kinds, "Moon": replace(kinds["Moon"], check=lambda _: ())}
    assert run(kinds, MOON + "  name: x\n").declared[0].positions.value("") == Position("-", 1, 1)
