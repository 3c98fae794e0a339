"""The error for a change set that CloudFormation refuses: at the call, or as a failed change set."""

from __future__ import annotations

import re
from contextlib import contextmanager
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from kanmon.aws.calls import error_code
from kanmon.aws.refusals import fix_for
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase

if TYPE_CHECKING:
    from collections.abc import Iterator

# CloudFormation's words about a template and its parameters, from issues of aws-cli, serverless and others.
_OF_TEMPLATE = re.compile(
    r"template (\w+ )?error|invalid template|circular dependency between|properties validation failed|"
    r"(encountered unsupported|value of) property|^parameters?\b",
    re.IGNORECASE,
)


def refused(stack: str, reason: str) -> KanmonError:
    """CHANGE_SET_FAILED for CloudFormation's reason, with the fix for the account or for the template."""
    fix = fix_for(reason)
    if not fix and _OF_TEMPLATE.search(reason):
        fix = phrase(
            "Correct the template of this stack, or its parameters in the config; cfn-lint finds more errors."
            " Then run `kanmon build` and `kanmon plan` again."
        )
    problem = phrase("CloudFormation answered: {reason}", reason=reason)
    return KanmonError(Code.CHANGE_SET_FAILED, problem, where=stack, fix=fix)


@contextmanager
def wrong_templates(stack: str) -> Iterator[None]:
    """Raise CHANGE_SET_FAILED when CloudFormation answers a call that the template is wrong.

    The code of this answer is also that about a stack's state, about a role and about a URL.
    """
    try:
        yield
    except ClientError as error:
        reason = str(error.response.get("Error", {}).get("Message", ""))
        if error_code(error) != "ValidationError" or not _OF_TEMPLATE.search(reason):
            raise
        raise refused(stack, reason) from error
