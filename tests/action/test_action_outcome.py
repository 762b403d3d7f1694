"""Exit codes, failure reasons and outputs: they agree whatever happens."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from action.conftest import BASE, STAGING, World
from action.runner import Ran, document
from reconciler import api
from reconciler.cli.exits import Exit
from reconciler.model.errors import Unreachable
from reconciler.planning.plan import Outcome, Status

Scenario = Callable[[World], Ran]


def _outcomes(*statuses: Status, unprotected: bool = False) -> Scenario:
    def act(world: World) -> Ran:
        def apply(found: api.Plan, *_: object, **__: object) -> tuple[Outcome, ...]:
            changes = found.changes
            return tuple(
                Outcome(changes[number % len(changes)], status, "went wrong", unprotected=unprotected)
                for number, status in enumerate(statuses)
            )

        world.on_push()
        world.patch.setattr(api, "apply", apply)
        return world.act("apply")

    return act


def _guarded(world: World) -> Ran:
    world.on_push()
    world.manifest.write_text(
        world.manifest.read_text().replace("requireComments: true", "requireComments: false")
    )
    return world.act("apply")


def _raising(error: BaseException, command: str = "plan") -> Scenario:
    def act(world: World) -> Ran:
        def raises(*_: object, **__: object) -> None:
            raise error

        world.on_push()
        world.patch.setattr(api, command, raises)
        return world.act(command)

    return act


def _event(command: str, **given: str) -> Scenario:
    def act(world: World) -> Ran:
        world.on_push()
        return world.act(command, **given)

    return act


def _broken(world: World) -> Ran:
    world.on_push()
    world.manifest.write_text("spec: [")
    return world.act("validate")


CASES: dict[str, tuple[Scenario, int, str]] = {
    "validate": (_event("validate"), 0, ""),
    "validate with errors": (_broken, 1, "error"),
    "plan": (_event("plan"), 0, ""),
    "plan detailed": (_event("plan", detailed_exitcode="true"), 2, ""),
    "drift": (_event("drift"), 0, ""),
    "drift detailed": (_event("drift", detailed_exitcode="TRUE"), 2, ""),
    "apply": (_event("apply"), 0, ""),
    "wrong command": (_event("destroy"), 1, "error"),
    "wrong flag": (_event("plan", sandbox="perhaps"), 1, "error"),
    "wrong timeout": (_event("plan", timeout="0"), 1, "error"),
    "no such folder": (_event("plan", working_directory="nowhere"), 1, "error"),
    "no such paths": (_event("plan", paths="nowhere"), 1, "error"),
    "no such ref": (_event("plan", against="nowhere"), 1, "error"),
    "unexpected plan": (_event("apply", expect="sha256:0"), 4, "stale"),
    "no such guard": (_event("apply", allow="LDR999"), 1, "error"),
    "plan file of another name": (_event("plan", plan_file="plan.yaml"), 1, "error"),
    "interrupted while writing": (_raising(KeyboardInterrupt(), "apply"), 5, "partial"),
    "mistake of ours while writing": (_raising(AssertionError("oops"), "apply"), 5, "partial"),
    "no plan file": (_event("apply", paths="", plan_file="nowhere.json"), 1, "error"),
    "plan file beside paths": (_event("apply", plan_file="nowhere.json"), 1, "error"),
    "guard": (_guarded, 3, "refused"),
    "unreachable": (_raising(Unreachable("nobody there")), 1, "error"),
    "interrupted": (_raising(KeyboardInterrupt()), 130, "interrupted"),
    "mistake of ours": (_raising(AssertionError("oops")), 1, "error"),
    "all applied": (_outcomes(Status.APPLIED, Status.APPLIED), 0, ""),
    "some failed": (_outcomes(Status.APPLIED, Status.FAILED), 5, "partial"),
    "unknown": (_outcomes(Status.UNKNOWN, Status.SKIPPED), 5, "partial"),
    "unprotected": (_outcomes(Status.FAILED, unprotected=True), 5, "partial"),
    "all failed": (_outcomes(Status.FAILED, Status.SKIPPED), 1, "error"),
    "conflict": (_outcomes(Status.CONFLICT, Status.SKIPPED), 4, "stale"),
}


@pytest.mark.parametrize("case", CASES)
def test_reason_and_exit_code_agree(world: World, case: str) -> None:
    scenario, code, reason = CASES[case]
    ran = scenario(world)
    assert (ran.code, ran.reason) == (code, reason), ran.log
    assert ran.reason == Exit(ran.code).reason
    assert bool(ran.issued("error")) == bool(reason)
    assert set(ran.outputs) == set(document("action.yml")["outputs"])
    assert ran.outputs["changes"] in ("true", "false")


def test_what_is_planned_is_in_the_outputs_and_plan_text_is_not(world: World) -> None:
    world.on_push()
    found = world.act("plan", comment="false").outputs
    assert {name: found[name] for name in ("changes", "create", "update", "delete", "worst", "drift")} == {
        "changes": "true",
        "create": "1",
        "update": "1",
        "delete": "0",
        "worst": "create",
        "drift": "0",
    }
    assert found["fingerprint"].startswith("sha256:")
    assert json.loads(Path(found["plan-file"]).read_text())["fingerprint"] == found["fingerprint"]
    assert "1 to add" in Path(found["markdown-file"]).read_text()
    assert max(map(len, found.values())) < 300


def test_the_saved_plan_can_be_applied_with_its_fingerprint(world: World) -> None:
    world.on_push()
    planned = world.act("plan", plan_file="saved.json").outputs
    assert planned["plan-file"] == str(world.workspace / "saved.json")
    ran = world.act("apply", paths="", plan_file="saved.json", expect=planned["fingerprint"])
    assert (ran.code, ran.outputs["fingerprint"]) == (0, planned["fingerprint"]), ran.log
    again = world.act("plan")
    assert again.outputs["changes"] == "false"


def test_a_guard_is_lifted_by_what_the_plan_shows(world: World) -> None:
    assert _guarded(world).code == 3
    assert world.act("apply", allow="\nLDR504@Environment/shop/production\n").code == 0


def test_an_apply_against_a_ref_writes_what_the_change_causes(world: World) -> None:
    world.on_push()
    ran = world.act("apply", against="main")
    assert (ran.code, ran.outputs["update"]) == (0, "1")


def test_drift_is_in_outputs_and_annotations(world: World) -> None:
    world.on("schedule", {}, GITHUB_REF="refs/heads/main", GITHUB_SHA=world.merge)
    ran = world.act("drift")
    assert (ran.outputs["changes"], ran.outputs["drift"]) == ("true", "2")
    assert [each.properties["file"] for each in ran.issued("warning")] == ["flags/shop.yaml"] * 2
    assert "Drift: 2" in Path(ran.outputs["markdown-file"]).read_text()
    assert not world.hub.written


def test_in_a_working_directory_paths_count_from_there_and_annotations_from_the_root(world: World) -> None:
    world.on_push()
    world.manifest.write_text(world.manifest.read_text().replace("color", "colour"))
    ran = world.act("validate", paths="shop.yaml", working_directory="flags")
    assert ran.code == 1
    assert {each.properties["file"] for each in ran.issued("error")} == {"flags/shop.yaml"}


def test_annotations_stay_within_ten_and_the_rest_is_counted(world: World) -> None:
    world.on_push()
    documents = [
        f"apiVersion: reconciler/v1\nkind: Environment\nmetadata: {{project: shop, key: e{number}}}\nspec: {{colour: a}}\n"
        for number in range(30)
    ]
    world.manifest.write_text("---\n".join(documents))
    ran = world.act("validate")
    found = ran.issued("error")
    assert len(found) == 10
    assert found[-1].message.startswith("And 21 more")
    assert [each.properties["line"] for each in found[:3]] == ["4", "9", "14"]


def test_the_most_severe_comes_first(world: World) -> None:
    world.on_push()
    world.manifest.write_text(BASE + STAGING.replace("color", "requireComments: true, color"))
    assert world.act("apply").code == 0
    text = world.manifest.read_text().replace("requireComments: true", "requireComments: false")
    world.manifest.write_text(text)
    found = world.act("plan").issued("warning")
    assert [(each.properties["title"], each.properties["line"]) for each in found] == [
        ("LDR504 guard", "9"),
        ("Loosens", "14"),
    ]
    assert found[0].message.endswith("give the apply the input allow: LDR504@Environment/shop/production")
