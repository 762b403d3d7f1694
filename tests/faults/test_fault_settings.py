"""Settings: where they come from, and what they change of what goes over the wire."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from e2e.support import Cli, Service

from faults.bench import (
    VALUES,
    Bench,
    delivery,
    documents,
    environment,
    forget,
    new_store,
    project,
    requests_of,
)
from reconciler.api import Target
from reconciler.cli.options import configured, settled
from reconciler.model.settings import PatchForms, Settings
from reconciler.planning.plan import Status


def settings(text: str, where: str = ".") -> None:
    Path(where).mkdir(parents=True, exist_ok=True)
    (Path(where) / "reconciler.yaml").write_text(text)


NONE = {"timeout": None, "concurrency": None, "request_timeout": None}


def test_a_flag_goes_before_a_variable_before_the_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings("concurrency: 3\nrequestTimeout: 11\ntimeout: 100\nprotected: ['Project/*']\n")
    monkeypatch.setenv("RECONCILER_REQUEST_TIMEOUT", "12")
    monkeypatch.setenv("RECONCILER_TIMEOUT", "200")
    found = settled(["."], {**NONE, "timeout": 300.0}).settings
    assert (found.concurrency, found.requestTimeout, found.timeout) == (3, 12.0, 300.0)
    assert found.protected == ["Project/*"]
    target = configured(Target("http://sandbox"), found)
    assert (target.concurrency, target.timeout, target.deadline) == (3, 12.0, 300.0)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RECONCILER_CONCURRENCY", "17"),
        ("RECONCILER_CONCURRENCY", "many"),
        ("RECONCILER_TIMEOUT", "0"),
        ("RECONCILER_REQUEST_TIMEOUT", "-1"),
    ],
)
def test_variables_that_can_not_be_used(
    cli: Cli, service: Service, monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    Path("all.yaml").write_text(project())
    monkeypatch.setenv(name, value)
    ran = cli("plan", "all.yaml")
    assert ran.code == 1
    assert name in ran.err
    assert service.log() == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("host: evil.example\n", ["host is no setting", "--host"]),
        ("token: api-1\n", ["token is no setting", "--token-file"]),
        ("concurency: 3\n", ["concurency is no setting", "concurrency"]),
        ("patch: {list: whole}\n", ["patch.list is no setting", "lists"]),
        ("concurrency: 99\n", ["concurrency can't be used"]),
        ("- a\n", ["must be one mapping"]),
    ],
)
def test_settings_that_can_not_be_used(cli: Cli, service: Service, text: str, words: list[str]) -> None:
    Path("all.yaml").write_text(project())
    settings(text)
    ran = cli("plan", "all.yaml")
    assert ran.code == 1
    assert "reconciler.yaml:1:" in ran.err
    for word in words:
        assert word in ran.err
    assert service.log() == []


def test_the_nearest_file_counts(folder: Path) -> None:
    settings("concurrency: 1\n")
    settings("concurrency: 2\n", "a")
    Path("a/b").mkdir()
    Path("c").mkdir()
    assert settled(["a/b"], NONE).settings.concurrency == 2
    assert settled(["c"], NONE).settings.concurrency == 1
    assert [each.code.text for each in settled(["a", "c"], NONE).diagnostics] == ["LDR110"]


def sent(forms: PatchForms, first: str, second: str) -> list[Any]:
    """The bodies of the patches from one state to another."""
    store = new_store()
    assert Bench(store).go(first).ended() == {Status.APPLIED}
    forget(store)
    bench = Bench(store, settings=Settings(patch=forms))
    assert bench.go(second).ended() == {Status.APPLIED}
    assert bench.plan(second).changes == ()
    return [each.body for each in requests_of(store) if each.method == "PATCH"]


def test_lists_are_changed_by_their_elements_where_it_is_asked_for() -> None:
    first = documents(project(tags=["a", "b", "c"]), environment("production"))
    second = documents(project(tags=["a", "c", "d", "e"]), environment("production"))
    assert sent(PatchForms(), first, second) == [
        [{"op": "replace", "path": "/tags", "value": ["a", "c", "d", "e"]}]
    ]
    assert sent(PatchForms(lists="elements"), first, second) == [
        [
            {"op": "test", "path": "/tags/1", "value": "b"},
            {"op": "replace", "path": "/tags/1", "value": "d"},
            {"op": "add", "path": "/tags/-", "value": "e"},
        ]
    ]


def test_a_config_is_changed_by_its_members_where_it_is_asked_for() -> None:
    edge = delivery("Edge", config={"storeId": "kv-2", "apiToken": {"fromEnv": "FASTLY"}})
    base = (project(), environment("production"))
    first, second = documents(*base, delivery("Edge")), documents(*base, edge)
    assert [each["path"] for each in sent(PatchForms(), first, second)[0]] == ["/config"]
    fine = sent(PatchForms(config="members"), first, second)
    assert [each["path"] for each in fine[0]] == ["/config/storeId"]
    assert VALUES["FASTLY"] not in json.dumps(fine)
