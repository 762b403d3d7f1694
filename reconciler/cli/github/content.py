"""The Markdown of a command: what it found or did, for the summary, the comment and the file."""

from __future__ import annotations

from dataclasses import replace

from reconciler.api import Loaded
from reconciler.cli.github.work import Work
from reconciler.kinds.registry import load_kinds
from reconciler.model.codes import Severity
from reconciler.rendering import markdown
from reconciler.rendering.budget import Budget, most_of
from reconciler.rendering.escape import code, entities


def framed(work: Work, commit: str, budget: Budget) -> str:
    """The content with a heading, and a link to the run. `commit` is the one that was looked at."""
    label = work.inputs.label
    name = f" · {code(label)}" if label else ""
    head = f"### LaunchDarkly {work.inputs.command}{name}\n\n"
    facts = [f"[Run]({work.event.run})"] if work.event.run else []
    if work.outcomes and commit:  # a plan names it itself
        facts.append(f"commit {code(commit[:12])}")
    foot = f"\n<sub>{' · '.join(facts)}</sub>\n" if facts else ""
    return head + _content(work, commit, budget.without(head + foot)) + foot


def _content(work: Work, commit: str, budget: Budget) -> str:
    kinds, run = load_kinds(), work.event.run
    whole = f"[The run's summary]({run}) has more." if run else None
    failed = f"❌ **{_failure(work)}** {entities(work.error, 2_000)}\n\n" if work.error else ""
    budget = budget.without(failed)
    if work.loaded is not None:
        return failed + _validated(work.loaded, budget)
    if work.plan is None:
        return failed
    if work.inputs.command == "drift":
        return failed + markdown.drift(work.plan, kinds, budget=budget)
    if work.outcomes:
        done = replace(work.plan, guards=())  # those were lifted
        reason = work.reason
        return failed + markdown.applied(
            done, work.outcomes, kinds, budget=budget, reason=reason, whole=whole
        )
    return failed + markdown.plan(work.plan, kinds, budget=budget, commit=commit or None, whole=whole)


def _failure(work: Work) -> str:
    done = "Not applied" if work.inputs.command == "apply" else f"No {work.inputs.command}"
    return f"{done} ({work.reason})."


def _validated(loaded: Loaded, budget: Budget) -> str:
    order = list(Severity)
    found = sorted(loaded.diagnostics, key=lambda each: order.index(each.severity))
    errors = sum(each.severity is Severity.ERROR for each in found)
    if errors:
        head = f"❌ **{errors} {'error' if errors == 1 else 'errors'}.**\n\n"
    else:
        head = f"✅ **Valid:** {len(loaded.declared)} resources in {loaded.files} files.\n\n"
    lines = [
        f"- {each.severity} {each.code}: {code(str(each.position)) if each.position else ''} "
        f"{entities(each.message)} {entities(each.hint)}\n"
        for each in found
    ]
    return head + most_of(lines, budget.without(head), lambda left: f"- and {left} more\n")
