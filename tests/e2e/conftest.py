"""An empty folder for each test, nothing of the developer's own, and ways to run commands."""

from __future__ import annotations

import io
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from textwrap import dedent

import pytest

from e2e.support import COMMAND, ROOT, TOKEN, Cli, Ran, Service, Switch, Write, clean_environment, serving
from reconciler.cli.main import main


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working directory, and an environment in which nothing is set."""
    monkeypatch.chdir(tmp_path)
    for name in set(os.environ) - set(clean_environment()):
        monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def write(folder: Path) -> Write:
    """Writes a file of the working directory."""

    def written(name: str, text: str) -> Path:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(text), encoding="utf-8")
        return path

    return written


@pytest.fixture
def cli(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Runs a command line in this process; there is no terminal."""

    def run(*arguments: str | Path, stdin: bytes = b"") -> Ran:
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main([str(argument) for argument in arguments])
        out, err = capfd.readouterr()
        assert isinstance(ended.value.code, int)
        assert "Traceback" not in out + err
        return Ran(int(ended.value.code), out, err)

    return run


@pytest.fixture
def process(folder: Path) -> Cli:
    """Runs a command line in a process of its own; there is no terminal."""

    def run(*arguments: str | Path, stdin: bytes = b"", env: Mapping[str, str] | None = None) -> Ran:
        done = subprocess.run(
            [*COMMAND, *map(str, arguments)],
            input=stdin,
            capture_output=True,
            cwd=folder,
            env=clean_environment(env),
            timeout=60,
            check=False,
        )
        return Ran(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


@pytest.fixture(scope="session")
def _served() -> Iterator[tuple[str, Switch]]:
    switch = Switch()
    for url in serving(switch):
        yield url, switch


@pytest.fixture
def service(_served: tuple[str, Switch], monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """An empty sandbox on a port; commands go there."""
    url, switch = _served
    monkeypatch.setenv("LAUNCHDARKLY_API_HOST", url)
    monkeypatch.setenv("LAUNCHDARKLY_ACCESS_TOKEN", TOKEN)
    opened = Service(url, switch)
    yield opened
    opened.close()


@pytest.fixture
def storefront(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The example, in a copy, with values for its secrets."""
    for name in ("FASTLY_API_TOKEN", "CLOUDFLARE_API_TOKEN", "SPLIT_ADMIN_API_KEY", "FLAG_IMPORT_LD_API_KEY"):
        monkeypatch.setenv(name, f"value-of-{name.lower()}")
    shutil.copytree(ROOT / "examples" / "storefront", folder / "storefront")
    return folder / "storefront"
