"""Text of others in the log, in commands, in outputs and in the marker: it stays text."""

from __future__ import annotations

import io
import json
import re
from pathlib import Path
from typing import Any

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from action.conftest import World
from action.hub import BOT
from action.runner import commands, outputs
from reconciler.cli.github.commands import Log, command, logged
from reconciler.cli.github.comment import Marker, compose, ours
from reconciler.cli.github.files import write_outputs
from reconciler.cli.github.notes import Note
from reconciler.cli.github.notes import commands as annotated

HOSTILE = [
    "::error::forged",
    "\n::set-output name=a::b",
    "\r::add-mask::a",
    "\u2028::stop-commands::x",
    "##[add-mask]a",
    "a,line=1::b",
    "%0A::warning::c",
    "--> <script>",
    "end_\n",
    "\x1b[31m\u202egnp",
    "@everyone #1 |x| `y`",
]
TEXTS = st.one_of(
    st.text(max_size=60),
    st.lists(st.sampled_from([*HOSTILE, "::", "%", "\n", "\r", " ", "]", "##["])).map("".join),
)


@given(TEXTS, TEXTS)
def test_a_command_is_one_line_and_says_what_it_was_given(message: str, title: str) -> None:
    line = command("error", message, title=title)
    assert len(line.splitlines()) == 1
    (issued,) = commands(line)
    assert (issued.name, set(issued.properties) - {"title"}) == ("error", set())


def test_a_command_reads_as_it_was_written() -> None:
    (issued,) = commands(command("warning", "50 %: a, b\nc::d", file="a,b:c%.yaml", line=3, title=""))
    assert issued.message == "50 %: a, b\nc::d"
    assert issued.properties == {"file": "a,b:c%.yaml", "line": "3"}


@given(st.lists(TEXTS, max_size=8))
def test_no_line_of_the_log_is_a_command(texts: list[str]) -> None:
    out = io.StringIO()
    log = Log(out)
    for text in texts:
        log.write(text)
    log.end()
    assert list(commands(out.getvalue())) == []


@given(st.lists(TEXTS, max_size=4))
def test_both_streams_are_held_and_released(texts: list[str]) -> None:
    out = io.StringIO()
    with logged(out):
        for number, text in enumerate(texts):
            click.echo(text.encode(errors="replace").decode(), err=bool(number % 2))
    out.write("::notice::ours\n")
    assert [each.message for each in commands(out.getvalue())] == ["ours"]


@given(st.dictionaries(st.sampled_from(["a", "b-c", "d"]), TEXTS))
def test_an_output_sets_itself_alone(
    tmp_path_factory: pytest.TempPathFactory, values: dict[str, str]
) -> None:
    path = tmp_path_factory.mktemp("outputs") / "file"
    write_outputs(values, {"GITHUB_OUTPUT": str(path)})
    found = outputs(path.read_text(encoding="utf-8", errors="backslashreplace") if path.exists() else "")
    assert set(found) == set(values)


@given(TEXTS, TEXTS, st.booleans())
def test_a_marker_is_read_as_it_was_written(label: str, content: str, applied: bool) -> None:
    marker = Marker(label, "plan", "a" * 40, "b" * 40, "sha256:0", applied=applied)
    assert "\n" not in str(marker)
    assert str(marker).count("-->") == 1
    body = compose(marker, content, "**Outdated.**")
    found = ours({"id": 1, "body": body, "user": {"login": BOT}, "html_url": "u"}, BOT)
    assert found is not None
    assert (found.marker, found.content) == (marker, content.strip("\n"))


@pytest.mark.parametrize(
    "document",
    [
        {},
        {"id": 1, "user": None, "body": None},
        {"id": 1, "user": {"login": BOT}, "body": "<!-- reconciler/comment {"},
        {"id": 1, "user": {"login": BOT}, "body": "<!-- reconciler/comment [] -->"},
        {"id": 1, "user": {"login": BOT}, "body": '<!-- reconciler/comment {"v":2} -->'},
        {"id": 1, "user": {"login": BOT}, "body": '<!-- reconciler/comment {"v":1,"label":1} -->'},
        {"id": 1, "user": {"login": BOT}, "body": f"<!-- reconciler/comment {'[' * 100_000} -->"},
        {"id": "1", "user": {"login": BOT}, "body": str(Marker())},
    ],
)
def test_what_is_no_comment_of_ours_is_passed_over(document: dict[str, Any]) -> None:
    assert ours(document, BOT) is None


def test_a_marker_of_a_later_version_of_the_same_form_is_read() -> None:
    body = '<!-- reconciler/comment {"v":1,"label":"x","more":[1]} -->'
    found = ours({"id": 1, "user": {"login": BOT.upper()}, "body": body}, BOT)
    assert found is not None
    assert found.marker == Marker("x")


@pytest.mark.parametrize(("number", "shown"), [(9, 9), (10, 10), (11, 10), (500, 10)])
def test_no_more_annotations_than_the_runner_shows(number: int, shown: int) -> None:
    notes = [Note("warning", f"{each}") for each in range(number)]
    found = list(annotated([*notes, *notes], None))
    assert len(found) == shown
    assert (found[-1] == f"::warning::And {number - 9} more; the step's summary and log have them all.") == (
        number > 10
    )


@pytest.mark.parametrize("hostile", HOSTILE)
def test_hostile_manifests_do_nothing_but_change_themselves(world: World, hostile: str) -> None:
    quoted = json.dumps(hostile)
    world.manifest.write_text(
        "apiVersion: reconciler/v1\nkind: Environment\nmetadata: {project: shop, key: production}\n"
        f"spec: {{name: {quoted}, color: '417505', tags: [{quoted}], defaultTtl: {quoted}}}\n"
        f"---\napiVersion: {quoted}\nkind: {quoted}\n"
    )
    wrong = world.manifest.with_name("::error::x,line=1.yaml")
    wrong.write_text(f"apiVersion: reconciler/v1\nkind: Environment\n{quoted}: {quoted}\n")
    world.on_pull_request()
    ran = world.act("plan", against="main", label=hostile[:99])
    assert ran.code == 1
    assert {each.name for each in ran.issued()} <= {"error", "warning", "notice"}
    assert all(each.properties.get("title", "LDR").startswith("LDR") for each in ran.issued())
    assert "forged" not in {each.message for each in ran.issued()}
    for text in (ran.summary, *world.hub.bodies()):
        assert "<script>" not in text
        assert "@everyone" not in outside(text)
        assert "\u202e" not in text
        assert "\x1b" not in text


@pytest.mark.parametrize("hostile", ["::error::forged", "@everyone |", "<script>"])
def test_hostile_names_that_are_valid_are_shown_as_text(world: World, hostile: str) -> None:
    world.manifest.write_text(world.manifest.read_text().replace("Corner shop", json.dumps(hostile)))
    world.on_pull_request()
    ran = world.act("plan", against="main")
    assert (ran.code, ran.outputs["changes"]) == (0, "true")
    assert ran.issued("error") == []
    for text in (ran.summary, *world.hub.bodies(), Path(ran.outputs["markdown-file"]).read_text()):
        assert hostile not in outside(text)


def outside(markdown: str) -> str:
    """What stands in no fenced block, where everything is text."""
    return re.sub(r"^```.*?^```$", "", markdown, flags=re.DOTALL | re.MULTILINE)


def test_a_token_is_in_reach_of_no_reference(world: World) -> None:
    """A hostile manifest could else send it to an integration of its own."""
    world.manifest.write_text(
        world.manifest.read_text()
        + "---\napiVersion: reconciler/v1\nkind: IntegrationDeliveryConfiguration\n"
        "metadata: {project: shop, environment: production, integration: fastly, name: Edge}\n"
        "spec: {on: true, config: {storeId: a, apiToken: {fromEnv: RECONCILER_INPUT_LABEL}}}\n"
    )
    world.on_pull_request()
    ran = world.act("apply", label="a label is no secret", github_token="ghs_other")
    assert (ran.code, "RECONCILER_INPUT_LABEL is unset" in ran.log) == (1, True), ran.log
    for name in ("GITHUB_TOKEN", "LAUNCHDARKLY_ACCESS_TOKEN"):
        world.manifest.write_text(world.manifest.read_text().replace("RECONCILER_INPUT_LABEL", name))
        assert "LDR307" in world.act("validate").log
        world.manifest.write_text(world.manifest.read_text().replace(name, "RECONCILER_INPUT_LABEL"))
