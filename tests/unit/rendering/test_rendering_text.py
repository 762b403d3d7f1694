"""Plans, findings and outcomes as people read them."""

from __future__ import annotations

import unicodedata
from typing import Any

import pytest

from reconciler.kinds.registry import load_kinds
from reconciler.model import codes
from reconciler.model.address import Address
from reconciler.model.diagnostic import Diagnostic, Position
from reconciler.model.secrets import Verdict
from reconciler.planning.patch import Operation
from reconciler.planning.plan import Action, Change, Guard, Outcome, Plan, Status
from reconciler.rendering import lines, text

PROJECT = Address("Project", ("p",))
E = Address("Environment", ("p", "e"))
EDGE = Address("IntegrationDeliveryConfiguration", ("p", "e", "fastly", "Edge store"))
TOKEN = {"fromEnv": "FASTLY_API_TOKEN"}


def shown(plan: Plan) -> str:
    return lines.plain(text.plan(plan, load_kinds()))


def update(before: Any, after: Any, *operations: Operation, address: Address = E, **more: Any) -> Change:
    return Change(Action.UPDATE, address, id="id-1", before=before, after=after, patch=operations, **more)


def test_a_whole_plan() -> None:
    delete = Change(
        Action.DELETE,
        Address("Environment", ("p", "old")),
        id="66a1f0c2d4b5e60f7a8b9c03",
        position=Position("old.yaml", 1, 1),
        cascade=(Address("IntegrationDeliveryConfiguration", ("p", "old", "fastly", "Edge")),),
    )
    loosening = update(
        {"name": "E", "tags": ["a", "b"], "approvalSettings": {"required": True, "minNumApprovals": 1}},
        {"name": "E", "tags": ["c", "b"], "approvalSettings": {"required": False, "minNumApprovals": 2}},
        Operation("replace", "/approvalSettings/minNumApprovals", 2),
        Operation("replace", "/approvalSettings/required", False),
        Operation("replace", "/tags", ["c", "b"]),
        loosens=("/approvalSettings/required",),
        position=Position("env/e.yaml", 7, 3),
    )
    create = Change(
        Action.CREATE,
        Address("Environment", ("new", "x")),
        after={"name": "X", "color": "417505"},
        via=Address("Project", ("new",)),
    )
    assert (
        shown(Plan((delete, loosening, create), unchanged=5))
        == """\
LaunchDarkly will be changed like this:
  + create
  ~ update in place
  - destroy

  - Environment/p/old will be destroyed
      old.yaml:1:1
      id 66a1f0c2d4b5e60f7a8b9c03
      - IntegrationDeliveryConfiguration/p/old/fastly/Edge goes with it

  ~ Environment/p/e will be updated
      env/e.yaml:7:3
      ! loosens protection: approvalSettings.required
      ~ approvalSettings.minNumApprovals: 1 -> 2
      ~ approvalSettings.required: true -> false
      ~ tags: +"c" -"a"
        # 1 unchanged field hidden

  + Environment/new/x will be created, together with Project/new
      + name: "X"
      + color: "417505"

Plan: 1 to add, 1 to change, 1 to destroy. 5 unchanged.
"""
    )


def test_a_config_shows_what_differs_and_what_is_known_of_its_secrets() -> None:
    change = update(
        {"name": "Edge store", "config": {"storeId": "kv-1", "apiToken": "(secret)"}},
        {"name": "Edge store", "config": {"storeId": "kv-2", "apiToken": TOKEN, "region": "eu"}},
        Operation("replace", "/config", {"storeId": "kv-2", "apiToken": TOKEN, "region": "eu"}),
        address=EDGE,
        verdicts={"/config/apiToken": Verdict.CHANGED},
    )
    assert (
        shown(Plan((change,)))
        == """\
LaunchDarkly will be changed like this:
  ~ update in place

  ~ IntegrationDeliveryConfiguration/p/e/fastly/Edge store will be updated
      ~ config.apiToken: (secret) -> (secret from variable FASTLY_API_TOKEN)  (changed)
      + config.region: "eu"
      ~ config.storeId: "kv-1" -> "kv-2"
        # 1 unchanged field hidden

Plan: 0 to add, 1 to change, 0 to destroy.
"""
    )


def test_a_delete_that_takes_many_along_lists_some() -> None:
    below = tuple(Address("Environment", ("p", f"e{number:02}")) for number in range(25))
    said = shown(Plan((Change(Action.DELETE, PROJECT, id="i", cascade=below),)))
    assert said.count("goes with it") == 20
    assert "      - and 5 more\n" in said


def test_a_passenger_of_a_delete_says_whose() -> None:
    change = Change(Action.DELETE, E, id="i", via=PROJECT)
    assert "- Environment/p/e will be destroyed, by the delete of Project/p\n" in shown(Plan((change,)))


@pytest.mark.parametrize(
    ("unchanged", "said"),
    [
        (0, "No changes.\n"),
        (1, "1 resource read, all as declared.\nNo changes.\n"),
        (3, "3 resources read, all as declared.\nNo changes.\n"),
    ],
)
def test_nothing_to_do_ends_with_no_changes(unchanged: int, said: str) -> None:
    assert shown(Plan(unchanged=unchanged)) == said


def test_errors_are_never_summed_up_as_no_changes() -> None:
    assert shown(Plan(diagnostics=(Diagnostic(codes.UNREAD, "unread"),))) == ""


def test_a_guard_says_what_stands_against_it_and_what_lifts_it() -> None:
    guard = Guard(codes.GUARD_DELETE, "Environment/p/e would be deleted.", E)
    said = shown(Plan((Change(Action.DELETE, E, id="i"),), guards=(guard,)))
    *_, totals, blank, blocked, lifted = said.splitlines()
    assert (totals, blank) == ("Plan: 0 to add, 0 to change, 1 to destroy.", "")
    assert blocked == "Blocked by LDR501: Environment/p/e would be deleted."
    assert lifted.endswith(" --allow LDR501@Environment/p/e")


def test_findings_have_place_severity_code_and_hint() -> None:
    found = [
        Diagnostic(codes.UNREAD, "it could not be read.", Position("a.yaml", 3, 5), "Ask again."),
        Diagnostic(codes.TWIN, "a twin.", Position("dir")),
        Diagnostic(codes.CREATE_ONLY, "set once."),
    ]
    assert lines.plain(text.findings(found)) == (
        "a.yaml:3:5: error LDR401: it could not be read.\n"
        "    Ask again.\n"
        "dir: warning LDR411: a twin.\n"
        "info LDR410: set once.\n"
    )
    assert text.count_of_findings(found) == "1 error, 1 warning"
    assert text.count_of_findings(found[2:]) == ""
    assert text.count_of_findings(found[:1] * 2) == "2 errors"


@pytest.mark.parametrize(
    ("document", "said"),
    [
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        ('a"b', '"a\\"b"'),
        ("naïve", '"naïve"'),
        ([], "[]"),
        ({}, "{}"),
        ({"a": [1, None], "b": {"c": "d"}}, '{"a": [1, null], "b": {"c": "d"}}'),
        (TOKEN, "(secret from variable FASTLY_API_TOKEN)"),
        ({"fromFile": "keys/fastly"}, "(secret from file keys/fastly)"),
        ({"token": TOKEN}, '{"token": (secret from variable FASTLY_API_TOKEN)}'),
        (TOKEN | {"other": 1}, '{"fromEnv": "FASTLY_API_TOKEN", "other": 1}'),
    ],
)
def test_values_stand_as_json_and_secrets_as_where_they_come_from(document: Any, said: str) -> None:
    assert lines.value(document) == said


EVIL = "x\x1b[2J\n\r\u202e\u2066\u200b\u2028\x85\x00"


def test_no_foreign_text_can_move_the_cursor_forge_a_line_or_hide() -> None:
    address = Address("Environment", ("p", EVIL))
    before = {EVIL: EVIL, "tags": [EVIL]}
    after = {EVIL: [EVIL, {EVIL: EVIL}], "tags": ["a"]}
    change = update(
        before,
        after,
        Operation("replace", "/" + EVIL, after[EVIL]),
        Operation("replace", "/tags", ["a"]),
        address=address,
        position=Position(EVIL, 1, 1),
        loosens=("/" + EVIL,),
        both=("/" + EVIL,),
    )
    delete = Change(Action.DELETE, address, id=EVIL, cascade=(address,), via=address)
    create = Change(Action.CREATE, address, after={"name": EVIL, "token": {"fromFile": EVIL}})
    found = Diagnostic(codes.UNREAD, EVIL, Position(EVIL, 1, 1), EVIL, address)
    guard = Guard(codes.GUARD_DELETE, EVIL, address)
    plan = Plan((change, delete, create), guards=(guard,), drift=(change,))
    failed = Outcome(change, Status.FAILED, error=EVIL, note=EVIL, unprotected=True)
    pieces = [
        *text.plan(plan, load_kinds()),
        *text.findings([found]),
        text.outcome(failed),
        *text.summary([failed]),
    ]
    for spans in pieces:
        for span in spans:
            assert not [char for char in span.text if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp")]


def became(status: Status, **more: Any) -> Outcome:
    return Outcome(Change(Action.UPDATE, E), status, **more)


@pytest.mark.parametrize(
    ("outcome", "said"),
    [
        (became(Status.APPLIED), "  ~ Environment/p/e updated\n"),
        (Outcome(Change(Action.CREATE, PROJECT), Status.APPLIED), "  + Project/p created\n"),
        (Outcome(Change(Action.DELETE, E), Status.APPLIED), "  - Environment/p/e destroyed\n"),
        (became(Status.APPLIED, note="it is so already"), "  ~ Environment/p/e updated: it is so already\n"),
        (became(Status.FAILED, error="no"), "  ~ Environment/p/e failed: no\n"),
        (became(Status.SKIPPED, error="above"), "  ~ Environment/p/e skipped: above\n"),
        (became(Status.CONFLICT, error="moved"), "  ~ Environment/p/e conflict: moved\n"),
        (became(Status.UNKNOWN, error="lost"), "  ~ Environment/p/e unknown: lost\n"),
        (
            became(Status.FAILED, error="no", unprotected=True),
            "  ~ Environment/p/e failed, unprotected: no\n",
        ),
    ],
)
def test_an_outcome_is_one_line(outcome: Outcome, said: str) -> None:
    assert lines.plain([text.outcome(outcome)]) == said


def test_the_summary_counts_what_was_done() -> None:
    done = [
        Outcome(Change(Action.CREATE, PROJECT), Status.APPLIED),
        Outcome(Change(Action.CREATE, E), Status.APPLIED),
        became(Status.APPLIED),
    ]
    assert lines.plain(text.summary(done)) == (
        "Apply complete! Resources: 2 added, 1 changed, 0 destroyed.\n"
    )


def test_the_summary_names_first_what_stands_unprotected_and_counts_what_is_not_done() -> None:
    outcomes = [
        became(Status.APPLIED),
        became(Status.SKIPPED),
        Outcome(Change(Action.CREATE, E), Status.FAILED, error="no approvals", unprotected=True),
        became(Status.UNKNOWN),
        became(Status.SKIPPED),
    ]
    assert lines.plain(text.summary(outcomes)) == (
        "Environment/p/e stands unprotected: no approvals\n"
        "Apply incomplete: Resources: 0 added, 1 changed, 0 destroyed; 1 failed, 2 skipped, 1 unknown.\n"
        "  ~ Environment/p/e skipped\n"
        "  ~ Environment/p/e unknown\n"
        "  ~ Environment/p/e skipped\n"
        "What is not done stands in the plan again: run plan, then apply.\n"
    )
