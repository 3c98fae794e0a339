"""Links of package managers inside `node_modules`, and the way out for those to other packages.

A link to another package of the repository leads out of the function's folder. A copy in its place would not
find its own dependencies: package managers put them beside the link's target, or above it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.language import deferred, phrase, sentences

if TYPE_CHECKING:
    from pathlib import Path

BUNDLER = deferred("Or bundle the code into one file, such as with `esbuild --bundle --platform=node`.")
_PACK = deferred(
    "Pack each linked package by `npm pack --workspace=NAME`, and install the archives into the artifact by "
    "`npm install --omit=dev --prefix FOLDER ./FILE.tgz`. Without a workspace, `npm install --install-links` "
    "copies what a `file:` dependency names."
)
_WAYS = {
    # https://pnpm.io/cli/deploy
    "pnpm-lock.yaml": deferred("Let `pnpm --filter=NAME --prod deploy FOLDER` make the artifact."),
    # https://yarnpkg.com/cli/pack. No `nodeLinker` and no `nmMode` copies a workspace.
    "yarn.lock": deferred(
        "Pack each linked package by `yarn workspace NAME pack`, and install the archives into the artifact."
    ),
    # https://docs.npmjs.com/cli/commands/npm-pack. A workspace stays a link, with `--install-links` too:
    # https://github.com/npm/cli/pull/5484
    "package-lock.json": _PACK,
}


def is_undeclared(name: str) -> bool:
    """Whether a link is one of pnpm's for modules that no package declares.

    `pnpm deploy --legacy` leaves one to the deployed package itself, out of the folder. Nothing needs it.
    """
    return "node_modules/.pnpm/node_modules/" in name


def way_out(name: str, root: Path) -> str | None:
    """What to do about a link, by its name in the folder `root`, that leads out of it.

    None for a link outside of `node_modules`. The nearest lock file names the package manager.
    """
    if "node_modules" not in name.split("/"):
        return None
    for folder in (root, *root.parents):
        for lock, way in _WAYS.items():
            if (folder / lock).is_file():
                return sentences(phrase(way), phrase(BUNDLER))
    return sentences(phrase(_PACK), phrase(BUNDLER))
