"""What each command does: it puts the rooms together and chooses the exit status."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

from rich.markup import escape

from kanmon.approval import TerminalApproval
from kanmon.bundle import build_bundle
from kanmon.bundle.build import commit_of
from kanmon.cli.bootstrap import bootstrap
from kanmon.cli.github import gate_approval, github_client, github_gate, make_way, recorder, shown
from kanmon.cli.marks import mark
from kanmon.cli.render import bundle_of, render
from kanmon.cli.wiring import Account, actor
from kanmon.config import load_config
from kanmon.errors import Code, ExitStatus, KanmonError
from kanmon.github import current_run
from kanmon.github.runner import Level
from kanmon.ledger import Result
from kanmon.release.deploy import deploy, refuse_frozen
from kanmon.release.journal import check_record
from kanmon.release.plan import Plan, make_plan, read_plan
from kanmon.release.recover import recover
from kanmon.release.rollback import rollback, rollback_target
from kanmon.release.session import refuse_failed
from kanmon.release.smoke import smoke
from kanmon.report.terminal import (
    Progress,
    print_error,
    print_history,
    print_outcome,
    print_plan,
    print_status,
)
from kanmon.report.workflow import current_step, folded

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable
    from pathlib import Path

    from rich.console import Console

    from kanmon.aws import Aws
    from kanmon.config import Config
    from kanmon.release.ports import ApprovalPort, World
    from kanmon.release.session import Outcome
    from kanmon.report.workflow import Step
    from kanmon.testing import Verdict

_STATUS = {
    Result.STABLE: ExitStatus.OK,
    Result.UNCHANGED: ExitStatus.OK,
    Result.ABORTED: ExitStatus.FAILED,
    Result.ROLLED_BACK: ExitStatus.FAILED,
    Result.FAILED: ExitStatus.FAILED,
    Result.HELD: ExitStatus.HELD,
}


def run(arguments: argparse.Namespace, console: Console, early: Aws | None = None) -> ExitStatus:
    """Carry out the command that was given; `early` is AWS where it was asked already."""
    account = Account(load_config(arguments.config), early)
    return _COMMANDS[arguments.command](arguments, account, console)


def _bootstrap(_: argparse.Namespace, account: Account, console: Console) -> ExitStatus:
    for line in bootstrap(account):
        console.print(line, soft_wrap=True, highlight=False)
    return ExitStatus.OK


def _build(arguments: argparse.Namespace, account: Account, console: Console) -> ExitStatus:
    project = _project(arguments)
    target = project / arguments.bundle
    with folded("The build"):
        bundle = build_bundle(
            account.config,
            project,
            target,
            commit=commit_of(project),
            say=lambda command: console.print(f"[dim]$ {escape(command)}[/]"),
        )
    manifest = bundle.manifest
    console.print(
        f"[green]Built[/] {len(manifest.functions)} functions and {len(manifest.web)} web files "
        f"of commit {manifest.commit[:12]}: bundle [bold]{manifest.digest[:12]}[/]"
    )
    if step := current_step():
        step.bundle(bundle)
    return ExitStatus.OK


def _test(arguments: argparse.Namespace, account: Account, console: Console) -> ExitStatus:
    # The readers of reports take their time to import, and only this command needs them.
    from kanmon.report.verdict import print_verdict
    from kanmon.testing import run_tests

    rules = account.config.test
    if rules is None:
        raise KanmonError(
            Code.CONFIG_INVALID,
            "The config doesn't say how the app is tested.",
            where=str(arguments.config),
            fix="Give it a `test` section with `commands` and `results`.",
        )
    project = _project(arguments)
    step = current_step()
    with folded("The tests"):
        verdict = run_tests(
            rules,
            project,
            say=lambda command: console.print(f"[dim]$ {escape(command)}[/]"),
            stream=lambda line: console.out(line, highlight=False),
        )
    print_verdict(console, verdict)
    if step:
        step.verdict(verdict, project)
        _comment(verdict, step)
    else:
        for failure in verdict.failures:
            print_error(console, failure)
    return ExitStatus.OK if verdict.passed else ExitStatus.FAILED


def _comment(verdict: Verdict, step: Step) -> None:
    """Tell the pull request, if there is one; a run for a fork's may not, and nothing else depends on it."""
    run = current_run()
    if run is None or run.pull_request is None or not os.environ.get("GITHUB_TOKEN"):
        return
    from kanmon.github.comments import COMMENT_LIMIT, keep_comment
    from kanmon.report.verdict import verdict_markdown

    try:
        body = verdict_markdown(verdict, COMMENT_LIMIT - 100, run.url)
        keep_comment(github_client(), run.pull_request, "<!-- kanmon:test -->", body)
    except KanmonError as error:
        step.error(error, Level.NOTICE if error.code is Code.GITHUB_DENIED else Level.WARNING)


def _plan(arguments: argparse.Namespace, account: Account, console: Console) -> ExitStatus:
    world = account.world()
    # Nobody is asked to approve what will be refused.
    refuse_frozen(world.ledger.head(), arguments.lift_freeze)
    plan = _new_plan(arguments, account, world)
    print_plan(console, plan)
    if step := current_step():
        step.plan(plan)
    if arguments.output:
        arguments.output.parent.mkdir(parents=True, exist_ok=True)
        arguments.output.write_text(plan.text(), "utf-8")
    return ExitStatus.OK


def _render(arguments: argparse.Namespace, account: Account, console: Console) -> ExitStatus:
    for line in render(account.config, arguments.output, _project(arguments) / arguments.bundle):
        console.print(line, soft_wrap=True, highlight=False)
    return ExitStatus.OK


def _new_plan(arguments: argparse.Namespace, account: Account, world: World) -> Plan:
    config = account.config
    bundle = bundle_of(config, _project(arguments) / arguments.bundle, arguments.bundle_digest)
    account.blobs.upload_bundle(bundle)
    return make_plan(world, config, bundle.manifest, account.bucket)


def _deploy(arguments: argparse.Namespace, account: Account, console: Console) -> ExitStatus:
    given = read_plan(arguments.plan) if arguments.plan else None
    if given and arguments.digest not in {"", given.digest}:
        raise KanmonError(
            Code.PLAN_ALTERED,
            f"The plan's digest is {given.digest[:12]}, not {arguments.digest[:12]} as was approved.",
            where=str(arguments.plan),
        )
    config, world = account.config, account.world()
    with shown(Progress(console, verbose=arguments.verbose), config, world) as observer:
        recovered = recover(world, config, observer)
        if recovered:
            print_outcome(console, recovered)
            _warn(mark(account, recovered), console)
        refuse_frozen(world.ledger.head(), arguments.lift_freeze)
        plan = given or _new_plan(arguments, account, world)
        with folded("The plan"):
            print_plan(console, plan)
        terminal = TerminalApproval(actor(), _asker(console), arguments.yes)
        approver = _approver(arguments, config, terminal)
        outcome = deploy(
            world, plan, approver, observer, reason=arguments.reason, lift_freeze=arguments.lift_freeze
        )
    return _end(account, console, outcome)


def _smoke(_: argparse.Namespace, account: Account, console: Console) -> ExitStatus:
    results = smoke(account.world(), account.config, Progress(console))
    if step := current_step():
        step.checks([check_record(result) for result in results])
    refuse_failed(results)
    console.print(f"[green]All {len(results)} checks passed.[/]")
    return ExitStatus.OK


def _rollback(arguments: argparse.Namespace, account: Account, console: Console) -> ExitStatus:
    config = account.config
    _confirmed(arguments, config)
    world = account.world()
    with shown(Progress(console), config, world) as observer:
        recovered = None if world.ledger.head().held else recover(world, config, observer)
        if recovered:
            print_outcome(console, recovered)
            _warn(mark(account, recovered), console)
        target = rollback_target(world.ledger, arguments.release)
        live = world.ledger.head().live
        console.print(f"Rollback from [bold]{live}[/] to [bold]{target.id}[/] (commit {target.commit[:12]})")
        question, answers = "Type {release} to go back to it: ", ("{release}",)
        terminal = TerminalApproval(actor(), _asker(console), arguments.yes, question, answers)
        approver = _approver(arguments, config, terminal)
        reason = arguments.reason or f"rollback to {target.id}"
        outcome = rollback(world, config, target, approver, observer, reason=reason)
    status = _end(account, console, outcome)
    return ExitStatus.OK if outcome.result is Result.ROLLED_BACK else status


def _confirmed(arguments: argparse.Namespace, config: Config) -> None:
    """In a workflow nobody can be asked: what was typed when it was dispatched must be right (CD-9)."""
    if (current_run() or arguments.confirm) and arguments.confirm != config.environment:
        raise KanmonError(
            Code.NOT_APPROVED,
            f"The confirmation is {arguments.confirm!r}, not the environment's name.",
            fix=f"Type {config.environment} as the confirmation.",
        )


def _gate(arguments: argparse.Namespace, account: Account, console: Console) -> ExitStatus:
    config = account.config
    if arguments.confirm:
        _confirmed(arguments, config)
    gate = github_gate(config)
    if arguments.approved:
        review = gate.approval()
        console.print(f"[green]{escape(review.by)} approved[/] this run for {config.environment}.")
        return ExitStatus.OK
    rules = gate.verify_rules()
    console.print(
        f"[green]{config.environment} holds releases back[/] until one of "
        f"{escape(', '.join(rules.reviewers))} approves."
    )
    for run in make_way(arguments.cancel_waiting) if arguments.cancel_waiting else ():
        console.print(f"cancelled what still waited: {escape(run.title)} ({run.url})")
    return ExitStatus.OK


def _approver(arguments: argparse.Namespace, config: Config, terminal: TerminalApproval) -> ApprovalPort:
    """The reviewers of GitHub's environment in a workflow; whoever sits at the terminal elsewhere."""
    if current_run() is None:
        return terminal
    if arguments.yes:
        raise KanmonError(
            Code.USAGE, "In a workflow --yes approves nothing.", fix="The environment's reviewers approve."
        )
    return gate_approval(config)


def _recover(arguments: argparse.Namespace, account: Account, console: Console) -> ExitStatus:
    keep = arguments.keep if arguments.keep or arguments.undo else None
    config, world = account.config, account.world()
    with shown(Progress(console), config, world) as observer:
        outcome = recover(world, config, observer, keep=keep, patience=arguments.wait)
    if outcome is None:
        console.print("Every run came to its end; there is nothing to recover.")
        return ExitStatus.OK
    _show(account, console, outcome)
    return ExitStatus.FAILED if outcome.result is Result.FAILED else ExitStatus.OK


def _record(_: argparse.Namespace, account: Account, console: Console) -> ExitStatus:
    told = recorder(account.config, account.world()).record()
    console.print("\n".join(escape(line) for line in told) or "GitHub knows everything already.")
    return ExitStatus.OK


def _notify(arguments: argparse.Namespace, account: Account, console: Console) -> ExitStatus:
    """Nothing depends on messages: what could not be sent is warned of, and the command succeeds."""
    from kanmon.cli.notify import notify

    try:
        _warn(notify(arguments, account), console)
    except KanmonError as error:
        _warn([error], console)
    return ExitStatus.OK


def _warn(warnings: list[KanmonError], console: Console) -> None:
    """Tell what went wrong beside the work."""
    step = current_step()
    for warning in warnings:
        if step:
            step.error(warning, Level.WARNING)
        else:
            print_error(console, warning)


def _status(arguments: argparse.Namespace, account: Account, console: Console) -> ExitStatus:
    ledger = account.world().ledger
    head = ledger.head()
    if arguments.json:
        sys.stdout.write(head.model_dump_json(indent=1) + "\n")
    else:
        print_status(console, head, {release.id: release for release in ledger.releases()})
    return ExitStatus.OK


def _history(arguments: argparse.Namespace, account: Account, console: Console) -> ExitStatus:
    ledger = account.world().ledger
    attempts = ledger.attempts()
    if arguments.json:
        sys.stdout.write(json.dumps([item.model_dump(mode="json") for item in attempts], indent=1) + "\n")
    else:
        print_history(console, attempts, {release.id: release for release in ledger.releases()})
    return ExitStatus.OK


def _show(account: Account, console: Console, outcome: Outcome) -> None:
    step = current_step()
    if step:
        step.outcome(outcome)
    elif outcome.failure:
        print_error(console, outcome.failure)
    print_outcome(console, outcome)
    _warn(mark(account, outcome), console)


def _end(account: Account, console: Console, outcome: Outcome) -> ExitStatus:
    _show(account, console, outcome)
    if outcome.failure and outcome.failure.code is Code.INTERRUPTED:
        return ExitStatus.INTERRUPTED
    return _STATUS[outcome.result]


def _project(arguments: argparse.Namespace) -> Path:
    folder: Path = arguments.config.resolve().parent
    return folder


def _asker(console: Console) -> Callable[[str], str] | None:
    return (lambda question: console.input(question, markup=False)) if sys.stdin.isatty() else None


_COMMANDS = {
    "bootstrap": _bootstrap,
    "build": _build,
    "test": _test,
    "plan": _plan,
    "render": _render,
    "gate": _gate,
    "deploy": _deploy,
    "smoke": _smoke,
    "rollback": _rollback,
    "recover": _recover,
    "record": _record,
    "notify": _notify,
    "status": _status,
    "history": _history,
}
