"""`kanmon deploy`: plans, asks for approval, releases, and rolls back a failed release."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.cli.command import (
    RESULT_OUTPUTS,
    Command,
    built_digest,
    bundle_folder,
    flag,
    given_reason,
    optional_path,
    text,
)
from kanmon.codes import Code
from kanmon.errors import ExitStatus, KanmonError
from kanmon.language import deferred, phrase

if TYPE_CHECKING:
    from pathlib import Path

    from kanmon.cli.context import Context
    from kanmon.config.schema import Config
    from kanmon.release.plan import Plan


@dataclass(frozen=True)
class DeployOptions:
    """The bundle or the plan to release, and its approval."""

    bundle: Path = bundle_folder()
    bundle_digest: str = built_digest()
    plan: Path | None = optional_path(
        deferred("the plan to carry out, from kanmon plan --output (default: make a new plan)"), "FILE"
    )
    digest: str = text(deferred("the output `digest` of the plan; another plan is refused"), "SHA256")
    dry_run: bool = flag(
        deferred("plan, show the steps of the deploy, and change nothing"), terminal_only=True
    )
    yes: bool = flag(deferred("approve without asking"), terminal_only=True)
    reason: str = given_reason()
    lift_freeze: str = text(
        deferred("release in a frozen environment; give the reason, such as fixed in 3f2a91c"), "REASON"
    )


def run(options: DeployOptions, context: Context) -> ExitStatus:
    """Recover an earlier operation first, after an approval of its own; then release."""
    from kanmon.cli.approvals import deploy_approver, recovery_approver
    from kanmon.cli.commands.plan import new_plan, refuse_without_digest
    from kanmon.cli.ending import operated, recover_first, show_ending, show_outcome, show_steps
    from kanmon.cli.repository import with_deployment
    from kanmon.release.deploy import deploy, refuse_frozen
    from kanmon.release.dry_run import deploy_steps
    from kanmon.report.step import folded
    from kanmon.report.terminal import print_plan

    if options.plan:
        refuse_without_digest(context, options.digest, "digest")
    else:
        refuse_without_digest(context, options.bundle_digest, "bundle-digest")
    given = _given_plan(options, context.config)
    services, console = context.services, context.console
    folder = context.project / options.bundle
    if options.dry_run:
        plan = given or new_plan(context, folder, options.bundle_digest, services.ledger.head())
        print_plan(console, plan)
        if not plan.unchanged:
            steps = deploy_steps(services, plan, options.lift_freeze)
            show_steps(context, phrase("The deploy of {release} would", release=plan.release), steps)
        return ExitStatus.OK
    with with_deployment(context) as observer:
        recovered = recover_first(context, observer, recovery_approver(context, yes=options.yes))
        if recovered and recovered.open:
            return show_outcome(context, recovered)
        if recovered:
            show_ending(context, recovered)
        head = services.ledger.head()
        refuse_frozen(head, options.lift_freeze)
        plan = given or new_plan(context, folder, options.bundle_digest, head)
        with folded(phrase("The plan")):
            print_plan(console, plan)
        approver = deploy_approver(context, yes=options.yes)
        reason, lift_freeze = options.reason, options.lift_freeze
        outcome = operated(
            context,
            lambda: deploy(services, plan, approver, observer, reason=reason, lift_freeze=lift_freeze),
        )
    return show_outcome(context, outcome, plan)


def _given_plan(options: DeployOptions, config: Config) -> Plan | None:
    from kanmon.release.plan import read_plan

    if options.plan is None:
        if options.digest:
            # The digest is an approval. A new plan is another one.
            problem = phrase("The digest of a plan is given, and no plan.")
            fix = phrase("Add `--plan FILE`, or leave `--digest` out.")
            raise KanmonError(Code.USAGE, problem, fix=fix)
        return None
    plan = read_plan(options.plan)
    if options.bundle_digest not in {"", plan.bundle}:
        problem = phrase(
            "The plan is for the bundle {planned}, not for {named}.",
            planned=plan.bundle[:12],
            named=options.bundle_digest[:12],
        )
        raise KanmonError(Code.PLAN_ALTERED, problem, where=str(options.plan))
    if options.digest not in {"", plan.digest}:
        raise KanmonError(
            Code.PLAN_ALTERED,
            phrase(
                "The plan's digest is {digest}. The approved digest is {approved}.",
                digest=plan.digest[:12],
                approved=options.digest[:12],
            ),
            where=str(options.plan),
        )
    if (plan.app, plan.environment) != (config.app, config.environment):
        # A release of each environment may have the same id, bundle and base.
        problem = phrase(
            "The plan is for {app} in {environment}, not for {name}.",
            app=plan.app,
            environment=plan.environment,
            name=config.prefix,
        )
        fix = phrase("Name its environment with `--env`, or make a plan for this one.")
        raise KanmonError(Code.PLAN_STALE, problem, where=str(options.plan), fix=fix)
    return plan


COMMAND = Command(
    "deploy",
    deferred("Plan a release, ask for approval, and release it."),
    run,
    DeployOptions,
    aws=True,
    outputs=RESULT_OUTPUTS,
    token="to read the approval and show the deployment: actions: read, deployments: write",  # noqa: S106
    docker=True,
    about="Without `--plan` it plans first. It asks for approval, releases, and rolls back a failing "
    "release.",
    failed="the release was aborted or rolled back, or the operation failed. Users are on a complete release",
    examples={
        "kanmon deploy": deferred("plan, ask, release"),
        "kanmon deploy --plan plan.json": deferred("deploy exactly this plan"),
        "kanmon deploy --dry-run": deferred("show the steps, change nothing"),
        'kanmon deploy --lift-freeze "r44 fixes it"': deferred("the first deploy after a rollback"),
    },
)
