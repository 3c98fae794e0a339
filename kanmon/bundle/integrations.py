"""The permissions that a state machine's service integrations need (ADP-1, INF-7).

A task without the permission fails at its first execution, long after the release went live.
https://docs.aws.amazon.com/step-functions/latest/dg/integrate-optimized.html,
https://docs.aws.amazon.com/step-functions/latest/dg/service-integration-iam-templates.html
"""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from kanmon.language import phrase

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from kanmon.config.state_machines import StateMachine

_INTEGRATION = re.compile(r"arn:aws[a-z-]*:states:::([a-z0-9:-]+?):([A-Za-z0-9]+)(\.[A-Za-z:0-9]+)?")
_WATCHED = ("events:PutTargets", "events:PutRule", "events:DescribeRule")
"""Step Functions learns the end of a job from events, by a rule that it makes itself."""
# The actions of an integration with a name of its own in IAM.
_ACTIONS = {
    "apigateway:invoke": ("execute-api:Invoke",),
    "http:invoke": (
        *("states:InvokeHTTPEndpoint", "events:RetrieveConnectionCredentials"),
        *("secretsmanager:GetSecretValue", "secretsmanager:DescribeSecret"),
    ),
    "lambda:invoke": ("lambda:InvokeFunction",),
}
# The further actions of waiting for a job's end, `.sync`.
_SYNC = {
    "states:startExecution": ("states:DescribeExecution", "states:StopExecution", *_WATCHED),
    "ecs:runTask": ("ecs:StopTask", "ecs:DescribeTasks", *_WATCHED),
    "batch:submitJob": ("batch:DescribeJobs", "batch:TerminateJob", *_WATCHED),
    "codebuild:startBuild": ("codebuild:StopBuild", "codebuild:BatchGetBuilds", *_WATCHED),
    "glue:startJobRun": ("glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun"),
    "athena:startQueryExecution": ("athena:StopQueryExecution", "athena:GetQueryExecution"),
}
# The services of `aws-sdk` integrations with their prefix in IAM; empty when it is the same. The actions of a
# call can have other names, such as `s3:ListBucket` for `listObjectsV2`. So only the service is compared.
_SDK = {
    "bedrock": "", "cloudwatch": "", "dynamodb": "", "ecs": "", "kms": "", "lambda": "", "rds": "", "s3": "",
    "scheduler": "", "secretsmanager": "", "ses": "", "sns": "", "sqs": "", "ssm": "", "textract": "",
    "apigatewaymanagementapi": "execute-api", "bedrockagentruntime": "bedrock", "bedrockruntime": "bedrock",
    "cloudwatchlogs": "logs", "cognitoidentityprovider": "cognito-idp", "eventbridge": "events",
    "rdsdata": "rds-data", "sesv2": "ses", "sfn": "states",
}  # fmt: skip
_SDK_PREFIX = "aws-sdk:"


def impossible_waits(definition: dict[str, Any], machine: StateMachine) -> Iterator[str]:
    """A sentence for each integration of an express state machine that waits for an end or an answer."""
    for place, _, _, pattern in _integrations(definition):
        if machine.type == "express" and pattern.startswith((".sync", ".waitForTaskToken")):
            yield phrase(
                "`{place}` has `{pattern}`, and an express state machine can't wait.",
                place=place,
                pattern=pattern,
            )


def missing_permissions(
    definition: dict[str, Any], machine: StateMachine, given: Iterable[str]
) -> Iterator[str]:
    """A sentence for each integration without its permission. `given` has the actions that it has anyway."""
    allowed = [*given, *(action for one in machine.permissions for action in one.actions)]
    for place, service, api, pattern in _integrations(definition):
        if lacking := [one for one in _needed(service, api, pattern) if not _is_allowed(one, allowed)]:
            yield phrase(
                "`{place}` calls {call}, which needs {actions}.",
                place=place,
                call=f"{service}:{api}{pattern}",
                actions=phrase(" and ").join(lacking),
            )


def _integrations(definition: dict[str, Any]) -> Iterator[tuple[str, str, str, str]]:
    """The tasks that call a service: place, service, call, and a pattern such as `.sync` or nothing."""
    for place, task in _tasks(definition):
        if found := _INTEGRATION.fullmatch(task):
            yield place, found[1], found[2], found[3] or ""


def _needed(service: str, api: str, pattern: str) -> tuple[str, ...]:
    if service.startswith(_SDK_PREFIX):
        sdk = service.removeprefix(_SDK_PREFIX)
        return (f"{_SDK[sdk] or sdk}:*",) if sdk in _SDK else ()
    name = f"{service}:{api}"
    actions = _ACTIONS.get(name, (f"{service}:{api[:1].upper()}{api[1:]}",))
    return (*actions, *(_SYNC.get(name, ()) if pattern.startswith(".sync") else ()))


def _is_allowed(needed: str, allowed: Iterable[str]) -> bool:
    """Whether an action is among those allowed. `service:*` needs any action of the service."""
    if needed.endswith(":*"):
        return any(one.startswith(needed[:-1]) for one in allowed)
    return any(fnmatchcase(needed.lower(), one.lower()) for one in allowed)


def _tasks(value: Any, path: str = "") -> Iterator[tuple[str, str]]:  # noqa: ANN401 - JSON can be anything
    """Each task's place and resource, those of inner state machines, too. The definition is a valid one."""
    for name, state in value.get("States", {}).items():
        place = f"{path}States.{name}"
        if state["Type"] == "Task":
            yield place, str(state["Resource"])
        for number, branch in enumerate(state.get("Branches", ())):
            yield from _tasks(branch, f"{place}.Branches[{number}].")
        for key in ("ItemProcessor", "Iterator"):
            if key in state:
                yield from _tasks(state[key], f"{place}.{key}.")
