"""A function's package must exist, and its name must be free.

CloudFormation fails AWS::Lambda::Function with Lambda's own message when the S3 object is
missing or the function exists; ministack creates a function without code, or takes the name over.
"""

from __future__ import annotations

from typing import Any

from embedded.server.modules import HANDLERS, lambda_service

_handler = HANDLERS["AWS::Lambda::Function"]
_create, _update = _handler["create"], _handler["update"]
NO_SUCH_KEY = (
    "Error occurred while GetObject. S3 Error Code: NoSuchKey. "
    "S3 Error Message: The specified key does not exist. (Service: Lambda, Status Code: 400)"
)


def apply() -> None:
    """Check before creating and updating."""
    _handler.update({"create": create, "update": update})


def create(logical_id: str, props: dict[str, Any], stack: str) -> Any:
    """Create, unless the name is taken."""
    name = props.get("FunctionName")
    if name in lambda_service._functions:
        raise ValueError(
            f'Resource handler returned message: "Function already exist: {name} '
            '(Service: Lambda, Status Code: 409)" (HandlerErrorCode: AlreadyExists)'
        )
    _check_package(props)
    return _create(logical_id, props, stack)


def update(physical_id: str, old_props: dict[str, Any], new_props: dict[str, Any], *rest: Any) -> Any:
    """Update in place."""
    _check_package(new_props)
    return _update(physical_id, old_props, new_props, *rest)


def _check_package(props: dict[str, Any]) -> None:
    code = props.get("Code") or {}
    bucket, key = code.get("S3Bucket"), code.get("S3Key")
    if not (bucket and key):
        return
    version = code.get("S3ObjectVersion")
    if lambda_service._fetch_code_from_s3(bucket, key, version_id=version) is None:
        raise ValueError(f'Resource handler returned message: "{NO_SUCH_KEY}"')
