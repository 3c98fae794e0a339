"""Integrations of a REST API: Lambda proxy, and MOCK with a fixed answer.

The integration's URI has the function's ARN. Stage variables in it are filled in at the
time of the request ("Use stage variables"), and invoked with the integration's role: without that
role, or without its permission, API Gateway answers 500.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import mocks, proxy_event
from .gateway_responses import error
from .permissions import allowed, statements_of

if TYPE_CHECKING:
    from .cached import Cached
    from .emulator import Emulator
    from .messages import Request, Response
    from .proxy_event import ProxyCall
    from .routes import Match

VARIABLE = re.compile(r"\$\{stageVariables\.([A-Za-z0-9_]+)\}")
FUNCTION = re.compile(r"/functions/(?P<arn>arn:[^/]+:lambda:[^/]+)/invocations$")
DEFAULT_MILLISECONDS = 29000
OK, NOT_FOUND = 200, 404


@dataclass(frozen=True)
class Integrations:
    """Runs a matched method's integration."""

    emulator: Emulator
    fresh: Cached

    async def run(
        self, request: Request, call: ProxyCall, match: Match, authorizer: dict[str, Any]
    ) -> Response:
        """The integration's answer, or API Gateway's error for it."""
        integration = match.method.get("methodIntegration") or {}
        kind = str(integration.get("type", "")).upper()
        if kind == "MOCK":
            return mocks.answer(request, integration, call.binary_media_types)
        if kind == "AWS_PROXY":
            return await self._invoke(request, call, match, integration, authorizer)
        return error(500, f"the loopback edge doesn't play {kind or 'missing'} integrations")

    async def _invoke(
        self,
        request: Request,
        call: ProxyCall,
        match: Match,
        integration: dict[str, Any],
        authorizer: dict[str, Any],
    ) -> Response:
        uri = VARIABLE.sub(lambda v: call.variables.get(v[1], ""), integration.get("uri") or "")
        found = FUNCTION.search(uri)
        if not found:
            return error(500, f"no function in integration URI {uri}")
        function = found["arn"]
        denied = await self.denied(integration.get("credentials"), function)
        if denied:
            return error(500, denied)
        event = json.dumps(proxy_event.build(request, call, match, authorizer)).encode()
        seconds = float(integration.get("timeoutInMillis") or DEFAULT_MILLISECONDS) / 1000
        try:
            answer = await self.emulator.invoke(function, event, seconds)
        except TimeoutError:
            return error(504, f"{function} took too long", "Endpoint request timed out")
        if answer.status == NOT_FOUND:
            return error(500, f"{function} does not exist")
        if answer.status != OK or "x-amz-function-error" in answer.headers:
            return error(502, f"{function} failed: {answer.body[:500]!r}")
        response = proxy_event.answer(answer.body, request.header("accept"), call.binary_media_types)
        return response or error(502, f"malformed answer of {function}: {answer.body[:500]!r}")

    async def denied(self, role_arn: str | None, function: str) -> str | None:
        """Why the function may not be invoked; None when it may."""
        if role_arn is None:
            return await self._denied_to_service(function)
        key, name = ("role", role_arn), role_arn.rsplit("/", 1)[-1]
        statements = await self.fresh.get(key, lambda: self._role(role_arn, name))
        if statements is None:
            self.fresh.forget(key)
            return f"role {role_arn} does not exist, or API Gateway may not assume it"
        if not allowed(statements, "lambda:InvokeFunction", function, {}):
            self.fresh.forget(key)
            return f"role {role_arn} may not invoke {function}"
        return None

    async def _denied_to_service(self, function: str) -> str | None:
        async def load() -> list[Any]:
            answer = await self.emulator.call_or_none("lambda", "get_policy", FunctionName=function)
            return [] if answer is None else statements_of(json.loads(answer["Policy"]))

        statements = await self.fresh.get(("function policy", function), load)
        principal = "apigateway.amazonaws.com"
        # The source ARN condition is left to the real account; here the grant itself counts.
        granted = [{**s, "Condition": {}} for s in statements]
        if allowed(granted, "lambda:InvokeFunction", function, {}, principal):
            return None
        self.fresh.forget(("function policy", function))
        return f"{function} has no permission for {principal}"

    async def _role(self, role_arn: str, name: str) -> list[Any] | None:
        """Statements of the role's inline and attached policies; None if it can't be assumed.

        API Gateway assumes the role without a source account and without a source ARN, so a condition on
        one of them refuses it: pull request 479 of aws-solutions-library-samples'
        accelerated-intelligent-document-processing-on-aws.
        """
        role = await self.emulator.call_or_none("iam", "get_role", RoleName=name)
        if role is None or role["Role"]["Arn"] != role_arn:
            return None
        trust = statements_of(role["Role"]["AssumeRolePolicyDocument"])
        trusted = [{**s, "Resource": "*"} for s in trust]
        if not allowed(trusted, "sts:AssumeRole", "*", {}, "apigateway.amazonaws.com"):
            return None
        return [*await self._inline(name), *await self._attached(name)]

    async def _inline(self, name: str) -> list[Any]:
        call = self.emulator.call
        listed = await call("iam", "list_role_policies", RoleName=name)
        found: list[Any] = []
        for policy in listed["PolicyNames"]:
            answer = await call("iam", "get_role_policy", RoleName=name, PolicyName=policy)
            found += statements_of(answer["PolicyDocument"])
        return found

    async def _attached(self, name: str) -> list[Any]:
        call = self.emulator.call
        listed = await call("iam", "list_attached_role_policies", RoleName=name)
        found: list[Any] = []
        for policy in listed["AttachedPolicies"]:
            arn = policy["PolicyArn"]
            version = (await call("iam", "get_policy", PolicyArn=arn))["Policy"]["DefaultVersionId"]
            answer = await call("iam", "get_policy_version", PolicyArn=arn, VersionId=version)
            found += statements_of(answer["PolicyVersion"]["Document"])
        return found
