"""What the README and those of the examples tell people to type does what they say."""

from __future__ import annotations

import io
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

import reconciler
from e2e.support import COMMAND, ROOT, TOKEN, Cli, Screen, Service, clean_environment

DOCUMENTS: Final = [
    ROOT / "README.md",
    *sorted((ROOT / "examples").rglob("README.md")),
]
_BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def blocks(path: Path, language: str) -> list[str]:
    text = path.read_text(encoding="utf-8")
    return [match[2] for match in _BLOCK.finditer(text) if match[1] == language]


def commands(path: Path) -> list[str]:
    """What stands after a prompt, without comments."""
    lines = [line for block in blocks(path, "console") for line in block.splitlines()]
    return [re.sub(r"\s+#\s.*$", "", line[2:]) for line in lines if line.startswith("$ ")]


TYPED: Final = [(path, command) for path in DOCUMENTS for command in commands(path)]
OURS: Final = [(path, command) for path, command in TYPED if command.startswith("reconciler ")]


def test_there_is_something_to_type() -> None:
    assert len([path for path, _ in OURS if path.name == "README.md"]) >= 7
    assert {command.split()[0] for _, command in TYPED} <= {
        "reconciler",
        "make",
        "export",
        "pip",
        "git",
        "cp",
    }


def test_each_make_target_exists() -> None:
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    typed = {command.split()[1] for _, command in TYPED if command.startswith("make ")}
    assert {"demo", "test"} <= typed <= targets


@pytest.fixture
def checkout(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder such as the documentation has in mind, with values for the example's secrets."""
    shutil.copytree(ROOT / "examples", folder / "examples")
    shutil.copytree(ROOT / "examples" / "storefront", folder / "manifests")
    text = "".join(path.read_text(encoding="utf-8") for path in folder.rglob("*.yaml"))
    for variable in set(re.findall(r"fromEnv: (\w+)", text)):
        monkeypatch.setenv(variable, f"value-of-{variable.lower()}")
    return folder


@pytest.mark.parametrize("path", sorted({path for path, _ in OURS}), ids=name)
def test_the_commands_work_in_their_order(
    cli: Cli, service: Service, checkout: Path, monkeypatch: pytest.MonkeyPatch, path: Path
) -> None:
    """With a served sandbox in the place of an account, and somebody who says yes."""
    monkeypatch.setattr("reconciler.cli.apply.is_interactive", lambda: True)
    for command in (command for where, command in OURS if where == path):
        arguments = shlex.split(command)[1:]
        if arguments[:2] == ["sandbox", "serve"]:
            continue  # below: it stays
        ran = cli(*arguments, stdin=b"yes\n")
        assert ran.code == 0, f"{command}\n{ran.all}"


@pytest.mark.parametrize(
    ("path", "command"),
    [(path, command) for path, command in OURS if command.startswith("reconciler sandbox serve")],
    ids=lambda value: name(value) if isinstance(value, Path) else value,
)
def test_the_commands_that_stay_can_be_used(checkout: Path, path: Path, command: str) -> None:
    arguments = shlex.split(re.sub(r"--port \d+", "--port 0", command))[1:]
    if "--port" not in arguments:
        arguments += ["--port", "0"]
    with Screen(arguments, cwd=checkout) as screen:
        screen.until("(Ctrl-C stops it)")
        found = re.search(r"http://[\d.:]+", screen.text)
        assert found is not None
        env = {"LAUNCHDARKLY_API_HOST": found[0], "LAUNCHDARKLY_ACCESS_TOKEN": TOKEN}
        tokens = [argument for argument in arguments if arguments[arguments.index(argument) - 1] == "--token"]
        if tokens:
            env["LAUNCHDARKLY_ACCESS_TOKEN"] = tokens[0].partition(":")[0]
        done = subprocess.run(
            [*COMMAND, "plan", "examples/storefront"],
            cwd=checkout,
            env=clean_environment(env),
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        assert done.returncode == 0, done.stderr
        screen.type("\x03")
        assert screen.end() == 0


def test_the_exit_codes_are_those_of_the_table() -> None:
    from reconciler.cli.exits import Exit

    text = (ROOT / "README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d+) \| [^|]+\| (?:`(\w+)`)? *\|$", text, re.MULTILINE)
    assert [(int(code), reason) for code, reason in rows] == [(each.value, each.reason) for each in Exit]


# As a library

PUBLIC: Final = [
    "Allowance",
    "Loaded",
    "Provenance",
    "Settings",
    "Target",
    "apply",
    "check",
    "connect",
    "connect_sandbox",
    "drift",
    "load",
    "load_settings",
    "plan",
    "plan_offline",
    "read_plan",
    "refresh",
    "render",
    "save",
    "schemas",
    "validate",
]


def test_the_public_names() -> None:
    """Whoever adds one adds it here too; whoever removes one breaks somebody's program."""
    assert reconciler.__all__ == PUBLIC
    for public in reconciler.__all__:
        assert getattr(reconciler, public).__module__.startswith("reconciler.")
        assert getattr(reconciler, public).__doc__
    with pytest.raises(AttributeError):
        _ = reconciler.nothing_of_the_kind


def test_a_room_does_not_hide_a_public_name() -> None:
    """`reconciler.plan` stays the function, whatever was imported before."""
    code = (
        "import reconciler.api, reconciler.planning.plan, reconciler.live.apply, reconciler.rendering.text\n"
        "import reconciler\n"
        "assert all(callable(getattr(reconciler, name)) for name in reconciler.__all__)"
    )
    subprocess.run([sys.executable, "-P", "-c", code], env=clean_environment(), check=True, timeout=30)


@pytest.mark.parametrize(
    ("path", "text"),
    [
        pytest.param(path, text, id=f"{name(path)}-{number}")
        for path in DOCUMENTS
        for number, text in enumerate(blocks(path, "python"), 1)
        if "import reconciler" in text
    ],
)
def test_the_library_examples_work(
    service: Service, checkout: Path, monkeypatch: pytest.MonkeyPatch, path: Path, text: str
) -> None:
    monkeypatch.setattr("reconciler.live.host.DEFAULT_HOST", service.url)
    out = io.StringIO()
    monkeypatch.setattr(sys, "stdout", out)
    names: dict[str, Any] = {"token": TOKEN}
    exec(compile(text, str(path), "exec"), names)
    assert "Plan: 8 to add" in out.getvalue()
    assert {outcome.status.value for outcome in names["outcomes"]} == {"applied"}
    assert any(place.startswith("projects/") for place in service.world())
