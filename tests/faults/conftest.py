"""Counts the cases of the crash matrix, and tells how many there were."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import pytest
from e2e.conftest import _served, cli, folder, process, service  # noqa: F401 - commands as a user runs them

_KEY: Final = "crash-matrix"


class Tally:
    """How many cases ran, here and in the processes of pytest-xdist."""

    def __init__(self) -> None:
        self.cases = 0

    @pytest.hookimpl
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        output = getattr(session.config, "workeroutput", None)
        if output is not None:
            output[_KEY] = self.cases

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        self.cases += getattr(node, "workeroutput", {}).get(_KEY, 0)

    @pytest.hookimpl
    def pytest_terminal_summary(self, terminalreporter: Any) -> None:
        if self.cases:
            terminalreporter.section("Crash matrix")
            terminalreporter.write_line(
                f"{self.cases} cases: a fault at a request of an apply, and a run without faults that converged."
            )


def pytest_configure(config: pytest.Config) -> None:
    config.pluginmanager.register(Tally(), _KEY)


@pytest.fixture
def cases(request: pytest.FixtureRequest) -> Callable[[int], None]:
    """Counts cases of the crash matrix that passed."""
    tally = request.config.pluginmanager.get_plugin(_KEY)
    assert isinstance(tally, Tally)

    def count(number: int) -> None:
        tally.cases += number

    return count
