"""Applies that are ended, or that meet another one, as processes against a served sandbox."""

from __future__ import annotations

import json
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest
from e2e.support import COMMAND, Cli, Service, clean_environment

from faults import judge
from faults.bench import (
    VALUES,
    Bench,
    create_app,
    delivery,
    documents,
    environment,
    loaded,
    project,
    world_of,
)
from reconciler.planning.plan import Status
from reconciler.sandbox.faults import Fault, Faults

KEYS = tuple(f"e{number}" for number in range(6))
FIRST = documents(project(), *(environment(key) for key in KEYS))
WANTED = documents(
    project(tags=["x"]),
    *(environment(key, color="AA0000", approvalSettings={"required": True}) for key in KEYS),
    *(delivery(f"Edge {key}", f"shop/{key}") for key in KEYS),
)


def started(folder: Path, service: Service, *arguments: str) -> subprocess.Popen[str]:
    """An apply in a process of its own."""
    (folder / "wanted.yaml").write_text(WANTED)
    more = {"LAUNCHDARKLY_API_HOST": service.url, "LAUNCHDARKLY_ACCESS_TOKEN": "api-anything"}
    return subprocess.Popen(
        [*COMMAND, "apply", "wanted.yaml", "--auto-approve", "--format", "json", *arguments],
        cwd=folder,
        env=clean_environment({**VALUES, **more}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def slowly(service: Service, seconds: float, **fault: Any) -> None:
    """From now on each write takes some time."""
    faults = Faults(
        [
            Fault(method=method, path="/api/v2/*shop/*", delay=seconds, times=0, **fault)
            for method in ("POST", "PATCH")
        ]
    )
    service.answers(create_app(service.store, faults=faults))


def until_writing(service: Service, process: subprocess.Popen[str], writes: int = 1) -> None:
    """Wait until so many writes are in the log."""
    end = time.monotonic() + 20
    while len(service.writes()) < writes:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < end
        time.sleep(0.02)


def converges(service: Service) -> None:
    """The next run makes everything as it should be."""
    service.knows(None)
    bench = Bench(service.store)
    assert bench.go(WANTED).ended() <= {Status.APPLIED}
    assert bench.plan(WANTED).changes == ()
    judge.check_converged(world_of(service.store), loaded(WANTED))


@pytest.fixture
def began(service: Service) -> Service:
    assert Bench(service.store).go(FIRST).ended() == {Status.APPLIED}
    service.forget()
    return service


def test_a_run_that_was_killed_is_made_good_by_the_next(folder: Path, began: Service) -> None:
    slowly(began, 0.15, effect="after")
    process = started(folder, began, "--concurrency", "2")
    until_writing(began, process, 5)
    process.kill()
    process.communicate(timeout=30)
    assert process.returncode == -signal.SIGKILL
    left = len(Bench(began.store).plan(WANTED).changes)
    assert 0 < left < 13
    converges(began)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("seconds", [1.0, 60.0])
def test_an_interrupted_run_says_where_it_stands(
    folder: Path, began: Service, number: signal.Signals, seconds: float
) -> None:
    before = world_of(began.store)
    slowly(began, seconds, effect="after")
    process = started(folder, began, "--concurrency", "2")
    until_writing(began, process, 2)
    start = time.monotonic()
    process.send_signal(number)
    out, err = process.communicate(timeout=50)
    assert (
        time.monotonic() - start < 40
    )  # not the minute that the slow ones take; how long exactly is tested in virtual time
    assert process.returncode == 5, err
    document = json.loads(out)
    assert document["failureReason"] == "partial"
    assert "Interrupted" in err
    became = {each["address"]: each["status"] for each in document["outcomes"]}
    assert len(became) == 13
    assert "skipped" in became.values()
    assert ("applied" if seconds == 1.0 else "unknown") in became.values()
    after = world_of(began.store)
    for declared in loaded(WANTED).declared:
        where, status = judge.place(declared.address), became[str(declared.address)]
        if status == "applied":
            assert judge.as_declared(declared.document, after[where])
        if status in ("failed", "skipped"):
            assert before.get(where) == after.get(where)
    converges(began)


def test_a_run_that_is_interrupted_before_it_wrote(folder: Path, began: Service) -> None:
    faults = Faults([Fault(method="GET", delay=12, times=0)])
    began.answers(create_app(began.store, faults=faults))
    process = started(folder, began)
    time.sleep(4.0)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=30)
    assert process.returncode == 130
    assert began.writes() == []


def test_a_second_interrupt_ends_it_at_once(folder: Path, began: Service) -> None:
    slowly(began, 60, effect="after")
    process = started(folder, began)
    until_writing(began, process, 2)  # the first one is the project's, and not slow
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=30)
    assert time.monotonic() - start < 8  # less than what a single interrupt would grant
    assert process.returncode == 5
    assert json.loads(out)["summary"]["unknown"] >= 1
    converges(began)


def test_two_applies_at_once(folder: Path, service: Service, cli: Cli) -> None:
    service.answers(create_app(service.store, faults=Faults([Fault(delay=0.03, times=0)])))
    both = [started(folder, service, "--concurrency", "3") for _ in range(2)]
    for process in both:
        out, err = process.communicate(timeout=60)
        assert process.returncode in (0, 1, 4, 5), err
        judge.check_secrets(out, err)
    service.knows(None)
    with service.store.transaction() as world:
        rows = world._connection.execute("SELECT collection, document FROM documents").fetchall()
    names = [json.loads(text)["name"] for collection, text in rows if collection == "featureStore"]
    assert sum(collection == "environments" for collection, _ in rows) == len(KEYS)
    assert sum(collection == "projects" for collection, _ in rows) == 1
    bench = Bench(service.store)
    if len(set(names)) == len(names):
        again = bench.go(WANTED)
        assert again.ended() <= {Status.APPLIED}
        assert bench.plan(WANTED).changes == ()
    else:  # what has no key can be there twice; the plan says so, with both ids
        found = [each for each in bench.plan(WANTED).diagnostics if each.severity.value == "error"]
        assert {each.code.text for each in found} == {"LDR402"}
