"""A function's package, variables and reservation must fit, and its name must be free.

CloudFormation fails AWS::Lambda::Function with Lambda's own message; ministack creates a function without
code, or takes the name over, and ignores its reservation. It unpacks a link as a file with the target's name.
Quotas: https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html.
"""

from __future__ import annotations

import io
import json
import stat
import zipfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from embedded.server.modules import HANDLERS, lambda_runtime, lambda_service

_handler = HANDLERS["AWS::Lambda::Function"]
_create, _update = _handler["create"], _handler["update"]
NO_SUCH_KEY = (
    "Error occurred while GetObject. S3 Error Code: NoSuchKey. "
    "S3 Error Message: The specified key does not exist. (Service: Lambda, Status Code: 400)"
)

UNPACKED, VARIABLES = 250 * 1024**2, 4096
"""Bytes of a function's files, and of its environment variables."""
QUOTA, UNRESERVED = 1000, 100
"""Executions at once in an account, and how many of them must stay without a reservation
(https://docs.aws.amazon.com/lambda/latest/dg/configuration-concurrency.html). A new account has 10."""
_settings, _reserve = lambda_service._get_account_settings, lambda_service._put_function_concurrency


def apply() -> None:
    """Check before creating, updating and reserving. Unpack with links."""
    _handler.update({"create": create, "update": update})
    lambda_service._get_account_settings = settings
    lambda_service._put_function_concurrency = reserve
    lambda_runtime.zipfile = SimpleNamespace(**vars(zipfile) | {"ZipFile": Package})


class Package(zipfile.ZipFile):
    """A package that unpacks links as links: https://github.com/aws/aws-sam-cli/pull/1140."""

    def extractall(self, path: Any = None, members: Any = None, pwd: bytes | None = None) -> None:
        """Unpack the files, then the links."""
        super().extractall(path, members, pwd)
        for entry in self.infolist():
            if stat.S_ISLNK(entry.external_attr >> 16):
                link = Path(path or ".", entry.filename)
                link.unlink()
                link.symlink_to(self.read(entry).decode())


def create(logical_id: str, props: dict[str, Any], stack: str) -> Any:
    """Create, unless the name is taken."""
    name = props.get("FunctionName")
    if name in lambda_service._functions:
        raise ValueError(
            f'Resource handler returned message: "Function already exist: {name} '
            '(Service: Lambda, Status Code: 409)" (HandlerErrorCode: AlreadyExists)'
        )
    _check(props)
    answer = _create(logical_id, props, stack)
    _put_reservation(answer[0], props)
    return answer


def update(physical_id: str, old_props: dict[str, Any], new_props: dict[str, Any], *rest: Any) -> Any:
    """Update in place."""
    _check(new_props)
    answer = _update(physical_id, old_props, new_props, *rest)
    _put_reservation(answer[0], new_props)
    return answer


def settings() -> Any:
    """GetAccountSettings, with AWS's quota. ministack gives what the machine can run."""
    status, headers, body = _settings()
    answer = json.loads(body)
    free = QUOTA - _reserved("")
    answer["AccountLimit"] |= {"ConcurrentExecutions": QUOTA, "UnreservedConcurrentExecutions": free}
    return status, headers, json.dumps(answer).encode()


def reserve(name: str, data: dict[str, Any]) -> Any:
    """PutFunctionConcurrency, within the quota."""
    if problem := _overdrawn(name, data.get("ReservedConcurrentExecutions", 0)):
        return lambda_service.error_response_json("InvalidParameterValueException", problem, 400)
    return _reserve(name, data)


def _put_reservation(name: str, props: dict[str, Any]) -> None:
    wanted = props.get("ReservedConcurrentExecutions")
    lambda_service._functions[name]["concurrency"] = None if wanted is None else int(wanted)


def _reserved(but: str) -> int:
    """What all functions but this one reserve."""
    functions = lambda_service._functions
    return sum(int(functions[name].get("concurrency") or 0) for name in functions if name != but)


def _overdrawn(name: str, wanted: Any) -> str:
    if QUOTA - _reserved(name) - int(wanted) >= UNRESERVED:
        return ""
    return (
        "Specified ReservedConcurrentExecutions for function decreases account's "
        f"UnreservedConcurrentExecution below its minimum value of [{UNRESERVED}]."
    )


def _check(props: dict[str, Any]) -> None:
    variables = (props.get("Environment") or {}).get("Variables") or {}
    if len(json.dumps(variables, separators=(",", ":"))) > VARIABLES:
        raise _refusal(
            "Lambda was unable to configure your environment variables because the environment variables you "
            "have provided exceeded the 4KB limit."
        )
    wanted = props.get("ReservedConcurrentExecutions") or 0
    if problem := _overdrawn(str(props.get("FunctionName")), wanted):
        raise _refusal(problem)
    _check_package(props)


def _check_package(props: dict[str, Any]) -> None:
    code = props.get("Code") or {}
    bucket, key = code.get("S3Bucket"), code.get("S3Key")
    if not (bucket and key):
        return
    content = lambda_service._fetch_code_from_s3(bucket, key, version_id=code.get("S3ObjectVersion"))
    if content is None:
        raise ValueError(f'Resource handler returned message: "{NO_SUCH_KEY}"')
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        if sum(file.file_size for file in package.infolist()) > UNPACKED:
            raise _refusal(f"Unzipped size must be smaller than {UNPACKED} bytes")


def _refusal(message: str) -> ValueError:
    return ValueError(
        f'Resource handler returned message: "{message} (Service: Lambda, Status Code: 400)" '
        "(HandlerErrorCode: InvalidRequest)"
    )
