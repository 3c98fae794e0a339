"""Stacks through change sets, as Kanmon deploys them."""

from __future__ import annotations

import itertools
import json
from typing import Any

_numbers = itertools.count()
QUICK = {"Delay": 0.05, "MaxAttempts": 1200}


def deploy(
    cloudformation: Any, name: str, template: dict[str, Any], kind: str, **more: Any
) -> dict[str, str]:
    """Create or update a stack; returns its outputs. `more` goes to CreateChangeSet."""
    change_set = f"c{next(_numbers)}"
    named = {"StackName": name, "ChangeSetName": change_set}
    cloudformation.create_change_set(
        **named,
        TemplateBody=json.dumps(template),
        ChangeSetType=kind,
        Capabilities=["CAPABILITY_NAMED_IAM"],
        **more,
    )
    _wait(cloudformation, "change_set_create_complete", **named)
    cloudformation.execute_change_set(**named)
    _wait(cloudformation, f"stack_{kind.lower()}_complete", StackName=name)
    (stack,) = cloudformation.describe_stacks(StackName=name)["Stacks"]
    return {output["OutputKey"]: output["OutputValue"] for output in stack.get("Outputs", [])}


def delete(cloudformation: Any, name: str) -> None:
    """Delete a stack and wait."""
    cloudformation.delete_stack(StackName=name)
    _wait(cloudformation, "stack_delete_complete", StackName=name)


def reasons(cloudformation: Any, name: str) -> list[str]:
    """Why resources failed."""
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    return [e["ResourceStatusReason"] for e in events if e["ResourceStatus"].endswith("_FAILED")]


def make_role(iam: Any, name: str, *actions: str) -> str:
    """A function's role that may do these actions with everything; returns its ARN."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]
    if actions:
        rights = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [rights]})
        iam.put_role_policy(RoleName=name, PolicyName="rights", PolicyDocument=policy)
    return str(role["Arn"])


def _wait(cloudformation: Any, waiter: str, **named: str) -> None:
    cloudformation.get_waiter(waiter).wait(**named, WaiterConfig=QUICK)
