"""What only meets the eye when the manifests meet the live side, as diagnostics."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.model import codes
from reconciler.model.codes import Code
from reconciler.model.diagnostic import Diagnostic, Position
from reconciler.model.document import Document, Json, Missing, lookup, pointer, tokens
from reconciler.model.shape import Shape
from reconciler.model.state import Declared, Live, Observed


def found(
    code: Code, declared: Declared, message: str, hint: str, position: Position | None = None
) -> Diagnostic:
    """A diagnostic about a declared resource, by default at its first key."""
    return Diagnostic(code, message, position or declared.start, hint, declared.address)


def spec_name(path: str) -> str:
    """A field as people name it: `spec.approvalSettings.required`."""
    return ".".join(("spec", *tokens(path)))


def inherited_exclusions(declared: Declared, after: Document, shape: Shape) -> Iterator[Diagnostic]:
    """Fields that exclude each other in what live would become, one of them not declared.

    Nothing that is not declared is switched off to make a patch legal.
    """
    for one, other in _exclusions(after, shape, ()):
        declares = [
            path for path in (one, other) if not isinstance(lookup(declared.document, pointer(path)), Missing)
        ]
        if len(declares) != 1:
            continue  # both: an error of the manifest; none: not ours
        mine = declares[0]
        theirs = other if mine == one else one
        off = "[]" if isinstance(lookup(after, pointer(theirs)), Sequence) else "false"
        yield found(
            codes.INHERITED_EXCLUSION,
            declared,
            f"{spec_name(pointer(mine))} can't stand beside {theirs[-1]}, which is set on the live {declared.address} "
            "and not declared here.",
            f"Declare {theirs[-1]}: {off} as well, so that one patch switches from one to the other.",
            declared.place(pointer(mine)),
        )


def _exclusions(
    document: Mapping[str, Json], shape: Shape, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], tuple[str, ...]]]:
    for name, member in shape.members.items():
        value = document.get(name)
        rule = member.excludes
        if rule is not None and rule.when == "active" and value and lookup(document, rule.other):
            yield (*path, name), (*path, *tokens(rule.other))
        if isinstance(value, Mapping):
            yield from _exclusions(value, member, (*path, name))


def missing_features(
    declared: Declared, observed: Observed, live: Live, shape: Shape
) -> Iterator[Diagnostic]:
    """Declared fields of a feature that the account shows not to have."""
    for name in declared.document:
        feature = shape.member(name).feature
        if feature is None:
            continue
        witnesses = (
            (observed,)
            if observed.present
            else tuple(seen for seen in live.seen() if seen.address.kind == declared.address.kind)
        )
        if witnesses and all(witness.document.get(name) is None for witness in witnesses):
            yield found(
                codes.NO_FEATURE,
                declared,
                f"spec.{name} can't be set: this account does not have {feature}, "
                f"since LaunchDarkly shows no {name} on {witnesses[0].address}.",
                f"Leave {name} out, or have the feature enabled for the account.",
                declared.place(pointer((name,))),
            )


def create_only_fields(declared: Declared, shape: Shape) -> Iterator[Diagnostic]:
    """A line for each declared field that an existing resource no longer takes."""
    for name in declared.document:
        member = shape.member(name)
        if member.create_only:
            unseen = (
                ", and LaunchDarkly does not show it, so that it can't be compared"
                if member.write_only
                else ""
            )
            yield found(
                codes.CREATE_ONLY,
                declared,
                f"spec.{name} is set by a create only{unseen}; {declared.address} exists already.",
                "",
                declared.place(pointer((name,))),
            )


def lost_by_whole_write(
    declared: Declared, after: Document, live: Document, shape: Shape
) -> Iterator[Diagnostic]:
    """Live values that a whole write would lose: secrets that nothing declares and masks hide."""
    for name, value in declared.document.items():
        member = shape.member(name)
        will, was = after.get(name), live.get(name)
        if not (member.atomic and isinstance(value, Mapping)) or will is was:
            continue
        if not (isinstance(will, Mapping) and isinstance(was, Mapping)):
            continue
        lost = sorted(inner for inner in was if inner not in value and member.member(inner).secret)
        if lost:
            yield found(
                codes.WOULD_DROP,
                declared,
                f"{declared.address} differs in spec.{name}, which is written whole, and live also holds "
                f"{', '.join(lost)}, which this manifest does not declare and whose values can't be read back.",
                f"Declare {', '.join(lost)} as well.",
                declared.positions.key("/spec" + pointer((name,))),
            )
