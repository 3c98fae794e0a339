"""One hostile input: files in a folder, and the command that reads them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

CONFIG = """\
app: shop
functions: {api: {handler: shop.api, artifact: build/api}}
api: {routes: [{path: "/api/{proxy+}", function: api}]}
web: {directory: web/dist}
checks: [{name: health, path: /api/health}]
"""
"""A small config without mistakes."""

Make = Callable[[Path], None]
"""Writes an input into an app's folder."""


@dataclass(frozen=True)
class Case:
    """One input. Its folder has an app already: the config, a function, a page."""

    group: str
    name: str
    make: Make
    arguments: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)
    shell: str = ""
    """What follows the command in a shell, such as `>&-`. The process is a new one then, not a fork."""

    def prepare(self, folder: Path) -> None:
        """Write the app and the input."""
        write(folder / "kanmon.yml", CONFIG)
        write(folder / "build/api/shop.py", "def api(event, context): ...\n")
        write(folder / "web/dist/index.html", "<!doctype html><html><head></head><body></body></html>\n")
        self.make(folder)


def write(path: Path, content: str | bytes) -> None:
    """Write a file and its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogateescape"))


def file(name: str, content: str | bytes | Callable[[], str | bytes]) -> Make:
    """The maker of one file."""
    return lambda folder: write(folder / name, content() if callable(content) else content)


def cases(group: str, arguments: tuple[str, ...], makers: dict[str, Make]) -> list[Case]:
    """The cases of a table of makers, all for one command."""
    return [Case(group, name, make, arguments) for name, make in makers.items()]
