"""Characters that nobody sees are a warning, at their place."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.kinds.registry import load_kinds
from reconciler.manifest.load import load

MANIFEST = """apiVersion: reconciler/v1
kind: Environment
metadata: {{project: shop, key: prod}}
spec:
  name: {name}
"""


def found(tmp_path: Path, name: str) -> list[tuple[str, int, int]]:
    (tmp_path / "one.yaml").write_text(MANIFEST.format(name=name), encoding="utf-8")
    loaded = load(["."], load_kinds(), directory=tmp_path)
    assert len(loaded.declared) == 1
    return [
        (each.code.text, each.position.line, each.position.column)
        for each in loaded.diagnostics
        if each.position
    ]


@pytest.mark.parametrize(
    "name", ['"Prod\\u202E"', '"Prod\\e[31m"', '"Prod\\u200B"', '"Pr\\nod"', '"\\u2066x"']
)
def test_a_text_with_unseen_characters_is_a_warning(tmp_path: Path, name: str) -> None:
    assert found(tmp_path, name) == [("LDR215", 5, 9)]


@pytest.mark.parametrize("name", ["Production", "Prüfung 東京", '"a b"', '"🚀"'])
def test_letters_of_any_script_are_none(tmp_path: Path, name: str) -> None:
    assert found(tmp_path, name) == []
