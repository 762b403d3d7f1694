"""A terminal, a pipe, and the person in front of them: questions, colours, interruptions, hostile text."""

from __future__ import annotations

import os
import re
import shlex
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import anyio
import pytest

from e2e.support import (
    COMMAND,
    ESCAPE,
    TOKEN,
    Cli,
    Screen,
    Service,
    Write,
    clean_environment,
    documents,
    environment,
    interrupt,
    manifest,
    project,
)

QUESTION = "Only 'yes' is taken for one: "
GOOD = documents(project("shop", "{name: Shop}"), environment("test", "{name: Test, color: '417505'}"))


@pytest.fixture(autouse=True)
def good(write: Write) -> Path:
    return write("manifests/good.yaml", GOOD)


@pytest.fixture
def env(service: Service) -> dict[str, str]:
    return {"LAUNCHDARKLY_API_HOST": service.url, "LAUNCHDARKLY_ACCESS_TOKEN": TOKEN}


# The question


@pytest.mark.parametrize("command", [["apply", "manifests"], ["apply", "-q", "manifests"]])
def test_yes_is_yes(folder: Path, service: Service, env: dict[str, str], command: list[str]) -> None:
    with Screen(command, cwd=folder, environment=env) as screen:
        screen.until(QUESTION)
        assert "Plan: 2 to add" in screen.text
        assert f"changes in {service.url.removeprefix('http://')}? " in screen.text
        assert service.writes() == []
        screen.type("yes\n")
        assert screen.end() == 0
    assert "Apply complete! Resources: 2 added" in screen.text
    assert service.writes() == ["POST /api/v2/projects"]


@pytest.mark.parametrize("answer", ["no\n", "y\n", "Yes\n", "\n", "yes please\n", "\x04"])
def test_everything_else_is_no(folder: Path, service: Service, env: dict[str, str], answer: str) -> None:
    with Screen(["apply", "manifests"], cwd=folder, environment=env) as screen:
        screen.until(QUESTION)
        screen.type(answer)
        assert screen.end() == 1
    assert "Nothing was written" in screen.text
    assert "Traceback" not in screen.text
    assert service.writes() == []


def test_without_a_terminal_nobody_is_asked(process: Cli, service: Service, env: dict[str, str]) -> None:
    for answer in (b"", b"yes\n"):
        ran = process("apply", "manifests", stdin=answer, env=env)
        assert ran.code == 1
        assert QUESTION not in ran.all
        assert "--auto-approve" in ran.err.splitlines()[-1]
    assert service.writes() == []


def test_manifests_from_standard_input_leave_nobody_to_ask(
    process: Cli, service: Service, env: dict[str, str]
) -> None:
    assert process("apply", "-", stdin=GOOD.encode(), env=env).code == 1
    assert service.writes() == []
    assert process("apply", "--auto-approve", "-", stdin=GOOD.encode(), env=env).code == 0


def test_the_plan_can_be_piped_while_the_question_is_asked(
    folder: Path, service: Service, env: dict[str, str]
) -> None:
    with (
        (folder / "out").open("w") as out,
        Screen(["apply", "manifests"], cwd=folder, environment=env, stdout=out.fileno()) as screen,
    ):
        screen.until(QUESTION)
        screen.type("yes\n")
        assert screen.end() == 0
    held = (folder / "out").read_text(encoding="utf-8")
    assert "Plan: 2 to add" in held
    assert "Plan: 2 to add" not in screen.text
    assert "\x1b" not in held


# Ctrl-C


def test_ctrl_c_at_the_question(folder: Path, service: Service, env: dict[str, str]) -> None:
    with Screen(["apply", "manifests"], cwd=folder, environment=env) as screen:
        screen.until(QUESTION)
        screen.type("\x03")
        assert screen.end() == 130
    assert "Traceback" not in screen.text
    assert service.writes() == []


@contextmanager
def listening() -> Iterator[socket.socket]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(16)
        listener.settimeout(20)
        yield listener


@pytest.mark.parametrize("command", [["plan"], ["apply", "--auto-approve"], ["plan", "--format", "json"]])
def test_ctrl_c_while_it_reads(folder: Path, command: list[str]) -> None:
    with listening() as silent:
        port = silent.getsockname()[1]
        running = subprocess.Popen(
            [*COMMAND, *command, "--host", f"http://127.0.0.1:{port}", "manifests"],
            cwd=folder,
            env=clean_environment({"LAUNCHDARKLY_ACCESS_TOKEN": TOKEN}),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        accepted = silent.accept()[0]  # it waits for an answer now
        interrupt(running)
        began = time.monotonic()
        out, err = running.communicate(timeout=20)
        accepted.close()
    assert time.monotonic() - began < 15
    assert running.returncode == 130
    assert "Interrupted" in err
    assert "Traceback" not in out + err


def test_ctrl_c_while_it_writes(folder: Path, service: Service, env: dict[str, str], write: Write) -> None:
    """What is in flight may end, what waits for it is not begun, and the exit code tells of it."""
    write("manifests/later.yaml", environment("later", "{name: L, color: '417505', source: {key: test}}"))
    app = service.app

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        if scope["method"] == "POST" and scope["path"] == "/api/v2/projects":
            await anyio.sleep(1)
        await app(scope, receive, send)

    service.answers(slow)
    with Screen(["apply", "--auto-approve", "manifests"], cwd=folder, environment=env) as screen:
        screen.until("Applying")
        screen.type("\x03")
        assert screen.end() == 5
    assert "Traceback" not in screen.text
    assert "Interrupted" in screen.text
    assert service.writes() == ["POST /api/v2/projects"]
    assert "Environment/shop/later" in screen.text


def test_ctrl_c_ends_a_served_sandbox(folder: Path) -> None:
    with Screen(["sandbox", "serve", "--port", "0"], cwd=folder) as screen:
        screen.until("The sandbox listens on http://127.0.0.1:")
        screen.type("\x03")
        assert screen.end() == 0
    assert "Traceback" not in screen.text


# Pipes


def many(number: int) -> str:
    return documents(
        project("shop", "{name: Shop}"),
        *(environment(f"e{n}", f"{{name: E {n}, color: '417505', tags: [a, b]}}") for n in range(number)),
    )


@pytest.mark.parametrize(
    "command",
    [
        ["plan", "--sandbox", "manifests"],
        ["plan", "--sandbox", "--format", "json", "manifests"],
        ["validate", "--format", "json", "broken"],
        ["schema"],
    ],
)
def test_a_pipe_that_is_closed_early(folder: Path, write: Write, command: list[str]) -> None:
    write("manifests/good.yaml", many(400))
    write("broken/b.yaml", documents(*(f"kind: Nope{n}\napiVersion: reconciler/v1\n" for n in range(600))))
    running = subprocess.Popen(
        [*COMMAND, *command],
        cwd=folder,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert running.stdout is not None
    assert running.stderr is not None
    os.read(running.stdout.fileno(), 10)
    running.stdout.close()
    err = running.stderr.read().decode()
    running.stderr.close()
    assert running.wait(20) in (0, 1)
    assert not [line for line in err.splitlines() if not line.startswith("This is the sandbox")]


def test_a_disk_that_is_full(folder: Path) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("there is no /dev/full here")
    with Path("/dev/full").open("w", encoding="utf-8") as full:
        done = subprocess.run(
            [*COMMAND, "validate", "manifests"],
            cwd=folder,
            env=clean_environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=30,
        )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "No space left" in done.stderr


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed_from_the_start(folder: Path, closed: str) -> None:
    line = f"exec {shlex.join(COMMAND)} plan --sandbox manifests {closed}"
    done = subprocess.run(
        ["/bin/sh", "-c", line],
        cwd=folder,
        env=clean_environment(),
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert ("Plan: 2 to add" in done.stdout) == (">&-" not in closed.replace("2>&-", ""))


def test_nobody_who_listens_is_no_reason_to_stop_half_way(
    folder: Path, service: Service, env: dict[str, str], write: Write
) -> None:
    """`reconciler apply --auto-approve 2>&1 | head -1`, when the reader goes in the middle of the writes."""
    write("manifests/good.yaml", many(22))
    running = subprocess.Popen(
        [*COMMAND, "apply", "--auto-approve", "manifests"],
        cwd=folder,
        env=clean_environment(env),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    assert running.stderr is not None
    os.read(running.stderr.fileno(), 1)
    running.stderr.close()
    assert running.wait(20) == 0
    assert sum("environments/shop" in place for place in service.world()) == 22


# Colours


def colours(text: str) -> list[str]:
    return ESCAPE.findall(text)


@pytest.mark.parametrize("variable", [{}, {"NO_COLOR": "1"}, {"TERM": "dumb"}], ids=str)
def test_colours_only_where_they_are_wanted(folder: Path, variable: dict[str, str]) -> None:
    for command in (["plan", "--sandbox", "manifests"], ["validate", "manifests"]):
        with Screen(command, cwd=folder, environment=variable) as screen:
            assert screen.end() == 0
        assert bool(colours(screen.raw)) == (not variable)


def test_no_codes_in_pipes(process: Cli) -> None:
    for command in (["plan", "-vv"], ["apply", "-vv", "--auto-approve"], ["plan"]):
        ran = process(*command, "--sandbox", "manifests", env={"COLUMNS": "20"})
        assert ran.code == 0
        assert "\x1b" not in ran.all
        assert "\r" not in ran.all


def test_the_text_is_the_same_with_and_without_colours(folder: Path, process: Cli) -> None:
    with Screen(["plan", "--sandbox", "manifests"], cwd=folder, columns=200) as screen:
        assert screen.end() == 0
    plain = process("plan", "--sandbox", "manifests")
    shown = screen.text.replace("⠋ Reading LaunchDarkly…", "")
    assert all(line in shown for line in plain.out.splitlines())


# Widths


LONG = "A name that is a good deal longer than a narrow terminal is wide, and has many words in it"


def test_nothing_is_folded(folder: Path, process: Cli, write: Write) -> None:
    write("manifests/good.yaml", GOOD.replace("name: Shop", f"name: '{LONG}'"))
    ran = process("plan", "--sandbox", "manifests", env={"COLUMNS": "20"})
    assert f'      + name: "{LONG}"' in ran.out.splitlines()
    with Screen(["plan", "--sandbox", "manifests"], cwd=folder, columns=20) as screen:
        assert screen.end() == 0
    assert f'      + name: "{LONG}"' in screen.text.splitlines()  # the terminal folds it, not we


# Hostile text


HOSTILE = {
    "[red]danger[/red]": "[red]danger[/red]",
    "[/]": "[/]",
    "[link=http://x]y[/link]": "[link=http://x]y[/link]",
    ":boom:": ":boom:",
    r"\e[31mred\e[0m": r"\u001b[31mred\u001b[0m",
    r"\x9b31mred": r"\x9b31mred",
    r"a\rb\nc\td": r"a\rb\nc\td",
    r"\u202Eevil": r"\u202eevil",
    r"\u2028line": r"\u2028line",
    r"\u200Bzero": r"\u200bzero",
    r"\a\b\0": r"\u0007\b\u0000",
}


def test_names_are_shown_as_they_are_and_do_nothing(folder: Path, cli: Cli, write: Write) -> None:
    shop = [project("shop", "{name: Shop}")]
    for number, name in enumerate(HOSTILE):
        shop.append(environment(f"e{number}", f'{{name: "{name}", color: "417505"}}'))
    write("manifests/good.yaml", documents(*shop))
    ran = cli("plan", "--sandbox", "manifests")
    assert ran.code == 0, ran.all
    with Screen(["plan", "--sandbox", "manifests"], cwd=folder) as screen:
        assert screen.end() == 0
    for shown in HOSTILE.values():
        assert f'      + name: "{shown}"' in ran.out.splitlines()
        assert f'      + name: "{shown}"' in screen.text.splitlines()


@pytest.mark.parametrize("text", ["\x1b[31m", "\x9b", "\u202e", "\u2028", "[red]", "\x07"], ids=ascii)
def test_what_the_service_says_does_nothing_either(
    folder: Path, service: Service, env: dict[str, str], text: str
) -> None:
    import json

    async def hostile(scope: Any, receive: Any, send: Any) -> None:
        body = json.dumps({"code": text, "message": f"no {text} way", "id": text}).encode()
        await send(
            {
                "type": "http.response.start",
                "status": 403,
                "headers": [(b"content-type", b"application/json")],
            }
        )
        await send({"type": "http.response.body", "body": body})

    app = service.app

    async def serve(scope: Any, receive: Any, send: Any) -> None:
        await (hostile if scope["method"] == "POST" else app)(scope, receive, send)

    service.answers(serve)
    with Screen(["apply", "--auto-approve", "manifests"], cwd=folder, environment=env) as screen:
        assert screen.end() == 1
    said = [line for line in ESCAPE.sub("", screen.raw).splitlines() if "no " in line and "way" in line]
    assert said
    if text == "[red]":
        assert "no [red] way" in said[0]
    else:
        assert not [line for line in said if text in line]


def test_live_text_is_escaped_in_plans(
    folder: Path, service: Service, process: Cli, env: dict[str, str]
) -> None:
    service.post("/projects", {"key": "shop", "name": "A\x1b[31m\u202eB"})
    ran = process("plan", "manifests", env=env)
    assert r'"A\u001b[31m\u202eB" -> "Shop"' in ran.out
    assert "\u202e" not in ran.all


def test_identities_are_escaped_as_well(process: Cli, write: Write) -> None:
    place = r'project: shop, environment: test, integration: fastly, name: "E\u202e[red]/%"'
    spec = "{config: {storeId: s, apiToken: {fromEnv: X}}}"
    write("manifests/more.yaml", manifest("IntegrationDeliveryConfiguration", place, spec))
    ran = process("plan", "--sandbox", "manifests")
    assert ran.code == 0
    assert "\u202e" not in ran.all
    assert "[red]%2F%25" in ran.out


# Progress


def test_progress_is_live_and_goes_to_stderr(folder: Path, process: Cli) -> None:
    ran = process("apply", "--sandbox", "--auto-approve", "manifests")
    assert [line for line in ran.err.splitlines() if line.endswith(" created")] == [
        "  + Project/shop created",
        "  + Environment/shop/test created",
    ]
    assert " created" not in ran.out.replace("will be created", "")


def test_the_spinner_stays_below_what_is_said(folder: Path, service: Service, env: dict[str, str]) -> None:
    app = service.app

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        await anyio.sleep(0.3)
        await app(scope, receive, send)

    service.answers(slow)
    with Screen(["apply", "-v", "--auto-approve", "manifests"], cwd=folder, environment=env) as screen:
        assert screen.end() == 0
    assert "Reading LaunchDarkly…" in screen.text
    assert "Applying…" in screen.text
    assert "Project/shop created" in screen.text
    for piece in re.split(r"[\r\n]", screen.text):
        if "…" in piece:
            assert re.fullmatch(r"\S (Reading LaunchDarkly…|Applying…( \d of 2)?)", piece.strip())


def test_python_m_reconciler(folder: Path) -> None:
    """`COMMAND` runs it that way; the script beside this Python does the same."""
    import sys

    script = Path(sys.executable).with_name("reconciler")
    if not script.exists():
        pytest.skip("the command is not installed beside this Python")
    one = subprocess.run([script, "--help"], capture_output=True, env=clean_environment(), check=True)
    two = subprocess.run([*COMMAND, "--help"], capture_output=True, env=clean_environment(), check=True)
    assert one.stdout == two.stdout
