"""`kanmon render`: writes the CloudFormation templates as files, without AWS."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.bundle.manifest import MANIFEST, built_from
from kanmon.bundle.own_stacks import read_stacks
from kanmon.cli.command import Command, bundle_folder, path
from kanmon.errors import ExitStatus
from kanmon.language import deferred, phrase
from kanmon.naming import blob_key
from kanmon.templates.offline import render_offline, shares, unbuilt

if TYPE_CHECKING:
    from pathlib import Path

    from kanmon.cli.context import Context


@dataclass(frozen=True)
class RenderOptions:
    """The bundle to render, and the folder for the templates."""

    bundle: Path = bundle_folder()
    output: Path = path(
        deferred("the folder to write to (default: build/templates)"),
        "DIR",
        "build/templates",
        terminal_only=True,
    )


def run(options: RenderOptions, context: Context) -> ExitStatus:
    """Write the template of every stack to its own file. Other files in the folder stay."""
    config, bundle = context.config, context.project / options.bundle
    manifest = built_from(config, bundle).manifest if (bundle / MANIFEST).exists() else None
    unpacked = manifest or unbuilt(config, stacks=read_stacks(config, context.project))
    rendered = render_offline(config, unpacked, context.configs.values())
    options.output.mkdir(parents=True, exist_ok=True)
    width = max(map(len, rendered)) + len(".yml")
    for kind, (body, outline) in rendered.items():
        (options.output / f"{kind}.yml").write_text(body, "utf-8")
        context.print(f"{kind + '.yml':<{width}}  {shares(outline)}")
    context.console.print(
        deferred("[green]{number} templates[/] are in {folder}."), number=len(rendered), folder=options.output
    )
    if manifest is None:
        unbuilt_key = blob_key(config.environment, "not-built-<function>")
        context.print(
            phrase(
                "There is no bundle in {bundle}: each function's package is `{key}`.",
                bundle=bundle,
                key=unbuilt_key,
            )
        )
        if config.state_machines:
            context.print(
                phrase(
                    "Build first for the state machines: their definitions are in the bundle. "
                    "Run `kanmon build`."
                )
            )
    return ExitStatus.OK


COMMAND = Command(
    "render",
    deferred("Write the CloudFormation templates of the config as files, without AWS."),
    run,
    RenderOptions,
    action=False,
    about="The templates are those of a release: [infrastructure](../infrastructure.md) has the map.",
    examples={
        "kanmon render --output build/templates": deferred(
            "write them, and read them before you have an account"
        ),
    },
)
