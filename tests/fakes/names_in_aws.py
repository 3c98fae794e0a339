"""What AWS takes as a property's value where a config can get it wrong: names above all."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, get_args

from kanmon.config.logs import Days

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_RDS = r"(?!.*--)[a-z][a-z0-9-]{0,61}[a-z0-9]"
_WORD = r"[A-Za-z0-9_-]"
# Each by the page of its resource type in
# https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-template-resource-type-ref.html
# and the API's page that it leads to.
_PATTERNS: Mapping[tuple[str, str], str] = {
    ("CloudFront::CachePolicy", "CachePolicyConfig.Name"): rf"{_WORD}{{1,128}}",
    ("CloudFront::Function", "Name"): rf"{_WORD}{{1,64}}",
    ("CloudFront::OriginAccessControl", "OriginAccessControlConfig.Name"): r".{1,64}",
    ("CloudFront::OriginRequestPolicy", "OriginRequestPolicyConfig.Name"): rf"{_WORD}{{1,128}}",
    ("CloudFront::ResponseHeadersPolicy", "ResponseHeadersPolicyConfig.Name"): rf"{_WORD}{{1,128}}",
    ("CloudTrail::Trail", "TrailName"): r"(?!.*[._-]{2})[A-Za-z0-9][A-Za-z0-9._-]{1,126}[A-Za-z0-9]",
    ("CloudWatch::Alarm", "AlarmName"): r".{1,255}",
    ("CloudWatch::CompositeAlarm", "AlarmName"): r".{1,255}",
    ("CloudWatch::Dashboard", "DashboardName"): rf"{_WORD}{{1,255}}",
    ("Events::Rule", "Name"): r"[A-Za-z0-9._-]{1,64}",
    ("IAM::ManagedPolicy", "ManagedPolicyName"): r"[\w+=,.@-]{1,128}",
    ("IAM::Role", "RoleName"): r"[\w+=,.@-]{1,64}",
    ("KMS::Alias", "AliasName"): r"alias/(?!aws/)[A-Za-z0-9/_-]{1,250}",
    ("Lambda::Function", "FunctionName"): rf"{_WORD}{{1,64}}",
    ("Lambda::Function", "Handler"): r"\S{1,128}",
    ("Lambda::Function", "Runtime"): r"[a-z]+[a-z0-9.]*",
    ("Logs::LogGroup", "LogGroupName"): r"[A-Za-z0-9._/#-]{1,512}",
    ("Logs::LogGroup", "RetentionInDays"): "|".join(str(days) for days in get_args(Days)),
    ("RDS::DBCluster", "DBClusterIdentifier"): _RDS,
    ("RDS::DBInstance", "DBInstanceIdentifier"): _RDS,
    ("RDS::DBSubnetGroup", "DBSubnetGroupName"): r"[A-Za-z0-9._ -]{1,255}",
    ("S3::Bucket", "BucketName"): r"(?!.*--x-s3$)(?!xn--)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]",
    ("SNS::Topic", "TopicName"): rf"{_WORD}{{1,256}}",
    ("SQS::Queue", "QueueName"): rf"{_WORD}{{1,80}}|{_WORD}{{1,75}}\.fifo",
    ("Scheduler::Schedule", "Name"): r"[A-Za-z0-9._-]{1,64}",
    ("Scheduler::ScheduleGroup", "Name"): r"[A-Za-z0-9._-]{1,64}",
    ("SecretsManager::Secret", "Name"): r"[A-Za-z0-9/_+=.@-]{1,512}",
    ("StepFunctions::StateMachine", "StateMachineName"): rf"{_WORD}{{1,80}}",
    ("XRay::Group", "GroupName"): r".{1,32}",
    ("XRay::SamplingRule", "SamplingRule.RuleName"): r".{1,32}",
}
# The longest that AWS puts in place of them; a region's name in the three partitions.
_LONGEST = {"AWS::AccountId": "0" * 12, "AWS::Region": "ap-northeast-1", "AWS::Partition": "aws-us-gov"}


def misnamed(content: Mapping[str, Any]) -> Iterator[str]:
    """Every property whose value AWS would refuse, as a sentence."""
    given = _LONGEST | {
        name: max((str(value) for value in parameter.get("AllowedValues", [])), key=len, default="")
        for name, parameter in content.get("Parameters", {}).items()
    }
    for logical_id, resource in content["Resources"].items():
        kind = str(resource.get("Type", "")).removeprefix("AWS::")
        for (of, path), pattern in _PATTERNS.items() if kind else ():
            value = _text(_found(resource.get("Properties", {}), path), given) if of == kind else None
            if value is not None and not re.fullmatch(pattern, value):
                length = f"{len(value)} characters"
                yield f"{logical_id}'s {path} is {value!r} ({length}), which {kind} does not take."


def _found(properties: Any, path: str) -> Any:
    for key in path.split("."):
        properties = properties.get(key) if isinstance(properties, dict) else None
    return properties


def _text(value: Any, given: Mapping[str, str]) -> str | None:
    """A value as it may be at its longest; None when only AWS knows it."""
    if not isinstance(value, dict):
        return None if value is None else str(value)
    text = value.get("Sub") or ("${" + str(value["Ref"]) + "}" if "Ref" in value else None)
    if not isinstance(text, str):
        return None
    names = re.findall(r"\$\{([^}]+)\}", text)
    if not all(given.get(name) for name in names):
        return None
    return re.sub(r"\$\{([^}]+)\}", lambda match: given[match[1]], text)
