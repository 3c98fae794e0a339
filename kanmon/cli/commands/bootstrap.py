"""`kanmon bootstrap`: prepares an AWS account for Kanmon, with an administrator's credentials."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from kanmon.aws.calls import aws_errors
from kanmon.cli.command import Command, NoOptions
from kanmon.codes import Code
from kanmon.errors import ExitStatus, KanmonError
from kanmon.naming import Output, bootstrap_stack, environment_output
from kanmon.report.step import show_error
from kanmon.stacks.cloudformation import Stacks
from kanmon.templates.bootstrap import bootstrap_template
from kanmon.templates.stack_set import tags

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanmon.cli.account import Account
    from kanmon.cli.context import Context
    from kanmon.config.schema import Config
    from kanmon.stacks.changes import ChangeSet
    from kanmon.stacks.cloudformation import DeployedStack

_LONGEST_BODY = 51_200
"""Bytes. A longer template must be in S3
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html)."""


def run(_: NoOptions, context: Context) -> ExitStatus:
    """Create or change the app's bootstrap stack, and print the variables to set on GitHub."""
    try:
        for line in _bootstrap(context.account):
            context.print(line)
    except KanmonError as error:
        if error.code is not Code.STACK_FAILED:
            raise
        show_error(error)
        return ExitStatus.FAILED
    return ExitStatus.OK


def _bootstrap(account: Account) -> Iterator[str]:
    """Apply the stack with an administrator's own rights: it makes the roles for everything else.

    Raises STACK_BUSY, CHANGE_SET_FAILED and STACK_FAILED.
    """
    config = account.config
    stacks = Stacks(account.aws.cloudformation)
    name = bootstrap_stack(config.app)
    stack = stacks.find(name)
    api_logs = _writes_api_logs(account, stack)
    outputs = stack.outputs if stack else {}
    body = bootstrap_template(config, api_logs=api_logs, outputs=outputs)
    if stack and stacks.body(name) == body:
        yield f"{name} is there already; there is nothing to change."
    else:
        if stack is None and len(body.encode()) > _LONGEST_BODY:
            # Make the bucket first: the whole template is too long for a request and must be in the bucket.
            bare = config.model_copy(update={"github": None, "costs": None})
            stack, _ = _apply(stacks, account, None, bootstrap_template(bare, api_logs=api_logs))
        stack, change_set = _apply(stacks, account, stack, body)
        for change in change_set.changes if change_set else ():
            yield f"{change.sign} {change.logical_id} ({change.type})"
        yield f"{name} is ready; bundles and the ledger lie in {account.bucket}."
    yield from _advice(config, stack.outputs)


def _writes_api_logs(account: Account, stack: DeployedStack | None) -> bool:
    """Whether the stack sets API Gateway's role for logs: yes if there is none, or it is this stack's.

    A role of another app stays.
    """
    with aws_errors("asking for API Gateway's settings of the account"):
        role = account.aws.apigateway.get_account().get("cloudwatchRoleArn")
    return not role or (stack is not None and stack.outputs.get(Output.API_LOGS_ROLE) == role)


def _apply(
    stacks: Stacks, account: Account, existing: DeployedStack | None, body: str
) -> tuple[DeployedStack, ChangeSet | None]:
    """Apply a template. Returns the new stack, and its change set if there were changes."""
    name, source = bootstrap_stack(account.config.app), body
    if len(body.encode()) > _LONGEST_BODY:
        source = account.blobs.url(account.blobs.put(body.encode()))
    change_set = stacks.create_change_set(name, source, {}, tags(account.config), existing=existing)
    if change_set:
        with _provider_errors(name):
            return stacks.execute(change_set, lambda _: None), change_set
    assert existing is not None  # noqa: S101 - a new stack always has a change set
    return existing, None


@contextmanager
def _provider_errors(stack: str) -> Iterator[None]:
    """Raise a clear error if another app made GitHub's identity provider: an account has only one."""
    try:
        yield
    except KanmonError as error:
        if "GithubProvider" in error.message and "already exists" in error.message:
            problem = "The account has an identity provider for GitHub already."
            fix = "Set `existing_provider: true` under `github` in the config, then run `kanmon bootstrap`."
            raise KanmonError(Code.STACK_FAILED, problem, where=stack, fix=fix) from error
        raise


def _advice(config: Config, outputs: dict[str, str]) -> Iterator[str]:
    variables = {
        "KANMON_PLAN_ROLE": outputs.get(environment_output(config.environment, Output.PLAN_ROLE)),
        "KANMON_DEPLOY_ROLE": outputs.get(environment_output(config.environment, Output.DEPLOY_ROLE)),
        "AWS_REGION": config.region,
    }
    if config.github:
        yield f"Variables of {config.github.repository} on GitHub (Settings, Actions, Variables):"
        yield from (f"  {name} = {value}" for name, value in variables.items())
        if config.github.repository_id is None:
            yield (
                "The roles trust the repository by its name alone. Was it created, renamed or moved after 15 "
                "July 2026? Then AWS refuses it. Add `repository_id` and `owner_id` under `github`."
            )
    if config.costs:
        yield "Activate the cost-allocation tag `app` in Billing: the budget counts the resources with it."


COMMAND = Command(
    "bootstrap",
    "Prepare an AWS account for Kanmon, with the credentials of an administrator.",
    run,
    NoOptions,
    action=False,
)
