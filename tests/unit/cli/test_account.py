"""The account as the config describes it: who CloudFormation acts as (SEC-1)."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any, cast

import pytest

from kanmon.aws import Aws
from kanmon.cli.wiring import Account
from kanmon.cloudformation import Stacks
from tests.fakes.app import make_config

_GITHUB = {"repository": "octo/shop"}


@pytest.mark.parametrize(
    ("github", "partition", "role"),
    [
        (None, "aws", ""),
        (_GITHUB, "aws", "arn:aws:iam::111122223333:role/shop-test-cloudformation"),
        (_GITHUB, "aws-cn", "arn:aws-cn:iam::111122223333:role/shop-test-cloudformation"),
    ],
)
def test_with_github_cloudformation_acts_by_the_service_role(
    github: dict[str, Any] | None, partition: str, role: str
) -> None:
    config = make_config(github=github)
    early = SimpleNamespace(
        region=config.region,
        account="111122223333",
        partition=partition,
        cloudformation=None,
        cloudwatch=None,
        functions=None,
        rds=None,
        s3=SimpleNamespace(head_bucket=lambda **_: None),
    )
    world = Account(config, cast("Any", early)).world()
    assert isinstance(world.stacks, Stacks)
    assert world.stacks.role == role


def test_a_region_lies_in_its_partition() -> None:
    assert (Aws("ap-northeast-1").partition, Aws("cn-north-1").partition) == ("aws", "aws-cn")
