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


@pytest.fixture
def released(project: Project) -> Project:
    """A release; another site's pages may call its API."""
    cors = f"api:\n  cors: {{origins: ['{ORIGIN}', 'https://b.example']}}\n"
    project.edit_config(lambda text: text.replace("\napi:\n", f"\n{cors}"))
    project.release().check()
    return project


def test_the_site_is_as_the_templates_have_it(released: Project) -> None:
    _everything_carries_security_headers(released)
    _an_error_of_the_api_can_be_found_in_its_log(released)
    _another_sites_pages_may_call_the_api_if_they_are_named(released)
    _the_live_stage_is_as_it_should_be(released)
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


def _what_holds_state_is_protected(project: Project) -> None:
    """INF-8: the web bucket is the edge's."""
    cloudformation = project.client("cloudformation")
    name = f"{load_config(project.folder / 'kanmon.yml').prefix}-edge"
    assert cloudformation.describe_stacks(StackName=name)["Stacks"][0]["EnableTerminationProtection"]
    assert "AWS::S3::Bucket" in cloudformation.get_stack_policy(StackName=name)["StackPolicyBody"]
