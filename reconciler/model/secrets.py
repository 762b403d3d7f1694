"""Secret references, how they are resolved, what a mask can prove, and redaction.

A reference is `{fromEnv: NAME}` or `{fromFile: PATH}`. Its value is resolved as late as possible, is
never printed, and neither are its length or a hash of it.
"""

from __future__ import annotations

import base64
import json
import os
import re
import stat
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, Literal
from urllib.parse import quote

from reconciler.model.document import Json
from reconciler.model.shape import Shape

PLACEHOLDER: Final = "(secret)"
"""What stands for a live secret wherever a document can be seen."""

WITHHELD: Final = "(withheld: it may hold a secret)"
"""What stands for a text that can't be shown without giving a secret away."""

_SHORTEST = 4
"""Characters below which a secret is no text that could be looked for."""

MAX_FILE_BYTES: Final = 64 * 1024

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_MASK = re.compile(r"\*{3,}")
# Credentials of the tool and of the platform it runs on: a manifest could carry them off to an integration.
_FORBIDDEN_NAMES = re.compile(
    r"LAUNCHDARKLY_.*|LD_ACCESS_TOKEN|GITHUB_TOKEN|GH_TOKEN|ACTIONS_.*", re.IGNORECASE
)
_FORBIDDEN_FOLDERS = ("/proc", "/dev", "/sys")


@dataclass(frozen=True, slots=True, order=True)
class SecretReference:
    """Where a secret's value comes from: an environment variable or a file."""

    source: Literal["fromEnv", "fromFile"]
    name: str
    """The variable's name, or the file's path relative to the working directory."""

    def __str__(self) -> str:
        return f"{self.source} {self.name}"

    def document(self) -> dict[str, Json]:
        """The reference as manifests and plans hold it."""
        return {self.source: self.name}

    def refusal(self) -> str:
        """Why it may not be resolved, as the end of a sentence; empty where it may."""
        if self.source == "fromFile":
            if not self.name:
                return "names no file"
            return "lies below /proc, /dev or /sys" if _is_forbidden(os.path.abspath(self.name)) else ""  # noqa: PTH100 - must not follow links yet
        if not _NAME.fullmatch(self.name):
            return "is no name of an environment variable"
        if _FORBIDDEN_NAMES.fullmatch(self.name):
            return "is a credential of this tool or of the platform, which manifests can't refer to"
        return ""


def as_reference(value: Json) -> SecretReference | None:
    """The reference that a value is, if it is one."""
    if isinstance(value, Mapping) and len(value) == 1:
        for source in ("fromEnv", "fromFile"):
            name = value.get(source)
            if isinstance(name, str):
                return SecretReference("fromEnv" if source == "fromEnv" else "fromFile", name)
    return None


def references(document: Json, shape: Shape) -> tuple[SecretReference, ...]:
    """Every reference that stands in the place of a secret, each once, sorted.

    Elsewhere nothing is one: what live data merely makes look like a reference must never be resolved.
    """
    return tuple(sorted(set(_references(document, shape))))


def _references(document: Json, shape: Shape) -> Iterable[SecretReference]:
    if shape.secret:
        reference = as_reference(document)
        if reference is not None:
            yield reference
    elif isinstance(document, Mapping):
        for name, value in document.items():
            yield from _references(value, shape.member(name))


def resolved(document: Json, shape: Shape, values: Mapping[SecretReference, str]) -> Json:
    """The document with every secret's reference replaced by its value: what is sent, and never kept."""
    if shape.secret:
        reference = as_reference(document)
        return document if reference is None else values[reference]
    if isinstance(document, Mapping):
        return {name: resolved(value, shape.member(name), values) for name, value in document.items()}
    return document


@dataclass(frozen=True, slots=True)
class Resolution:
    """What became of a reference: a value, or the reason why there is none, as the end of a sentence."""

    value: str | None = field(default=None, repr=False)
    reason: str = ""


Resolve = Callable[[SecretReference], Resolution]
"""How planning and apply come to a value; `Secrets` is one, a test's function another."""


class Secrets:
    """Resolves references against an environment and the file system, each once, and redacts the values.

    Unset and empty are the same: CI systems give an empty string for a secret that isn't there.
    """

    def __init__(self, environment: Mapping[str, str] | None = None) -> None:
        self._environment = os.environ if environment is None else environment
        self._known: dict[SecretReference, Resolution] = {}

    def __call__(self, reference: SecretReference) -> Resolution:
        """The reference's value, or why it has none. Never raises."""
        if reference not in self._known:
            self._known[reference] = self._resolve(reference)
        return self._known[reference]

    def values(self) -> tuple[str, ...]:
        """Every value that was resolved so far, to be redacted from what others say."""
        return tuple(known.value for known in self._known.values() if known.value)

    def _resolve(self, reference: SecretReference) -> Resolution:
        refusal = reference.refusal()
        if refusal:
            return Resolution(reason=refusal)
        if reference.source == "fromEnv":
            value = self._environment.get(reference.name, "")
            if not value:
                return Resolution(reason="is unset or empty")
        else:
            value, reason = _read(Path(reference.name))
            if reason:
                return Resolution(reason=reason)
        if looks_masked(value):
            return Resolution(reason="holds a mask (a run of asterisks), not a secret")
        return Resolution(value=value)


def _read(path: Path) -> tuple[str, str]:
    """The text of a secret's file and, where there is none, the reason."""
    try:
        real = os.path.realpath(path)
    except ValueError:  # a NUL, which no file's name can hold
        return "", "is no name of a file"
    if _is_forbidden(real):
        return "", "lies below /proc, /dev or /sys"
    try:
        # Not blocking: opening a FIFO for reading would wait for a writer.
        handle = os.open(real, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
    except OSError as error:
        return "", f"can't be read ({error.strerror})"
    if not stat.S_ISREG(os.fstat(handle).st_mode):  # before `fdopen`, which raises for a folder
        os.close(handle)
        return "", "is no regular file"
    with os.fdopen(handle, "rb") as file:
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        return "", "is larger than 64 KiB"
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return "", "is not UTF-8"
    text = text.removesuffix("\n").removesuffix("\r")
    return (text, "") if text else ("", "is empty")


def _is_forbidden(path: str) -> bool:
    return any(path == folder or path.startswith(folder + "/") for folder in _FORBIDDEN_FOLDERS)


def looks_masked(text: str) -> bool:
    """Whether a text holds a run of asterisks, as LaunchDarkly shows stored secrets."""
    return _MASK.search(text) is not None


class Verdict(StrEnum):
    """What a live mask says about a secret. It can prove a change, never that there was none."""

    CHANGED = "changed"
    UNCHANGED = "unchanged as far as the mask shows"
    UNKNOWN = "can't tell"


def compare(value: str | None, live: Json, *, present: bool) -> Verdict:
    """What the live value, usually a mask, proves about the wanted one.

    A mask is the first three characters, asterisks and the last three, seen on real accounts; the
    number of asterisks is no evidence, and a short secret may be masked whole.
    """
    if not present or not isinstance(live, str):
        return Verdict.CHANGED
    if value is None:
        return Verdict.UNKNOWN
    mask = _MASK.search(live)
    if mask is None:
        return Verdict.UNCHANGED if live == value else Verdict.CHANGED
    prefix, suffix = live[: mask.start()], live[mask.end() :]
    if not prefix and not suffix:
        return Verdict.UNKNOWN
    return Verdict.UNCHANGED if value.startswith(prefix) and value.endswith(suffix) else Verdict.CHANGED


def redact(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret replaced, also where it stands escaped, URL-encoded or in base64.

    For what others say, such as a service's error message: our own output never holds a value. Where a
    secret is too short to be told from ordinary text, the whole text is withheld: replacing each `a`
    would give it away.
    """
    forms = {form for secret in secrets if secret.strip() for form in _forms(secret)}
    short = [form for form in forms if len(form) < _SHORTEST]
    if any(form in text for form in short):
        return WITHHELD
    long = sorted(forms.difference(short), key=len, reverse=True)
    return re.sub("|".join(map(re.escape, long)), PLACEHOLDER, text) if long else text


def _forms(secret: str) -> Iterable[str]:
    yield from (form for form in (secret, *secret.splitlines()) if form.strip())
    yield json.dumps(secret)[1:-1]
    yield json.dumps(secret, ensure_ascii=False)[1:-1]
    yield repr(secret)[1:-1]
    yield quote(secret, safe="")
    yield quote(secret)
    if len(secret) > 3:
        yield base64.b64encode(secret.encode()).decode().rstrip("=")
        yield base64.urlsafe_b64encode(secret.encode()).decode().rstrip("=")
