"""Writes the templates of a config as files, for people and tools to read; AWS is not asked."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING

from kanmon.bundle import FunctionPackage, Manifest, load_bundle
from kanmon.bundle.manifest import MANIFEST, WorkflowDefinition
from kanmon.cloudformation import (
    LIMITS,
    Inspected,
    Size,
    Template,
    bootstrap_stack,
    bootstrap_template,
    preflight,
)
from kanmon.errors import Code, KanmonError
from kanmon.ledger import Slot
from kanmon.release.blueprint import blueprint
from kanmon.release.preflight import inspect

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from kanmon.bundle import Bundle
    from kanmon.config import Config

BOOTSTRAP = "bootstrap"


def render(config: Config, folder: Path, bundle: Path) -> Iterator[str]:
    """Write every stack's template into `folder`, a file a stack; what to tell, line by line.

    What else is in the folder stays. Raises TEMPLATE_WRONG, TEMPLATE_TOO_BIG, BUNDLE_DAMAGED.
    """
    manifest = bundle_of(config, bundle).manifest if (bundle / MANIFEST).exists() else None
    templates, found = rendered(config, manifest)
    folder.mkdir(parents=True, exist_ok=True)
    width = max(map(len, templates)) + len(".yml")
    for part, template in templates.items():
        (folder / f"{part}.yml").write_text(template.body, "utf-8")
        yield f"{part + '.yml':<{width}}  {shares(found[part].size)}"
    yield f"[green]{len(templates)} templates[/] are in {folder}."
    if manifest is None:
        yield f"Without a bundle (none in {bundle}), each function's package is `blobs/not-built-<function>`."
        if config.workflows:
            yield "Which functions a workflow invokes, its definition says, which comes with the bundle."


def rendered(
    config: Config, manifest: Manifest | None = None
) -> tuple[dict[str, Template], dict[str, Inspected]]:
    """Every stack's template by its part, and what was found in it.

    Raises TEMPLATE_WRONG, TEMPLATE_TOO_BIG.
    """
    bootstrap = bootstrap_template(config)
    specs = blueprint(config, manifest or unbuilt(config), "r1", Slot.BLUE, "artifacts")
    templates = {BOOTSTRAP: bootstrap} | {spec.part: spec.template for spec in specs}
    found = {BOOTSTRAP: preflight(bootstrap_stack(config.app), bootstrap, ())}
    return templates, found | inspect(config, specs)


def bundle_of(config: Config, folder: Path, digest: str = "") -> Bundle:
    """The bundle that was built of this config. Raises what `load_bundle` raises, BUNDLE_DAMAGED too."""
    bundle = load_bundle(folder, digest=digest)
    if bundle.manifest.config != config:
        raise KanmonError(
            Code.BUNDLE_DAMAGED,
            "The config changed since the bundle was built.",
            fix="Run `kanmon build` again.",
        )
    return bundle


def unbuilt(config: Config, steps: Mapping[str, tuple[str, ...]] | None = None) -> Manifest:
    """What stands for a bundle where there is none: nobody could take its packages for real ones.

    `steps` has the functions that each workflow's definition names.
    """
    packages = {
        name: FunctionPackage(sha256=f"not-built-{name}", size=0, files={}) for name in config.functions
    }
    workflows = {
        name: WorkflowDefinition(sha256=f"not-built-{name}", size=0, functions=(steps or {}).get(name, ()))
        for name in config.workflows
    }
    return Manifest(
        app=config.app,
        commit="0" * 40,
        tools={},
        functions=packages,
        workflows=workflows,
        web={},
        config=config,
    )


def shares(size: Size) -> str:
    """A template's size beside CloudFormation's limits."""
    return ", ".join(
        f"{getattr(size, field.name):,} of {getattr(LIMITS, field.name):,} {field.name}"
        for field in fields(Size)
    )
