"""The settings file, `reconciler.yaml`, at the root of the manifests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from reconciler.manifest.decode import MAX_BYTES, BrokenYamlError, decode
from reconciler.manifest.files import RESERVED, STDIN
from reconciler.manifest.parse import parse
from reconciler.manifest.parsed import Parsed
from reconciler.manifest.wording import nearest
from reconciler.model import codes
from reconciler.model.diagnostic import Diagnostic, Position, in_order
from reconciler.model.document import Json, pointer
from reconciler.model.settings import DEFAULTS, Settings

_ELSEWHERE: Final = {
    "host": "A file under review must not send the token elsewhere: use --host or LAUNCHDARKLY_API_HOST.",
    "token": "A token stands in no file of the repository: use --token-file or LAUNCHDARKLY_ACCESS_TOKEN.",
    "accessToken": "A token stands in no file of the repository: use --token-file or LAUNCHDARKLY_ACCESS_TOKEN.",
}


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """The settings, and what is wrong with them."""

    settings: Settings = DEFAULTS
    file: str | None = None
    """Where they come from; `None` where there is no file."""
    diagnostics: tuple[Diagnostic, ...] = ()


def load_settings(paths: Sequence[str], *, directory: Path | None = None) -> LoadedSettings:
    """The settings for the manifests at the paths.

    For each path the nearest `reconciler.yaml` counts: in the folder itself, else further up, as far as
    the working directory. Two different files are an error, since one run can't obey both.
    """
    base = (directory or Path.cwd()).resolve()
    files = sorted({file for path in paths if path != STDIN for file in _nearest(base / path, base)})
    if STDIN in paths:
        files = sorted({*files, *_nearest(base, base)})
    if not files:
        return LoadedSettings()
    shown = [_shown(file, base) for file in files]
    if len(files) > 1:
        return LoadedSettings(
            diagnostics=(
                Diagnostic(
                    codes.SEVERAL_SETTINGS,
                    f"The paths have different settings: {', '.join(shown)}.",
                    Position(shown[1]),
                    "Run once for each, or keep one settings file above them all.",
                ),
            )
        )
    return _read(files[0], shown[0])


def _nearest(path: Path, base: Path) -> Iterator[Path]:
    folder = path.resolve() if path.is_dir() else path.resolve().parent
    inside = folder.is_relative_to(base)
    while True:
        for name in RESERVED:
            if (folder / name).is_file():
                yield folder / name
                return
        if not inside or folder == base:
            return
        folder = folder.parent


def _shown(file: Path, base: Path) -> str:
    return file.relative_to(base).as_posix() if file.is_relative_to(base) else file.as_posix()


def _read(file: Path, shown: str) -> LoadedSettings:
    def wrong(*found: Diagnostic) -> LoadedSettings:
        return LoadedSettings(file=shown, diagnostics=in_order(found))

    try:
        with file.open("rb") as opened:
            parsed = parse(decode(opened.read(MAX_BYTES + 1)), shown)
    except BrokenYamlError as error:
        return wrong(
            Diagnostic(error.code, error.message, Position(shown, error.line, error.column), error.hint)
        )
    except OSError as error:
        return wrong(
            Diagnostic(
                codes.UNREADABLE, f"The settings can't be read ({error.strerror}).", Position(shown), ""
            )
        )
    documents = [document for document in parsed.documents if not document.empty]
    faults = [fault for document in documents for fault in (*document.faults, *document.own_faults)]
    if parsed.broken is not None:
        faults.append(parsed.broken)
    if faults:
        return wrong(*faults)
    if not documents:
        return LoadedSettings(file=shown)
    if len(documents) > 1 or not isinstance(documents[0].value, Mapping):
        return wrong(
            Diagnostic(
                codes.WRONG_TYPE,
                "The settings must be one mapping.",
                Position(shown, 1, 1),
                "Write each setting as `name: value`; schemas/settings.schema.json lists them.",
            )
        )
    try:
        return LoadedSettings(Settings.model_validate(documents[0].value), shown)
    except ValidationError as error:
        return wrong(*(_diagnostic(each, documents[0]) for each in error.errors(include_input=False)))


def _diagnostic(error: ErrorDetails, parsed: Parsed) -> Diagnostic:
    path = pointer(error["loc"])
    name = ".".join(map(str, error["loc"]))
    positions = parsed.positions
    if error["type"] == "extra_forbidden":
        last = str(error["loc"][-1])
        near = nearest(last, _names(error["loc"][:-1]))
        hint = _ELSEWHERE.get(last) or (
            f"Did you mean {near}?" if near else "schemas/settings.schema.json lists them all."
        )
        return Diagnostic(codes.UNKNOWN_FIELD, f"{name} is no setting.", positions.key(path), hint)
    return Diagnostic(
        codes.BAD_VALUE,
        f"{name} can't be used: {error['msg'][0].lower()}{error['msg'][1:]}.",
        positions.value(path),
        "schemas/settings.schema.json says what it may be.",
    )


def _names(path: Sequence[int | str]) -> list[str]:
    model: Any = Settings
    for step in path:
        info = model.model_fields.get(step)
        model = info.annotation if info is not None else None
        if not hasattr(model, "model_fields"):
            return []
    return list(model.model_fields)


def settings_schema() -> dict[str, Json]:
    """The JSON Schema of `reconciler.yaml`."""
    schema = Settings.model_json_schema()
    return {
        **schema,
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "reconciler settings",
        "description": "reconciler.yaml, at the root of the manifests. Hosts and tokens never stand in it.",
    }
