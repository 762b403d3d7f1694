"""One manifest, checked: everything that can be told of it alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from reconciler.manifest.concealed import conceals, secret_findings, with_paths_from
from reconciler.manifest.envelope import Envelope, read_envelope
from reconciler.manifest.exclusions import exclusion_findings
from reconciler.manifest.findings import Finding, Rank, one_for_each
from reconciler.manifest.parsed import Parsed
from reconciler.manifest.spec import Look, spec_findings
from reconciler.manifest.unseen import unseen_characters
from reconciler.manifest.wording import sort_of
from reconciler.model import codes
from reconciler.model.address import Address
from reconciler.model.diagnostic import Diagnostic, Position, has_errors
from reconciler.model.document import Json
from reconciler.model.kind import Kind, Kinds
from reconciler.model.shape import Shape
from reconciler.model.state import Declared, Positions


@dataclass(frozen=True, slots=True)
class Checked:
    """What became of a manifest."""

    kind: Kind | None
    address: Address | None
    """`None` where it can't be told."""
    absent: bool | None
    """Whether it is a tombstone; `None` where it can't be told."""
    id: str | None
    declared: Declared | None
    """The resource, where nothing is wrong with it."""
    document: Mapping[str, Json]
    """The spec as far as it is a mapping, right or wrong."""
    positions: Positions
    diagnostics: tuple[Diagnostic, ...]


def check(parsed: Parsed, kinds: Kinds, *, folder: str, directory: str) -> Checked:
    """Checks one document that is ours.

    `folder` is the manifest's own, from which the paths in it start; `directory` is the working
    directory, from which those of the result do.
    """
    positions = parsed.positions
    envelope = read_envelope(parsed, kinds)
    root = parsed.value
    spec = root.get("spec") if isinstance(root, Mapping) else None
    document = spec if isinstance(spec, Mapping) else {}
    findings = [*envelope.findings, *_spec(envelope, root, document, parsed)]
    said: list[Diagnostic] = []
    if (
        envelope.kind is not None
        and envelope.address is not None
        and not envelope.absent
        and document is spec
    ):
        meant = Declared(envelope.address, document, positions, id=envelope.id)
        said = list(envelope.kind.check(meant))
    diagnostics = [*parsed.faults, *parsed.own_faults]
    diagnostics += _merged(findings, said, parsed, envelope.address)
    # Where something else is wrong with a text already, that finding shows it escaped.
    taken = {found.position for found in diagnostics}
    diagnostics += [found for found in unseen_characters(root, positions) if found.position not in taken]
    declared = None
    if envelope.address is not None and not has_errors(diagnostics):
        kept = {} if envelope.absent else with_paths_from(document, folder, directory)
        declared = Declared(
            envelope.address,
            kept if isinstance(kept, Mapping) else {},
            positions,
            absent=bool(envelope.absent),
            id=envelope.id,
        )
    return Checked(
        envelope.kind,
        envelope.address,
        envelope.absent,
        envelope.id,
        declared,
        document,
        positions,
        tuple(diagnostics),
    )


def _spec(envelope: Envelope, root: Json, document: Mapping[str, Json], parsed: Parsed) -> Iterator[Finding]:
    kind = envelope.kind
    if kind is None or not isinstance(root, Mapping) or "spec" not in root:
        return
    spec = root["spec"]
    if spec is None and envelope.absent is False:
        message = "spec is empty."
        hint = "Declare a field; `spec: {}` manages nothing of the resource but that it is there."
        yield Finding(codes.MISSING_FIELD, "/spec", message, hint, at_key=True)
    elif spec is not None and not isinstance(spec, Mapping):
        message = f"spec must be a mapping, but it is {sort_of(spec)}."
        yield Finding(codes.WRONG_TYPE, "/spec", message, "Write each field on a line of its own, indented.")
    elif spec is not None and not envelope.absent:
        yield from _fields(kind, envelope, document, parsed)


def _fields(
    kind: Kind, envelope: Envelope, document: Mapping[str, Json], parsed: Parsed
) -> Iterator[Finding]:
    shape = _shape(kind, envelope)
    look = Look(parsed.raw, lambda path: shape is None or conceals(shape, path), incomplete=parsed.incomplete)
    findings = [*spec_findings(kind, document, look)]
    if shape is not None:
        findings += secret_findings(document, shape)
    wrong = parsed.settled | {finding.about for finding in findings}
    yield from findings
    yield from exclusion_findings(document, shape or kind.own_shape, parsed.positions, wrong)


def _shape(kind: Kind, envelope: Envelope) -> Shape | None:
    """The shape of the spec; `None` where it depends on an address that can't be told."""
    if envelope.address is not None:
        return kind.shape(envelope.address)
    return kind.own_shape if kind.refine is None else None


def _merged(
    findings: Iterable[Finding], said: Iterable[Diagnostic], parsed: Parsed, address: Address | None
) -> Iterator[Diagnostic]:
    """Our findings and the kind's, one for each mistake: of two about one value the more specific."""
    positions = parsed.positions
    ours = list(findings)
    if said and (ours or parsed.settled):
        ours, said = _without_repetition(ours, list(said), parsed)
    for finding in one_for_each(ours, parsed.settled):
        yield finding.diagnostic(positions, address)
    yield from said


_ABOUT_WHAT_LACKS = frozenset({codes.MISSING_FIELD, codes.MISSING_VARIABLE})


def _without_repetition(
    ours: list[Finding], said: list[Diagnostic], parsed: Parsed
) -> tuple[list[Finding], list[Diagnostic]]:
    # A kind's findings have a place and no pointer. What a mapping lacks is found at the place of the
    # mapping, and repeats nothing that is found there.
    positions = parsed.positions
    better: set[Position] = set()
    for pointer in (*parsed.settled, *(finding.about for finding in ours if finding.rank < Rank.KIND)):
        better |= {positions.key(pointer), positions.value(pointer)}
    kept = [found for found in said if found.code in _ABOUT_WHAT_LACKS or found.position not in better]
    places = {found.position for found in kept if found.code not in _ABOUT_WHAT_LACKS}
    rest = [
        finding
        for finding in ours
        if finding.rank < Rank.KIND
        or finding.place is not None
        or not places & {positions.key(finding.about), positions.value(finding.about)}
    ]
    return rest, kept
