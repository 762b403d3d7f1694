"""Steps: what becomes of one declared resource, given what was observed of it. Blind to what kinds there are."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from reconciler.model import codes
from reconciler.model.address import Address
from reconciler.model.diagnostic import Diagnostic
from reconciler.model.document import MISSING, Document, lookup, pointer, same
from reconciler.model.kind import Kind, Kinds, ancestors
from reconciler.model.secrets import Verdict, references
from reconciler.model.settings import PatchForms
from reconciler.model.shape import Shape, divided
from reconciler.model.state import Declared, Live, Observed, Presence
from reconciler.planning import checks, creation, removal
from reconciler.planning.checks import found
from reconciler.planning.judgement import verdicts
from reconciler.planning.patch import needs_of, patch, verified
from reconciler.planning.plan import Action, Change, FieldPlace
from reconciler.planning.rebase import Judge, project, rebase, with_references
from reconciler.planning.risk import loosened


@dataclass
class Steps:
    """Collects changes and findings, one declared resource after the other."""

    desired: Mapping[Address, Declared]
    """Everything that is declared, whether it is planned here or only stands around."""
    live: Live
    kinds: Kinds
    judge: Judge
    forms: PatchForms
    coming: frozenset[Address] = frozenset()
    """What is declared to be there once the plan is applied."""
    looking: bool = False
    """Whether differences are only to be seen: what would keep them from being written is no matter."""
    changes: list[Change] = field(default_factory=list)
    diagnostics: list[Diagnostic] = field(default_factory=list)
    unchanged: int = 0

    def add(self, declared: Declared) -> None:
        """Plan one declared resource."""
        kind = self.kinds[declared.address.kind]
        observed = self.live[declared.address]
        match observed.presence:
            case Presence.UNKNOWN:
                self._report(
                    found(
                        codes.UNREAD,
                        declared,
                        f"{declared.address} could not be read, so nothing is planned for it. {observed.reason}",
                        "Nothing is applied while something that the manifests declare can't be read.",
                    )
                )
            case Presence.AMBIGUOUS:
                self._report(_ambiguous(declared, observed))
            case Presence.ABSENT if declared.absent:
                self.unchanged += 1
                self._report(removal.already_absent(declared))
            case Presence.ABSENT:
                self._create(declared, kind)
            case Presence.PRESENT if declared.absent:
                self._delete(declared, observed, kind)
            case Presence.PRESENT:
                self._update(declared, observed, kind)

    def _report(self, *diagnostics: Diagnostic) -> bool:
        self.diagnostics.extend(diagnostics)
        return bool(diagnostics)

    def _create(self, declared: Declared, kind: Kind) -> None:
        shape = kind.shape(declared.address)
        problems = [
            *creation.pinned_to_nothing(declared),
            *creation.missing_fields(declared, kind, shape),
            *creation.missing_parent(declared, self.coming, self.live, self.kinds),
            *creation.missing_children(declared, self.desired, self.kinds),
            *creation.missing_sibling(declared, self.desired, self.live, shape),
            *checks.missing_features(declared, self.live[declared.address], self.live, shape),
        ]
        if not self.looking:
            self._report(*creation.twins(declared, self.live, kind))
            if self._report(*problems):
                return
        after = dict(kind.wanted(declared))
        self.changes.append(
            Change(
                Action.CREATE,
                declared.address,
                after=after,
                position=declared.start,
                fields=_places(declared, kind, (pointer((name,)) for name in after)),
                needs=references(after, shape),
            )
        )

    def _update(self, declared: Declared, observed: Observed, kind: Kind) -> None:
        if declared.id is not None and declared.id != observed.id:
            self._report(removal.other_id(declared, observed, kind))
            return
        shape = kind.shape(declared.address)
        if self.forms.config == "members":
            shape = divided(shape)
        wanted = kind.wanted(declared)
        after = rebase(wanted, observed.document, shape, self.judge)
        problems = [
            *checks.missing_features(declared, observed, self.live, shape),
            *checks.inherited_exclusions(declared, after, shape),
            *checks.lost_by_whole_write(declared, after, observed.document, shape),
        ]
        if not self.looking:
            self._report(*checks.create_only_fields(declared, shape))
            if self._report(*problems):
                return
        before_part = project(observed.document, wanted, shape)
        after_part = project(after, wanted, shape)
        operations = verified(
            before_part, after_part, patch(before_part, after_part, shape, self.forms.lists), shape
        )
        if not operations:
            self.unchanged += 1
            return
        needs = needs_of(operations, shape)
        verdict = verdicts(wanted, observed.document, self.judge)
        written = dict.fromkeys(shape.field(operation.path) for operation in operations)
        fields = _places(declared, kind, _written(written, wanted, verdict, before_part, after_part))
        self.changes.append(
            Change(
                Action.UPDATE,
                declared.address,
                id=observed.id,
                before=before_part,
                after=with_references(after_part, wanted, shape),
                patch=operations,
                position=fields[0].position if fields else declared.start,
                fields=fields,
                needs=needs,
                verdicts=verdict,
                critical=_is_critical(shape, observed.document, after),
                version=observed.version if kind.versioned and needs else None,
                loosens=loosened(before_part, after_part, shape),
            )
        )

    def _delete(self, declared: Declared, observed: Observed, kind: Kind) -> None:
        if declared.id is not None and declared.id != observed.id:
            self._report(removal.other_id(declared, observed, kind))
            return
        if kind.delete_needs_id and declared.id is None:
            self._report(removal.without_id(declared, kind))
            return
        if self._report(*removal.unlisted(declared, self.live, self.kinds)):
            return
        carrier = self._deleted_above(declared.address)
        if carrier is None:
            self._report(*removal.last_of_scope(declared, self.desired, self.live, kind))
        self.changes.append(
            Change(
                Action.DELETE,
                declared.address,
                id=observed.id,
                before=project(observed.document, kind.wanted(declared), kind.shape(declared.address)),
                via=carrier,
                position=declared.start,
                cascade=tuple(
                    sorted(
                        {
                            seen.address
                            for seen in self.live.seen()
                            if declared.address in ancestors(seen.address, self.kinds)
                        }
                    )
                ),
            )
        )

    def _deleted_above(self, address: Address) -> Address | None:
        """The outermost resource above that a tombstone deletes, and everything below with it."""
        for above in reversed(ancestors(address, self.kinds)):
            tombstone = self.desired.get(above)
            if tombstone is not None and tombstone.absent and self.live[above].present:
                return above
        return None

    def sorted(self) -> tuple[Change, ...]:
        """The changes in the order in which they are shown."""
        return tuple(sorted(self.travelling(), key=self.order))

    def travelling(self) -> Iterator[Change]:
        """The changes, children that a parent's create takes along with `via`."""
        creates = {change.address: change for change in self.changes if change.action is Action.CREATE}
        carried: dict[Address, Address] = {}
        for address in creates:
            kind = self.kinds[address.kind]
            if kind.carries is not None:
                children = creation.carried(address, self.desired, self.kinds)
                going = [child.address for child in children if child.address in creates]
                carried.update((child, address) for child in sorted(going)[: kind.carries.most])
        for change in self.changes:
            carrier = carried.get(change.address)
            yield change if carrier is None else replace(change, via=carrier)

    def order(self, change: Change) -> tuple[int, str, int, Address]:
        """Destructive first, then what loosens, then the rest; each from the outside in."""
        rank = 0 if change.action is Action.DELETE else 1 if change.loosens else 2
        return rank, change.address.keys[0], list(self.kinds).index(change.address.kind), change.address


def _is_critical(shape: Shape, *documents: Document) -> bool:
    """Whether the resource says of itself that it is critical, before or after."""
    switches = [name for name, member in shape.members.items() if member.critical]
    return any(document.get(name) is True for document in documents for name in switches)


def _ambiguous(declared: Declared, observed: Observed) -> Diagnostic:
    return found(
        codes.AMBIGUOUS,
        declared,
        f"{declared.address} matches {len(observed.ids)} live resources of that name: {', '.join(observed.ids)}.",
        "Name the one that is meant in metadata.id.",
    )


def _written(
    paths: Iterable[str],
    wanted: Document,
    verdict: Mapping[str, Verdict],
    before: Document,
    after: Document,
) -> Iterator[str]:
    """The declared fields that a patch changes; members of what is written whole one by one."""
    for path in paths:
        declared = lookup(wanted, path)
        was, will = lookup(before, path), lookup(after, path)
        if not (isinstance(declared, Mapping) and isinstance(was, Mapping) and isinstance(will, Mapping)):
            yield path
            continue
        for name in declared:
            inner = path + pointer((name,))
            if verdict.get(inner, Verdict.CHANGED) is not Verdict.CHANGED:
                continue  # resent because the whole is, not because it differs
            if not same(was.get(name, MISSING), will.get(name, MISSING)):
                yield inner


def _places(declared: Declared, kind: Kind, pointers: Iterable[str]) -> tuple[FieldPlace, ...]:
    """Where fields are declared, in the order of the file."""
    identity = pointer((kind.identity,))
    places = [
        FieldPlace(
            path,
            declared.positions.value("/metadata" + path) if path == identity else declared.place(path),
        )
        for path in pointers
    ]
    return tuple(sorted(places, key=lambda place: (place.position, place.pointer)))
