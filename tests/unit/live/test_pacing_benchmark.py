"""The benchmark runs, and its figures are what they are said to be."""

import importlib.util
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[3] / "benchmarks" / "pacing.py"


@pytest.fixture
def benchmark(monkeypatch):
    spec = importlib.util.spec_from_file_location("benchmark_pacing", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


def test_it_measures_alone_and_beside_another_client(benchmark, capsys) -> None:
    benchmark.main(["--factor", "40", "--reads", "150", "--writes", "30"])
    head, alone, beside = capsys.readouterr().out.splitlines()
    assert "windows of 0.25 s" in head
    assert alone.startswith("alone: reached ")
    assert "the other's 429" not in alone
    assert beside.startswith("beside 30 requests a window: reached ")
    assert "the other's 429" in beside


@pytest.mark.anyio
async def test_a_job_that_fits_its_window_is_refused_nothing(benchmark) -> None:
    found = await benchmark.measure(reads=50, writes=20, others=0, factor=1)
    assert found.own_429 == 0
    assert found.waits == 0
    assert found.windows < 1
