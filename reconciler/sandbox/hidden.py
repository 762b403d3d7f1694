"""What was created and does not show yet.

A read that must not see it is done in a world without it, which is put back at once: so pages, totals and
nested lists are those of that world, and no list has to be mended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import final

from reconciler.sandbox import environments, links, projects
from reconciler.sandbox.exchange import Answer, Call, Endpoint
from reconciler.sandbox.fault import Hide, Reads
from reconciler.sandbox.integrations import FEATURE_STORE, FLAG_IMPORT
from reconciler.sandbox.world import World


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a document stands in the world."""

    collection: str
    key: str
    project: str = ""
    environment: str = ""

    def remove(self, world: World) -> None:
        world.remove(self.collection, self.key, project=self.project, environment=self.environment)

    def named_by(self, keys: Mapping[str, str]) -> bool:
        """Whether a path leads to the document or below it."""
        if self.collection == projects.COLLECTION:
            return keys.get("projectKey") == self.key
        if self.collection == environments.COLLECTION:
            return (keys.get("projectKey"), keys.get("environmentKey")) == (self.project, self.key)
        return keys.get("id") == self.key


@dataclass(frozen=True, slots=True)
class _Veil:
    place: _Place
    reads: Reads
    until: int
    """Unix milliseconds of the world's clock."""


@final
class _Undo(Exception):
    """Ends a savepoint that is not to be kept."""


@final
class Hidden:
    """The documents that do not show, in one process."""

    def __init__(self) -> None:
        self._veils: list[_Veil] = []

    def clear(self) -> None:
        """Let everything show."""
        self._veils = []

    def hide(self, endpoint: Endpoint, call: Call, answer: Answer, hide: Hide) -> bool:
        """Hide what a call created; whether it did create anything."""
        place = _created(endpoint, call, answer)
        if place is not None:
            until = call.world.now + round(hide.seconds * 1000)
            self._veils.append(_Veil(place, hide.reads, until))
        return place is not None

    def handle(self, endpoint: Endpoint, call: Call) -> Answer:
        """The endpoint's answer to a call, in a world without what it must not see."""
        if endpoint.method != "GET" or not self._veils:
            return endpoint.handle(call)
        self._veils = [veil for veil in self._veils if call.world.now < veil.until]
        places = [
            veil.place for veil in self._veils if veil.reads == "all" or not veil.place.named_by(call.keys)
        ]
        return _without(places, endpoint.handle, call) if places else endpoint.handle(call)


def _without(places: list[_Place], handle: Callable[[Call], Answer], call: Call) -> Answer:
    with suppress(_Undo), call.world.all_or_nothing():
        for place in places:
            place.remove(call.world)
        answer = handle(call)
        raise _Undo
    return answer


def _created(endpoint: Endpoint, call: Call, answer: Answer) -> _Place | None:
    """Where the document stands that a call created, if it is a create."""
    body = answer.body
    if endpoint.method != "POST" or not isinstance(body, Mapping):
        return None
    project, environment = call.keys.get("projectKey", ""), call.keys.get("environmentKey", "")
    if endpoint.path == links.PROJECTS:
        return _Place(projects.COLLECTION, str(body["key"]))
    if endpoint.path.endswith("/environments"):
        return _Place(environments.COLLECTION, str(body["key"]), project)
    for capability in (FEATURE_STORE, FLAG_IMPORT):
        if endpoint.path.startswith(capability.path) and endpoint.path.endswith("/{integrationKey}"):
            return _Place(capability.name, str(body["_id"]), project, environment)
    return None
