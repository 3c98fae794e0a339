"""Lambda functions of a slot: compares their code, and invokes hooks."""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.aws.calls import aws_errors
from kanmon.aws.objects import as_aws_writes
from kanmon.aws.refusals import fix_for
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_lambda import LambdaClient


@dataclass(frozen=True)
class AccountConcurrency:
    """The concurrent executions of one account and region.

    https://docs.aws.amazon.com/lambda/latest/api/API_AccountLimit.html
    """

    quota: int
    unreserved: int
    """What no function reserves."""


_SHOWN = 500
"""Characters of an error to keep."""
_AT_ONCE = 8
"""Lambda takes 100 GetFunction a second, and 15 of its other calls
(https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html#api-requests)."""


_OF_AWS = re.compile(r"An error occurred \(\w+\) when calling the \w+ operation.*", re.DOTALL)
"""AWS's answer to a function's own call, as botocore words it. All else is the app's."""


@dataclass(frozen=True)
class Functions:
    """The functions of one account and region.

    https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html, API_GetFunction.html
    """

    functions: LambdaClient
    readers: LambdaClient
    """The same functions, for calls that repeat: a hook's client never repeats one."""

    def with_other_code(self, packages: Mapping[str, str]) -> list[str]:
        """The functions with other code than their package. `packages` has each name, and a SHA-256.

        Lambda has its own SHA-256 of each package. A stack's update shows nothing: with the same object key,
        CloudFormation leaves the code as it is.
        """
        with aws_errors(phrase("reading the functions' code digests")), ThreadPoolExecutor(_AT_ONCE) as pool:
            deployed = dict(zip(packages, pool.map(self._code, packages), strict=True))
        return sorted(name for name, sha256 in packages.items() if deployed[name] != as_aws_writes(sha256))

    def concurrency(self) -> AccountConcurrency:
        """The account's concurrent executions, all and unreserved ones."""
        with aws_errors(phrase("reading the account's quota of concurrent executions")):
            limit = self.readers.get_account_settings()["AccountLimit"]
        return AccountConcurrency(limit["ConcurrentExecutions"], limit["UnreservedConcurrentExecutions"])

    def _code(self, name: str) -> str:
        return self.readers.get_function(FunctionName=name)["Configuration"]["CodeSha256"]

    def invoke(self, name: str, event: Mapping[str, object], *, logs: str) -> str:
        """Invoke a function with the log group `logs`, and return its answer as text.

        Raises HOOK_FAILED when the function fails.
        """
        with aws_errors(phrase("invoking {name}", name=name)):
            answer = self.functions.invoke(FunctionName=name, Payload=json.dumps(event).encode())
            text = answer["Payload"].read().decode("utf-8", "replace")
        if answer.get("FunctionError"):
            problem = phrase("It answered: {answer}", answer=text[:_SHOWN])
            refused = _OF_AWS.search(text)
            fix = fix_for(refused[0]) if refused else None
            general = Code.HOOK_FAILED.fix_with(LOG_GROUP=logs)
            raise KanmonError(Code.HOOK_FAILED, problem, where=name, fix=fix or general)
        return text
