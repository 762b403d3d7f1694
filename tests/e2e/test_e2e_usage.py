"""Command lines, paths, and files on disk: what is taken, what is refused, and how it is said."""

from __future__ import annotations

import os
import re
import socket
import sqlite3
import stat
from pathlib import Path

import pytest

from e2e.support import Cli, Service, Write, documents, environment, project

GOOD = documents(project("shop", "{name: Shop}"), environment("test", "{name: Test, color: '417505'}"))


@pytest.fixture(autouse=True)
def good(write: Write) -> Path:
    return write("manifests/good.yaml", GOOD)


# Usage


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["frobnicate"], "No such command 'frobnicate'"),
        (["--frobnicate"], "No such option"),
        (["plan", "--frobnicate"], "No such option"),
        (["plan", "--format", "yaml"], "'yaml'"),
        (["plan", "--host"], "requires an argument"),
        (["validate", "--detailed-exitcode"], "No such option"),
        (["apply", "--detailed-exitcode"], "No such option"),
        (["sandbox", "frobnicate"], "No such command"),
        (["sandbox", "serve", "--port", "70000"], "70000"),
        (["sandbox", "serve", "--port", "x"], "'x'"),
        (["sandbox", "serve", "--token", ":reader"], "KEY:reader"),
        (["sandbox", "serve", "--token", "key:writer"], "KEY:reader"),
        (["schema", "out"], "unexpected"),
    ],
)
def test_wrong_usage_is_exit_1(cli: Cli, arguments: list[str], words: str) -> None:
    ran = cli(*arguments)
    assert (ran.code, ran.out) == (1, "")
    assert words in ran.err
    assert "Error: " in ran.err


@pytest.mark.parametrize("arguments", [[], ["sandbox"]])
def test_no_command_shows_the_help(cli: Cli, arguments: list[str]) -> None:
    ran = cli(*arguments)
    assert ran.code == 1
    assert "Usage: reconciler" in ran.all


@pytest.mark.parametrize(
    "command",
    [
        [],
        ["validate"],
        ["plan"],
        ["apply"],
        ["schema"],
        ["sandbox"],
        ["sandbox", "serve"],
        ["sandbox", "seed"],
    ],
)
@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_help(cli: Cli, command: list[str], flag: str) -> None:
    ran = cli(*command, flag)
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith(" ".join(["Usage: reconciler", *command]))
    assert max(map(len, ran.out.splitlines())) <= 100


def test_help_teaches(cli: Cli) -> None:
    text = cli("--help").out
    for words in ("--sandbox examples/storefront", "LAUNCHDARKLY_ACCESS_TOKEN", "Exit codes: 0"):
        assert words in text
    named = re.findall(r"^  (\w+)  ", text, re.MULTILINE)
    assert {"validate", "plan", "apply", "sandbox", "schema"} <= set(named)
    for command in named:
        assert cli(command, "--help").code == 0


def test_the_version(cli: Cli, process: Cli) -> None:
    ran = process("--version")
    assert (ran.code, ran.err) == (0, "")
    assert re.fullmatch(r"reconciler \d+\.\d+\.\d+\S*\n", ran.out)
    assert cli("--version").out == ran.out


# Paths


def test_no_path_is_the_working_directory(cli: Cli) -> None:
    assert cli("validate").out.startswith("Valid. 2 resources in 1 file")
    assert cli("validate", "manifests", "manifests/good.yaml", ".").out == cli("validate").out


def test_an_empty_folder(cli: Cli, folder: Path) -> None:
    (folder / "empty").mkdir()
    for command in ("validate", "plan", "apply"):
        ran = cli(command, "empty")
        assert ran.code == 1
        assert "empty: error LDR108: The folder holds no manifest." in ran.all


def test_a_path_that_is_not_there(cli: Cli) -> None:
    for command in ("validate", "plan", "apply"):
        ran = cli(command, "manifests", "no-such-path")
        assert ran.code == 1
        assert "no-such-path: error LDR107" in ran.all


def test_a_file_by_its_name(cli: Cli, write: Write) -> None:
    assert cli("validate", "manifests/good.yaml").code == 0
    write("notes.txt", GOOD)
    assert "LDR109" in cli("validate", "notes.txt").out
    write("reconciler.yaml", "")
    assert "reserved" in cli("validate", "reconciler.yaml").out


def test_an_empty_path(cli: Cli) -> None:
    assert cli("validate", "").code == 1


def test_standard_input(cli: Cli) -> None:
    ran = cli("validate", "-", stdin=GOOD.encode())
    assert ran.code == 0
    assert ran.out == "Valid. 2 resources in 1 file.\n"
    assert cli("validate", "-", stdin=b"").code == 1
    assert "-: error LDR106" in cli("validate", "-", stdin=b"a: \xff").out.replace("-:1:4", "-")
    assert cli("plan", "--sandbox", "-", stdin=GOOD.encode()).code == 0


def test_what_a_folder_does_not_give(cli: Cli, write: Write, folder: Path) -> None:
    write("manifests/.hidden/x.yaml", "kind: [")
    write("manifests/.x.yaml", "kind: [")
    write("manifests/notes.md", "kind: [")
    write("manifests/plan.json", "kind: [")
    assert cli("validate", "manifests").code == 0
    outside = write("outside.yaml", GOOD)
    (folder / "manifests" / "link.yaml").symlink_to(outside)
    ran = cli("validate", "manifests")
    assert ran.code == 1
    assert "manifests/link.yaml: error LDR107" in ran.out


def test_names_that_would_forge_output(cli: Cli, write: Write) -> None:
    write("manifests/a\x1b[31m\nerror LDR999.yaml", "kind: [")
    ran = cli("validate", "manifests")
    assert "\x1b" not in ran.out
    assert len(re.findall(r"^manifests/a\\", ran.out, re.MULTILINE)) == 1
    assert not re.search(r"^error LDR999", ran.out, re.MULTILINE)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_rights(cli: Cli, good: Path) -> None:
    good.chmod(0)
    assert "LDR107" in cli("validate").out


# How much is said


def test_quiet_and_verbose(cli: Cli, service: Service) -> None:
    plain = cli("plan", "manifests")
    quiet = cli("plan", "-q", "manifests")
    loud = cli("plan", "-v", "manifests")
    assert (quiet.code, quiet.err) == (0, "")
    assert plain.out == quiet.out == loud.out
    requests = [line for line in loud.err.splitlines() if line.startswith("GET /api/v2/")]
    assert requests
    assert all(re.fullmatch(r"GET /api/v2/\S+ 200 in \d+ ms", line) for line in requests)
    assert not plain.err

    done = cli("apply", "-q", "--auto-approve", "manifests")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[-1].startswith("Apply complete!")


def test_quiet_still_tells_errors(cli: Cli, write: Write) -> None:
    write("manifests/bad.yaml", "kind: [")
    for command in ("validate", "plan", "apply"):
        assert "error LDR" in cli(command, "-q", "manifests").all
    assert "Error: No access token" in cli("plan", "-q", "manifests/good.yaml").err


def test_the_sandbox_says_first_that_it_is_one(cli: Cli) -> None:
    for command in (["plan"], ["apply", "--auto-approve"]):
        assert cli(*command, "--sandbox", "manifests").err.splitlines()[0].startswith("This is the sandbox")


# Exit codes


def test_exit_codes_of_plan_and_apply(cli: Cli, service: Service) -> None:
    assert cli("plan", "manifests").code == 0
    assert cli("plan", "--detailed-exitcode", "manifests").code == 2
    assert cli("apply", "manifests").code == 1  # nobody is there to ask
    assert service.writes() == []
    assert cli("apply", "--auto-approve", "manifests").code == 0
    assert cli("plan", "--detailed-exitcode", "manifests").code == 0
    assert cli("apply", "manifests").code == 0


def test_partly_done_is_exit_5(cli: Cli, service: Service, write: Write) -> None:
    from e2e.support import refusing

    write(
        "manifests/second.yaml", environment("extra", "{name: Extra, color: '417505', source: {key: test}}")
    )
    service.answers(
        refusing(
            service.app,
            lambda method, path: 403 if method == "POST" and path.endswith("/environments") else 0,
        )
    )
    ran = cli("apply", "--auto-approve", "manifests")
    assert ran.code == 5
    assert "Apply incomplete: Resources: 2 added" in ran.out
    assert (
        "Environment/shop/extra failed: POST /api/v2/projects/shop/environments was answered 403" in ran.err
    )


# The sandbox's file


def test_the_world_is_private(cli: Cli, folder: Path) -> None:
    assert cli("plan", "--sandbox", "manifests").code == 0
    made = folder / ".reconciler"
    assert stat.S_IMODE(made.stat().st_mode) == 0o700
    assert stat.S_IMODE((made / "sandbox.db").stat().st_mode) == 0o600
    assert (made / ".gitignore").read_text(encoding="utf-8") == "*\n"


def test_a_world_that_was_open_to_others_is_closed(cli: Cli, folder: Path) -> None:
    assert cli("plan", "--sandbox", "manifests").code == 0
    (folder / ".reconciler" / "sandbox.db").chmod(0o644)
    assert cli("plan", "--sandbox", "manifests").code == 0
    assert stat.S_IMODE((folder / ".reconciler" / "sandbox.db").stat().st_mode) == 0o600


def test_a_world_of_ones_own(cli: Cli, folder: Path) -> None:
    assert cli("apply", "--sandbox-state", "my.db", "--auto-approve", "manifests").code == 0
    assert not (folder / ".reconciler").exists()
    assert cli("plan", "--sandbox-state", "my.db", "--detailed-exitcode", "manifests").code == 0
    assert cli("sandbox", "reset", "--state", "my.db").code == 0
    assert cli("plan", "--sandbox-state", "my.db", "--detailed-exitcode", "manifests").code == 2
    seeded = cli("sandbox", "seed", "--state", "my.db")
    assert (seeded.code, seeded.out) == (0, "")
    assert "3 projects" in seeded.err
    assert "0 projects" in cli("sandbox", "seed", "--state", "my.db").err  # what exists stays


def test_a_file_that_is_no_world(cli: Cli, folder: Path) -> None:
    (folder / "text.db").write_text("this is not a database, but it is precious\n" * 50, encoding="utf-8")
    (folder / "cut.db").write_bytes(b"SQLite format 3\0" + b"\0" * 40)
    with sqlite3.connect(folder / "other.db") as other:
        other.execute("CREATE TABLE precious (x)")
    other.close()
    for name in ("text.db", "cut.db", "other.db", "manifests"):
        held = (folder / name).read_bytes() if name.endswith(".db") else b""
        for command in (
            ["plan", "--sandbox-state", name, "manifests"],
            ["sandbox", "reset", "--state", name],
        ):
            ran = cli(*command)
            assert ran.code == 1
            assert name in ran.err.splitlines()[-1]
            assert "Error: " in ran.err
        assert not name.endswith(".db") or (folder / name).read_bytes() == held


def test_a_port_that_is_taken(cli: Cli) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        ran = cli("sandbox", "serve", "--port", str(port))
    assert (ran.code, ran.out) == (1, "")
    assert ran.err.startswith(f"Error: Port {port} can't be served")
    assert len(ran.err.splitlines()) == 1


def test_schemas_where_they_cannot_be_written(cli: Cli, write: Write) -> None:
    write("taken", "")
    ran = cli("schema", "--out", "taken/schemas")
    assert (ran.code, ran.out) == (1, "")
    assert "can't be written" in ran.err
