"""Lambda takes a destination only if the function's role may send to it.

https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
"""

from __future__ import annotations

from typing import Any

from embedded.server.modules import HANDLERS, provisioners
from embedded.server.patches.service_roles import may

_handler = HANDLERS["AWS::Lambda::EventInvokeConfig"]
_create, _update = _handler["create"], _handler["update"]


def apply() -> None:
    """Ask before creating and updating."""
    _handler.update({"create": create, "update": update})


def create(logical_id: str, props: dict[str, Any], stack: str) -> Any:
    """PutFunctionEventInvokeConfig."""
    _check(props)
    return _create(logical_id, props, stack)


def update(physical_id: str, old: dict[str, Any], new: dict[str, Any], stack: str, *rest: Any) -> Any:
    """UpdateFunctionEventInvokeConfig."""
    _check(new)
    return _update(physical_id, old, new, stack, *rest)


def _check(props: dict[str, Any]) -> None:
    destination = ((props.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
    function, *_ = provisioners._lambda_function_for_cfn_ref(props.get("FunctionName", ""))
    queue = destination if str(destination).startswith("arn:aws:sqs:") else None
    if queue and function and not may(function["config"]["Role"], "sqs:SendMessage", queue):
        raise ValueError(
            "Resource handler returned message: \"The function's execution role does not have permissions to "
            f'call SendMessage on {queue} (Service: Lambda, Status Code: 400)" '
            "(HandlerErrorCode: InvalidRequest)"
        )
