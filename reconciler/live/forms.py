"""The forms that a PATCH is sent in, and which of them the service was seen to refuse.

A comment around the operations and `test` operations before them are documented in general, and for no
single kind, so a service may refuse either. It is noticed once, by a simpler form that is taken where the
fuller one was not: a refusal alone may be about what the patch says.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Final

NO_COMMENT: Final = "The service refuses patches with a comment, so they go without."
NO_TESTS: Final = "The service refuses test operations here, so patches go without preconditions."


@dataclass(frozen=True, slots=True)
class Form:
    """How one PATCH is sent."""

    comment: str = ""
    tests: bool = False


@dataclass
class Forms:
    """The form that patches have by now."""

    best: Form
    notices: list[str] = field(default_factory=list)
    """What was learnt about the service on the way, each once."""

    def simpler(self, tried: Collection[Form]) -> Form | None:
        """The fullest form that was not tried yet, beginning with what is known to be taken."""
        return next((form for form in self._candidates(tried) if form not in tried), None)

    def _candidates(self, tried: Collection[Form]) -> Iterator[Form]:
        yield self.best
        for full in list(tried)[:1]:
            yield Form("", full.tests)
            yield Form(full.comment, tests=False)
            yield Form()

    def taken(self, form: Form) -> None:
        """Note that a PATCH of this form was taken where the ones before it were refused."""
        if self.best.comment and not form.comment:
            self.notices.append(NO_COMMENT)
        if self.best.tests and not form.tests:
            self.notices.append(NO_TESTS)
        self.best = Form(self.best.comment and form.comment, self.best.tests and form.tests)
