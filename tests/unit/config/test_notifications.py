"""The valid names of a channel's secret (INF-4)."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from tests.fakes.app import make_config


@pytest.mark.parametrize("name", ['x"${AWS::Region}', "", "a b", "x" * 513])
def test_a_name_invalid_for_secrets_manager_is_refused(name: str) -> None:
    with pytest.raises(ValidationError):
        make_config(notifications={"channels": {"slack": name}})


@pytest.mark.parametrize(
    "name", ["shop/slack+x", "arn:aws:secretsmanager:ap-northeast-1:111122223333:secret:slack-AbCdEf"]
)
def test_a_secret_is_a_name_or_an_arn(name: str) -> None:
    assert make_config(notifications={"channels": {"slack": name}}).notifications.channels == {"slack": name}


def test_an_address_is_there_once() -> None:
    """MON-2"""
    with pytest.raises(ValidationError, match=r"TEAM@example.com is there twice"):
        make_config(notifications={"emails": ["team@example.com", "TEAM@example.com"]})
    with pytest.raises(ValidationError, match="emails"):
        make_config(notifications={"emails": ["Team <team@example.com>"]})
