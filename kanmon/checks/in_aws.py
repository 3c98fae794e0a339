"""What checks need of AWS itself: the values of secrets, functions to invoke, sign-ins to a user pool."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from kanmon.aws.calls import aws_errors, error_code
from kanmon.checks.hidden_values import NoValueError
from kanmon.checks.probe import LARGEST, NoAnswerError
from kanmon.errors import KanmonError
from kanmon.language import phrase, sentences
from kanmon.model import Answer
from kanmon.naming import RELEASE_HEADER, secret_name, slot_resource_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_lambda import LambdaClient
    from mypy_boto3_secretsmanager import SecretsManagerClient

    from kanmon.checks.probe import Edge, Target
    from kanmon.config.checks import Check, SignIn

_OK, _FAILED = 200, 500
_KEPT = ("AccessToken", "IdToken", "ExpiresIn")
"""What an answer has of a sign-in. The refresh token would live for days."""


@dataclass(frozen=True)
class Secrets:
    """The app's own secrets in Secrets Manager, of one environment."""

    secrets: SecretsManagerClient
    prefix: str

    def read(self, name: str) -> str:
        """The text of a secret. Raises NoValueError."""
        whole = secret_name(self.prefix, name)
        try:
            with aws_errors(phrase("reading the secret {secret}", secret=whole)):
                try:
                    text = self.secrets.get_secret_value(SecretId=whole).get("SecretString", "")
                except ClientError as error:
                    # Secrets Manager has one code for a missing secret, and for one without a value.
                    if error_code(error) != "ResourceNotFoundException":
                        raise
                    text = ""
        except KanmonError as error:
            raise NoValueError(sentences(error.message, error.fix).rstrip(".。")) from None
        if not text:
            problem = phrase("the secret {secret} has no text. Enter it in Secrets Manager", secret=whole)
            raise NoValueError(problem)
        return text


@dataclass(frozen=True)
class Probes:
    """Asks by a request through the edge, by an invocation, or by a sign-in."""

    edge: Edge
    functions: LambdaClient
    users: Any
    """A client of Cognito, for AdminInitiateAuth alone."""
    prefix: str
    pool: Mapping[str, str]
    """The foundation's outputs, with the ids of the user pool and of its client."""

    def ask(self, check: Check, target: Target, timeout: float) -> Answer:
        """See :class:`kanmon.checks.probe.Probe`."""
        if check.function:
            return self._invoke(check.function, check.payload, target)
        if check.sign_in:
            return self._sign_in(check.sign_in, target)
        return self.edge.ask(check, target, timeout)

    def _invoke(self, function: str, event: Mapping[str, object], target: Target) -> Answer:
        name = slot_resource_name(self.prefix, target.slot, function)
        began = time.monotonic()
        try:
            answer = self.functions.invoke(FunctionName=name, Payload=json.dumps(event).encode())
            body = answer["Payload"].read(LARGEST + 1)
        except (BotoCoreError, ClientError) as error:
            raise NoAnswerError(
                phrase("{function} can't be invoked: {error}", function=name, error=error)
            ) from None
        status = _FAILED if answer.get("FunctionError") else _OK
        return _answer(status, body, began, target)

    def _sign_in(self, user: SignIn, target: Target) -> Answer:
        began = time.monotonic()
        try:
            answer = self.users.admin_initiate_auth(
                UserPoolId=self.pool.get("UserPoolId", ""),
                ClientId=self.pool.get("UserPoolClientId", ""),
                AuthFlow="ADMIN_USER_PASSWORD_AUTH",
                AuthParameters={"USERNAME": user.username, "PASSWORD": user.password},
            )
        except (BotoCoreError, ClientError) as error:
            raise NoAnswerError(phrase("the user pool refuses the sign-in: {error}", error=error)) from None
        if challenge := answer.get("ChallengeName"):
            problem = phrase(
                "the user pool asks for more, {challenge}: give the user a permanent password, "
                "and no second factor",
                challenge=challenge,
            )
            raise NoAnswerError(problem)
        tokens = answer.get("AuthenticationResult", {})
        body = json.dumps({key: tokens[key] for key in _KEPT if key in tokens})
        return _answer(_OK, body.encode(), began, target)


def _answer(status: int, body: bytes, began: float, target: Target) -> Answer:
    """An answer without HTTP. The slot has this release, so nothing else can have answered."""
    return Answer(
        status,
        {RELEASE_HEADER: target.release},
        body[:LARGEST],
        time.monotonic() - began,
        cut=len(body) > LARGEST,
    )
