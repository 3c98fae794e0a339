"""Refuses web files: those that nobody may get, and those that nobody could ever get.

The web app's files are public. A site without a build may have its config, its secrets and the former bundle
beside its pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.media import content_type
from kanmon.naming import WELL_KNOWN

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from kanmon.media import Media
    from kanmon.model import WebFile

_MOST = 5
_OF_TOOLS = {".DS_Store", ".gitignore", ".gitkeep", ".keep", ".nojekyll"}
_LONGEST = 896
"""Bytes of a name. A key of S3 has up to 1,024, and those of a preview's folder are among them:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""


def refuse_web_folder(folder: Path, private: Mapping[str, Path], where: str) -> None:
    """Raise WEB_FILE_REFUSED when something private, by its name, lies in the web directory."""
    for name, path in private.items():
        if path.resolve().is_relative_to(folder.resolve()):
            problem = phrase("Everybody could read {name}: it lies in the web directory.", name=name)
            raise KanmonError(Code.WEB_FILE_REFUSED, problem, where=where)


def is_tools_own(name: str) -> bool:
    """Whether a file is only for the tool that wrote it, such as `.DS_Store`: no browser asks for it.

    `.vite/` has Vite's manifests for servers (https://vite.dev/guide/backend-integration), `.nojekyll` is for
    GitHub Pages.
    """
    folder, _, _ = name.partition("/")
    return folder == ".vite" or name.rpartition("/")[2] in _OF_TOOLS


def refuse_web_files(names: Sequence[str], api_prefix: str | None, where: str) -> None:
    """Raise WEB_FILE_REFUSED for names with a dot at the beginning, too long ones, and ones below the API's.

    The folder of previews begins with a dot, so no app has it.
    """
    if hidden := [name for name in names if _is_hidden(name)]:
        problem = phrase("Everybody could read files that begin with a dot: {names}.", names=some_of(hidden))
        raise KanmonError(Code.WEB_FILE_REFUSED, problem, where=where)
    if long := [name for name in names if len(name.encode()) > _LONGEST]:
        problem = phrase(
            "The bucket takes {limit} bytes for a name. These have more: {names}.",
            limit=_LONGEST,
            names=some_of(long),
        )
        raise KanmonError(Code.WEB_FILE_REFUSED, problem, where=where)
    if api_prefix and (lost := [name for name in names if f"/{name}".startswith(f"{api_prefix}/")]):
        problem = phrase(
            "Nobody could reach files below `api.prefix`, {prefix}: {names}.",
            prefix=api_prefix,
            names=some_of(lost),
        )
        raise KanmonError(Code.WEB_FILE_REFUSED, problem, where=where)


def refuse_assets(names: Iterable[str], where: str) -> None:
    """Raise WEB_FILE_REFUSED for hashed assets that S3 would not find by the path that browsers send."""
    if lost := [name for name in names if "+" in name]:
        problem = phrase(
            "S3 reads a plus sign in a path as a space, so nobody could reach {names}.", names=some_of(lost)
        )
        fix = phrase("Rename them: no plus sign in the folders of `web.immutable`.")
        raise KanmonError(Code.WEB_FILE_REFUSED, problem, where=where, fix=fix)


def refuse_changed_assets(files: Mapping[str, WebFile], live: Mapping[str, WebFile]) -> None:
    """Raise ASSET_CHANGED for hashed assets of the live release with other content, or with a fixed name now.

    Browsers and the edge have them for a year, and ask no more: nobody would get the new content.
    """
    kept = {name: file for name, file in files.items() if name in live and live[name].immutable}
    if changed := [
        name for name, file in kept.items() if file.immutable and file.sha256 != live[name].sha256
    ]:
        problem = phrase(
            "The live release has other content under the same name: {names}.", names=some_of(changed)
        )
        raise KanmonError(Code.ASSET_CHANGED, problem, where="web.immutable")
    if fixed := [name for name, file in kept.items() if not file.immutable]:
        problem = phrase(
            "Browsers keep the live release's {names} for a year, as files of `web.immutable`.",
            names=some_of(fixed),
        )
        fix = phrase(
            "Rename what you take out of `web.immutable`, and ask for the new names: `texts/en.json`."
        )
        raise KanmonError(Code.ASSET_CHANGED, problem, where="web.immutable", fix=fix)


def refuse_compressed_page(name: str, media: Media, where: str) -> None:
    """Raise WEB_FILE_REFUSED for a page that the build compressed under its plain name."""
    if media.encoding and content_type(name).startswith("text/html"):
        problem = phrase("Kanmon writes the release into each page, but {name} is compressed.", name=name)
        fix = phrase("Leave pages as they are: the edge compresses them. Or name it `.html.gz`.")
        raise KanmonError(Code.WEB_FILE_REFUSED, problem, where=where, fix=fix)


def _is_hidden(name: str) -> bool:
    return "/." in f"/{name.removeprefix(WELL_KNOWN)}"


def some_of(names: Sequence[str]) -> str:
    """The first of some names, and the number of the others."""
    first, more = ", ".join(names[:_MOST]), len(names) - _MOST
    return phrase("{names} and {number} more", names=first, number=more) if more > 0 else first
