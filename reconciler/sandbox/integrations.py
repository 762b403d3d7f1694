"""Delivery configurations (featureStore) and flag import configurations: one implementation, two descriptions.

Source: LaunchDarkly API documentation, "Integration delivery configurations (beta)" and "Flag import
configurations (beta)".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from reconciler.catalog.integrations import validates
from reconciler.model.document import same
from reconciler.sandbox import configs, environments, errors, fields, imports, links, patching
from reconciler.sandbox.exchange import Answer, Call
from reconciler.sandbox.fields import Field
from reconciler.sandbox.identifiers import Identifiers, is_uuid
from reconciler.sandbox.options import ConfigForm
from reconciler.sandbox.patching import Rules
from reconciler.sandbox.world import Record


@dataclass(frozen=True, slots=True)
class Capability:
    """What tells one integration capability from another."""

    name: str
    """The segment in the path, and the collection in the world."""
    catalog: str
    """The catalog's name for it."""
    path: str
    integrations: frozenset[str] | None
    """The only integrations that there are; `None` where any name may be one."""
    in_environment: bool
    switchable: bool
    """Whether it has `on`."""
    created: int
    """The status of a successful POST."""
    new_id: Callable[[Identifiers], str]
    uuids: bool
    """Whether an id that is no UUID is answered 400, rather than 404."""
    rules: Rules
    imports: bool = False
    """Whether a job runs on it and moves its version."""

    @property
    def fields(self) -> tuple[Field, ...]:
        """The members that a client may send, besides `config`, `name` and what the path says."""
        on = (Field("on", fields.flag, default=False),) if self.switchable else ()
        return (*on, Field("tags", fields.tags, default=[]))


FEATURE_STORE: Final = Capability(
    name="featureStore",
    catalog="featureStore",
    path=links.FEATURE_STORES,
    integrations=None,
    in_environment=True,
    switchable=True,
    created=201,
    new_id=Identifiers.object_id,
    uuids=False,
    rules=Rules(
        frozenset({("config",), ("on",), ("name",), ("tags",)}),
        refusal=errors.patch_failed,
        test_status=422,
    ),
)
FLAG_IMPORT: Final = Capability(
    name="flag-import",
    catalog="flagImport",
    path=links.FLAG_IMPORTS,
    integrations=frozenset({"split", "unleash"}),
    in_environment=False,
    switchable=False,
    created=200,
    new_id=Identifiers.uuid,
    uuids=True,
    rules=Rules(frozenset({("config",), ("name",), ("tags",)})),
    imports=True,
)


def _default_name(integration: str) -> str:
    """The integration's key in words: the service assigns a name too, which one is not known."""
    words = integration.replace("-", " ").replace("_", " ")
    return words[:1].upper() + words[1:]


def shown(capability: Capability, record: Record, config: ConfigForm) -> Record:
    """A configuration as it is read; lists and details differ in `config` alone."""
    parts = [record["projectKey"], record.get("environmentKey"), record["integrationKey"], record["_id"]]
    parent = capability.path
    relations = {"project": links.link(links.project(record["projectKey"]))}
    if capability.in_environment:
        parent = f"{parent}/{record['projectKey']}/{record['environmentKey']}"
        relations["environment"] = links.link(
            links.environment(record["projectKey"], record["environmentKey"])
        )
    document = {
        "_links": {
            "self": links.link("/".join([capability.path, *filter(None, parts)])),
            "parent": links.link(parent),
            **relations,
        },
        **{name: value for name, value in record.items() if name not in ("config", imports.DUE)},
    }
    return (
        document
        if config == "absent"
        else {**document, "config": record["config"] if config == "full" else {}}
    )


def _settled(capability: Capability, call: Call, record: Record) -> Record:
    return imports.settled(record, call.now) if capability.imports else record


def _scope(capability: Capability, call: Call) -> Mapping[str, str]:
    """Where a configuration stands. 404 where that does not exist."""
    scope = {"project": environments.project_key(call)}
    if capability.in_environment:
        scope["environment"] = environments.found(call)["key"]
    return scope


def _found(capability: Capability, call: Call) -> tuple[Record, Mapping[str, str]]:
    """A configuration and where it stands. 404, or 400 for an id that can't be one."""
    key = call.keys["id"]
    if capability.uuids and not is_uuid(key):
        raise errors.invalid("malformed integration id")
    scope = _scope(capability, call)
    record = call.world.find(capability.name, key, **scope) if fields.is_key(key) else None
    if record is None or record["integrationKey"] != call.keys["integrationKey"]:
        raise errors.not_found()
    return _settled(capability, call, record), scope


def _listed(
    capability: Capability, call: Call, records: list[Record], path: str, parent: str | None
) -> Answer:
    relations = {"self": links.link(path)} | ({"parent": links.link(parent)} if parent else {})
    items = [
        shown(capability, _settled(capability, call, record), call.options.lists_config) for record in records
    ]
    return Answer(200, {"_links": relations, "items": items})


def list_all(capability: Capability, call: Call) -> Answer:
    """200: all configurations of the account. There are no pages and no total."""
    return _listed(capability, call, call.world.every(capability.name), capability.path, None)


def list_environment(capability: Capability, call: Call) -> Answer:
    """200: an environment's configurations."""
    scope = _scope(capability, call)
    records = call.world.every(capability.name, **scope)
    path = f"{capability.path}/{scope['project']}/{scope['environment']}"
    return _listed(capability, call, records, path, capability.path)


def create(capability: Capability, call: Call) -> Answer:
    """201, or 200 for a flag import: the new configuration. Several of one integration are allowed."""
    scope, integration = _scope(capability, call), call.keys["integrationKey"]
    known = capability.integrations
    if not fields.is_key(integration) or (known is not None and integration not in known):
        raise errors.invalid("there is no such integration with this capability")
    sent = call.document()
    if call.options.strict_bodies:
        fields.refuse_unknown(sent, ["config", "name", *(field.name for field in capability.fields)])
    if "config" not in sent:
        raise errors.invalid("config is required")
    record: Record = {
        "_id": capability.new_id(call.world.ids),
        "integrationKey": integration,
        "projectKey": scope["project"],
        **({"environmentKey": scope["environment"]} if capability.in_environment else {}),
        "config": configs.stored(capability.catalog, integration, sent["config"], call.options),
        **fields.read(sent, capability.fields),
        **fields.read(sent, [Field("name", fields.text, default=_default_name(integration))]),
        "version": 1,
    }
    if capability.imports:
        record = imports.scheduled(record, call.now, call.options)
    call.world.add(capability.name, record["_id"], record, **scope)
    return Answer(capability.created, shown(capability, record, call.options.write_config))


def get(capability: Capability, call: Call) -> Answer:
    """200: the configuration with its config, secrets masked."""
    record, _ = _found(capability, call)
    return Answer(200, shown(capability, record, "full"))


def patch(capability: Capability, call: Call) -> Answer:
    """200: the configuration after the patch. Its version moves by one if anything changed.

    What was stored in the place of a secret is its mask, so a new secret with the same mask is no change.
    """
    record, scope = _found(capability, call)
    operations = patching.operations(call.any_document(), call.options)
    if not call.options.config_subpaths and any(
        operation["path"].startswith("/config/") for operation in operations if operation["op"] != "test"
    ):
        raise errors.invalid("config can only be replaced as a whole")
    held = shown(capability, record, "full")
    patched = patching.apply(held, operations, capability.rules, call.options)
    if "config" not in patched:
        raise errors.invalid("config is required")
    integration = record["integrationKey"]
    changed = {
        **record,
        "config": configs.stored(capability.catalog, integration, patched["config"], call.options),
        **fields.read(patched, capability.fields),
        **fields.read(patched, [Field("name", fields.text, default=_default_name(integration))]),
    }
    if not same(changed, record):
        changed["version"] += 1
        call.world.replace(capability.name, record["_id"], changed, **scope)
    return Answer(200, shown(capability, changed, call.options.write_config))


def delete(capability: Capability, call: Call) -> Answer:
    """204: the configuration is gone."""
    record, scope = _found(capability, call)
    call.world.remove(capability.name, record["_id"], **scope)
    return Answer(204)


def validate(capability: Capability, call: Call) -> Answer:
    """200: what the provider said to the saved configuration; whether that is good news, `statusCode` tells.

    400 for an integration without a validation request. Here no provider is contacted.
    """
    record, _ = _found(capability, call)
    if not validates(capability.catalog, record["integrationKey"]):
        raise errors.invalid("this integration has no validation request")
    status = call.options.validation_status
    failed = {"error": "the provider refused the request"} if status >= 400 else {}
    return Answer(200, {"statusCode": status, "timestamp": call.now, **failed})


def trigger(capability: Capability, call: Call) -> Answer:
    """201 without a body: an import has been started."""
    record, scope = _found(capability, call)
    changed = imports.scheduled(record, call.now, call.options)
    call.world.replace(capability.name, record["_id"], changed, **scope)
    return Answer(201)
