"""Saved plans: a plan in a file, to be applied as it stands or not at all.

The digest is against accidents: a file that was cut, or edited by hand. It is no signature; who can write
the file can decide what is applied.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from typing import TYPE_CHECKING

from reconciler.model import codes
from reconciler.model.address import Address
from reconciler.model.codes import Severity
from reconciler.model.diagnostic import Diagnostic, Position
from reconciler.model.document import MISSING, Document, Json, canonical
from reconciler.model.errors import PlanFileError
from reconciler.model.kind import Kinds
from reconciler.model.secrets import Verdict, references
from reconciler.planning.fingerprint import fingerprint
from reconciler.planning.patch import Operation, needs_of
from reconciler.planning.plan import Action, Binding, Change, FieldPlace, Guard, Plan, Released
from reconciler.planning.written import FORMAT, plan_document

if TYPE_CHECKING:
    from reconciler.planning.form import ChangeForm, Place, PlanForm


def saved(plan: Plan) -> str:
    """The plan as the text of a file: references instead of secrets, a host's name and no URL."""
    document = plan_document(plan)
    return json.dumps({**document, "digest": _digest(document)}, indent=2, ensure_ascii=False) + "\n"


def _digest(document: Document) -> str:
    rest = {name: value for name, value in document.items() if name != "digest"}
    return "sha256:" + hashlib.sha256(canonical(rest).encode()).hexdigest()


def read_saved(data: bytes, name: str, kinds: Kinds) -> Plan:
    """The plan that a file holds. `name` is what errors call it.

    Raises `PlanFileError` for a file that is cut, altered, of another version, or no plan.
    """
    document = _parsed(data, name)
    if document.get("format") != FORMAT:
        raise PlanFileError(
            f"{name} is no plan that this version can apply: its format is not {FORMAT}. Make it again with plan --out."
        )
    if document.get("digest") != _digest(document):
        raise PlanFileError(
            f"{name} was altered or cut since it was saved: its digest does not fit. Make it again with plan --out."
        )
    plan = _plan(_form(document, name), name, kinds)
    if (plan.changes or plan.fingerprint) and plan.fingerprint != fingerprint(plan.changes, kinds):
        raise PlanFileError(f"{name} contradicts itself: its fingerprint is of other changes. Make it again.")
    return plan


def _parsed(data: bytes, name: str) -> Document:
    try:
        document: Json = json.loads(data)
    except (ValueError, RecursionError):
        raise PlanFileError(
            f"{name} is not whole JSON: it was cut, or it is no plan. Make it again with plan --out."
        ) from None
    if not isinstance(document, dict):
        raise PlanFileError(f"{name} is no plan. Make one with plan --out.")
    return document


def _form(document: Document, name: str) -> PlanForm:
    from pydantic import ValidationError

    from reconciler.planning.form import PlanForm

    try:
        return PlanForm.model_validate(document)
    except ValidationError as error:
        place = ".".join(str(step) for step in error.errors()[0]["loc"])
    raise PlanFileError(
        f"{name} is no plan of this form: {place} is not as it should be. Make it again with plan --out."
    )


def _plan(form: PlanForm, name: str, kinds: Kinds) -> Plan:
    unknown = sorted({change.address.split("/")[0] for change in form.changes} - kinds.keys())
    if unknown:
        raise PlanFileError(
            f"{name} changes resources of kinds that this version does not know: {', '.join(unknown)}."
        )
    try:
        changes = tuple(_change(change, kinds) for change in form.changes)
        found = tuple(
            Guard(
                codes.ALL[guard.code],
                guard.message,
                None if guard.address is None else Address.parse(guard.address),
            )
            for guard in form.guards
        )
    except (KeyError, ValueError):
        raise PlanFileError(
            f"{name} names codes or addresses that this version does not know. Make it again."
        ) from None
    return Plan(
        changes=changes,
        guards=found,
        fingerprint=form.fingerprint or "",
        binding=Binding(
            form.binding.host or "", form.binding.account, form.binding.commit, form.binding.manifests
        ),
        preconditions=form.preconditions,
        comment=form.comment or "",
        unchanged=form.summary.unchanged,
        diagnostics=tuple(
            Diagnostic(
                replace(codes.ALL[found.code], severity=Severity(found.severity)),
                found.message,
                None if found.file is None else Position(found.file, found.line or 0, found.column or 0),
                found.hint,
                None if found.address is None else Address.parse(found.address),
            )
            for found in form.diagnostics
            if found.code in codes.ALL
        ),
        live=form.live,
        against=form.against,
        drift=tuple(_change(change, kinds) for change in form.drift),
        released=tuple(
            Released(Address.parse(each.address), tuple(each.fields), each.loosens, _position(each.source))
            for each in form.released
        ),
    )


def _position(place: Place) -> Position | None:
    return None if place.file is None else Position(place.file, place.line or 0, place.column or 0)


def _change(form: ChangeForm, kinds: Kinds) -> Change:
    address = Address.parse(form.address)
    shape = kinds[address.kind].shape(address)
    operations = tuple(
        Operation(
            operation.op,
            operation.path,
            operation.value if "value" in operation.model_fields_set else MISSING,
        )
        for operation in form.patch
    )
    source = form.source.file
    return Change(
        action=Action(form.action),
        address=address,
        id=form.id or "",
        before=form.before,
        after=form.after,
        patch=operations,
        via=None if form.via is None else Address.parse(form.via),
        position=None if source is None else Position(source, form.source.line or 0, form.source.column or 0),
        fields=tuple(
            FieldPlace(field.pointer, Position(source or "", field.line or 0, field.column or 0))
            for field in form.fields
        ),
        needs=references(form.after, shape) if form.action == "create" else needs_of(operations, shape),
        verdicts={path: Verdict(verdict) for path, verdict in form.secrets.items()},
        critical=form.critical,
        version=form.version,
        loosens=tuple(form.loosens),
        cascade=tuple(map(Address.parse, form.cascade)),
        both=tuple(form.both),
    )
