"""Details: a plan's changes as collapsed Markdown sections, with what differs and what is sent."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Final

from reconciler.model.document import Missing, tokens
from reconciler.model.kind import Kinds
from reconciler.model.text import printable
from reconciler.planning.explain import Difference, explain, unchanged_fields
from reconciler.planning.patch import documents
from reconciler.planning.plan import Action, Change
from reconciler.rendering.escape import LONGEST, code, entities, fenced
from reconciler.rendering.lines import counted, value
from reconciler.rendering.markdown_rows import name_of, place, sign_of

LISTED: Final = 50
"""How many lines of one list are shown."""
_VERB: Final = {Action.CREATE: "create", Action.UPDATE: "update", Action.DELETE: "**destroy**"}


def details(fold: Sequence[Change], kinds: Kinds) -> str:
    change = fold[0]
    title = (
        entities(str(change.address)) if len(fold) == 1 else f"{len(fold)} {entities(change.address.kind)}"
    )
    parts = [f"\n<details><summary>{sign_of(change)} {title}</summary>\n\n"]
    if len(fold) > 1:
        parts += [f"- {code(str(each.address))} {place(each.position)}\n" for each in fold[:LISTED]]
        parts.append(f"- and {len(fold) - LISTED} more\n\n" if len(fold) > LISTED else "\n")
    else:
        parts.append(f"{_VERB[change.action]} {code(str(change.address))} {place(change.position)}\n\n")
    if change.loosens:
        parts.append(
            f"**Loosens protection:** {', '.join(code('.'.join(tokens(path))) for path in change.loosens)}\n\n"
        )
    if change.both:
        parts.append(
            f"**Was already different in LaunchDarkly:** {', '.join(code('.'.join(tokens(path))) for path in change.both)}\n\n"
        )
    parts += [f"- goes with it: {code(str(address))}\n" for address in change.cascade[:LISTED]]
    if len(change.cascade) > LISTED:
        parts.append(f"- and {len(change.cascade) - LISTED} more\n")
    lines = [
        line
        for difference in explain(change, kinds[change.address.kind].shape(change.address))
        for line in _diff(difference)
    ]
    if lines:
        hidden = unchanged_fields(change) if change.action is Action.UPDATE else 0
        lines += [f"  {counted(hidden, 'unchanged field')} hidden"] if hidden else []
        parts.append(fenced(lines, "diff"))
    if change.patch:
        operations = [json.dumps(operation) for operation in documents(change.patch)]
        parts.append("\nPatch:\n\n" + fenced([printable(each, 4 * LONGEST) for each in operations], "json"))
    return "".join(parts) + "\n</details>\n"


def _diff(difference: Difference) -> Iterator[str]:
    """One field in the words of a diff. Every line starts with its sign."""
    name = printable(name_of(difference), LONGEST)
    if difference.added or difference.removed:
        yield from (f"- {name}: {printable(value(each), LONGEST)}" for each in difference.removed)
        yield from (f"+ {name}: {printable(value(each), LONGEST)}" for each in difference.added)
        return
    note = f"  ({difference.note})" if difference.note else ""
    if not isinstance(difference.before, Missing):
        yield f"- {name}: {printable(value(difference.before), LONGEST)}"
    if not isinstance(difference.after, Missing):
        yield f"+ {name}: {printable(value(difference.after), LONGEST)}{note}"
