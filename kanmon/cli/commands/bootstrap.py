"""`kanmon bootstrap`: prepares an AWS account for Kanmon, with an administrator's credentials."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from kanmon.approval.prompt import no_terminal
from kanmon.aws.calls import aws_errors
from kanmon.cli.approvals import asker
from kanmon.cli.bootstrap_changes import BootstrapChanges
from kanmon.cli.command import Command, flag
from kanmon.codes import Code
from kanmon.errors import ExitStatus, KanmonError
from kanmon.language import deferred, phrase
from kanmon.naming import Output, bootstrap_key, bootstrap_stack, environment_output
from kanmon.stacks.boundary import refuse_long
from kanmon.stacks.changes import template_changes
from kanmon.stacks.cloudformation import Stacks
from kanmon.stacks.neighbours import refuse_alike
from kanmon.stacks.own_rights import own_rights
from kanmon.templates.bootstrap import bootstrap_template, deployed_costs, environment_trails, stack_types
from kanmon.templates.stack_set import tags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from kanmon.cli.account import Account
    from kanmon.cli.context import Context
    from kanmon.config.schema import Config
    from kanmon.stacks.changes import ChangeSet
    from kanmon.stacks.cloudformation import DeployedStack
    from kanmon.stacks.own_rights import OwnRight

_LONGEST_BODY = 51_200
"""Bytes. A longer template must be in S3
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-limits.html)."""


@dataclass(frozen=True)
class BootstrapOptions:
    """Whether to ask first."""

    yes: bool = flag(deferred("apply the changes without a question"), terminal_only=True)


def run(options: BootstrapOptions, context: Context) -> ExitStatus:
    """Create or change the app's bootstrap stack, and print the variables to set on GitHub."""
    try:
        bootstrapped = _bootstrap(context, yes=options.yes)
    except KanmonError as error:
        if error.code is not Code.STACK_FAILED:
            raise
        context.show_error(error)
        return ExitStatus.FAILED
    for line in _advice(context.configs, context.config, bootstrapped.outputs):
        context.print(line)
    return ExitStatus.OK


def _bootstrap(context: Context, *, yes: bool) -> DeployedStack:
    """Apply the stack with an administrator's own rights: it makes the roles for everything else.

    Raises NOT_APPROVED, NAMES_ALIKE, TEMPLATE_TOO_BIG, STACK_BUSY, CHANGE_SET_FAILED and STACK_FAILED.
    """
    account = context.account
    stacks, name = Stacks(account.aws.cloudformation), bootstrap_stack(account.config.app)
    stack = stacks.find(name)
    api_logs = _writes_api_logs(account, stack)
    outputs = stack.outputs if stack else {}
    configs = context.configs
    refuse_alike(account.config.app, environment_trails(configs, outputs), stacks.all())
    types = stack_types(account.config, _used_types(context), outputs)
    own = _own_rights(context, types)
    render = partial(bootstrap_template, others=configs.values(), api_logs=api_logs, own=own, types=types)
    body = render(account.config, outputs=outputs)
    refuse_long(body)
    if stack and stacks.body(name) == body:
        context.print(phrase("{name} is there already; there is nothing to change.", name=name))
        return stack
    confirm = _confirmation(context, yes=yes)
    # Costs come last. AWS refuses them in many accounts. A failure undoes a whole update.
    free = account.config.model_copy(update={"costs": deployed_costs(outputs)})
    phases = list(dict.fromkeys([render(free, outputs=outputs), body]))
    if stack is None:
        stack = _create(context, stacks, confirm, phases, render)
    else:
        stack = _update(context, stacks, confirm, stack, phases)
    context.console.print(
        deferred("[green]{name} is ready[/]; bundles and the ledger lie in {bucket}."),
        name=name,
        bucket=account.bucket,
    )
    return stack


def _used_types(context: Context) -> dict[str, set[str]]:
    """The resource types of the team's own stacks, by the environments of the config.

    Without `github` there is no role for them. Raises ARTIFACT_MISSING, UNSAFE_PATH, STACK_TEMPLATE_INVALID.
    """
    from kanmon.bundle.own_stacks import read_stacks

    return {
        name: {one for template in read_stacks(config, context.project).values() for one in template.types}
        for name, config in context.configs.items()
        if config.github
    }


def _own_rights(context: Context, types: Mapping[str, Iterable[str]]) -> list[list[OwnRight]]:
    """The service role's rights for these types. Raises STACK_TEMPLATE_INVALID."""
    from kanmon.aws.resource_types import handler_permissions

    every = {one for found in types.values() for one in found}
    return own_rights(handler_permissions(context.account.aws.cloudformation, every))


def _confirmation(context: Context, *, yes: bool) -> Callable[[BootstrapChanges], bool]:
    """Shows the changes and asks about them. Raises NOT_APPROVED when nobody can answer."""
    ask = asker(context.console)
    if yes:
        return _shown
    if ask is None:
        fix = phrase("Run it in a terminal. In a script, add `--yes`: nobody sees the changes first then.")
        raise no_terminal(fix)
    return lambda changes: changes.approved(ask)


def _shown(changes: BootstrapChanges) -> bool:
    """The log of a script has everything: nobody was asked."""
    changes.show()
    return True


def _create(
    context: Context,
    stacks: Stacks,
    confirm: Callable[[BootstrapChanges], bool],
    phases: list[str],
    render: Callable[[Config], str],
) -> DeployedStack:
    """Show the whole stack, ask once, create it in phases."""
    account = context.account
    changes = template_changes("", phases[-1], set())
    if not confirm(BootstrapChanges(context.console, context.config, changes, "", phases[-1])):
        raise _declined(account)
    stacks.remove_failed(bootstrap_stack(account.config.app))
    if _is_long(phases[0]):
        # The bucket comes first. The template is too long for a request, so it has to be in the bucket.
        bare = account.config.model_copy(update={"github": None, "costs": None})
        phases = [render(bare), *phases]
    stack = None
    for phase in phases:
        stack = _apply(stacks, account, stack, phase)
    assert stack is not None  # noqa: S101 - there is a phase
    return stack


def _update(
    context: Context,
    stacks: Stacks,
    confirm: Callable[[BootstrapChanges], bool],
    stack: DeployedStack,
    phases: list[str],
) -> DeployedStack:
    """Show the changes, ask once, execute these in phases."""
    account, body = context.account, phases[-1]
    whole = _change_set(stacks, account, stack, body)
    if whole is None:
        return stack
    # Made before the question, too: CloudFormation does not execute it on a stack that changed since.
    first = _change_set(stacks, account, stack, phases[0]) if len(phases) > 1 else None
    before = stacks.body(stack.name)
    if not confirm(BootstrapChanges(context.console, context.config, whole.changes, before, body)):
        for change_set in filter(None, (first, whole)):
            stacks.withdraw(change_set)
        raise _declined(account)
    if first is None:
        return _execute(stacks, whole)
    stacks.withdraw(whole)
    return _apply(stacks, account, _execute(stacks, first), body)


def _declined(account: Account) -> KanmonError:
    problem = phrase(
        "You did not approve the changes of {stack}. Nothing was changed.",
        stack=bootstrap_stack(account.config.app),
    )
    fix = phrase(
        "To apply them, run `kanmon bootstrap` again and answer `y`. Is one wrong? Change the config first."
    )
    return KanmonError(Code.NOT_APPROVED, problem, fix=fix)


def _writes_api_logs(account: Account, stack: DeployedStack | None) -> bool:
    """Whether the stack sets API Gateway's role for logs: yes if there is none, or it is this stack's.

    A role of another app stays.
    """
    with aws_errors(phrase("asking for API Gateway's settings of the account")):
        role = account.aws.apigateway.get_account().get("cloudwatchRoleArn")
    return not role or (stack is not None and stack.outputs.get(Output.API_LOGS_ROLE) == role)


def _is_long(body: str) -> bool:
    return len(body.encode()) > _LONGEST_BODY


def _change_set(
    stacks: Stacks, account: Account, existing: DeployedStack | None, body: str
) -> ChangeSet | None:
    source = _upload(account, body) if _is_long(body) else body
    name = bootstrap_stack(account.config.app)
    return stacks.create_change_set(name, source, {}, tags(account.config), existing=existing)


def _apply(stacks: Stacks, account: Account, existing: DeployedStack | None, body: str) -> DeployedStack:
    change_set = _change_set(stacks, account, existing, body)
    if change_set is None:
        assert existing is not None  # noqa: S101 - a new stack always has a change set
        return existing
    return _execute(stacks, change_set)


def _execute(stacks: Stacks, change_set: ChangeSet) -> DeployedStack:
    return stacks.execute(change_set, lambda _: None)


def _upload(account: Account, body: str) -> str:
    """Write a template into the bucket; the URL of exactly this write.

    CloudFormation executes it with an administrator's rights. So it is never one that lies there already, and
    never a blob: no role may write below this key, and the URL names the version of this write. The user
    guide has URLs with a version:
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-using-console-create-stack-template.html
    """
    s3, key = account.aws.s3, bootstrap_key(hashlib.sha256(body.encode()).hexdigest())
    with aws_errors(phrase("writing the template to the bucket {bucket}", bucket=account.bucket)):
        written = s3.put_object(Bucket=account.bucket, Key=key, Body=body.encode())
    # A bucket without versions has the version `null`.
    version = quote(written.get("VersionId", "null"))
    return f"https://s3.{s3.meta.region_name}.amazonaws.com/{account.bucket}/{key}?versionId={version}"


def _advice(configs: Mapping[str, Config], config: Config, outputs: dict[str, str]) -> Iterator[str]:
    variables: dict[str, str | None] = {}
    for name in configs:
        # The last environment of the file is where releases end, in the workflow files to copy.
        own = "KANMON" if name == list(configs)[-1] else f"KANMON_{name.upper().replace('-', '_')}"
        variables[f"{own}_PLAN_ROLE"] = outputs.get(environment_output(name, Output.PLAN_ROLE))
        variables[f"{own}_DEPLOY_ROLE"] = outputs.get(environment_output(name, Output.DEPLOY_ROLE))
    variables["AWS_REGION"] = config.region
    if config.github:
        yield phrase(
            "Variables of {repository} on GitHub (Settings, Actions, Variables):",
            repository=config.github.repository,
        )
        yield from (f"  {name} = {value}" for name, value in variables.items())
        if config.github.repository_id is None:
            yield phrase(
                "The roles trust the repository by its name alone. Was it created, renamed or moved after 15 "
                "July 2026? Then AWS refuses it. Add `repository_id` and `owner_id` under `github`."
            )
    if config.costs:
        yield phrase(
            "Activate the cost-allocation tag `app` in Billing: the budget counts the resources with it."
        )


COMMAND = Command(
    "bootstrap",
    deferred("Prepare an AWS account for Kanmon, with the credentials of an administrator."),
    run,
    BootstrapOptions,
    action=False,
    about="It creates the artifact bucket, the topic for messages and, with a `github` section, [the "
    "roles](../github-access.md) for GitHub. It also gives API Gateway a role for its logs, "
    "unless the account has one. It shows the changes in short and asks first; the answer `d` shows every "
    "permission.",
    failed="CloudFormation could not apply the stack. It restored the former one",
    examples={
        "kanmon bootstrap": deferred("prepare the account, and show the variables to set on GitHub"),
    },
)
