"""`kanmon build`: runs the app's build and packs the bundle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.bundle.build import build_bundle, commit_of
from kanmon.bundle.policy_warnings import policy_warnings
from kanmon.bundle.web_warnings import linked_pages, web_warnings
from kanmon.cli.command import Command, bundle_folder
from kanmon.config.waiting import waiting_warnings
from kanmon.errors import ExitStatus
from kanmon.language import deferred, phrase
from kanmon.report.step import folded
from kanmon.stacks.action_warnings import action_warnings
from kanmon.text import counted, short_commit

if TYPE_CHECKING:
    from pathlib import Path

    from kanmon.cli.context import Context
    from kanmon.errors import KanmonError


@dataclass(frozen=True)
class BuildOptions:
    """The folder for the bundle."""

    bundle: Path = bundle_folder()


def run(options: BuildOptions, context: Context) -> ExitStatus:
    """Build the bundle and show its content."""
    warnings: list[KanmonError] = []
    with folded(phrase("The build")):
        bundle = build_bundle(
            context.config,
            context.project,
            context.project / options.bundle,
            commit=commit_of(context.project),
            on_command=lambda command: context.console.print("[dim]$ {command}[/]", command=command),
            on_line=context.console.line,
            on_warning=warnings.append,
        )
    manifest = bundle.manifest
    context.console.print(
        deferred("[green]Built[/] {functions} and {files} of commit {commit}: bundle [bold]{digest}[/]"),
        functions=counted(len(manifest.functions), "function"),
        files=counted(len(manifest.web), "web file"),
        commit=short_commit(manifest.commit),
        digest=manifest.digest[:12],
    )
    if context.config.web:
        warnings += web_warnings(manifest.web, context.config.web.paths, linked_pages(bundle))
    warnings += waiting_warnings(context.config)
    warnings += policy_warnings(context.config)
    warnings += action_warnings(context.config, {name: one.body for name, one in manifest.stacks.items()})
    context.warn(warnings)
    if context.step:
        context.step.bundle(bundle)
    return ExitStatus.OK


COMMAND = Command(
    "build",
    deferred("Run the app's build and pack the bundle."),
    run,
    BuildOptions,
    outputs={"digest": "the bundle's SHA-256", "commit": "the commit of the bundle"},
    about="The same input gives the same bytes.",
    examples={
        "kanmon build": deferred("run `build.commands`, and pack `build/bundle`"),
    },
)
