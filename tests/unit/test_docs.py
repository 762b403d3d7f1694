"""The documentation against the code: codes, fields, settings, options, links, and the examples in it.

Field tables are made from the models here and compared with the docs as they stand, so that they can't
disagree; what a failing test prints is what belongs there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import click
import pytest
from pydantic import BaseModel

import reconciler
from reconciler.api import Settings, Target
from reconciler.catalog.integrations import CATALOG, Variable
from reconciler.cli.main import cli
from reconciler.kinds.registry import load_kinds
from reconciler.manifest.load import load
from reconciler.manifest.parse import parse
from reconciler.manifest.schema import file_name, schemas
from reconciler.manifest.settings import load_settings
from reconciler.model.codes import ALL, Code
from reconciler.model.document import Missing
from reconciler.model.kind import Kind
from reconciler.model.settings import DEFAULTS
from reconciler.model.shape import Direction, Shape
from reconciler.model.spec import KEY_PATTERN
from reconciler.sandbox.app import create_app
from reconciler.sandbox.fault import Fault, Hide
from reconciler.sandbox.faults import Faults
from reconciler.sandbox.seed import seed
from reconciler.sandbox.store import Store

ROOT = Path(__file__).parents[2]
KINDS = load_kinds()
EXAMPLE_ID = "57be1db38b75bf0772d11384"
"""What the docs write for the id of the seeded sandbox's environment `staging` of `search`."""

PAGES = sorted(
    path
    for path in ROOT.rglob("*.md")
    if not any(part.startswith(".") or part == "node_modules" for part in path.relative_to(ROOT).parts)
)


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def shown(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


# Markdown, as far as these pages use it


@dataclass(frozen=True)
class Block:
    """A fenced block."""

    language: str
    text: str
    line: int


_FENCE = re.compile(r"^ *(```+|~~~+)(.*)$")
_SPAN = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.DOTALL)
_HEADING = re.compile(r"^(#{1,6}) +(.+?) *#*$", re.MULTILINE)
_LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def split(markdown: str) -> tuple[str, list[Block]]:
    """The prose with an empty line for each line of a block, and the blocks."""
    prose: list[str] = []
    blocks: list[Block] = []
    fence, language, held, start = "", "", list[str](), 0
    for number, line in enumerate(markdown.splitlines(), 1):
        match = _FENCE.match(line)
        if not fence and match:
            fence, language, held, start = match[1], match[2].strip(), [], number
        elif fence and match and match[1].startswith(fence) and not match[2].strip():
            blocks.append(Block(language, "\n".join(held) + "\n", start))
            fence = ""
        elif fence:
            held.append(line)
        else:
            prose.append(line)
            continue
        prose.append("")
    assert not fence, f"the block that begins in line {start} does not end"
    return "\n".join(prose), blocks


def anchors(markdown: str) -> set[str]:
    """The anchors that GitHub makes of a page's headings."""
    found: dict[str, int] = {}
    for match in _HEADING.finditer(split(markdown)[0]):
        text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", match[2]).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", text.lower()).replace(" ", "-")
        found[slug] = found.get(slug, -1) + 1
        if found[slug]:
            found[f"{slug}-{found[slug]}"] = 0
    return set(found)


def section(markdown: str, heading: str) -> str:
    """What stands below a heading, up to the next one of its level or above."""
    match = re.search(rf"^(#+) {re.escape(heading)}$", markdown, re.MULTILINE)
    assert match, f"there is no heading {heading!r}"
    rest = markdown[match.end() :]
    after = re.search(rf"^#{{1,{len(match[1])}}} ", rest, re.MULTILINE)
    return rest[: after.start()] if after else rest


def table(markdown: str, first: str) -> list[list[str]]:
    """The rows of the table whose first column is called `first`."""
    lines = markdown.splitlines()
    start = next((i for i, line in enumerate(lines) if line.startswith(f"| {first} |")), None)
    assert start is not None, f"there is no table that begins with a column {first!r}"
    rows = []
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        rows.append([cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip().strip("|"))])
    return rows


def code_in(markdown: str) -> Iterator[str]:
    """Every line of a block and every span that is code."""
    prose, blocks = split(markdown)
    for block in blocks:
        yield from block.text.replace("\\\n", " ").splitlines()
    for match in _SPAN.finditer(prose):
        yield match[2]


# Codes


def test_every_code_has_its_entry_under_its_title() -> None:
    entries = dict(re.findall(r"^### (LDR\d+) (.+)$", page("codes.md"), re.MULTILINE))
    assert entries == {code.text: code.title for code in ALL.values()}


@pytest.mark.parametrize("code", list(ALL.values()), ids=str)
def test_an_entry_begins_with_the_severity_of_its_code(code: Code) -> None:
    entry = section(page("codes.md"), f"{code} {code.title}").strip()
    assert entry.startswith(f"**{code.severity.capitalize()}.**")


def test_entries_stand_in_the_order_of_their_codes() -> None:
    found = re.findall(r"^### (LDR\d+)", page("codes.md"), re.MULTILINE)
    assert found == sorted(ALL)


def test_guards_are_documented_with_their_thresholds() -> None:
    for threshold, name in (
        (DEFAULTS.thresholds.deletes, "LDR502 many deletes"),
        (DEFAULTS.thresholds.creates, "LDR503 almost everything would be created"),
    ):
        entry = " ".join(section(page("codes.md"), name).split())
        assert f"{threshold.share:.0%}".replace("%", " %") in entry
        assert f"at least {threshold.least}" in entry


@pytest.mark.parametrize("path", PAGES, ids=shown)
def test_codes_that_a_page_names_exist(path: Path) -> None:
    assert {*re.findall(r"LDR\d+(?![\dx])", path.read_text(encoding="utf-8"))} <= ALL.keys(), (
        "a code that does not exist"
    )


# Links


@pytest.mark.parametrize("path", PAGES, ids=shown)
def test_relative_links_lead_somewhere(path: Path) -> None:
    markdown = path.read_text(encoding="utf-8")
    prose = _SPAN.sub("", split(markdown)[0])
    dead = []
    for target in _LINK.findall(prose):
        if re.match(r"[a-z][a-z0-9+.-]*:", target):
            continue
        name, _, anchor = target.partition("#")
        file = (path.parent / name).resolve() if name else path
        if not file.exists() or (anchor and anchor not in anchors(file.read_text(encoding="utf-8"))):
            dead.append(target)
    assert not dead


# Kinds and their fields

_TYPES = {"string": "text", "boolean": "true or false", "integer": "whole number", "object": "mapping"}
_PATTERNS = {
    KEY_PATTERN: "1 to 100 letters, digits, `_`, `.`, `-`; the first a letter or digit",
    r"^[a-zA-Z0-9_.-]*$": "1 to 64 letters, digits, `_`, `.`, `-`",
    r"^[0-9a-fA-F]{6}$": "six hexadecimal digits, in quotes",
}
_STRONG = {
    Direction.TRUE: "protects: `true` is stronger",
    Direction.FALSE: "protects: `false` is stronger",
    Direction.HIGHER: "protects: more is stronger",
    Direction.MORE: "protects: each tag that goes loosens",
}


def field_rows(kind: Kind) -> list[list[str]]:
    """The table of a kind's fields: name, type, constraint, meaning and notes."""
    schema = schemas(KINDS)[file_name(kind)]
    defs = {f"#/$defs/{name}": inner for name, inner in schema.get("$defs", {}).items()}
    return list(_rows(schema["properties"]["spec"], defs, kind.own_shape, ""))


def _rows(
    schema: Mapping[str, Any], defs: Mapping[str, Mapping[str, Any]], shape: Shape, above: str
) -> Iterator[list[str]]:
    for name, given in schema["properties"].items():
        member = {**defs.get(given.get("$ref", ""), {}), **given}
        own = shape.member(name)
        yield [
            f"`{above}{name}`",
            _type(member),
            _constraint(member),
            member["description"],
            "; ".join(_notes(own, inner=bool(above))),
        ]
        if "properties" in member:
            yield from _rows(member, defs, own, f"{above}{name}.")


def _type(schema: Mapping[str, Any]) -> str:
    return "list of texts" if schema.get("type") == "array" else _TYPES[schema.get("type", "string")]


def _constraint(schema: Mapping[str, Any]) -> str:
    if "items" in schema:
        return f"each {_constraint(schema['items'])}"
    if "enum" in schema:
        return "one of " + ", ".join(f"`{value}`" for value in schema["enum"])
    if "minimum" in schema:
        return f"{schema['minimum']} to {schema['maximum']}"
    if "pattern" in schema:
        return _PATTERNS[schema["pattern"]]
    return "not empty" if schema.get("minLength") == 1 else ""


def _notes(shape: Shape, *, inner: bool) -> Iterator[str]:
    needed = "a create that has the mapping needs it" if inner else "a create needs it"
    switches = {
        needed: shape.needed,
        "create only": shape.create_only,
        "never read back": shape.write_only,
        "after the create, by a PATCH of its own": shape.after_create,
        "written whole": shape.atomic and not shape.create_only,
        "a set": shape.unordered,
        "makes guards stricter": shape.critical,
    }
    yield from (note for note, holds in switches.items() if holds)
    if not isinstance(shape.absent_means, Missing):
        yield f"left out by LaunchDarkly means `{json.dumps(shape.absent_means)}`"
    if shape.feature is not None:
        yield f"needs the account's feature: {shape.feature}"
    if shape.excludes is not None:
        other = shape.excludes.other.lstrip("/").replace("/", ".")
        yield f"excludes `{other}`" if shape.excludes.when == "active" else f"same setting as `{other}`"
    if shape.protects is not None:
        yield _STRONG[shape.protects]


def markdown_row(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


@pytest.mark.parametrize("kind", list(KINDS.values()), ids=lambda kind: kind.name)
def test_the_table_of_a_kind_is_that_of_its_model(kind: Kind) -> None:
    found = table(section(page("manifests.md"), kind.name), "Field")
    wanted = field_rows(kind)
    assert [row[0] for row in found] == [row[0] for row in wanted]
    assert found == wanted, "\n" + "\n".join(map(markdown_row, wanted))


@pytest.mark.parametrize("kind", list(KINDS.values()), ids=lambda kind: kind.name)
def test_fields_that_are_not_managed_are_named_with_the_reason(kind: Kind) -> None:
    found = table(section(page("manifests.md"), kind.name), "Not managed")
    wanted = [[f"`{path.lstrip('/').replace('/', '.')}`", reason] for path, reason in kind.unmanaged.items()]
    assert found == wanted, "\n" + "\n".join(map(markdown_row, wanted))


@pytest.mark.parametrize("kind", list(KINDS.values()), ids=lambda kind: kind.name)
def test_the_address_of_a_kind_is_shown(kind: Kind) -> None:
    address = "/".join((kind.name, *(f"<{name}>" for name in kind.key_names)))
    assert f"`{address}`" in section(page("manifests.md"), kind.name)


def _variable(variable: Variable) -> str:
    notes = [
        *(["secret"] if variable.concealed else []),
        *([] if variable.required else ["optional"]),
        *(["a URL"] if variable.type == "uri" else []),
        *([f"one of {', '.join(variable.allowed)}"] if variable.allowed else []),
        *([f"by default {json.dumps(variable.default)}"] if variable.default is not None else []),
    ]
    return f"`{variable.key}`" + (f" ({'; '.join(notes)})" if notes else "")


@pytest.mark.parametrize(("capability", "kind"), list(zip(CATALOG, ("Delivery", "Import"), strict=True)))
def test_the_catalog_is_documented(capability: str, kind: str) -> None:
    found = table(section(page("manifests.md"), "Integrations and their variables"), kind)
    wanted = [
        [
            f"`{known.key}`",
            "not published: every text is a secret"
            if known.variables is None
            else ", ".join(map(_variable, known.variables)),
        ]
        for known in CATALOG[capability].values()
    ]
    assert found == wanted, "\n" + "\n".join(map(markdown_row, wanted))


# Settings


def setting_defaults(model: BaseModel, above: str = "") -> Iterator[tuple[str, str]]:
    """Every member that holds a value, by its dotted name, and its default as YAML has it."""
    for name in type(model).model_fields:
        value = getattr(model, name)
        if isinstance(value, BaseModel):
            yield from setting_defaults(value, f"{above}{name}.")
        elif value is None:
            yield above + name, "unset"
        else:
            plain = f"{value:g}" if isinstance(value, float) else json.dumps(value).strip('"')
            yield above + name, f"`{plain}`"


def test_every_setting_is_documented_with_its_default() -> None:
    found = {row[0]: row[2] for row in table(page("settings.md"), "Setting")}
    assert found == {f"`{name}`": default for name, default in setting_defaults(DEFAULTS)}


def test_flags_and_variables_of_settings_are_those_of_the_command_line() -> None:
    plan = cli.get_command(click.Context(cli), "plan")
    assert plan is not None
    helps = {option: parameter.help or "" for option, parameter in _options(plan).items()}
    rows = [row for row in table(page("settings.md"), "Member") if row[1].startswith("`--")]
    for _, flag, variable in rows:
        assert variable.strip("`") in helps[flag.strip("`")]
    limits = {flag for flag, text in helps.items() if "Also RECONCILER_" in text}
    assert {flag.strip("`") for _, flag, _ in rows} == limits


# The command line


def _commands(command: click.Command, name: str = "") -> Iterator[tuple[str, click.Command]]:
    yield name, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for below in command.list_commands(context):
            found = command.get_command(context, below)
            assert found is not None
            yield from _commands(found, f"{name} {below}".strip())


def _options(command: click.Command) -> dict[str, click.Option]:
    return {
        option: parameter
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for option in (*parameter.opts, *parameter.secondary_opts)
    }


@cache
def known_commands() -> dict[str, set[str]]:
    """The options of each command; those of click itself are everywhere."""
    return {name: {*_options(command), "--help", "-h"} for name, command in _commands(cli)}


_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
_INVOKED = re.compile(r"(?<![\w/.@-])reconciler ((?:sandbox )?[a-z]+)(?![\w.:(])([^|;&]*)")


@pytest.mark.parametrize("path", PAGES, ids=shown)
def test_options_that_a_page_names_exist(path: Path) -> None:
    known = set().union(*known_commands().values())
    code = "\n".join(code_in(path.read_text(encoding="utf-8")))
    assert {*_OPTION.findall(code)} <= known


@pytest.mark.parametrize("path", PAGES, ids=shown)
def test_commands_that_a_page_shows_exist_and_take_what_they_are_given(path: Path) -> None:
    wrong = []
    for line in code_in(path.read_text(encoding="utf-8")):
        for name, rest in _INVOKED.findall(line):
            if name not in known_commands() or not {*_OPTION.findall(rest)} <= known_commands()[name]:
                wrong.append(line)
    assert not wrong


def test_every_option_of_the_sandbox_is_documented() -> None:
    found = page("sandbox.md")
    for name, options in known_commands().items():
        if name.startswith("sandbox "):
            assert f"`{name}`" in found or f"reconciler {name}" in found
            assert {option for option in options - {"-h", "--help"} if option not in found} == set()


def test_every_member_of_a_fault_is_documented() -> None:
    found = page("sandbox.md")
    for members in (Fault.__dataclass_fields__, Hide.__dataclass_fields__, ("global", "route", "window")):
        assert [name for name in members if f"`{name}`" not in found] == []


def test_the_faults_in_the_docs_are_faults() -> None:
    examples = [block for block in split(page("sandbox.md"))[1] if block.language == "json"]
    faults = [block for block in examples if '"faults"' in block.text]
    assert faults
    for block in faults:
        assert Faults.from_text(block.text).faults


# Examples


def _examples() -> Iterator[Any]:
    for path in PAGES:
        for block in split(path.read_text(encoding="utf-8"))[1]:
            if block.language in ("yaml", "yml"):
                yield pytest.param(block.text, id=f"{shown(path)}:{block.line}")


@pytest.mark.parametrize("text", list(_examples()))
def test_yaml_in_the_docs_is_what_it_seems(
    text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Settings say so in their first line, what is no manifest names its file, what is wrong says its code."""
    monkeypatch.chdir(tmp_path)
    wrong = re.search(r"# wrong: (LDR\d+)", text)
    first = text.splitlines()[0]
    if wrong:
        assert wrong[1] in _codes_of(text), "the example is not wrong in the way that it says"
    elif first.startswith("# reconciler.yaml"):
        (tmp_path / "reconciler.yaml").write_text(text)
        assert load_settings(["."]).diagnostics == ()
    elif first.startswith("# .github/"):
        assert parse(text, "workflow").broken is None
    else:
        (tmp_path / "example.yaml").write_text(text)
        loaded = load(["example.yaml"], KINDS)
        assert [str(found) for found in loaded.diagnostics if found.severity == "error"] == []
        assert loaded.declared


def _codes_of(text: str) -> set[str]:
    """What is found in manifests: by themselves, and if that is no error, in a plan against a seeded sandbox."""
    store = Store(None)
    seed(store)
    with store.transaction() as world:
        staging = world.find("environments", "staging", project="search")
    assert staging is not None
    Path("example.yaml").write_text(text.replace(EXAMPLE_ID, staging["_id"]))
    loaded = load(["example.yaml"], KINDS)
    with Target("http://sandbox", "any", create_app(store), store.close, name="sandbox") as target:
        plan = reconciler.plan(loaded, target, settings=Settings())
    return {found.code.text for found in plan.diagnostics} | {guard.code.text for guard in plan.guards}
