"""Where LaunchDarkly's OpenAPI document is not there, the suite passes and says what it skips."""

from __future__ import annotations

from pathlib import Path

import pytest

from contract import openapi, recording


class Terminal:
    """What is written at the end of a session."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def section(self, title: str) -> None:
        self.lines.append(title)

    write_line = section


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> str:
    """The reason that is given in a place without it."""
    monkeypatch.setenv(openapi.VARIABLE, str(tmp_path))
    reason = openapi.missing()
    assert reason is not None
    return reason


def test_the_reason_names_what_is_missing_and_how_to_have_it(away: str, tmp_path: Path):
    assert "openapi-subset.json" in away
    assert openapi.VARIABLE in away
    (tmp_path / "api").mkdir()
    (tmp_path / "api" / "openapi-subset.json").write_text("{}", encoding="utf-8")
    assert openapi.missing() is None


def test_the_end_of_the_session_tells_it(away: str):
    terminal = Terminal()
    recording.Absent(away).pytest_terminal_summary(terminal)
    assert terminal.lines[-1] == away
