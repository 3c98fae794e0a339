"""Finds packages that Node would not find: workspaces keep them above the folder that is packed.

Yarn, npm and others install a workspace's dependencies at the repository's root. So a workspace's own folder
as an artifact passes here, and its first call fails.
https://yarnpkg.com/features/workspaces
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

from kanmon.bundle.linked_modules import BUNDLER
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase, sentences
from kanmon.regular_file import RefusedFileError, read_regular

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from kanmon.bundle.tree import TreeFile
    from kanmon.config.functions import Function

_SOURCE = 512 * 1024
"""Bytes of a source file that is read for names."""
_NAMED = re.compile(
    r"""(?:\brequire\s*\(|\bimport\s*\(|\bimport\b|\bfrom\b)\s*["']((?:@[\w.-]+/)?[\w.-]+)(?:/[^"']*)?["']"""
)
# Lambda's Node has both: https://docs.aws.amazon.com/lambda/latest/dg/lambda-nodejs.html
_OF_LAMBDA = ("@aws-sdk/", "@smithy/")
_PLUG_AND_PLAY = ".pnp.cjs"


def lacking_modules(name: str, function: Function, files: Sequence[TreeFile]) -> KanmonError | None:
    """MODULE_MISSING for declared packages that the code names and that the artifact lacks; None for none.

    Only a warning: code may ask for a package and go on without it. A layer may have them all.
    """
    by_name = {file.name: file for file in files}
    if not function.runtime.startswith("nodejs") or function.layers or _PLUG_AND_PLAY in by_name:
        return None
    inside = {found for file in files if (found := _package(file.name))}
    declared = _dependencies(by_name.get("package.json")) - inside
    lacking = sorted(declared & set(_named(files)) if declared else ())
    if not lacking:
        return None
    problem = phrase(
        "The code of the function {name} names {packages}, and `node_modules` in its artifact has no such "
        "package. Workspaces keep packages at the repository's root.",
        name=name,
        packages=", ".join(lacking),
    )
    fix = phrase(
        "Copy the package to a folder outside of the workspaces, and run `npm install --omit=dev` there."
    )
    where = f"functions.{name}.artifact: {function.artifact}"
    return KanmonError(Code.MODULE_MISSING, problem, where=where, fix=sentences(fix, phrase(BUNDLER)))


def _package(path: str) -> str:
    """The package in the artifact's own `node_modules` that a file belongs to, or a link leads to."""
    folder, *rest = path.split("/")
    if folder != "node_modules" or not rest:
        return ""
    return "/".join(rest[:2] if rest[0].startswith("@") else rest[:1])


def _dependencies(file: TreeFile | None) -> set[str]:
    try:
        declared = json.loads(_text(file))["dependencies"] if file else {}
        return {one for one in declared if not one.startswith(_OF_LAMBDA)}
    except (ValueError, KeyError, TypeError, RecursionError):
        return set()


def _named(files: Sequence[TreeFile]) -> Iterator[str]:
    for file in files:
        own = "node_modules" not in file.name.split("/") and file.target is None
        if own and file.name.endswith((".js", ".mjs", ".cjs")):
            yield from _NAMED.findall(_text(file))


def _text(file: TreeFile) -> str:
    try:
        return read_regular(Path(file.path), _SOURCE).decode(errors="replace")
    except RefusedFileError:
        return ""
