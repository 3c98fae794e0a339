"""Refuses names in the team's own stacks that CloudFormation's role may not make (ADP-2).

Without this, AWS would deny the resource in the middle of the deploy. What a name may be is written once, in
:mod:`kanmon.stacks.own_rights`. Here is where a template has it.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.stacks.own_rights import may_make
from kanmon.stacks.template import resources_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kanmon.config.schema import Config
    from kanmon.stacks.spec import StackSpec

# The property with the name, the service, and the end of the ARN.
# https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
NAMED = {
    "AWS::CloudWatch::Alarm": ("AlarmName", "cloudwatch", "alarm:{}"),
    "AWS::CloudWatch::CompositeAlarm": ("AlarmName", "cloudwatch", "alarm:{}"),
    "AWS::CloudWatch::Dashboard": ("DashboardName", "cloudwatch", "dashboard/{}"),
    "AWS::CloudWatch::MetricStream": ("Name", "cloudwatch", "metric-stream/{}"),
    "AWS::DynamoDB::GlobalTable": ("TableName", "dynamodb", "table/{}"),
    "AWS::DynamoDB::Table": ("TableName", "dynamodb", "table/{}"),
    "AWS::ECR::Repository": ("RepositoryName", "ecr", "repository/{}"),
    "AWS::ElastiCache::ReplicationGroup": ("ReplicationGroupId", "elasticache", "replicationgroup:{}"),
    "AWS::ElastiCache::ServerlessCache": ("ServerlessCacheName", "elasticache", "serverlesscache:{}"),
    "AWS::Events::ApiDestination": ("Name", "events", "api-destination/{}"),
    "AWS::Events::Archive": ("ArchiveName", "events", "archive/{}"),
    "AWS::Events::Connection": ("Name", "events", "connection/{}"),
    "AWS::Events::EventBus": ("Name", "events", "event-bus/{}"),
    "AWS::Events::Rule": ("Name", "events", "rule/{}"),
    "AWS::Kinesis::Stream": ("Name", "kinesis", "stream/{}"),
    "AWS::KinesisFirehose::DeliveryStream": ("DeliveryStreamName", "firehose", "deliverystream/{}"),
    "AWS::Lambda::Function": ("FunctionName", "lambda", "function:{}"),
    "AWS::Lambda::LayerVersion": ("LayerName", "lambda", "layer:{}"),
    "AWS::Logs::DeliveryDestination": ("Name", "logs", "delivery-destination:{}"),
    "AWS::Logs::DeliverySource": ("Name", "logs", "delivery-source:{}"),
    "AWS::Logs::Destination": ("DestinationName", "logs", "destination:{}"),
    "AWS::Logs::LogGroup": ("LogGroupName", "logs", "log-group:{}"),
    "AWS::S3::AccessPoint": ("Name", "s3", "accesspoint/{}"),
    "AWS::S3::Bucket": ("BucketName", "s3", "{}"),
    "AWS::SNS::Topic": ("TopicName", "sns", "{}"),
    "AWS::SQS::Queue": ("QueueName", "sqs", "{}"),
    "AWS::SSM::Document": ("Name", "ssm", "document/{}"),
    "AWS::SSM::Parameter": ("Name", "ssm", "parameter/{}"),
    "AWS::Scheduler::Schedule": ("Name", "scheduler", "schedule/default/{}"),
    "AWS::Scheduler::ScheduleGroup": ("Name", "scheduler", "schedule-group/{}"),
    "AWS::SecretsManager::Secret": ("Name", "secretsmanager", "secret:{}"),
    "AWS::StepFunctions::Activity": ("Name", "states", "activity:{}"),
    "AWS::StepFunctions::StateMachine": ("StateMachineName", "states", "stateMachine:{}"),
}
_BUS = "EventBusName"
"""With a bus, a rule's ARN has the bus's name first."""
_REFERENCE = re.compile(r"\$\{([^}]*)\}")
_STACK_NAME = "AWS::StackName"
# Only the beginning of a name counts, and none of these can be one.
_PSEUDO = {
    name: f"${{{name}}}" for name in ("AWS::AccountId", "AWS::Region", "AWS::Partition", "AWS::StackId")
}


def refuse_foreign_names(config: Config, spec: StackSpec) -> None:
    """Raise STACK_TEMPLATE_INVALID for a name in an own stack that CloudFormation's role may not make.

    Without `github` there is no such role. A name that only CloudFormation knows passes, and that of a
    resource under a condition.
    """
    if spec.kind not in config.stacks or not config.github:
        return
    given = {key: value for key, value in spec.parameters.items() if isinstance(value, str)}
    known = _PSEUDO | given | {_STACK_NAME: spec.name}
    for resource, found in (resources_of(spec.body) or {}).items():
        if found.type not in NAMED or "Condition" in found.content:
            continue
        key, service, form = NAMED[found.type]
        properties = found.content.get("Properties", {})
        name = _text(properties.get(key), known)
        if (
            not name
            or _BUS in properties
            or may_make(service, form.format(name).replace("//", "/"), config.prefix)
        ):
            continue
        problem = phrase(
            "The {property} of `{resource}` is `{name}`. "
            "CloudFormation's role makes only names that begin with `{prefix}-`.",
            property=key,
            resource=resource,
            name=name,
            prefix=config.prefix,
        )
        fix = phrase(
            "Leave {property} out, and CloudFormation makes a name. Or begin it with `{start}`, by `!Sub`: "
            "so each environment has a name of its own.",
            property=key,
            start=f"${{{_STACK_NAME}}}-",
        )
        where = f"stacks.{spec.kind}.template: {config.stacks[spec.kind].template}"
        raise KanmonError(Code.STACK_TEMPLATE_INVALID, problem, where=where, fix=fix)


def _text(value: Any, known: Mapping[str, str]) -> str | None:  # noqa: ANN401 - any part of a template
    """The text of a property. None if a part of it isn't known before the deploy."""
    match value:
        case str():
            return value
        case {"!Ref": str(name)}:
            return known.get(name)
        case {"!Sub": str(text)}:
            if any(name not in known for name in _REFERENCE.findall(text)):
                return None
            return _REFERENCE.sub(lambda found: known[found[1]], text)
        case {"!Join": [str(between), [*items]]}:
            texts = [_text(item, known) for item in items]
            return None if None in texts else between.join(str(text) for text in texts)
        case _:
            return None
