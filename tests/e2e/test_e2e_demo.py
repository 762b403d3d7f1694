"""`make demo`, the examples, and a served sandbox: from nothing to `No changes.`"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from e2e.support import COMMAND, EXAMPLES, ROOT, Cli, Service, clean_environment, interrupt

FOLDERS = sorted({ROOT / "examples" / path.relative_to(ROOT / "examples").parts[0] for path in EXAMPLES})
URL = re.compile(r"http://127\.0\.0\.1:\d+")


def secrets(folder: Path) -> dict[str, str]:
    """A value for each variable that manifests refer to."""
    texts = [path.read_text(encoding="utf-8") for path in folder.rglob("*.y*ml")]
    names = {name for text in texts for name in re.findall(r"fromEnv:\s*(\w+)", text)}
    return {name: f"value-of-{name.lower()}" for name in names}


def test_there_are_examples() -> None:
    assert [path.name for path in FOLDERS if path.name == "storefront"]


@pytest.mark.parametrize("example", FOLDERS, ids=lambda path: path.name)
def test_each_example_is_planned_applied_and_planned_again(
    cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch, example: Path
) -> None:
    shutil.copytree(example, folder / "example")
    for name, value in secrets(example).items():
        monkeypatch.setenv(name, value)
    checked = cli("validate", "example")
    assert (checked.code, checked.err) == (0, "")
    assert checked.out.startswith("Valid. ")
    assert cli("plan", "--sandbox", "--detailed-exitcode", "example").code == 2
    assert cli("apply", "--sandbox", "--auto-approve", "example").code == 0
    again = cli("plan", "--sandbox", "--detailed-exitcode", "example")
    assert (again.code, again.out.splitlines()[-1]) == (0, "No changes.")


def demo_commands() -> tuple[dict[str, str], list[list[str]]]:
    """The variables and the reconciler commands of the Makefile's target `demo`."""
    text = (ROOT / "Makefile").read_text(encoding="utf-8")
    variables = dict(re.findall(r"^demo: export (\w+) = (.*)$", text, re.MULTILINE))
    recipe = re.search(r"^demo: \$\(RUN\)\n((?:\t.*\n)+)", text, re.MULTILINE)
    assert recipe is not None
    lines = [line.strip().lstrip("@") for line in recipe[1].splitlines()]
    assert all(line.startswith("$(BIN)/reconciler ") for line in lines)
    return variables, [shlex.split(line)[1:] for line in lines]


def test_the_demo_ends_with_no_changes_also_a_second_time(
    cli: Cli, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ROOT / "examples", folder / "examples")
    variables, commands = demo_commands()
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    for _ in range(2):
        shown = [cli(*command) for command in commands]
        assert [ran.code for ran in shown] == [0] * len(commands)
        planned, applied, again = shown[-3:]
        assert "Plan: 8 to add, 0 to change, 0 to destroy." in planned.out
        assert applied.out.splitlines()[-1].startswith("Apply complete! Resources: 8 added")
        assert applied.err.count(" created\n") == 8
        assert again.out.splitlines()[-1] == "No changes."


@pytest.fixture
def serve(folder: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """`reconciler sandbox serve` on a free port, as a process of its own."""
    process = subprocess.Popen(
        [*COMMAND, "sandbox", "serve", "--port", "0"],
        cwd=folder,
        env=clean_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stderr is not None
    line = process.stderr.readline()
    found = URL.search(line)
    assert found is not None, line
    yield found[0], process
    if process.poll() is None:
        process.kill()
    process.communicate()


def test_a_served_sandbox_and_commands_in_processes_of_their_own(
    process: Cli, storefront: Path, serve: tuple[str, subprocess.Popen[str]]
) -> None:
    url, server = serve
    env = {
        "LAUNCHDARKLY_API_HOST": url,
        "LAUNCHDARKLY_ACCESS_TOKEN": "anything",
        **dict.fromkeys(secrets(storefront), "x"),
    }

    def log() -> list[dict[str, str]]:
        items: list[dict[str, str]] = httpx.get(f"{url}/__sandbox__/requests", trust_env=False).json()[
            "items"
        ]
        return items

    assert process("plan", "storefront", env=env).code == 0
    assert process("plan", "--detailed-exitcode", "storefront", env=env).code == 2
    assert {item["method"] for item in log()} == {"GET"}
    planned = len(log())
    assert process("apply", "--auto-approve", "storefront", env=env).code == 0
    assert process("plan", "--detailed-exitcode", "storefront", env=env).code == 0
    assert len([item for item in log()[planned:] if item["path"] == "/api/v2/projects" and item["body"]]) == 1
    interrupt(server)
    out, err = server.communicate(timeout=20)
    assert (server.returncode, out, err) == (0, "", "")


def test_planning_reads_and_the_project_comes_in_one_post(
    cli: Cli, service: Service, storefront: Path
) -> None:
    assert cli("plan", storefront).code == 0
    assert cli("plan", "--detailed-exitcode", storefront).code == 2
    assert set(service.methods()) == {"GET"}
    service.forget()

    assert cli("apply", "--auto-approve", storefront).code == 0
    log = service.log()
    posts = [item for item in log if item["method"] == "POST"]
    projects = [item for item in posts if item["path"] == "/api/v2/projects"]
    assert len(projects) == 1
    created = projects[0]["body"]
    assert created["key"] == "storefront"
    assert [each["key"] for each in created["environments"]] == ["development", "production", "staging"]
    assert not any("approvalSettings" in each for each in created["environments"])
    cloned = [item for item in posts if item["path"].endswith("/environments")]
    assert [(item["body"]["key"], item["body"]["source"]) for item in cloned] == [
        ("loadtest", {"key": "staging"})
    ]
    assert len(posts) == 1 + 1 + 3  # the project, the clone, two deliveries and an import
    patched = [item for item in log if item["method"] == "PATCH"]
    assert sorted(item["path"].rpartition("/")[2] for item in patched) == ["production", "staging"]
    assert all(
        operation["path"].startswith("/approvalSettings/") for item in patched for operation in item["body"]
    )
    assert all(item["status"] < 300 for item in log)

    service.forget()
    again = cli("plan", "--detailed-exitcode", storefront)
    assert (again.code, again.out.splitlines()[-1]) == (0, "No changes.")
    assert set(service.methods()) == {"GET"}


def test_applying_again_writes_nothing(cli: Cli, service: Service, storefront: Path) -> None:
    assert cli("apply", "--auto-approve", storefront).code == 0
    service.forget()
    again = cli("apply", storefront)  # nothing to approve, so that it needs no terminal either
    assert again.code == 0
    assert again.out.splitlines()[-1] == "No changes."
    assert service.writes() == []
