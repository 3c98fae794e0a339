"""Checks ask AWS itself for secrets, functions and sign-ins (CD-7)."""

from __future__ import annotations

import io
import json
from typing import Any, cast

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto import mock_aws

from kanmon.checks.hidden_values import NoValueError
from kanmon.checks.in_aws import Probes, Secrets
from kanmon.checks.probe import Edge, NoAnswerError, Target
from kanmon.config.checks import Check

REGION = "eu-central-1"
GREEN = Target("candidate", "r2", slot="green")


@pytest.fixture
def secrets() -> Any:
    with mock_aws():
        client = boto3.client("secretsmanager", region_name=REGION)
        client.create_secret(Name="shop-test-key", SecretString="canary")
        client.create_secret(Name="shop-test-new")
        client.create_secret(Name="shop-test-binary", SecretBinary=b"canary")
        yield client


def test_a_secret_is_that_of_the_environment(secrets: Any) -> None:
    assert Secrets(secrets, "shop-test").read("key") == "canary"


@pytest.mark.parametrize("name", ["new", "binary", "gone"])
def test_a_secret_without_text_has_to_be_entered(secrets: Any, name: str) -> None:
    """A new secret is empty until a person enters its value."""
    with pytest.raises(NoValueError, match=f"the secret shop-test-{name} has no text. Enter it in Secrets"):
        Secrets(secrets, "shop-test").read(name)


def test_a_denied_secret_names_the_way_out() -> None:
    client = boto3.client("secretsmanager", region_name=REGION)
    with Stubber(client) as stub:
        stub.add_client_error("get_secret_value", "AccessDeniedException", "not authorized")
        with pytest.raises(NoValueError, match=r"reading the secret shop-test-key.*AccessDenied"):
            Secrets(client, "shop-test").read("key")


def _probes(functions: Any = None, users: Any = None) -> Probes:
    pool = {"UserPoolId": "eu-central-1_a", "UserPoolClientId": "c1"}
    return Probes(Edge("shop.example"), functions, users, "shop-test", pool)


INVOKED = Check.model_validate({"name": "report", "function": "report", "payload": {"dry_run": True}})


def _invoked(**answer: Any) -> Any:
    client = boto3.client("lambda", region_name=REGION)
    with Stubber(client) as stub:
        expected = {"FunctionName": "shop-test-green-report", "Payload": b'{"dry_run": true}'}
        stub.add_response("invoke", {"StatusCode": 200, **answer}, expected)
        return _probes(functions=client).ask(INVOKED, GREEN, 5)


def test_a_function_of_the_targets_slot_is_invoked() -> None:
    answer = _invoked(Payload=io.BytesIO(b'{"rows": 3}'))
    assert (answer.status, answer.body, answer.release) == (200, b'{"rows": 3}', "r2")
    assert INVOKED.expect.problem(answer, "", "r2") == ""


def test_a_failing_function_has_status_500() -> None:
    answer = _invoked(Payload=io.BytesIO(b'{"errorMessage": "boom"}'), FunctionError="Unhandled")
    assert 'status is 500 instead of 200: \'{"errorMessage": "boom"}\'' in INVOKED.expect.problem(
        answer, "", "r2"
    )


def test_a_missing_function_is_no_answer() -> None:
    client = boto3.client("lambda", region_name=REGION)
    with Stubber(client) as stub:
        stub.add_client_error("invoke", "ResourceNotFoundException", "Function not found")
        with pytest.raises(NoAnswerError, match=r"shop-test-green-report can't be invoked.*not found"):
            _probes(functions=client).ask(INVOKED, GREEN, 5)


SIGNED_IN = Check.model_validate(
    {"name": "member", "sign_in": {"username": "a@b.example", "password": "${secrets.shopper}"}}
)


class _Users:
    """A user pool with one user."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self.answer = answer

    def admin_initiate_auth(self, **given: Any) -> dict[str, Any]:
        assert given["AuthFlow"] == "ADMIN_USER_PASSWORD_AUTH"
        assert (given["UserPoolId"], given["ClientId"]) == ("eu-central-1_a", "c1")
        if given["AuthParameters"] != {"USERNAME": "a@b.example", "PASSWORD": "${secrets.shopper}"}:
            error = {
                "Error": {"Code": "NotAuthorizedException", "Message": "Incorrect username or password."}
            }
            raise ClientError(cast("Any", error), "AdminInitiateAuth")
        return self.answer


def test_a_sign_in_gives_its_tokens_but_not_the_one_that_lives_for_days() -> None:
    tokens = {
        "AccessToken": "a",
        "IdToken": "i",
        "ExpiresIn": 3600,
        "RefreshToken": "r",
        "TokenType": "Bearer",
    }
    answer = _probes(users=_Users({"AuthenticationResult": tokens})).ask(SIGNED_IN, GREEN, 5)
    assert json.loads(answer.body) == {"AccessToken": "a", "IdToken": "i", "ExpiresIn": 3600}
    assert answer.status == 200
    assert answer.release == "r2"


def test_a_challenge_is_no_sign_in() -> None:
    users = _Users({"ChallengeName": "NEW_PASSWORD_REQUIRED", "Session": "canary"})
    with pytest.raises(
        NoAnswerError, match="NEW_PASSWORD_REQUIRED: give the user a permanent password"
    ) as failed:
        _probes(users=users).ask(SIGNED_IN, GREEN, 5)
    assert "canary" not in str(failed.value)


def test_a_wrong_password_is_no_answer() -> None:
    wrong = SIGNED_IN.model_copy(
        update={"sign_in": SIGNED_IN.sign_in and SIGNED_IN.sign_in.model_copy(update={"password": "canary"})}
    )
    with pytest.raises(NoAnswerError, match=r"refuses the sign-in.*Incorrect username") as failed:
        _probes(users=_Users({})).ask(wrong, GREEN, 5)
    assert "canary" not in str(failed.value)
