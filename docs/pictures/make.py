"""Makes the README's pictures: a plan as a comment under a pull request, and one in a terminal.

It needs git, cmark-gfm, chromium, pngquant, an emoji font (Debian: `apt-get install git cmark-gfm chromium
pngquant fonts-noto-color-emoji`) and this checkout, installed. It reads and writes nothing but this folder
and a temporary one, and asks nothing of any network:

    .venv/bin/python docs/pictures/make.py

A branch edits three files of `examples/storefront`, while somebody has changed staging in LaunchDarkly's
own pages; the sandbox stands in for LaunchDarkly. cmark-gfm makes HTML of the comment as GitHub does, but
GitHub sanitises it afterwards and nothing here does: this is for text of our own only. `comment.css`
resembles GitHub's style sheet.
"""

from __future__ import annotations

import io
import os
import pty
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme
from rich.text import Text

HERE = Path(__file__).absolute().parent
ROOT = HERE.parents[1]
NEEDED = ("git", "cmark-gfm", "chromium", "pngquant")
WIDTH = 900
COLUMNS = 96
LARGEST = 120_000
COMMAND = [sys.executable, "-P", "-m", "reconciler"]
SANDBOX = ["--sandbox-state", ".reconciler/sandbox.db"]
SECRETS = ("FASTLY_API_TOKEN", "CLOUDFLARE_API_TOKEN", "SPLIT_ADMIN_API_KEY", "FLAG_IMPORT_LD_API_KEY")
ACCOUNT = "5e7f0c61a24b9d38c0f4e1b2"
"""Instead of the sandbox's, which is another one each time."""
EDITS = [
    ("environments/production.yaml", "minNumApprovals: 2", "minNumApprovals: 1"),
    ("environments/production.yaml", "tags: [prod, tier-1]", "tags: [prod, tier-1, pci]"),
    ("integrations/edge-stores.yaml", "storeId: kv-storefront-eu", "storeId: kv-storefront-eu-2"),
    ("environments/development.yaml", '"6B7A8F"', '"7B5EA7"'),
]
BEHIND = ("environments/staging.yaml", "confirmChanges: true", "confirmChanges: false")
COLOURS = TerminalTheme(
    (13, 17, 23),
    (230, 237, 243),
    [(72, 79, 88), (255, 123, 114), (63, 185, 80), (210, 153, 34), (88, 166, 255), (219, 138, 240), (57, 197, 207), (177, 186, 196)],
    [(110, 118, 129), (255, 161, 152), (86, 211, 100), (227, 179, 65), (121, 192, 255), (232, 170, 250), (86, 212, 221), (255, 255, 255)],
)  # fmt: skip

SVG = """<svg viewBox="0 0 {width} {height}" xmlns="http://www.w3.org/2000/svg" role="img">
<title>reconciler plan --against main, in a terminal</title>
<style>
.{unique_id}-matrix {{ font: {char_height}px/{line_height}px ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre; }}
.{unique_id}-title {{ font: bold 18px sans-serif; }}
{styles}
</style>
<defs>
<clipPath id="{unique_id}-clip-terminal"><rect x="0" y="0" width="{terminal_width}" height="{terminal_height}"/></clipPath>
{lines}
</defs>
{chrome}
<g transform="translate({terminal_x}, {terminal_y})" clip-path="url(#{unique_id}-clip-terminal)">
{backgrounds}
<g class="{unique_id}-matrix">
{matrix}
</g>
</g>
</svg>
"""
PAGE = """<!doctype html><html class="{mode}"><meta charset="utf-8"><style>{style}</style>
<body><article><header><b>github-actions</b><i>bot</i> commented</header><div class="markdown-body">
{body}</div></article>
<script>document.documentElement.dataset.height = Math.ceil(document.body.getBoundingClientRect().height)</script>
"""


def main() -> None:
    """Make all pictures."""
    missing = [name for name in NEEDED if shutil.which(name) is None]
    if missing:
        sys.exit(f"Not installed: {', '.join(missing)}. See the top of {Path(__file__).name}.")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        environment = _environment(folder)
        _history(folder, environment)
        plan = ["plan", *SANDBOX, "examples/storefront", "--against", "main"]
        # A plan that is saved knows commit and account, as those of the action do.
        comment = _run(
            [*COMMAND, *plan, "--format", "markdown", "--out", "plan.json", "-q"], folder, environment
        )
        comment = re.sub(r"account <code>\w+", f"account <code>{ACCOUNT}", comment)
        _pictures_of(f"### LaunchDarkly plan\n\n{comment}", folder)
        _picture_of_terminal(_in_terminal([*COMMAND, *plan, "-q"], folder, environment))
    for made in sorted(HERE.glob("*.*g")):
        size = made.stat().st_size
        print(f"{made.name}: {size} bytes")  # noqa: T201
        if size > LARGEST:
            sys.exit(f"{made.name} is too large.")


def _environment(folder: Path) -> dict[str, str]:
    """Nothing of the developer's own, and the same commits each time."""
    placeholders = {name: f"placeholder-for-{name.lower()}" for name in SECRETS}
    who = {
        f"GIT_{role}_{what}": value
        for role in ("AUTHOR", "COMMITTER")
        for what, value in (
            ("NAME", "somebody"),
            ("EMAIL", "somebody@example.com"),
            ("DATE", "2026-01-01T00:00:00Z"),
        )
    }
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "LANG": "C.UTF-8",
        "TERM": "xterm-256color",
        "PYTHONPATH": str(ROOT),
        "COLUMNS": str(COLUMNS),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        **who,
        **placeholders,
    }


def _history(folder: Path, environment: dict[str, str]) -> None:
    """The example, applied and on main; a change in LaunchDarkly alone; a branch with three changed files."""
    example = folder / "examples" / "storefront"
    shutil.copytree(ROOT / "examples" / "storefront", example)
    apply = [*COMMAND, "apply", *SANDBOX, "examples/storefront", "--auto-approve", "-q"]

    def git(*arguments: str) -> None:
        _run(["git", *arguments], folder, environment)

    git("init", "--quiet", "--initial-branch", "main")
    git("add", "examples")
    git("commit", "--quiet", "--message", "The storefront")
    _run(apply, folder, environment)
    _edit(example, *BEHIND)
    _run(apply, folder, environment)
    git("restore", "examples")
    git("switch", "--quiet", "--create", "change")
    for edit in EDITS:
        _edit(example, *edit)
    git("commit", "--quiet", "--all", "--message", "Three files")


def _edit(folder: Path, name: str, old: str, new: str) -> None:
    text = (folder / name).read_text(encoding="utf-8")
    if old not in text:
        sys.exit(f"{name} no longer holds {old!r}.")
    (folder / name).write_text(text.replace(old, new), encoding="utf-8")


def _run(
    command: list[str], folder: Path, environment: dict[str, str] | None = None, given: str | None = None
) -> str:
    done = subprocess.run(  # noqa: S603 - commands of our own
        command, cwd=folder, env=environment, input=given, capture_output=True, text=True, check=False
    )
    if done.returncode:
        sys.exit(f"{' '.join(command)}: {done.returncode}\n{done.stdout}{done.stderr}")
    return done.stdout


def _pictures_of(comment: str, folder: Path) -> None:
    (folder / "comment.md").write_text(comment, encoding="utf-8")
    extensions = [
        argument for name in ("table", "strikethrough", "autolink", "tagfilter") for argument in ("-e", name)
    ]
    body = _run(["cmark-gfm", *extensions, "--unsafe", "comment.md"], folder)
    style = (HERE / "comment.css").read_text(encoding="utf-8")
    for mode in ("light", "dark"):
        page, picture = folder / f"{mode}.html", folder / f"{mode}.png"
        page.write_text(PAGE.format(mode=mode, style=style, body=body), encoding="utf-8")
        found = re.search(r'data-height="(\d+)"', _chromium(folder, page, 600, "--dump-dom"))
        if found is None:
            sys.exit("chromium did not say how high the page is.")
        _chromium(folder, page, int(found[1]), f"--screenshot={picture}")
        target = HERE / f"comment-{mode}.png"
        _run(
            ["pngquant", "--force", "--strip", "--speed", "1", "--output", str(target), "64", str(picture)],
            folder,
        )


def _chromium(folder: Path, page: Path, height: int, *arguments: str) -> str:
    with tempfile.TemporaryDirectory(dir=folder) as profile:
        quiet = "disable-background-networking disable-component-update disable-sync no-first-run"
        return _run(
            [
                "chromium",
                "--headless",
                "--no-sandbox",  # it shows a page of our own, and runs as root in a container
                "--disable-gpu",
                *(f"--{name}" for name in quiet.split()),
                "--hide-scrollbars",
                f"--user-data-dir={profile}",
                f"--window-size={WIDTH},{height}",
                *arguments,
                page.as_uri(),
            ],
            folder,
        )


def _in_terminal(command: list[str], folder: Path, environment: dict[str, str]) -> str:
    """What a command shows on a terminal, with its colours."""
    master, slave = pty.openpty()
    with subprocess.Popen(  # noqa: S603 - a command of our own
        command, cwd=folder, env=environment, stdin=slave, stdout=slave, stderr=subprocess.DEVNULL
    ):
        os.close(slave)
        shown = bytearray()
        while True:
            try:
                piece = os.read(master, 65536)
            except OSError:  # nobody has the other end open any more
                break
            if not piece:
                break
            shown += piece
    os.close(master)
    return shown.decode().replace("\r\n", "\n")


def _picture_of_terminal(shown: str) -> None:
    console = Console(record=True, width=COLUMNS, file=io.StringIO(), highlight=False)
    console.print(Text("$ reconciler plan examples/storefront --against main", "bold"))
    console.print(Text.from_ansi(shown.rstrip("\n")))
    picture = console.export_svg(title="", theme=COLOURS, code_format=SVG, unique_id="plan")
    picture = re.sub(r"[ \t]+$", "", picture, flags=re.MULTILINE)
    (HERE / "terminal.svg").write_text(picture, encoding="utf-8")


if __name__ == "__main__":
    main()
