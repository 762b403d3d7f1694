"""Markdown for GitHub: risk first, within a budget, and no text of users can be anything else than text."""

from __future__ import annotations

import html
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.kinds.registry import load_kinds
from reconciler.model import codes
from reconciler.model.address import Address
from reconciler.model.diagnostic import Diagnostic, Position
from reconciler.model.secrets import SecretReference, Verdict
from reconciler.planning.patch import Operation
from reconciler.planning.plan import Action, Binding, Change, Guard, Outcome, Plan, Released, Status
from reconciler.rendering import markdown
from reconciler.rendering.budget import COMMENT, SUMMARY, Budget

KINDS = load_kinds()
GOLDEN = Path(__file__).parent / "golden"


def environment(key: str) -> Address:
    return Address("Environment", ("shop", key))


def update(key: str, tag: str, *, project: str = "shop", line: int = 8) -> Change:
    return Change(
        Action.UPDATE,
        Address("Environment", (project, key)),
        id="66a1f0c2d4b5e60f7a8b9c01",
        before={"name": key, "tags": ["old"]},
        after={"name": key, "tags": [tag]},
        patch=(Operation("replace", "/tags", [tag]),),
        position=Position(f"envs/{key}.yaml", line, 9),
    )


def a_plan() -> Plan:
    loosening = Change(
        Action.UPDATE,
        environment("production"),
        id="66a1f0c2d4b5e60f7a8b9c02",
        before={"critical": True, "name": "Production"},
        after={"critical": False, "name": "Production"},
        patch=(Operation("replace", "/critical", value=False),),
        position=Position("envs/production.yaml", 7, 3),
        critical=True,
        loosens=("/critical",),
    )
    secret = Change(
        Action.UPDATE,
        Address("IntegrationDeliveryConfiguration", ("shop", "production", "fastly", "Edge")),
        id="66a1f0c2d4b5e60f7a8b9c03",
        before={"name": "Edge", "config": {"storeId": "kv-1", "apiToken": "(secret)"}},
        after={"name": "Edge", "config": {"storeId": "kv-2", "apiToken": {"fromEnv": "FASTLY"}}},
        patch=(Operation("replace", "/config", {"storeId": "kv-2", "apiToken": {"fromEnv": "FASTLY"}}),),
        position=Position("edge.yaml", 9, 14),
        needs=(SecretReference("fromEnv", "FASTLY"),),
        verdicts={"/config/apiToken": Verdict.UNCHANGED},
    )
    create = Change(
        Action.CREATE,
        environment("preview"),
        after={"name": "Preview", "color": "417505"},
        position=Position("envs/preview.yaml", 1, 1),
    )
    delete = Change(
        Action.DELETE,
        environment("old"),
        id="66a1f0c2d4b5e60f7a8b9c04",
        before={},
        position=Position("envs/old.yaml", 1, 1),
        cascade=(Address("IntegrationDeliveryConfiguration", ("shop", "old", "fastly", "Edge")),),
    )
    return Plan(
        changes=(delete, loosening, create, secret, update("dev", "new"), update("test", "new")),
        guards=(
            Guard(
                codes.GUARD_DELETE,
                "Environment/shop/old would be deleted with its history and keys.",
                environment("old"),
            ),
        ),
        binding=Binding("app.launchdarkly.com", "acc-1", "0123456789abcdef"),
        against="main (0123456789ab)",
        released=(Released(environment("gone"), ("/critical",), loosens=True),),
        drift=(update("staging", "x"),),
        diagnostics=(
            Diagnostic(
                codes.UNSET_SECRET,
                "The variable FASTLY is unset or empty.",
                Position("edge.yaml", 9, 14),
                "Set it.",
            ),
        ),
        unchanged=3,
    )


@pytest.mark.parametrize("name", ["plan", "drift", "applied", "nothing"])
def test_golden(name: str) -> None:
    found = a_plan()
    texts = {
        "plan": lambda: markdown.plan(found, KINDS),
        "drift": lambda: markdown.drift(Plan(drift=found.changes[1:5], unchanged=4), KINDS),
        "applied": lambda: markdown.applied(
            found,
            [
                Outcome(found.changes[0], Status.APPLIED, attempts=2),
                Outcome(found.changes[1], Status.FAILED, error="PATCH was answered 500", attempts=5),
                Outcome(found.changes[2], Status.FAILED, error="no approvals", unprotected=True, attempts=2),
            ],
            KINDS,
            reason="partial",
        ),
        "nothing": lambda: markdown.plan(Plan(unchanged=7), KINDS),
    }
    made = texts[name]()
    assert made == (GOLDEN / f"{name}.md").read_text(encoding="utf-8")


def test_the_first_line_tells_totals_worst_account_and_commit() -> None:
    first = markdown.plan(a_plan(), KINDS).splitlines()[0]
    assert "Plan: 1 to add, 4 to change, 1 to destroy." in first
    assert "destroys" in first
    assert "acc-1" in first
    assert "0123456789ab" in first


def test_rows_come_worst_first_and_the_same_patch_in_one() -> None:
    table = markdown.plan(a_plan(), KINDS).split("|---|---|---|\n")[1].split("\n\n")[0]
    rows = table.splitlines()
    assert ["old" in rows[0], "production" in rows[1], "Edge" in rows[2], "preview" in rows[3]] == [True] * 4
    assert "**2**" in rows[4]
    assert len(rows) == 5


def large(number: int) -> Plan:
    deletes = tuple(
        Change(Action.DELETE, environment(f"gone-{index}"), id=f"{index:024x}", before={})
        for index in range(40)
    )
    updates = tuple(
        update(f"e{index}", f"tag-{index}", project=f"p{index % 97}") for index in range(number - 40)
    )
    return Plan(changes=(*deletes, *updates))


def test_a_plan_of_3000_changes_fits_with_totals_and_every_delete() -> None:
    found = large(3000)
    comment = markdown.plan(found, KINDS, budget=COMMENT, whole="The whole is in the summary.")
    summary = markdown.plan(found, KINDS, budget=SUMMARY)
    assert len(comment) <= 65_000
    assert len(summary.encode()) <= 1_000_000
    assert "Plan: 0 to add, 2960 to change, 40 to destroy." in comment
    places = [comment.index(f"gone-{index}<") for index in range(40)]
    assert places == sorted(places)
    assert max(places) < comment.index("/e0<")
    assert "more rows are left out here. The whole is in the summary." in re.sub(r"_", "", comment)


@settings(deadline=None, derandomize=True, max_examples=40, database=None)
@given(st.integers(1_000, 30_000), st.integers(60, 400))
def test_no_budget_is_exceeded(size: int, number: int) -> None:
    found = large(number)
    for budget in (Budget(characters=size), Budget(bytes=size)):
        assert budget.holds(markdown.plan(found, KINDS, budget=budget))
        assert budget.holds(markdown.drift(Plan(drift=found.changes), KINDS, budget=budget))


HOSTILE = [
    "@octocat", "fixes #1", "octo/repo#2", "`tick`", "``` fence", "|pipe|", "<script>alert(1)</script>",
    "</details>", "<!-- reconciler -->", "::error::x", "::set-output name=a::b", "line\nbreak", "\r\n::warning::x",
    "[link](https://example.com)", "![img](https://example.com/x.png)", "**bold** _em_ ~~s~~", "\u202eevil", "\x1b[31m",
    "&lt;b&gt;", "\\|", "https://example.com", "$(id)", "{{ secrets.X }}", "${{ secrets.X }}",
    "see www.example.com", "a@example.com", "mailto:a@example.com", "##[error]x", "GH-1", ":tada:", "$x$", "a $`x`$ b",
]  # fmt: skip


def hostile_plan(text: str) -> Plan:
    address = Address("IntegrationDeliveryConfiguration", ("shop", "prod", "fastly", text))
    change = Change(
        Action.UPDATE,
        address,
        id=text,
        before={"name": "x", "tags": ["a"], "config": {text: "b"}},
        after={"name": text, "tags": [text], "config": {text: text}},
        patch=(
            Operation("replace", "/config", {text: text}),
            Operation("replace", "/name", text),
            Operation("replace", "/tags", [text]),
        ),
        position=Position(text, 1, 1),
        loosens=(f"/{text}",),
        both=(f"/{text}",),
        cascade=(address,),
    )
    return Plan(
        changes=(change, Change(Action.CREATE, address, after={"name": text, "tags": [text]})),
        guards=(Guard(codes.GUARD_DELETE, text, address),),
        released=(Released(address, (f"/{text}",)),),
        drift=(change,),
        against=text,
        binding=Binding(text, text, text),
        diagnostics=(
            Diagnostic(codes.SYNTAX, text, Position(text, 1, 1), text),
            Diagnostic(codes.UNSET_SECRET, text, Position(text, 1, 1), text),
        ),
    )


def outside_of_fences(text: str) -> str:
    return re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)


def outside_of_code(text: str) -> str:
    """What GitHub looks for mentions and references in: not code, and comments split it."""
    text = re.sub(r"<code>.*?</code>", "", text, flags=re.DOTALL)
    return decoded(text)


def decoded(text: str) -> str:
    """Markdown with its character references read, and a mark wherever a comment splits it."""
    return "\0".join(html.unescape(part) for part in re.split(r"<!-- -->", text))


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_text_stays_text(text: str) -> None:
    found = hostile_plan(text)
    outcome = Outcome(found.changes[0], Status.FAILED, error=text, note=text)
    for made in (
        markdown.plan(found, KINDS),
        markdown.drift(found, KINDS),
        markdown.applied(found, [outcome], KINDS, reason="partial"),
    ):
        assert not re.search(r"^\s*::", made, flags=re.MULTILINE)
        assert "\x1b" not in made
        assert "\u202e" not in made
        assert "<script" not in made
        assert "<!-- reconciler" not in made
        assert "##[" not in made
        assert made.count("<details>") == made.count("</details>")
        assert len(re.findall(r"^```", made, flags=re.MULTILINE)) % 2 == 0
        unfenced = outside_of_fences(made)
        # To the parser a code element is HTML, and what stands in it is text like any other.
        assert not re.search(r"[a-z]@[a-z]|://", decoded(unfenced))
        assert "www." not in unfenced
        plain = outside_of_code(unfenced)
        assert not re.search(r"@\w", plain)
        assert not re.search(r"#\d", plain)
        assert not re.search(r"\bgh-\d", plain, flags=re.IGNORECASE)
        assert not re.search(r":\w+:", plain)
        assert not re.search(r"\$[^\0]*\$", plain)
        table_rows = [line for line in made.splitlines() if line.startswith("|")]
        assert all(row.count("|") in (4, 5) for row in table_rows)


@settings(deadline=None, derandomize=True, max_examples=60, database=None)
@given(st.text(max_size=40))
def test_any_text_stays_in_its_row(text: str) -> None:
    made = markdown.plan(hostile_plan(text or "x"), KINDS)
    assert all(line.count("|") == 4 for line in made.splitlines() if line.startswith("| "))
    assert made.count("<details>") == made.count("</details>")
