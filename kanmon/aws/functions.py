"""Invokes Lambda functions of a slot: the hooks."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.aws.calls import aws_errors
from kanmon.codes import Code
from kanmon.errors import KanmonError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_lambda import LambdaClient

_SHOWN = 500
"""Characters of an answer to keep."""


@dataclass(frozen=True)
class Functions:
    """The functions of one account and region.

    https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
    """

    functions: LambdaClient

    def invoke(self, name: str, event: Mapping[str, object]) -> str:
        """Invoke a function and return its answer as text. Raises HOOK_FAILED when the function fails."""
        with aws_errors(f"invoking {name}"):
            answer = self.functions.invoke(FunctionName=name, Payload=json.dumps(event).encode())
            text = answer["Payload"].read().decode("utf-8", "replace")
        if answer.get("FunctionError"):
            raise KanmonError(Code.HOOK_FAILED, f"It answered: {text[:_SHOWN]}", where=name)
        return text[:_SHOWN]
