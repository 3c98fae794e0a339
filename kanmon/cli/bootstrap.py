"""Puts the bootstrap stack into the account, and says what GitHub has to be told of it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from kanmon.aws import explained
from kanmon.cloudformation import Stacks, bootstrap_template, logical_id
from kanmon.errors import Code, KanmonError
from kanmon.release.blueprint import tags

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanmon.cli.wiring import Account
    from kanmon.cloudformation import ChangeSet, DeployedStack
    from kanmon.config import Config

_LONGEST_BODY = 51_200
"""Bytes; a longer template must lie in S3
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html)."""


def bootstrap(account: Account) -> Iterator[str]:
    """Create or change the app's bootstrap stack; what to tell the administrator, line by line.

    With an administrator's own rights: it makes the roles that everybody else acts by.
    Raises STACK_BUSY, CHANGE_SET_FAILED and STACK_FAILED.
    """
    config = account.config
    stacks = Stacks(account.aws.cloudformation)
    name = account.bootstrap_stack
    stack = stacks.find(name)
    api_logs = _writes_api_logs(account, stack)
    body = bootstrap_template(config, api_logs=api_logs).body
    if stack and stacks.body(name) == body:
        yield f"{name} is there already; there is nothing to change."
    else:
        if stack is None and len(body.encode()) > _LONGEST_BODY:
            # The bucket comes first, for the template of everything to lie in.
            bare = config.model_copy(update={"github": None, "costs": None})
            first = bootstrap_template(bare, api_logs=api_logs).body
            stack, _ = _apply(stacks, account, None, first)
        stack, change_set = _apply(stacks, account, stack, body)
        for change in change_set.changes if change_set else ():
            yield f"{change.mark} {change.logical_id} ({change.type})"
        yield f"[green]{name} is ready[/]; bundles and the ledger lie in {account.bucket}."
    yield from _advice(config, stack.outputs)


def _writes_api_logs(account: Account, stack: DeployedStack | None) -> bool:
    """API Gateway has no role to write logs by, or this stack's; somebody else's is left as it is."""
    with explained("asking for API Gateway's settings of the account"):
        role = account.aws.apigateway.get_account().get("cloudwatchRoleArn")
    return not role or (stack is not None and stack.outputs.get("ApiLogsRole") == role)


def _apply(
    stacks: Stacks, account: Account, existing: DeployedStack | None, body: str
) -> tuple[DeployedStack, ChangeSet | None]:
    """The stack as it is then, and what was changed."""
    name, source = account.bootstrap_stack, body
    if len(body.encode()) > _LONGEST_BODY:
        source = account.blobs.url(account.blobs.put(body.encode()))
    change_set = stacks.propose(name, source, {}, tags(account.config), existing=existing)
    if change_set:
        with _provider_explained(name):
            return stacks.execute(change_set, lambda _: None), change_set
    assert existing is not None  # noqa: S101 - a stack that is made has something to change
    return existing, None


@contextmanager
def _provider_explained(stack: str) -> Iterator[None]:
    """An account can have one identity provider for GitHub only; another app may have made it."""
    try:
        yield
    except KanmonError as error:
        if "GithubProvider" in error.message and "already exists" in error.message:
            problem = "The account has an identity provider for GitHub already."
            fix = "Say `existing_provider: true` under `github` in the config."
            raise KanmonError(Code.STACK_FAILED, problem, where=stack, fix=fix) from error
        raise


def _advice(config: Config, outputs: dict[str, str]) -> Iterator[str]:
    environment = logical_id(config.environment)
    variables = {
        "KANMON_PLAN_ROLE": outputs.get(f"{environment}PlanRole"),
        "KANMON_DEPLOY_ROLE": outputs.get(f"{environment}DeployRole"),
        "AWS_REGION": config.region,
    }
    if config.github:
        yield f"Variables of {config.github.repository} on GitHub (Settings, Actions, Variables):"
        yield from (f"  {name} = {value}" for name, value in variables.items())
        if config.github.repository_id is None:
            yield (
                "The roles trust the repository by its name alone. A repository that was created, renamed or "
                "moved after 15 July 2026 is not let in: give `github` its repository_id and owner_id."
            )
    if config.costs:
        yield "Activate the cost-allocation tag `app` in Billing: the budget counts what carries it."
