"""Manifests among each other: duplicates, tombstones above, circles of clones."""

from __future__ import annotations

from reconciler.manifest.load import load


def planet(key: str, more: str = "", spec: str = "spec: {}") -> str:
    return f"apiVersion: reconciler/v1\nkind: Planet\nmetadata: {{key: {key}{more}}}\n{spec}\n"


def moon(key: str, more: str = "", spec: str = "spec: {}", of: str = "mars") -> str:
    return f"apiVersion: reconciler/v1\nkind: Moon\nmetadata: {{planet: {of}, key: {key}{more}}}\n{spec}\n"


def found_in(loaded) -> list[tuple[str, str]]:
    return [(found.code.text, str(found.position)) for found in loaded.diagnostics]


def test_a_resource_that_is_declared_twice_is_an_error_at_the_second(kinds, write) -> None:
    root = write(
        {
            "a.yaml": moon("deimos"),
            "b.yaml": moon("phobos") + "---\n" + moon("deimos"),
            "c.yaml": moon("deimos"),
        }
    )
    loaded = load(["."], kinds, directory=root)
    assert found_in(loaded) == [("LDR210", "b.yaml:6:1"), ("LDR210", "c.yaml:1:1")]
    assert loaded.diagnostics[0].message == (
        "Moon/mars/deimos is declared a second time; the first is in a.yaml, line 1."
    )
    assert [str(resource.address) for resource in loaded.declared] == ["Moon/mars/deimos", "Moon/mars/phobos"]


def test_resources_of_other_scopes_or_kinds_are_others(read) -> None:
    loaded = read("---\n".join([moon("a"), moon("a", of="venus"), planet("mars"), planet("a"), moon("A")]))
    assert (loaded.diagnostics, len(loaded.declared)) == ((), 5)


def test_a_resource_with_mistakes_counts_as_declared(read, brief) -> None:
    loaded = read(moon("deimos", spec="spec: {nmae: x}") + "---\n" + moon("deimos"))
    assert brief(loaded) == [("LDR203", 4, 8), ("LDR210", 6, 1)]
    assert loaded.declared == ()


def test_a_resource_declared_present_and_absent_is_declared_twice(read, brief) -> None:
    text = moon("deimos") + "---\n" + moon("deimos", ", state: absent, id: x")
    assert brief(read(text)) == [("LDR210", 6, 1)]


def test_an_id_that_is_pinned_twice_is_an_error_at_the_second(read, brief) -> None:
    loaded = read(
        "---\n".join(
            [moon("a", ", id: x"), moon("b", ", id: x"), planet("c", ", id: x"), moon("d", ", id: y")]
        )
    )
    assert brief(loaded) == [("LDR210", 8, 38)]
    assert loaded.diagnostics[0].message == (
        'The id "x" is pinned a second time; Moon/mars/a in -, line 3 has it too.'
    )
    assert len(loaded.declared) == 3


def test_a_resource_below_a_tombstone_is_an_error(read, brief) -> None:
    beacon = "apiVersion: reconciler/v1\nkind: LightBeacon\nmetadata: {planet: mars, maker: acme, name: x}\nspec: {}\n"
    gone = planet("mars", ", state: absent, id: x")
    loaded = read("---\n".join([moon("deimos"), gone, beacon, moon("luna", of="earth")]))
    assert brief(loaded) == [("LDR213", 1, 1), ("LDR213", 11, 1)]
    assert loaded.diagnostics[0].message == (
        "Moon/mars/deimos is declared, but Planet/mars above it is to be deleted (-, line 6), and it would go with it."
    )


def test_a_tombstone_below_a_tombstone_is_none(read) -> None:
    text = planet("mars", ", state: absent, id: x") + "---\n" + moon("deimos", ", state: absent, id: y")
    assert read(text).diagnostics == ()


def test_mistakes_of_their_own_keep_nobody_from_the_family(read, brief) -> None:
    text = planet("mars", ", state: absent") + "---\n" + moon("deimos", spec="spec: {nmae: x}")
    assert brief(read(text)) == [("LDR212", 3, 1), ("LDR213", 6, 1), ("LDR203", 9, 8)]


def test_a_clone_of_itself_is_an_error(read, brief) -> None:
    loaded = read(moon("deimos", spec="spec: {source: {key: deimos}}"))
    assert brief(loaded) == [("LDR214", 4, 22)]
    assert loaded.diagnostics[0].message.startswith("spec.source.key names the resource itself")


def test_a_circle_of_clones_is_one_error(read, brief) -> None:
    def clone(key: str, source: str) -> str:
        return moon(key, spec=f"spec: {{source: {{key: {source}}}}}")

    loaded = read(
        "---\n".join([clone("x", "a"), clone("a", "b"), clone("b", "c"), clone("c", "a"), clone("y", "x")])
    )
    assert brief(loaded) == [("LDR214", 9, 22)]
    assert "closes a circle of clones: a from b from c from a." in loaded.diagnostics[0].message


def test_clones_of_what_exists_or_is_declared_are_fine(read) -> None:
    chain = [
        moon("c", spec="spec: {source: {key: b}}"),
        moon("b", spec="spec: {source: {key: a}}"),
        moon("a"),
    ]
    other = moon("a", of="venus", spec="spec: {source: {key: c}}")
    assert read("---\n".join([*chain, other])).diagnostics == ()
