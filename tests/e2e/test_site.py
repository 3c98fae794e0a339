"""The site through the edge: security headers on everything, CORS, and the API's errors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, cast

import pytest

from kanmon.config.source import load_config
from kanmon.traffic.stage_settings import StageSettings
from tests.fakes.scanner import grade, wrong

if TYPE_CHECKING:
    from mypy_boto3_apigateway.type_defs import StageResponseTypeDef

    from tests.e2e.project import Project

pytestmark = pytest.mark.emulator

ORIGIN = "https://admin.example.com"


AUTHORIZE = """
def handle(event, context):
    if event["headers"].get("X-Key") != "sesame":
        raise Exception("Unauthorized")
    statement = {"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": "*"}
    return {"principalId": "partner", "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
"""
API = f"""
api:
  cors: {{origins: ['{ORIGIN}', 'https://b.example']}}
  paths: [/hooks/*, /.well-known/jwks.json]
  authorizers:
    users: {{user_pool: true}}
    partners: {{function: authorize, ttl: 5m, identity_sources: [method.request.header.X-Key]}}
  routes:
    - {{path: /api/members, function: api, authorizer: users}}
    - {{path: "/hooks/{{proxy+}}", function: api, authorizer: partners}}
    - {{path: /.well-known/jwks.json, method: GET, mock: {{body: '{{"keys": [], "$": "#"}}'}}}}
"""
USERS = """
user_pool:
  attributes: {plan: {max: 20}}
  required: [given_name]
  hosted_login: {domain: mandala-e2e, callback_urls: ["https://mandala.example/in"], scopes: [openid]}
"""


@pytest.fixture
def released(project: Project) -> Project:
    """A release with users. Another site's pages may call its API."""
    (project.folder / "build/api/authorize.py").write_text(AUTHORIZE)
    function = "functions:\n  authorize: {handler: authorize.handle, artifact: build/api}\n"
    for old, new in (("\nfunctions:\n", f"\n{function}"), ("\napi:\n  routes:\n", API)):
        project.edit_config(lambda text, old=old, new=new: text.replace(old, new, 1))  # type: ignore[misc]
    project.edit_config(lambda text: text + USERS)
    project.release().check()
    return project


def test_the_site_is_as_the_templates_have_it(released: Project) -> None:
    _everything_carries_security_headers(released)
    _an_error_of_the_api_can_be_found_in_its_log(released)
    _another_sites_pages_may_call_the_api_if_they_are_named(released)
    _the_live_stage_is_as_it_should_be(released)
    _only_users_and_partners_get_in(released)
    _a_browser_may_sign_in(released)
    _what_holds_state_is_protected(released)


def _everything_carries_security_headers(project: Project) -> None:
    """INF-8: page, asset, missing asset, API answer, API error, and the path function's own answers."""
    asset = re.findall(r"/assets/[^\"]+\.js", project.get("/").data.decode())[0]
    for path, status in (
        ("/", 200),
        (asset, 200),
        ("/assets/gone-00000000.js", 404),
        ("/api/health", 200),
        ("/api", 200),
        ("/api/", 403),
        ("/.previews/r1/index.html", 404),
        ("//evil.test", 400),
    ):
        answer = project.get(path)
        assert answer.status == status, path
        headers = {name.lower(): value for name, value in answer.headers.items()}
        assert wrong(headers) == [], path
        assert grade(headers) >= 130, path
        assert status == 200 or b"<html" not in answer.data.lower(), path
    assert project.get(asset).headers["cache-control"] == "public, max-age=31536000, immutable"
    assert project.get("/").headers["cache-control"] == "no-cache"


def _an_error_of_the_api_can_be_found_in_its_log(project: Project) -> None:
    """INF-6: JSON with the request's id."""
    answer = project.get("/api/")
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == {
        "message": "Missing Authentication Token",
        "requestId": answer.headers["x-amzn-requestid"],
    }


def _another_sites_pages_may_call_the_api_if_they_are_named(project: Project) -> None:
    """INF-6"""
    asks = {"origin": ORIGIN, "access-control-request-method": "POST"}
    preflight = project.get("/api/goals", method="OPTIONS", headers=asks)
    assert preflight.status == 204
    assert preflight.headers["access-control-allow-origin"] == ORIGIN
    assert "POST" in preflight.headers["access-control-allow-methods"]
    for path in ("/api/goals", "/api/"):
        answer = project.get(path, headers={"origin": ORIGIN})
        assert answer.headers["access-control-allow-origin"] == ORIGIN
    evil = {"origin": "https://evil.test"}
    assert "access-control-allow-origin" not in project.get("/api/goals", headers=evil).headers
    assert "access-control-allow-origin" not in project.get("/", headers={"origin": ORIGIN}).headers


def _the_live_stage_is_as_it_should_be(project: Project) -> None:
    """CD-6, INF-6: another release with these settings would find nothing to change."""
    config = load_config(project.folder / "kanmon.yml")
    stacks = project.client("cloudformation").describe_stacks(StackName=f"{config.prefix}-api")["Stacks"]
    outputs = {output["OutputKey"]: output["OutputValue"] for output in stacks[0]["Outputs"]}
    stage = project.client("apigateway").get_stage(restApiId=outputs["ApiId"], stageName="live")
    assert config.api
    settings = StageSettings(config.api.throttle, outputs["AccessLogs"])
    assert settings.changes(cast("StageResponseTypeDef", stage)) == []


def _only_users_and_partners_get_in(project: Project) -> None:
    """INF-6: also outside of the prefix, and API Gateway's own answer has what a browser needs."""
    assert _way_in(project, "/api/members") == 401
    assert _way_in(project, "/api/members", authorization=_token(project)) == "the app"
    assert _way_in(project, "/hooks/x") == 401
    assert _way_in(project, "/hooks/x", **{"x-key": "wrong"}) == 401
    assert _way_in(project, "/hooks/x", **{"x-key": "sesame"}) == "the app"
    refused = project.get("/api/members", headers={"origin": ORIGIN})
    assert refused.headers["www-authenticate"] == "Bearer"
    assert refused.headers["access-control-allow-origin"] == ORIGIN
    assert refused.json()["message"] == "Unauthorized"
    fixed = project.get("/.well-known/jwks.json")
    assert (fixed.status, fixed.json()) == (200, {"keys": [], "$": "#"})


def _way_in(project: Project, path: str, **headers: str) -> int | str:
    answer = project.get(path, headers=headers)
    return "the app" if "x-kanmon-release" in answer.headers else answer.status


def _pool(project: Project) -> str:
    stack = load_config(project.folder / "kanmon.yml").prefix + "-foundation"
    outputs = project.client("cloudformation").describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
    return str(next(one["OutputValue"] for one in outputs if one["OutputKey"] == "UserPoolId"))


def _token(project: Project) -> str:
    """The ID token of a user, by a client for this test: a browser would sign in by SRP."""
    cognito, pool, name, password = (
        project.client("cognito-idp"),
        _pool(project),
        "ann@shop.test",
        "a-Pass0rd-of-ann",
    )
    flows = ["ALLOW_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]
    client = cognito.create_user_pool_client(UserPoolId=pool, ClientName="e2e", ExplicitAuthFlows=flows)
    given = [{"Name": key, "Value": value} for key, value in (("email", name), ("given_name", "Ann"))]
    cognito.admin_create_user(UserPoolId=pool, Username=name, UserAttributes=given, MessageAction="SUPPRESS")
    cognito.admin_set_user_password(UserPoolId=pool, Username=name, Password=password, Permanent=True)
    signed_in = cognito.initiate_auth(
        ClientId=client["UserPoolClient"]["ClientId"],
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": password},
    )
    return str(signed_in["AuthenticationResult"]["IdToken"])


def _a_browser_may_sign_in(project: Project) -> None:
    """INF-8, INF-4: the page's policy has Cognito's hosts, and the pool what the config has."""
    policy = project.get("/").headers["content-security-policy"]
    assert "https://cognito-idp.ap-northeast-1.amazonaws.com" in policy
    assert "https://mandala-e2e.auth.ap-northeast-1.amazoncognito.com" in policy
    described = project.client("cognito-idp").describe_user_pool(UserPoolId=_pool(project))["UserPool"]
    schema = {one["Name"]: one for one in described["SchemaAttributes"]}
    assert schema["custom:plan"]["StringAttributeConstraints"]["MaxLength"] == "20"
    assert schema["given_name"]["Required"] is True
    assert described["Domain"] == "mandala-e2e"


def _what_holds_state_is_protected(project: Project) -> None:
    """INF-8: the web bucket is the edge's."""
    cloudformation = project.client("cloudformation")
    name = f"{load_config(project.folder / 'kanmon.yml').prefix}-edge"
    assert cloudformation.describe_stacks(StackName=name)["Stacks"][0]["EnableTerminationProtection"]
    assert "AWS::S3::Bucket" in cloudformation.get_stack_policy(StackName=name)["StackPolicyBody"]
