"""The files that the runner names: outputs, the step's summary, and a folder for what the step makes."""

from __future__ import annotations

import os
import secrets
import tempfile
from collections.abc import Mapping
from pathlib import Path


def write_outputs(values: Mapping[str, str], environment: Mapping[str, str]) -> None:
    """Sets the step's outputs. Each value stands between delimiters that it can't foresee."""
    path = environment.get("GITHUB_OUTPUT")
    if not path:
        return
    text = ""
    for name, value in values.items():
        delimiter = f"end_{secrets.token_hex(16)}"
        text += f"{name}<<{delimiter}\n{' '.join(value.splitlines())}\n{delimiter}\n"
    with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)


def write_summary(text: str, environment: Mapping[str, str]) -> None:
    """Adds to the step's summary."""
    path = environment.get("GITHUB_STEP_SUMMARY")
    if path:
        with Path(path).open("a", encoding="utf-8", errors="backslashreplace") as file:
            file.write(text)


def folder(environment: Mapping[str, str]) -> Path:
    """A new folder for this step's files, which later steps of the job can read."""
    parent = environment.get("RUNNER_TEMP") or None
    return Path(tempfile.mkdtemp(prefix="reconciler-", dir=parent))


def write(path: Path, text: str) -> None:
    """Writes a file that only its owner reads."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", errors="backslashreplace") as file:
        file.write(text)
