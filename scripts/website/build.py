"""Builds the website: `scripts/docs`. Each language has a folder of sources below `build/docs`.

The sources are the repository's own files: only their links change. A link to a page leads to the page
in the reader's language, any other one to the file on GitHub.
"""

from __future__ import annotations

import json
import posixpath
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from string import Template

from scripts.website.markdown import anchors, for_python_markdown, replace_links
from scripts.website.navigation import LANGUAGES, NAVIGATION, ROOT, Page, existing_pages

_HERE = Path(__file__).resolve().parent
_BUILT = ROOT / "build" / "docs"
SITE = _BUILT / "site"
ADDRESS = "https://kanmon-dev.github.io/kanmon/"
CODE = "https://github.com/kanmon-dev/kanmon"
_MERMAID = _HERE / "node_modules" / "@mermaid-js" / "tiny" / "dist" / "mermaid.tiny.js"
_ENGLISH_ONLY = (
    '\n<div class="admonition note" data-search-exclude><p class="admonition-title">'
    "このページはまだ英語版のみです。</p></div>\n"
)
_LOADED = re.compile(r"<(?:script|link|img|iframe)\b[^>]*?\b(?:src|href)=\"?((?:https?:)?//[^\"\s>]+)")


@dataclass(frozen=True)
class Website:
    """The website in one language."""

    language: str

    @property
    def folder(self) -> str:
        """Where it lies below the website's root."""
        return "" if self.language == "en" else f"{self.language}/"

    def source(self, page: Page) -> str:
        """The file of a page: its translation, or the English one."""
        translated = self.language != "en" and (ROOT / page.translation).exists()
        return page.translation if translated else page.source

    def text(self, page: Page) -> str:
        """The source of a page, for the generator."""
        source = self.source(page)
        text = replace_links(_read(source), lambda target: self._target(page, source, target))
        note = _ENGLISH_ONLY if self.language != "en" and source == page.source else ""
        head, end, rest = for_python_markdown(text).partition("\n")
        return f"{head}{end}\n{note}{rest}"

    def configuration(self) -> str:
        """The generator's own file."""
        return Template((_HERE / "zensical.toml").read_text("utf-8")).substitute(
            language=self.language,
            address=json.dumps(ADDRESS + self.folder),
            overrides=json.dumps(str(_HERE / "overrides")),
            alternate="\n".join(self._alternatives()),
            nav="\n".join(self._navigation()),
        )

    def _alternatives(self) -> list[str]:
        back = "../" if self.folder else ""
        return [
            f'  {{name = "{name}", link = "{back}{Website(language).folder}", lang = "{language}"}},'
            for language, name in LANGUAGES.items()
        ]

    def _navigation(self) -> list[str]:
        lines = []
        known = existing_pages()
        for part in NAVIGATION:
            pages = [
                f"{{{_text(one.title(self.language))} = {_text(one.path)}}}"
                for one in part.pages
                if one in known
            ]
            if pages:
                lines.append(f"  {{{_text(part.title(self.language))} = [{', '.join(pages)}]}},")
        return lines

    def _target(self, page: Page, source: str, target: str) -> str:
        if re.match(r"[a-z]+:|#", target):
            return target
        path, _, anchor = target.partition("#")
        file = posixpath.normpath(posixpath.join(posixpath.dirname(source), path))
        aim = _page_of(file)
        if aim is None:
            kind = "tree" if (ROOT / file).is_dir() else "blob"
            return f"{CODE}/{kind}/main/{file}" + (f"#{anchor}" if anchor else "")
        if anchor and self.source(aim) != aim.source and anchor not in anchors(_read(self.source(aim))):
            # The translation has headings of its own. The English page has this anchor.
            return f"{ADDRESS}{aim.address}#{anchor}"
        relative = posixpath.relpath(aim.path, posixpath.dirname(page.path) or ".")
        return relative + (f"#{anchor}" if anchor else "")


def main() -> int:
    """Build all languages; 1 after a broken link or a file from elsewhere."""
    shutil.rmtree(_BUILT, ignore_errors=True)
    for language in LANGUAGES:
        website = Website(language)
        folder = _BUILT / language
        for page in existing_pages():
            _write(folder / "docs" / page.path, website.text(page))
        for asset in ("page.js", "style.css"):
            shutil.copy(_HERE / asset, folder / "docs" / asset)
        shutil.copy(_MERMAID, folder / "docs" / "mermaid.js")
        _write(folder / "zensical.toml", website.configuration())
        program = Path(sys.executable).parent / "zensical"
        done = subprocess.run([program, "build", "--strict", "--clean"], cwd=folder, check=False)
        if done.returncode:
            return 1
        shutil.move(folder / "site", SITE / website.folder)
    foreign = foreign_files()
    for one in foreign:
        sys.stderr.write(f"{one}\n")
    sys.stdout.write(f"The website is in {SITE.relative_to(ROOT)}.\n")
    return 1 if foreign else 0


def foreign_files() -> list[str]:
    """What the pages load from elsewhere."""
    found = {
        f"{path.relative_to(SITE)} loads {address}"
        for path in SITE.rglob("*.html")
        for address in _LOADED.findall(path.read_text("utf-8"))
        if not address.startswith(ADDRESS)
    }
    return sorted(found)


@cache
def _read(source: str) -> str:
    return (ROOT / source).read_text("utf-8")


@cache
def _page_of(file: str) -> Page | None:
    """The page of a file in either language."""
    return next((page for page in existing_pages() if file in {page.source, page.translation}), None)


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


if __name__ == "__main__":
    sys.exit(main())
