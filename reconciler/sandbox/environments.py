"""Environments: list, create, get, patch, delete, and new keys.

Source: LaunchDarkly API documentation, "Environments".
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from reconciler.model.document import Json, same
from reconciler.sandbox import approvals, errors, fields, links, lists, patching
from reconciler.sandbox.exchange import Answer, Call, Query
from reconciler.sandbox.fields import Field
from reconciler.sandbox.lists import Listing, Window
from reconciler.sandbox.options import Options
from reconciler.sandbox.patching import Rules
from reconciler.sandbox.world import Record, World

COLLECTION: Final = "environments"

_EDITABLE: Final = (
    Field("name", fields.title),
    Field("color", fields.color),
    Field("defaultTtl", fields.whole(0, 60), default=0),
    Field("secureMode", fields.flag, default=False),
    Field("defaultTrackEvents", fields.flag, default=False),
    Field("requireComments", fields.flag, default=False),
    Field("confirmChanges", fields.flag, default=False),
    Field("critical", fields.flag, default=False),
    Field("tags", fields.tags, default=[]),
)
_CREATE: Final = (Field("key", fields.key), *_EDITABLE)
_LISTING: Final = Listing(
    conditions={"query": lists.mentions, "tags": lists.has_tags},
    orders={"name": lambda record: str(record["name"]), "critical": lambda record: bool(record["critical"])},
)
_OWN_PATHS: Final = frozenset((field.name,) for field in _EDITABLE)
_EXPIRY: Final = re.compile(r"-?[0-9]{1,18}", re.ASCII)


def default_pair(options: Options) -> Sequence[Mapping[str, Json]]:
    """What a project gets that is created without environments, as the service was recorded to make them."""
    return (
        {"key": "test", "name": "Test", "color": "F5A623"},
        {
            "key": "production",
            "name": "Production",
            "color": "417505",
            "requireComments": True,
            "confirmChanges": True,
            "critical": options.default_production_critical,
        },
    )


def add(world: World, options: Options, project: str, sent: Mapping[str, Json]) -> Record:
    """Create an environment and return it as it is stored. 400 or 409, and nothing is created."""
    if options.strict_bodies:
        fields.refuse_unknown(sent, [*(field.name for field in _CREATE), "source"])
    record = fields.read(sent, _CREATE)
    if "source" in sent:
        _check_source(world, project, fields.members(sent["source"], "source"))
    if world.find(COLLECTION, record["key"], project=project) is not None:
        raise errors.conflict("An environment with that key already exists in this project")
    record |= {
        "_id": world.ids.object_id(),
        "apiKey": world.ids.sdk_key(),
        "mobileKey": world.ids.mobile_key(),
        "version": 1,
        approvals.MEMBER: approvals.defaults(),
    }
    world.add(COLLECTION, record["key"], record, project=project)
    return record


def _check_source(world: World, project: str, source: Mapping[str, Json]) -> None:
    """Cloning copies flag settings, of which there are none here: what is left is that it can fail."""
    key, version = source.get("key"), source.get("version")
    found = (
        world.find(COLLECTION, key, project=project) if isinstance(key, str) and fields.is_key(key) else None
    )
    if found is None:
        raise errors.invalid("source.key must be the key of an environment of this project")
    if version is not None and fields.whole(0, 2**63 - 1)(version, "source.version") != found["version"]:
        raise errors.stale()


def shown(record: Record, project: str, options: Options) -> Record:
    """An environment as it is read. Approval settings only where the account has the feature."""
    path = links.environment(project, record["key"])
    hidden = {"apiKey": "***", "mobileKey": "***"} if options.keys_hidden else {}
    document = {
        "_links": {
            "self": links.link(path),
            "apiKey": links.link(f"{path}/apiKey"),
            "mobileKey": links.link(f"{path}/mobileKey"),
        },
        **{name: value for name, value in record.items() if name not in ("version", approvals.MEMBER)},
        **hidden,
    }
    if options.approvals:
        document[approvals.MEMBER] = approvals.shown(record[approvals.MEMBER])
        document["resourceApprovalSettings"] = {"segment": approvals.shown(approvals.defaults())}
    return document


def collection(
    records: Sequence[Record], project: str, options: Options, query: Query, page: Window
) -> Record:
    """One page of environments, with its links."""
    path = links.environments(project)
    return {
        "_links": lists.page_links(path, query, page, len(records), links.project(project)),
        "totalCount": len(records),
        "items": [
            shown(record, project, options) for record in records[page.offset : page.offset + page.limit]
        ],
    }


def project_key(call: Call) -> str:
    """The key of the project in the path. 404 where there is none."""
    key = call.keys["projectKey"]
    if not fields.is_key(key) or call.world.find("projects", key) is None:
        raise errors.not_found()
    return key


def found(call: Call) -> Record:
    """The environment in the path, as it is stored. 404 where there is none."""
    key = call.keys["environmentKey"]
    record = call.world.find(COLLECTION, key, project=project_key(call)) if fields.is_key(key) else None
    if record is None:
        raise errors.not_found()
    return record


def _keep(call: Call, record: Record) -> None:
    call.world.replace(COLLECTION, record["key"], record, project=call.keys["projectKey"])


def _answer(call: Call, record: Record, status: int = 200) -> Answer:
    return Answer(status, shown(record, call.keys["projectKey"], call.options))


def list_environments(call: Call) -> Answer:
    """200: a page of a project's environments."""
    project = project_key(call)
    page = lists.window(call.query, call.options)
    records = lists.select(call.world.every(COLLECTION, project=project), call.query, _LISTING)
    return Answer(200, collection(records, project, call.options, call.query, page))


def create_environment(call: Call) -> Answer:
    """201: the new environment."""
    return _answer(call, add(call.world, call.options, project_key(call), call.document()), 201)


def get_environment(call: Call) -> Answer:
    """200: the environment."""
    return _answer(call, found(call))


def patch_environment(call: Call) -> Answer:
    """200: the environment after the patch. Its internal version moves if anything changed."""
    record = found(call)
    patch = patching.operations(call.any_document(), call.options)
    with_approvals = call.options.approvals
    held = shown(record, call.keys["projectKey"], call.options)
    if with_approvals:
        patch = approvals.as_stored(patch)
        held[approvals.MEMBER] = record[approvals.MEMBER]
    rules = Rules(_OWN_PATHS | approvals.PATHS if with_approvals else _OWN_PATHS)
    patched = patching.apply(held, patch, rules, call.options)
    changed = {**record, **fields.read(patched, _EDITABLE)}
    if with_approvals:
        changed[approvals.MEMBER] = approvals.check(patched[approvals.MEMBER], call.options)
    if not same(changed, record):
        changed["version"] += 1
        _keep(call, changed)
    return _answer(call, changed)


def delete_environment(call: Call) -> Answer:
    """204: the environment is gone, and its configurations with it. 400 for a project's last one."""
    record, project = found(call), call.keys["projectKey"]
    if call.world.count(COLLECTION, project=project) == 1:
        raise errors.invalid("The last environment of a project can't be deleted")
    call.world.remove(COLLECTION, record["key"], project=project)
    call.world.remove_below(project, record["key"])
    return Answer(204)


def reset_sdk_key(call: Call) -> Answer:
    """200: the environment with a new SDK key.

    `expiry` (Unix milliseconds) would keep the old key alive until then; no representation ever shows it.
    """
    record = found(call)
    expiry = call.query.get("expiry")
    if expiry is not None and not _EXPIRY.fullmatch(expiry):
        raise errors.invalid("expiry must be a time in Unix milliseconds")
    record["apiKey"] = call.world.ids.sdk_key()
    _keep(call, record)
    return _answer(call, record)


def reset_mobile_key(call: Call) -> Answer:
    """200: the environment with a new mobile key. An `expiry` is ignored: the old key ends at once."""
    record = found(call)
    record["mobileKey"] = call.world.ids.mobile_key()
    _keep(call, record)
    return _answer(call, record)
