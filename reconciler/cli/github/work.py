"""The four commands as the Action carries them out: the command line's own, with the platform's rules."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import click

from reconciler import api
from reconciler.api import Loaded, Target
from reconciler.cli import options
from reconciler.cli.apply import allowances, exit_code, expected
from reconciler.cli.exits import Exit
from reconciler.cli.github.client import GitHub
from reconciler.cli.github.event import Event
from reconciler.cli.github.head import confirm
from reconciler.cli.github.inputs import Inputs
from reconciler.cli.plan import made
from reconciler.cli.terminal import Terminal
from reconciler.kinds.registry import load_kinds
from reconciler.model.diagnostic import has_errors, in_order
from reconciler.model.errors import NoToken, ReconcilerError, UsageError
from reconciler.planning.plan import Outcome, Plan
from reconciler.rendering import text
from reconciler.rendering.lines import Span, line

UNTRUSTED: Final = {
    "fork": "This pull request comes from a fork",
    "Dependabot": "This pull request comes from Dependabot",
}
"""How a sentence about a pull request that is not trusted begins."""


@dataclass
class Work:
    """One command and what has become of it so far; `run` never raises what a user can cause."""

    inputs: Inputs
    event: Event
    github: GitHub | None
    environment: MutableMapping[str, str]
    files: Path
    """Where the plan is saved, where the inputs don't say."""
    exit: Exit = Exit.ERROR
    error: str = ""
    """Why the command ended early, as a sentence."""
    plan: Plan | None = None
    loaded: Loaded | None = None
    """What `validate` read."""
    outcomes: tuple[Outcome, ...] = ()
    writing: bool = False
    """Whether something may have been written."""
    saved: Path | None = None
    notices: list[str] = field(default_factory=list)
    _shown: Terminal = field(default_factory=Terminal)

    @property
    def reason(self) -> str:
        """The `failure-reason`."""
        return self.exit.reason

    def run(self) -> None:
        """Carries the command out."""
        try:
            with click.Context(click.Command("action")):
                self.exit = Exit(self._run())
        except ReconcilerError as error:
            self.exit, self.error = options.exit_of(error), str(error)
            self._shown.say([line(Span("Error: ", "error"), str(error))])
        except KeyboardInterrupt:
            self.interrupted()

    def interrupted(self) -> None:
        """Somebody ended the run the hard way."""
        self.exit = Exit.PARTIAL if self.writing else Exit.INTERRUPTED
        so_far = "what was in flight may have been written" if self.writing else "nothing was written"
        self.error = f"The run was interrupted; {so_far}."

    def _run(self) -> int:
        if self.event.untrusted and not self.inputs.sandbox:
            self._distrust()
        match self.inputs.command:
            case "validate":
                return self._validate()
            case "plan":
                return self._plan()
            case "apply":
                return self._apply()
            case "drift":
                return self._drift()

    def _distrust(self) -> None:
        """On a pull request of somebody else no token is used, and no reference to a secret resolved."""
        who = UNTRUSTED[self.event.untrusted]
        if self.inputs.command in ("apply", "drift"):
            raise UsageError(
                f"Nothing was done: {self.event.untrusted} pull requests are not trusted with access to LaunchDarkly, "
                f"which {self.inputs.command} needs."
            )
        if self.environment.pop(options.TOKEN_VARIABLE, "").strip():
            self.notices.append(f"{who}, so the LaunchDarkly token is not used.")

    def _validate(self) -> int:
        paths = options.given(self.inputs.paths)
        # Whether a secret has a value is none of an untrusted author's business.
        self.loaded = api.load(paths) if self.event.untrusted else api.validate(paths)
        self._shown.out(text.findings(self.loaded.diagnostics))
        return Exit.ERROR if has_errors(self.loaded.diagnostics) else Exit.OK

    def _plan(self) -> int:
        if not self.event.for_pull_request and not self._has_access():
            raise NoToken(
                "There is no LaunchDarkly token, and outside of pull requests a plan needs one: "
                "set the input token, for example to a secret of this environment."
            )
        if self.inputs.against is None and not self._has_access():
            raise NoToken(
                "There is no LaunchDarkly token, and without one a plan can only compare with earlier manifests: "
                "set the input against, for example to origin/main, or the input token."
            )
        found = self.plan = made(
            options.given(self.inputs.paths),
            self._target,
            self._flags(),
            self._shown,
            against=self.inputs.against,
            bind=True,
        )[0]
        self._show(found)
        if found.live and not found.has_errors:
            path = self.inputs.plan_file or self.files / "plan.json"
            api.save(found, path)
            self.saved = path.absolute()
        if found.has_errors:
            return Exit.ERROR
        return Exit.CHANGES if self.inputs.detailed_exitcode and found.changes else Exit.OK

    def _apply(self) -> int:
        allowed = allowances(self.inputs.allow)
        if not self._has_access():
            raise NoToken("There is no LaunchDarkly token, and apply needs one: set the input token.")
        target: Target | None
        if self.inputs.plan_file is not None:
            if self.inputs.against is not None:
                raise UsageError("A saved plan knows what it was compared with; leave out against.")
            found = self.plan = api.read_plan(self.inputs.plan_file)
            expected(found, self.inputs.expect)
            api.check(found, allow=allowed)
            target = options.configured(self._target(), options.settled((), self._flags()).settings)
            found = api.refresh(found, target)
        else:
            found, target = made(
                options.given(self.inputs.paths),
                self._target,
                self._flags(),
                self._shown,
                against=self.inputs.against,
            )
            self.plan = found
            expected(found, self.inputs.expect)
        self._show(found)
        if target is None or found.has_errors or not found.changes:
            return Exit.ERROR if found.has_errors else Exit.OK
        api.check(found, allow=allowed)
        confirm(self.event, self.github)  # the last thing before the first write
        return self._write(found, target)

    def _write(self, found: Plan, target: Target) -> int:
        interrupted: list[bool] = []
        self.writing = True
        self.outcomes = api.apply(
            found,
            target,
            allow=allowances(self.inputs.allow),
            on_outcome=lambda became: self._shown.say([text.outcome(became)]),
            on_notice=self._shown.note,
            on_interrupt=lambda: interrupted.append(True),
        )
        self._shown.out(text.summary(self.outcomes))
        return exit_code(self.outcomes, interrupted=bool(interrupted))

    def _drift(self) -> int:
        paths = options.given(self.inputs.paths)
        manifests = api.load(paths)
        settings = options.settled(paths, self._flags())
        diagnostics = in_order([*manifests.diagnostics, *settings.diagnostics])
        if has_errors(diagnostics):
            found = Plan(diagnostics=diagnostics, live=False)
        else:
            target = options.configured(self._target(), settings.settings)
            found = api.drift(manifests, target, settings=settings.settings)
        self.plan = found
        self._shown.findings(found.diagnostics)
        if found.has_errors:
            return Exit.ERROR
        self._shown.out(
            [*text.drift(found.drift, load_kinds()), text.drift_summary(found.drift, found.unchanged)]
        )
        return Exit.CHANGES if self.inputs.detailed_exitcode and found.drift else Exit.OK

    def _show(self, found: Plan) -> None:
        """The plan in the log."""
        self._shown.findings(found.diagnostics)
        self._shown.out(text.plan(found, load_kinds()))

    def _has_access(self) -> bool:
        return self.inputs.sandbox or bool(self.environment.get(options.TOKEN_VARIABLE, "").strip())

    def _target(self) -> Target:
        return options.opened(
            host=None if self.inputs.sandbox else self.inputs.host,
            token_file=None,
            sandbox=self.inputs.sandbox,
            sandbox_state=None,
            shown=self._shown,
        )

    def _flags(self) -> dict[str, float | int | None]:
        return {"timeout": self.inputs.timeout}


def moved_to(folder: Path) -> None:
    """Makes it the working directory. Raises `UsageError`."""
    try:
        os.chdir(folder)
    except OSError as error:
        raise UsageError(f"The input working-directory {folder} can't be used ({error.strerror}).") from None
