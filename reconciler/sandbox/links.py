"""Paths and the links to them. Hrefs are relative to the host."""

from __future__ import annotations

from typing import Final, TypeAlias

API: Final = "/api/v2"
PROJECTS: Final = f"{API}/projects"
FEATURE_STORES: Final = f"{API}/integration-capabilities/featureStore"
FLAG_IMPORTS: Final = f"{API}/integration-capabilities/flag-import"

Link: TypeAlias = dict[str, str]


def link(href: str) -> Link:
    """A link as it stands in `_links`."""
    return {"href": href, "type": "application/json"}


def project(key: str) -> str:
    """The path of a project."""
    return f"{PROJECTS}/{key}"


def environments(project_key: str) -> str:
    """The path of a project's environments."""
    return f"{project(project_key)}/environments"


def environment(project_key: str, key: str) -> str:
    """The path of an environment."""
    return f"{environments(project_key)}/{key}"
