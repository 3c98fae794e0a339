"""The names of IAM's services and actions, from the service authorization reference in cfn-lint.

`python -m scripts.generators.iam_actions` writes them into the package. Actions are there for services that
an app's functions may call; of all others there is only the name. cfn-lint has small letters, so the capitals
are those of the SDK's operations.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

import json
import re
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.loaders import Loader
from cfnlint.data import AdditionalSpecs  # type: ignore[import-untyped]

from kanmon.config.actions import PLACE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

SERVICES = """
    account acm aoss apigateway appconfig application-autoscaling appsync athena autoscaling backup
    batch bedrock bedrock-agentcore budgets cassandra ce cloudformation cloudfront
    cloudfront-keyvaluestore cloudtrail cloudwatch codebuild codepipeline cognito-identity cognito-idp
    comprehend dax dsql dynamodb ec2 ecr ecs elasticache elasticfilesystem elasticloadbalancing
    emr-serverless es events execute-api firehose geo glue iam iot ivs kafka kafka-cluster kendra
    kinesis kinesisvideo kms lambda lex logs mediaconvert memorydb mobiletargeting mq neptune-db
    notifications organizations personalize pipes polly pricing qbusiness ram rds rds-data rds-db
    redshift-data redshift-serverless rekognition resource-groups route53 s3 s3-object-lambda s3express
    s3tables s3vectors sagemaker scheduler schemas secretsmanager servicediscovery servicequotas ses
    sms-voice sns social-messaging sqs ssm ssmmessages states sts support tag textract timestream
    transcribe transfer translate verifiedpermissions wafv2 xray
""".split()  # noqa: SIM905
_MORE = ("Partiql", "Pass", "My", "Witness")
"""Words of actions that no operation has."""
_WIDTH = 118
_WORD = re.compile(r"[A-Z][a-z0-9]+|[A-Z]+(?![a-z])|[a-z0-9]+")


def reference() -> dict[str, Any]:
    """The services of the reference, each with its actions in small letters."""
    found: dict[str, Any] = json.loads(
        (Path(AdditionalSpecs.__file__).parent / "Policies.json").read_text("utf-8")
    )
    return found


def text() -> str:
    """The file: a line for each service, and indented lines with its actions."""
    operations = {name.lower(): name for name in _operations()}
    words = {word.lower(): word for name in operations.values() for word in _WORD.findall(name)}
    words |= {word.lower(): word for word in _MORE}
    return "".join(_service(name, found, operations, words) for name, found in sorted(reference().items()))


def _service(
    name: str, found: Mapping[str, Any], operations: Mapping[str, str], words: Mapping[str, str]
) -> str:
    if name not in SERVICES:
        return f"{name}\n"
    actions = sorted(operations.get(one) or _capitals(one, words) for one in found["Actions"])
    lines = textwrap.wrap(" ".join(actions), _WIDTH)
    return f"{name}\n" + "".join(f"  {line}\n" for line in lines)


def _operations() -> Iterator[str]:
    loader = Loader()
    for service in loader.list_available_services("service-2"):
        yield from loader.load_service_model(service, "service-2")["operations"]


def _capitals(action: str, words: Mapping[str, str]) -> str:
    """An action that is no operation, such as `passrole`: in the fewest words of operations."""
    best: list[tuple[str, ...] | None] = [()]
    for end in range(1, len(action) + 1):
        found = [(*begin, words[action[start:end]]) for start, begin in enumerate(best)
                 if begin is not None and action[start:end] in words]  # fmt: skip
        best.append(min(found, key=len, default=None))
    whole: Iterable[str] = best[-1] or (action.capitalize(),)
    return "".join(one[0].upper() + one[1:] for one in whole)


if __name__ == "__main__":
    PLACE.write_text(text(), "utf-8")
