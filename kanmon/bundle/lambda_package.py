"""Refuses a function's package that Lambda would refuse.

Quotas: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html.
The zip itself has no quota: Lambda's 50 MB are for a zip in the call, and Kanmon's lie in S3.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.bundle.tree import refuse_larger, shown
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanmon.bundle.tree import TreeFile
    from kanmon.config.functions import Function

UNPACKED = 250 * 1024**2
"""Bytes of a function's files. Lambda's message is "Unzipped size must be smaller than 262144000 bytes"."""
_TASK = "/var/task/"
# Linux: NAME_MAX, and PATH_MAX without its NUL. macOS counts the characters of a name, not its bytes.
_NAME, _PATH = 255, 4095


def refuse_unfit_package(name: str, function: Function, files: Sequence[TreeFile]) -> None:
    """Raise BUNDLE_TOO_BIG or UNSAFE_PATH for files of a function's artifact that Lambda can't take."""
    where = f"functions.{name}.artifact: {function.artifact}"
    reason = phrase("Lambda takes {limit:,} bytes for one function, unpacked.", limit=UNPACKED)
    refuse_larger(files, UNPACKED, phrase("The function {name}", name=name), reason, where)
    for file in files:
        path = f"{_TASK}{file.name}".encode()
        if len(path) > _PATH or max(map(len, path.split(b"/"))) > _NAME:
            problem = phrase(
                "The name {name} has {size:,} bytes.", name=shown(file.name), size=len(file.name.encode())
            )
            fix = phrase(
                "Shorten the name: Linux takes {name} bytes between two slashes, and {path:,} for the path.",
                name=_NAME,
                path=_PATH - len(_TASK),
            )
            raise KanmonError(Code.UNSAFE_PATH, problem, where=where, fix=fix)
