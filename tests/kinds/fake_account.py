"""An account that only answers reads, from documents, and lies or refuses where it is told to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from reconciler.live.connection import Reader
from reconciler.model.errors import Forbidden, NotFound, ServiceError, Unauthorized

PROJECTS = "/api/v2/projects"
DELIVERIES = "/api/v2/integration-capabilities/featureStore"
IMPORTS = "/api/v2/integration-capabilities/flag-import"

Document = dict[str, Any]
Fault = int | Callable[[Document], Document]
"""A status, or what becomes of an answer that would have been right."""

_ERRORS = {401: Unauthorized, 403: Forbidden, 404: NotFound}


@dataclass
class FakeAccount:
    """What LaunchDarkly holds. Environments stand by their project's key, configurations as one list each."""

    projects: list[Document] = field(default_factory=list)
    environments: dict[str, list[Document]] = field(default_factory=dict)
    deliveries: list[Document] = field(default_factory=list)
    imports: list[Document] = field(default_factory=list)
    faults: Mapping[str, Fault] = field(default_factory=dict)
    """By path; `expand` stands for the environments that come along with a list of projects."""
    asked: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)

    @property
    def reader(self) -> Reader:
        return Reader(self._fetch)

    @property
    def paths(self) -> list[str]:
        return [path for path, _ in self.asked]

    async def _fetch(self, path: str, params: Mapping[str, str], beta: bool) -> Document:
        self.asked.append((path, dict(params)))
        fault = self.faults.get(path)
        if isinstance(fault, int):
            raise _error(fault, path)
        if "/integration-capabilities/" in path and not beta:
            raise _error(403, path)
        answer = self._answer(path, params)
        if answer is None:
            raise _error(404, path)
        return answer if fault is None else fault(answer)

    def _answer(self, path: str, params: Mapping[str, str]) -> Document | None:
        steps = [unquote(step) for step in path.split("/")]
        match steps[3:]:
            case ["projects"]:
                return _page([self._shown(each, params) for each in self._filtered(params)], params)
            case ["projects", key]:
                found = _by_key(self.projects, key)
                return None if found is None else self._shown(found, params)
            case ["projects", key, "environments"]:
                held = self.environments.get(key)
                return None if held is None else _page(held, params)
            case ["projects", key, "environments", environment]:
                return _by_key(self.environments.get(key, []), environment)
            case ["integration-capabilities", "featureStore"]:
                return {"items": [_summary(each) for each in self.deliveries]}
            case ["integration-capabilities", "featureStore", project, environment]:
                if _by_key(self.environments.get(project, []), environment) is None:
                    return None
                return {"items": [_summary(each) for each in self._deliveries(project, environment)]}
            case ["integration-capabilities", "flag-import"]:
                return {"items": [_summary(each) for each in self.imports]}
            case ["integration-capabilities", _, *_, id_]:
                held = [*self.deliveries, *self.imports]
                return next((each for each in held if each["_id"] == id_), None)
        return None

    def _filtered(self, params: Mapping[str, str]) -> list[Document]:
        wanted = {key.casefold() for key in params["filter"].removeprefix("keys:").split("|")}
        return [each for each in self.projects if each["key"].casefold() in wanted]

    def _shown(self, project: Document, params: Mapping[str, str]) -> Document:
        if params.get("expand") != "environments":
            return project
        held = self.environments.get(project["key"], [])
        nested = {"items": held[:20], "totalCount": len(held)}
        fault = self.faults.get("expand")
        return {**project, "environments": fault(nested) if callable(fault) else nested}

    def _deliveries(self, project: str, environment: str) -> Iterator[Document]:
        for each in self.deliveries:
            if (each["projectKey"], each["environmentKey"]) == (project, environment):
                yield each


def _by_key(held: list[Document], key: str) -> Document | None:
    return next((each for each in held if each["key"] == key), None)


def _summary(configuration: Document) -> Document:
    """A configuration as lists show it: an empty `config` is no word on what it holds."""
    return {**configuration, "config": {}}


def _page(items: list[Document], params: Mapping[str, str]) -> Document:
    offset, limit = int(params.get("offset", "0")), int(params.get("limit", "20"))
    return {"items": items[offset : offset + limit], "totalCount": len(items)}


def _error(status: int, path: str) -> ServiceError:
    return _ERRORS.get(status, ServiceError)(status, message="no", request=f"GET {path}")


# Ways to leave something out of a list, each with a sign of it in what is left.
def cut(answer: Document) -> Document:
    """The count tells that one is missing."""
    return {**answer, "items": answer["items"][:-1], "totalCount": len(answer["items"])}


def cut_with_a_next_link(answer: Document) -> Document:
    """There is another page."""
    links = {"next": {"href": "/api/v2/elsewhere?offset=1", "type": "application/json"}}
    return {"_links": links, "items": answer["items"][:1]}


def total_too_high(answer: Document) -> Document:
    """The count is of more than there are."""
    return {**answer, "totalCount": len(answer["items"]) + 1}


def an_item_that_is_none(answer: Document) -> Document:
    """One of the items is something else."""
    return {"items": [*answer["items"][:-1], "surprise"]}


def no_items(answer: Document) -> Document:
    """The list is not there."""
    return {"_links": answer.get("_links", {})}


def items_that_are_no_list(answer: Document) -> Document:
    """The list is none."""
    return {"items": {"first": "item"}}


def an_item_without_names(answer: Document) -> Document:
    """The last one can't be told."""
    hidden = ("key", "_id", "name", "projectKey", "environmentKey", "integrationKey")
    last = [
        {name: value for name, value in each.items() if name not in hidden} for each in answer["items"][-1:]
    ]
    return {"items": [*answer["items"][:-1], *last]}


WAYS_TO_HIDE: Sequence[Callable[[Document], Document]] = (
    cut,
    cut_with_a_next_link,
    total_too_high,
    an_item_that_is_none,
    no_items,
    items_that_are_no_list,
    an_item_without_names,
)
