"""The edge over deployed resources: pointers, routes, pages, preview (CD-8, INF-6, INF-8)."""

from __future__ import annotations

import gzip
import json
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from botocore.exceptions import ClientError

from .conftest import CANDIDATE, PAGE
from .stacks import deploy
from .template import PATHS, template

if TYPE_CHECKING:
    from .conftest import App

pytestmark = pytest.mark.emulator


def test_one_update_stage_moves_the_next_request(app: App) -> None:
    """CD-8: the switch is one call, obeyed at once, there and back."""
    for slot in ("green", "blue", "green"):
        app.update_stage(("replace", "/variables/slot", slot))
        assert app.slot() == slot


def test_canary_takes_its_share(app: App) -> None:
    """CD-8: 30 % of 300 requests, within four standard deviations."""
    app.update_stage(
        ("replace", "/canarySettings/percentTraffic", "30"),
        ("replace", "/canarySettings/stageVariableOverrides/slot", "green"),
    )
    with ThreadPoolExecutor(8) as viewers:
        slots = list(viewers.map(lambda _: app.slot(), range(300)))
    assert 58 <= slots.count("green") <= 122
    app.update_stage(("replace", "/variables/slot", "green"), ("remove", "/canarySettings", ""))
    assert {app.slot() for _ in range(20)} == {"green"}


def test_a_refused_operation_leaves_the_stage_as_it_was(app: App) -> None:
    """UpdateStage applies all operations or none."""
    with pytest.raises(ClientError, match="Deployment id does not exist"):
        app.update_stage(("replace", "/variables/slot", "green"), ("replace", "/deploymentId", "nothere"))
    assert app.slot() == "blue"


def test_candidate_stage_serves_its_own_snapshot(app: App) -> None:
    """CD-8: new routes are reached by the candidate's stage only, before any user sees them."""
    cloudformation, gateway = app.client("cloudformation"), app.client("apigateway")
    outputs = deploy(
        cloudformation,
        "edge-test",
        template(PATHS | {"/api/{proxy+}": "x-amazon-apigateway-any-method"}),
        "UPDATE",
    )
    stage = {"restApiId": outputs["ApiId"], "stageName": CANDIDATE}
    gateway.create_stage(**stage, deploymentId=outputs["Deployment"], variables={"slot": "green"})
    cookie = f"preview={CANDIDATE}"
    assert app.slot("/api/other/deep", cookie=cookie) == "green"
    assert app.slot() == "blue"
    missing = app.get("/api/other/deep")
    assert missing.status == 403
    assert json.loads(missing.data) == {"message": "Missing Authentication Token"}
    exported = gateway.get_export(
        restApiId=outputs["ApiId"],
        stageName="live",
        exportType="oas30",
        parameters={"extensions": "integrations"},
    )
    paths = json.loads(exported["body"].read())["paths"]
    assert "/api/{proxy+}" not in paths
    integration = paths["/api/version"]["get"]["x-amazon-apigateway-integration"]
    assert "${stageVariables.slot}" in integration["uri"]
    with pytest.raises(ClientError, match="must be moved or deleted"):
        gateway.delete_deployment(restApiId=outputs["ApiId"], deploymentId=outputs["Deployment"])
    gateway.delete_stage(**stage)
    gone = app.get("/api/version", cookie=cookie)
    assert gone.status == 403
    assert json.loads(gone.data) == {"message": "Forbidden"}


def test_pages_and_preview(app: App) -> None:
    """INF-8: any page path is the entry page; the cookie shows the candidate's."""
    assert app.get("/goals/1").data == PAGE.format("live").encode()
    preview = app.get("/", cookie="preview=r2-x")
    assert preview.data == PAGE.format("candidate").encode()
    assert preview.headers["x-content-type-options"] == "nosniff"


def test_live_page_changes_at_once(app: App) -> None:
    """INF-8: a no-cache page is asked for every time, and only transferred when it changed."""
    app.get("/")
    assert app.get("/").headers["x-cache"] == "RefreshHit from cloudfront"
    app.put("index.html", PAGE.format("next"), "text/html", "no-cache")
    try:
        assert app.get("/").data == PAGE.format("next").encode()
    finally:
        app.put("index.html", PAGE.format("live"), "text/html", "no-cache")


def test_asset_is_cached_compressed_and_conditional(app: App) -> None:
    """INF-8: immutable assets come from the edge."""
    app.get("/assets/app-1.js")
    hit = app.get("/assets/app-1.js")
    assert hit.headers["x-cache"] == "Hit from cloudfront"
    assert hit.headers["cache-control"] == "max-age=31536000, immutable"
    again = app.get("/assets/app-1.js", if_none_match=hit.headers["etag"])
    assert again.status == 304
    assert again.data == b""
    packed = app.viewer.request(
        "GET",
        app.aws.edge_url + "/assets/app-1.js",
        headers={"accept-encoding": "gzip"},
        decode_content=False,
    )
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(packed.data) == b"1;" * 1000
    part = app.get("/assets/app-1.js", range="bytes=0-3")
    assert part.status == 206
    assert part.data == b"1;1;"
    head = app.get("/assets/app-1.js", "HEAD")
    assert head.status == 200
    assert head.data == b""
    assert head.headers["content-length"] == "2000"


def test_a_plus_sign_in_a_path_is_a_space_to_s3(app: App) -> None:
    """SDKs send %2B; browsers send the sign itself."""
    app.put("assets/a+b.js", "plus", "text/javascript", "no-cache")
    assert app.get("/assets/a%2Bb.js").data == b"plus"
    assert app.get("/assets/a+b.js").status == 404


def test_missing_asset_is_not_found(app: App) -> None:
    """INF-8: never the entry page in place of a missing chunk."""
    answer = app.get("/assets/gone-1.js")
    assert answer.status == 404
    assert b"<!doctype html>" not in answer.data


def test_function_answers_by_itself(app: App) -> None:
    """A function's response ends the request, cookies included."""
    answer = app.get("/moved")
    assert answer.status == 302
    assert answer.headers["location"] == "/"
    assert answer.headers["set-cookie"] == "seen=1; Path=/"
    assert answer.headers["x-cache"] == "FunctionGeneratedResponse from cloudfront"


def test_event_is_api_gateways(app: App) -> None:
    """INF-6: path, stage, variables, query and body arrive as on a REST API."""
    answer = app.viewer.request(
        "PUT",
        app.aws.edge_url + "/api/goals/4%202?a=1&a=2&b=%C3%A9",
        body=b'{"x": 1}',
        headers={"content-type": "application/json", "x-mine": "yes"},
    )
    event = json.loads(answer.data)["event"]
    assert event["resource"] == "/api/goals/{id}"
    assert event["path"] == "/api/goals/4 2"
    assert event["pathParameters"] == {"id": "4 2"}
    assert event["requestContext"]["path"] == "/live/api/goals/4 2"
    assert event["requestContext"]["stage"] == "live"
    assert event["stageVariables"] == {"slot": "blue"}
    assert event["queryStringParameters"] == {"a": "2", "b": "é"}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": ["é"]}
    assert event["body"] == '{"x": 1}'
    assert event["isBase64Encoded"] is False
    assert event["headers"]["X-Mine"] == "yes"
    assert event["headers"]["Host"].endswith(".execute-api.ap-northeast-1.amazonaws.com")


@pytest.mark.parametrize("path", ["/api/goals/boom", "/api/goals/malformed"])
def test_failing_function_is_a_bad_gateway(app: App, path: str) -> None:
    """INF-6: API Gateway's message, not the function's."""
    answer = app.get(path)
    assert answer.status == 502
    assert json.loads(answer.data) == {"message": "Internal server error"}


def test_missing_function_is_an_internal_error(app: App) -> None:
    """A missing function of a slot is an error, and not hidden."""
    app.update_stage(("replace", "/variables/slot", "nowhere"))
    answer = app.get("/api/goals/once", "POST")
    assert answer.status == 500
    assert json.loads(answer.data) == {"message": "Internal server error"}


def test_unknown_host_is_the_only_distribution(app: App) -> None:
    """By its domain, or by any name while there is one distribution."""
    assert app.slot(host=app.outputs["Domain"]) == "blue"
    assert app.slot(host="elsewhere.example") == "blue"


def test_disallowed_method(app: App) -> None:
    """A page can't be posted to."""
    assert app.get("/", "POST").status == 403
