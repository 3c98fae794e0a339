"""Looks through all templates of a release before any change set is made of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.cloudformation import Inspected, preflight
from kanmon.errors import Code, KanmonError
from kanmon.release.blueprint import API, SLOT, Output

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kanmon.bundle import Manifest
    from kanmon.config import Config
    from kanmon.release.blueprint import StackSpec
    from kanmon.release.ports import BlobsPort


def inspect(config: Config, specs: Iterable[StackSpec]) -> dict[str, Inspected]:
    """What was found by part. Raises TEMPLATE_WRONG, TEMPLATE_TOO_BIG."""
    specs = list(specs)
    found = {
        spec.part: preflight(spec.name, spec.template, spec.parameters.keys(), made_of(config, spec.part))
        for spec in specs
    }
    for spec in specs:
        for key, value in spec.parameters.items():
            if isinstance(value, Output) and value.key not in found[value.part].outputs:
                problem = (
                    f"{key} is to be the output {value.key} of {value.part}, which has none of that name."
                )
                raise KanmonError(Code.TEMPLATE_WRONG, problem, where=spec.name)
    return found


def made_of(config: Config, part: str) -> Mapping[str, int]:
    """Of how many parts of the config a stack is made, where it grows with them."""
    if part == SLOT:
        return {"functions": len(config.functions)}
    return {"routes": len(config.routes)} if part == API else {}


def refuse_missing(blobs: BlobsPort, manifest: Manifest) -> None:
    """Raise BUNDLE_MISSING when a package or a workflow's definition is not in the artifact bucket."""
    users = {package.sha256: name for name, package in manifest.functions.items()}
    users |= {definition.sha256: name for name, definition in manifest.workflows.items()}
    missing = blobs.missing(users)
    if missing:
        names = ", ".join(sorted(users[sha256] for sha256 in missing))
        raise KanmonError(
            Code.BUNDLE_MISSING,
            f"What these are made of is not in the artifact bucket: {names}.",
            where=manifest.digest[:12],
        )
