"""The job behind a flag import configuration: it runs by itself some time after create and trigger.

No thread does that. What is stored says when the job will have run, and whoever reads it later finds that
it has: `version` one higher, `_status` complete.
"""

from __future__ import annotations

from typing import Final

from reconciler.sandbox.options import Options
from reconciler.sandbox.world import Record

DUE: Final = "importDue"
"""The stored member, never shown: Unix milliseconds."""


def scheduled(record: Record, now: int, options: Options) -> Record:
    """The record with a run ahead of it; one that is ahead already stays as it is."""
    due = record.get(DUE, now + round(options.import_delay * 1000))
    return {**record, DUE: due, "_status": {**record.get("_status", {}), "status": "pending", "errors": []}}


def settled(record: Record, now: int) -> Record:
    """The record as it is at a time: after the run, if that is over by then."""
    due = record.get(DUE)
    if due is None or now < due:
        return record
    rest = {name: value for name, value in record.items() if name != DUE}
    done = {"status": "complete", "lastImport": due, "errors": []}
    return {**rest, "version": record["version"] + 1, "_status": done}
