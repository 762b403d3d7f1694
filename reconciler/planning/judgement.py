"""What can be said of secrets without showing them: verdicts by pointer, and what has no value here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from reconciler.model import codes
from reconciler.model.address import Address
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.document import MISSING, Document, Json, Missing, pointer
from reconciler.model.secrets import Resolve, SecretReference, Verdict, as_reference, compare
from reconciler.model.state import Declared
from reconciler.planning.rebase import Judge


def judge_with(resolve: Resolve) -> Judge:
    """How rebase learns whether a secret has changed."""

    def judge(reference: SecretReference, live: Json | Missing) -> Verdict:
        present = not isinstance(live, Missing)
        return compare(resolve(reference).value, None if isinstance(live, Missing) else live, present=present)

    return judge


def referred(document: Json, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], SecretReference]]:
    """Every secret reference in a document, with the path to it."""
    reference = as_reference(document)
    if reference is not None:
        yield path, reference
    elif isinstance(document, Mapping):
        for name, value in document.items():
            yield from referred(value, (*path, name))
    elif isinstance(document, Sequence) and not isinstance(document, str):
        for index, value in enumerate(document):
            yield from referred(value, (*path, str(index)))


def verdicts(wanted: Document, live: Document, judge: Judge) -> dict[str, Verdict]:
    """For every secret that is declared, what the live document proves about it, by pointer."""
    found: dict[str, Verdict] = {}
    for name, value in wanted.items():
        was = live.get(name, MISSING)
        for path, reference in referred(value, (name,)):
            inner: Json | Missing = was
            for token in path[1:]:
                inner = inner.get(token, MISSING) if isinstance(inner, Mapping) else MISSING
            found[pointer(path)] = judge(reference, inner)
    return found


def unset(
    desired: Iterable[Declared],
    resolve: Resolve,
    needed: Mapping[tuple[Address, SecretReference], str] | None = None,
) -> Iterator[Diagnostic]:
    """A warning for every declared reference that has no value here.

    `needed` tells what apply would do with a reference of a resource; `None` where nothing is planned yet.
    """
    for declared in desired:
        if declared.absent:
            continue
        for path, reference in referred(declared.document):
            resolution = resolve(reference)
            if resolution.value is not None:
                continue
            use = None if needed is None else needed.get((declared.address, reference))
            if needed is None:
                consequence = "Whatever writes it will refuse to start without it"
            elif use:
                consequence = f"It is needed by apply, which {use} and refuses to start without it"
            else:
                consequence = "This plan does not write it; whether it has changed can't be seen"
            kind = "variable" if reference.source == "fromEnv" else "file"
            yield Diagnostic(
                codes.UNSET_SECRET,
                f"The {kind} {reference.name} {resolution.reason}. {consequence}.",
                declared.place(pointer(path)),
                f"Set it where apply runs; {'plan' if needed is not None else 'validate'} needs no value.",
                declared.address,
            )
