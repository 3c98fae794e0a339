"""`kanmon plan`: creates the change sets of a release and shows them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.cli.command import Command, built_digest, bundle_folder, optional_path, refuse_unwritable, text
from kanmon.codes import Code
from kanmon.errors import ExitStatus, KanmonError
from kanmon.language import deferred, phrase
from kanmon.model import Slot
from kanmon.stacks.boundary import has_permissions, refuse_above
from kanmon.text import short_commit

if TYPE_CHECKING:
    from pathlib import Path

    from kanmon.cli.context import Context
    from kanmon.ledger.records import Head
    from kanmon.release.plan import Plan


@dataclass(frozen=True)
class PlanOptions:
    """The bundle to plan, and the file for the plan."""

    bundle: Path = bundle_folder()
    bundle_digest: str = built_digest(required=True)
    lift_freeze: str = text(
        deferred("plan in a frozen environment; give the reason, such as fixed in 3f2a91c"), "REASON"
    )
    output: Path | None = optional_path(
        deferred("write the plan to this file; give the file to kanmon deploy --plan"), "FILE"
    )


def run(options: PlanOptions, context: Context) -> ExitStatus:
    """Plan, show the plan, and write it to a file if you name one."""
    from kanmon.release.deploy import refuse_frozen
    from kanmon.report.terminal import print_plan

    refuse_without_digest(context, options.bundle_digest, "bundle-digest")
    if options.output:
        refuse_unwritable(options.output)
    services = context.services
    # Refuse a frozen environment now, before reviewers look at a plan.
    head = services.ledger.head()
    refuse_frozen(head, options.lift_freeze)
    plan = new_plan(context, context.project / options.bundle, options.bundle_digest, head, options.output)
    print_plan(context.console, plan)
    if context.step:
        context.step.plan(plan)
    return ExitStatus.OK


def new_plan(
    context: Context, bundle_folder: Path, digest: str, head: Head, output: Path | None = None
) -> Plan:
    """Upload the bundle and plan its release. The file is written before any output: a pipe may be closed."""
    from kanmon.bundle.manifest import built_from
    from kanmon.cli.docker_action import refuse_planned_docker_action
    from kanmon.release.loaded import compared_in, published_in
    from kanmon.release.plan import live_release, make_plan
    from kanmon.stacks.lookup import refuse_unfit

    if context.config.verify and context.step:
        name = context.config.environment
        refuse_planned_docker_action(context.config_file, name, first=name == next(iter(context.configs)))
    bundle = built_from(context.config, bundle_folder, digest)
    services = context.services
    context.account.refuse_new_types({name: one.types for name, one in bundle.manifest.stacks.items()})
    _refuse_above_boundary(context)
    refuse_unfit(context.config, context.account.aws)
    live = live_release(services, head)
    assets = context.account.blobs.upload_bundle(bundle, compared_in(live), published_in(live))
    plan = make_plan(
        services,
        context.config,
        bundle.manifest,
        context.account.bootstrapped,
        head=head,
        loaded=live,
        assets=assets,
    )
    if output:
        output.write_text(plan.text(), "utf-8")
    _show_other_commit(context, bundle.manifest.commit)
    return plan


def _show_other_commit(context: Context, built: str) -> None:
    """Without this, a forgotten `kanmon build` looks like a success: there is nothing to change."""
    from kanmon.bundle.build import DIRTY, UNVERSIONED, head_of

    commits = [built.removesuffix(DIRTY), head_of(context.project)]
    if built and UNVERSIONED not in commits and commits[0] != commits[1]:
        context.console.print(
            deferred(
                "[yellow]The bundle is of commit {built}, and this folder is at {here}.[/] "
                "To release the folder, run `kanmon build` first."
            ),
            built=short_commit(commits[0]),
            here=short_commit(commits[1]),
        )


def _refuse_above_boundary(context: Context) -> None:
    """Refuse permissions above the applied boundary. Raises ABOVE_BOUNDARY."""
    from kanmon.aws.policies import policy_statements
    from kanmon.release.stack_outputs import outputs_of

    config, account = context.config, context.account
    if config.github is None or not has_permissions(config):
        # Without roles for GitHub there is no boundary.
        return
    made = account.bootstrapped
    applied = policy_statements(account.aws.reads("iam"), made.boundary(config.prefix))
    stacks = outputs_of(context.services, config, Slot.NONE)
    refuse_above(config, applied, stacks, made.key)


def refuse_without_digest(context: Context, digest: str, name: str) -> None:
    """Refuse an empty digest in a workflow. Raises DIGEST_MISSING.

    Between the jobs of a workflow, others could exchange the files. GitHub drops outputs that look masked, so
    an empty digest must not mean: no check.
    """
    if context.step and not digest:
        raise KanmonError(Code.DIGEST_MISSING, phrase("`{name}` is empty.", name=name))


COMMAND = Command(
    "plan",
    deferred("Create the change sets of a release and show them."),
    run,
    PlanOptions,
    aws=True,
    outputs={
        "release": "the release's id, such as r42",
        "digest": "the plan's SHA-256; give it to the deploy as its digest",
        "unchanged": "true when this release is live already",
    },
    about="It uploads the bundle, too. It changes nothing that users get.",
    examples={
        "kanmon plan": deferred("show every change of a release"),
        "kanmon plan --output plan.json": deferred("keep the plan for a later deploy"),
        'kanmon plan --lift-freeze "r44 fixes it"': deferred("the first plan after a rollback"),
    },
)
