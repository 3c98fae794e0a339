"""AWS::CloudTrail::Trail, in ministack's CloudTrail (describe, status, event selectors)."""

from __future__ import annotations

from typing import Any

from embedded.server.modules import HANDLERS, REPLACING, cloudtrail, provisioners

KIND = "AWS::CloudTrail::Trail"


def apply() -> None:
    """Register the type."""
    create_update = {"create": create, "update": update, "delete": delete}
    HANDLERS[KIND] = {**create_update, "update_with_logical_id": True}
    REPLACING[KIND] = ("TrailName",)


def create(logical_id: str, props: dict[str, Any], stack: str) -> Any:
    """CreateTrail, then CloudFormation's further calls."""
    name = props.get("TrailName") or provisioners._physical_name(stack, logical_id, max_len=128)
    _done(cloudtrail._create_trail(_body(name, props)))
    return _configure(name, props)


def update(physical_id: str, _old: Any, new: dict[str, Any], *_rest: Any) -> Any:
    """UpdateTrail."""
    _done(cloudtrail._update_trail(_body(physical_id, new)))
    return _configure(physical_id, new)


def delete(physical_id: str, _props: dict[str, Any]) -> None:
    """DeleteTrail."""
    cloudtrail._delete_trail({"Name": physical_id})


def _configure(name: str, props: dict[str, Any]) -> Any:
    given = {key: props[key] for key in ("EventSelectors", "AdvancedEventSelectors") if props.get(key)}
    if given:
        _done(cloudtrail._put_event_selectors({"TrailName": name, **given}))
    logging = provisioners._cfn_bool(props.get("IsLogging", False))
    _done((cloudtrail._start_logging if logging else cloudtrail._stop_logging)({"Name": name}))
    return name, {"Arn": cloudtrail._trail_arn(name)}


def _body(name: str, props: dict[str, Any]) -> dict[str, Any]:
    flags = ("IncludeGlobalServiceEvents", "IsMultiRegionTrail", "EnableLogFileValidation")
    texts = ("S3BucketName", "S3KeyPrefix", "CloudWatchLogsLogGroupArn", "CloudWatchLogsRoleArn")
    body: dict[str, Any] = {"Name": name}
    body |= {key: provisioners._cfn_bool(props[key]) for key in flags if key in props}
    body |= {key: props[key] for key in texts if key in props}
    if props.get("KMSKeyId"):
        body["KmsKeyId"] = props["KMSKeyId"]
    return body


def _done(answer: Any) -> None:
    if answer[0] >= 400:
        raise ValueError(f"{KIND} failed: {answer[2]!r}")
