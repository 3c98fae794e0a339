"""Refuses web files: those that nobody may get, and those that nobody can reach.

The web app's files are public. A site without a build may have its config, its secrets and the former bundle
beside its pages.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.errors import KanmonError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_PUBLIC = ".well-known"
"""The one folder with a dot for everybody: https://www.rfc-editor.org/rfc/rfc8615.html"""
_MOST = 5
_LONGEST = 896
"""Bytes of a name. A key of S3 has up to 1,024, and those of a preview's folder are among them:
https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-keys.html"""


def refuse_web_folder(folder: Path, private: Mapping[str, Path], where: str) -> None:
    """Raise WEB_FILE_REFUSED when something private, by its name, lies in the web directory."""
    for name, path in private.items():
        if path.resolve().is_relative_to(folder.resolve()):
            problem = f"Everybody could read {name}: it lies in the web directory."
            raise KanmonError(Code.WEB_FILE_REFUSED, problem, where=where)


def refuse_web_files(names: Sequence[str], api_prefix: str | None, where: str) -> None:
    """Raise WEB_FILE_REFUSED for names with a dot at the beginning, too long ones, and ones below the API's.

    The folder of previews begins with a dot, so no app has it.
    """
    if hidden := [name for name in names if _is_hidden(name)]:
        problem = f"Everybody could read files that begin with a dot: {_shown(hidden)}."
        raise KanmonError(Code.WEB_FILE_REFUSED, problem, where=where)
    if long := [name for name in names if len(name.encode()) > _LONGEST]:
        problem = f"The bucket takes {_LONGEST} bytes for a name. These have more: {_shown(long)}."
        raise KanmonError(Code.WEB_FILE_REFUSED, problem, where=where)
    if api_prefix and (lost := [name for name in names if f"/{name}".startswith(f"{api_prefix}/")]):
        problem = f"Nobody could reach files below `api.prefix`, {api_prefix}: {_shown(lost)}."
        raise KanmonError(Code.WEB_FILE_REFUSED, problem, where=where)


def _is_hidden(name: str) -> bool:
    return "/." in f"/{name.removeprefix(f'{_PUBLIC}/')}"


def _shown(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST} more" if len(names) > _MOST else ""
    return ", ".join(names[:_MOST]) + more
