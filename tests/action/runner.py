"""As much of GitHub's runner as it takes to run the Action: expressions, steps, files, workflow commands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

ROOT: Final = Path(__file__).absolute().parents[2]
BASH: Final = ["bash", "--noprofile", "--norc", "-eo", "pipefail"]
_EXPRESSION: Final = re.compile(r"\$\{\{(.*?)\}\}", re.DOTALL)


@dataclass
class Ran:
    """What became of a step."""

    code: int
    log: str
    outputs: dict[str, str] = field(default_factory=dict)
    summary: str = ""

    @property
    def reason(self) -> str:
        return self.outputs.get("failure-reason", "")

    def issued(self, *names: str) -> list[Issued]:
        """The workflow commands of these names that the runner would carry out."""
        return [each for each in commands(self.log) if not names or each.name in names]


@dataclass(frozen=True)
class Issued:
    """A workflow command as the runner reads it."""

    name: str
    message: str
    properties: Mapping[str, str] = field(default_factory=dict)


def document(name: str) -> Any:
    """A YAML file of the repository."""
    return YAML(typ="safe", pure=True).load(ROOT / name)


def commands(log: str) -> Iterator[Issued]:
    """Every command in a log, in the old form and the new one, as the runner finds them."""
    stopped = ""
    for line in re.split(r"\r\n|\n|\r", log):
        match = re.match(r"\s*::([\w-]+)(?: ([^\n]*?))?::(.*)$", line) or re.search(
            r"##\[([\w-]+)( [^\]]*)?\](.*)", line
        )
        if not match:
            continue
        name, given, message = match[1], match[2] or "", match[3]
        if stopped:
            stopped = "" if name == stopped else stopped
        elif name == "stop-commands":
            stopped = message
        else:
            pairs = (pair.partition("=") for pair in given.split(",") if pair)
            yield Issued(name, _plain(message), {key.strip(): _plain(value) for key, _, value in pairs})
    assert not stopped, "commands are still stopped at the end"


def _plain(text: str) -> str:
    for code, sign in (("%0D", "\r"), ("%0A", "\n"), ("%3A", ":"), ("%2C", ","), ("%25", "%")):
        text = text.replace(code, sign)
    return text


def outputs(text: str) -> dict[str, str]:
    """What a GITHUB_OUTPUT file sets."""
    found: dict[str, str] = {}
    lines = iter(text.splitlines())
    for line in lines:
        name, heredoc, delimiter = line.partition("<<")
        if heredoc and "=" not in name:
            held = []
            for inner in lines:
                if inner == delimiter:
                    break
                held.append(inner)
            else:
                raise AssertionError(f"{name} does not end")
            found[name] = "\n".join(held)
        else:
            name, equals, value = line.partition("=")
            assert equals, line
            found[name] = value
    return found


def evaluate(text: str, contexts: Mapping[str, Any]) -> str:
    """The text with its expressions evaluated: names with dots, literals, and `||`."""

    def value(expression: str) -> str:
        for part in expression.split("||"):
            term = part.strip()
            if term.startswith("'"):
                found: Any = term.strip("'")
            else:
                found = contexts
                for name in term.split("."):
                    found = found.get(name, "") if isinstance(found, Mapping) else ""
            if found:
                return str(found)
        return ""

    return _EXPRESSION.sub(lambda match: value(match[1]), text)


def run_action(
    given: Mapping[str, str],
    environment: Mapping[str, str],
    workspace: Path,
    temp: Path,
    *,
    python: str = sys.executable,
) -> Ran:
    """Runs the composite action as a step of a job; `python` stands for the input, when that is not given."""
    action = document("action.yml")
    names = action["inputs"]
    assert set(given) <= set(names), "an input that the action does not have"
    contexts: dict[str, Any] = {
        "github": {"token": environment.get("JOB_TOKEN", "")},
        "env": environment,
        "steps": {},
    }
    contexts["inputs"] = {
        name: given.get(name, evaluate(str(one.get("default", "")), contexts)) for name, one in names.items()
    }
    if "python" not in given:
        contexts["inputs"]["python"] = python
    code, log, summary = 0, "", ""
    for number, step in enumerate(action["runs"]["steps"]):
        if code or not _holds(step.get("if"), contexts):
            continue
        assert step["shell"] == "bash"
        files = {
            name: temp / f"{name}-{number}" for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV")
        }
        for path in files.values():
            path.write_text("")
        script = temp / f"step-{number}.sh"
        script.write_text(step["run"])
        assert "${{" not in step["run"]
        done = subprocess.run(
            [*BASH, str(script)],
            cwd=workspace,
            env={
                **environment,
                **{name: evaluate(str(text), contexts) for name, text in step.get("env", {}).items()},
                **{name: str(path) for name, path in files.items()},
                "GITHUB_ACTION_PATH": str(ROOT),
                "RUNNER_TEMP": str(temp),
                "GITHUB_WORKSPACE": str(workspace),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=60,
            check=False,
        )
        code = done.returncode
        log += (done.stdout + done.stderr).decode()
        summary += files["GITHUB_STEP_SUMMARY"].read_text()
        contexts["steps"][step["id"]] = {"outputs": outputs(files["GITHUB_OUTPUT"].read_text())}
    found = {name: evaluate(one["value"], contexts) for name, one in action["outputs"].items()}
    return Ran(code, log, found, summary)


def _holds(condition: str | None, contexts: Mapping[str, Any]) -> bool:
    return condition is None or bool(evaluate(f"${{{{ {condition} }}}}", contexts))


def clean() -> dict[str, str]:
    """An environment in which nothing of the developer's is set."""
    kept = ("PATH", "HOME", "LANG", "LC_ALL", "SYSTEMROOT", "TMPDIR", "COVERAGE_PROCESS_START")
    return {name: os.environ[name] for name in kept if name in os.environ}
