"""Managed policies are read as they are now."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from moto import mock_aws

from kanmon.aws.policies import policy_statements
from kanmon.codes import Code
from kanmon.errors import KanmonError

ONE = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}


def _policy(iam: Any, statement: object) -> str:
    document = json.dumps({"Version": "2012-10-17", "Statement": statement})
    return str(iam.create_policy(PolicyName="limit", PolicyDocument=document)["Policy"]["Arn"])


@mock_aws
def test_the_default_version_counts() -> None:
    """ADP-1: an administrator's latest change."""
    iam = boto3.client("iam", region_name="eu-central-1")
    arn = _policy(iam, [ONE])
    new = json.dumps({"Version": "2012-10-17", "Statement": ONE | {"Action": "s3:PutObject"}})
    iam.create_policy_version(PolicyArn=arn, PolicyDocument=new, SetAsDefault=True)
    assert policy_statements(iam, arn) == [ONE | {"Action": "s3:PutObject"}]


@mock_aws
def test_a_missing_policy_is_a_missing_bootstrap() -> None:
    iam = boto3.client("iam", region_name="eu-central-1")
    with pytest.raises(KanmonError) as error:
        policy_statements(iam, "arn:aws:iam::123456789012:policy/none")
    assert error.value.code is Code.NOT_BOOTSTRAPPED
