"""Projects: list, create, get, patch, delete.

Source: LaunchDarkly API documentation, "Projects".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reconciler.model.document import Json, same
from reconciler.sandbox import environments, errors, fields, links, lists, patching
from reconciler.sandbox.exchange import Answer, Call, Query
from reconciler.sandbox.fields import Field
from reconciler.sandbox.lists import Listing, Window
from reconciler.sandbox.options import Options
from reconciler.sandbox.patching import Rules
from reconciler.sandbox.world import Record, World

COLLECTION: Final = "projects"
_NESTED: Final = 20
"""How many environments `expand=environments` shows; the service does not page them."""
_SNIPPET: Final = "includeInSnippetByDefault"
_AVAILABILITY: Final = "defaultClientSideAvailability"
_VIEW_RULES: Final = ("requireViewAssociationForNewFlags", "requireViewAssociationForNewSegments")
_CASES: Final = ("camelCase", "upperCamelCase", "snakeCase", "kebabCase", "constantCase")


def _availability(value: Json, name: str) -> Json:
    sent = fields.members(value, name)
    return fields.read(sent, [Field("usingEnvironmentId", fields.flag), Field("usingMobileKey", fields.flag)])


def _environment_list(value: Json, name: str) -> Json:
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise errors.invalid(f"{name} must be an array of objects")
    return value


def _naming_convention(value: Json, name: str) -> Json:
    sent = fields.members(value, name)
    if sent.get("case", _CASES[0]) not in _CASES:
        raise errors.invalid(f"{name}.case must be one of {', '.join(_CASES)}")
    fields.text(sent.get("prefix", ""), f"{name}.prefix")
    return value


_EDITABLE: Final = (
    Field("name", fields.title),
    Field("tags", fields.tags, default=[]),
)
_CREATE: Final = (
    Field("key", fields.key),
    *_EDITABLE,
    Field("environments", _environment_list, default=[]),
    Field("namingConvention", _naming_convention, default=None),
    Field(_SNIPPET, fields.flag, default=None),
    Field(_AVAILABILITY, _availability, default=None),
)
_RULES: Final = Rules(frozenset({("name",), ("tags",), (_SNIPPET,), (_AVAILABILITY,)}))
_RULES_WITH_VIEWS: Final = Rules(_RULES.editable | {(name,) for name in _VIEW_RULES})
_LISTING: Final = Listing(
    conditions={"query": lists.mentions, "tags": lists.has_tags, "keys": lists.has_key},
    orders={"name": lambda record: str(record["name"])},
)


def add(world: World, options: Options, sent: Mapping[str, Json]) -> Record:
    """Create a project with its environments and return it as it is stored.

    Without environments, or with an empty list of them, it gets `test` and `production`. 400 or 409, and
    the caller has to undo what was created by then.
    """
    if options.strict_bodies:
        fields.refuse_unknown(sent, [field.name for field in _CREATE])
    read = fields.read(sent, _CREATE)
    if world.find(COLLECTION, read["key"]) is not None:
        raise errors.conflict("A project with that key already exists")
    # A naming convention would rule over flag keys, of which there are none; no representation shows it.
    record: Record = {
        "_id": world.ids.object_id(),
        "key": read["key"],
        "name": read["name"],
        "tags": read["tags"],
        _AVAILABILITY: _wanted_availability(read, options),
        **dict.fromkeys(_VIEW_RULES, False),
    }
    world.add(COLLECTION, record["key"], record)
    for environment in read["environments"] or environments.default_pair(options):
        environments.add(world, options, record["key"], environment)
    return record


def _wanted_availability(read: Record, options: Options) -> Record:
    snippet, wanted = read[_SNIPPET], read[_AVAILABILITY]
    if wanted is None:
        return {"usingEnvironmentId": bool(snippet), "usingMobileKey": options.default_using_mobile_key}
    if snippet is not None and snippet != wanted["usingEnvironmentId"]:
        raise errors.invalid(f"{_SNIPPET} and {_AVAILABILITY}.usingEnvironmentId are one setting and differ")
    return dict(wanted)


def shown(record: Record) -> Record:
    """A project as it is read, without its environments.

    Client-side availability is one setting under two names, of which `includeInSnippetByDefault` is the
    older one.
    """
    path = links.project(record["key"])
    return {
        "_links": {
            "self": links.link(path),
            "environments": links.link(links.environments(record["key"])),
            "flagDefaults": links.link(f"{path}/flag-defaults"),
        },
        _SNIPPET: record[_AVAILABILITY]["usingEnvironmentId"],
        **record,
    }


def _expanded(call: Call, record: Record) -> Record:
    """What GET answers: with `expand`, the first 20 environments, and how many there are."""
    document = shown(record)
    if call.expands("environments"):
        key = record["key"]
        held = call.world.every(environments.COLLECTION, project=key)
        document["environments"] = environments.collection(
            held, key, call.options, Query(""), Window(_NESTED)
        )
    return document


def _written(call: Call, record: Record) -> Record:
    """What POST and PATCH answer: all environments, in a plain array."""
    key = record["key"]
    held = call.world.every(environments.COLLECTION, project=key)
    return {
        **shown(record),
        "environments": [environments.shown(environment, key, call.options) for environment in held],
    }


def _found(call: Call) -> Record:
    key = call.keys["projectKey"]
    record = call.world.find(COLLECTION, key) if fields.is_key(key) else None
    if record is None:
        raise errors.not_found()
    return record


def list_projects(call: Call) -> Answer:
    """200: a page of projects."""
    page = lists.window(call.query, call.options)
    records = lists.select(call.world.every(COLLECTION), call.query, _LISTING)
    return Answer(
        200,
        {
            "_links": lists.page_links(links.PROJECTS, call.query, page, len(records), links.API),
            "totalCount": len(records),
            "items": [_expanded(call, record) for record in records[page.offset : page.offset + page.limit]],
        },
    )


def create_project(call: Call) -> Answer:
    """201: the new project with its environments."""
    return Answer(201, _written(call, add(call.world, call.options, call.document())))


def get_project(call: Call) -> Answer:
    """200: the project."""
    return Answer(200, _expanded(call, _found(call)))


def patch_project(call: Call) -> Answer:
    """200: the project after the patch, with its environments."""
    record = _found(call)
    patch = patching.operations(call.any_document(), call.options)
    rules = _RULES_WITH_VIEWS if call.options.views else _RULES
    patched = patching.apply({**shown(record), "environments": []}, patch, rules, call.options)
    changed = {
        **record,
        **fields.read(patched, _EDITABLE),
        **fields.read(patched, [Field(name, fields.flag, default=False) for name in _VIEW_RULES]),
        _AVAILABILITY: _patched_availability(record, patched, call.options),
    }
    if not same(changed, record):
        call.world.replace(COLLECTION, record["key"], changed)
    return Answer(200, _written(call, changed))


def _patched_availability(record: Record, patched: Record, options: Options) -> Record:
    """The two names of one setting after a patch: the one that was changed counts for both."""
    before = record[_AVAILABILITY]["usingEnvironmentId"]
    default = {"usingEnvironmentId": False, "usingMobileKey": options.default_using_mobile_key}
    read = fields.read(patched, [Field(_SNIPPET, fields.flag, default=False)])
    wanted = dict(fields.read(patched, [Field(_AVAILABILITY, _availability, default=default)])[_AVAILABILITY])
    if read[_SNIPPET] != before:
        wanted["usingEnvironmentId"] = read[_SNIPPET]
    return wanted


def delete_project(call: Call) -> Answer:
    """204: the project is gone with everything below it. 400 for the account's last one."""
    record = _found(call)
    if call.world.count(COLLECTION) == 1:
        raise errors.invalid("The last project of an account can't be deleted")
    call.world.remove(COLLECTION, record["key"])
    call.world.remove_below(record["key"])
    return Answer(204)
