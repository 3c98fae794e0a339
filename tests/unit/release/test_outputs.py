"""Outputs by plain names (ADP-5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kanmon.naming import FOUNDATION, stack_name
from kanmon.release.outputs import flat, read_outputs
from tests.fakes.app import make_config, make_full_config
from tests.fakes.runs import release

if TYPE_CHECKING:
    from kanmon.config.schema import Config
    from tests.fakes.cloud import Cloud


def _outputs(cloud: Cloud, config: Config, **foundation: str) -> dict[str, Any]:
    stack = cloud.stacks.stacks[stack_name(config.prefix, FOUNDATION, "")]
    stack.outputs.update(foundation)
    return read_outputs(cloud.services(), config, "https://edge.test")


def test_ids_arns_and_urls_have_the_names_of_the_config(cloud: Cloud) -> None:
    release(cloud, "a1")
    found = _outputs(
        cloud,
        make_full_config(),
        UserPoolId="eu_1",
        UserPoolClientId="c1",
        AiProviderSecretArn="arn:ai",
        MailQueueUrl="https://sqs/mail",
    )
    assert found["user_pool"] == {"id": "eu_1", "client_id": "c1"}
    assert found["database"] == {"host": "database.test", "port": "5432", "secret": "arn:secret"}
    assert found["secrets"] == {"ai-provider": "arn:ai"}, "what no stack has is left out"
    assert found["queues"] == {"mail": "https://sqs/mail"}
    assert found["dashboard"] == "https://dashboard.test"
    assert found["logs"] == {
        "blue": "/aws/lambda/shop-test-blue",
        "green": "/aws/lambda/shop-test-green",
        "state_machines_blue": "/aws/vendedlogs/states/shop-test-blue",
        "state_machines_green": "/aws/vendedlogs/states/shop-test-green",
        "api": "/aws/apigateway/shop-test-api",
        "canary": "/aws/apigateway/shop-test-api/Canary",
        "database": "/aws/rds/cluster/shop-test-database/postgresql",
    }
    assert found["stacks"]["foundation"]["AiProviderSecretArn"] == "arn:ai"


def test_an_app_without_an_api_has_no_address_of_one(cloud: Cloud) -> None:
    release(cloud, "a1")
    found = _outputs(cloud, make_config(api=None, checks=[{"name": "page", "path": "/"}]))
    assert "api" not in found
    assert "api" not in found["logs"]


def test_the_table_has_dotted_names() -> None:
    assert flat({"a": "1", "b": {"c": {"d": "2"}}}) == {"a": "1", "b.c.d": "2"}
