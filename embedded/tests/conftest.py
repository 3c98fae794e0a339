"""One embedded AWS with one app for all tests."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
import urllib3

from embedded.aws import EmbeddedAws

from .stacks import deploy
from .template import template

if TYPE_CHECKING:
    from collections.abc import Iterator

CANDIDATE = "r2-0123456789abcdef"
PAGE = "<!doctype html><title>{}</title>" + "x" * 2000


@dataclass
class App:
    """The deployed app, and a viewer of it."""

    aws: EmbeddedAws
    outputs: dict[str, str]
    viewer: urllib3.PoolManager

    def client(self, service: str) -> Any:
        """An SDK client; it has the endpoint only from the public environment."""
        return self.aws.client(service)

    def get(self, path: str, method: str = "GET", **headers: str) -> urllib3.BaseHTTPResponse:
        """A viewer's request through the edge."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.viewer.request(
            method, self.aws.edge_url + path, headers=named, redirect=False, retries=False
        )

    def slot(self, path: str = "/api/version", **headers: str) -> str:
        """The slot of the answer."""
        answer = self.get(path, **headers)
        assert answer.status == 200, (answer.status, answer.data, answer.headers)
        return str(json.loads(answer.data)["slot"])

    def update_stage(self, *operations: tuple[str, str, str], stage: str = "live") -> None:
        """One UpdateStage."""
        patch = [{"op": op, "path": path, "value": value} for op, path, value in operations]
        self.client("apigateway").update_stage(
            restApiId=self.outputs["ApiId"], stageName=stage, patchOperations=patch
        )

    def put(self, key: str, body: str, content_type: str, cache_control: str) -> None:
        """A web file."""
        self.client("s3").put_object(
            Bucket=self.outputs["Bucket"],
            Key=key,
            Body=body.encode(),
            ContentType=content_type,
            CacheControl=cache_control,
        )


@pytest.fixture(scope="session")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedAws]:
    """The embedded AWS, with repeatable canary draws."""
    with EmbeddedAws.start(tmp_path_factory.mktemp("aws"), edge_seed=7, unknown_requests=0) as started:
        yield started


@pytest.fixture(scope="session")
def deployed(aws: EmbeddedAws) -> App:
    """The app, deployed through a change set, with its pages and its live stage."""
    app = App(aws, {}, urllib3.PoolManager(maxsize=32))
    app.outputs = deploy(app.client("cloudformation"), "edge-test", template(), "CREATE")
    app.put("index.html", PAGE.format("live"), "text/html", "no-cache")
    app.put("releases/r2/index.html", PAGE.format("candidate"), "text/html", "no-cache")
    app.put("assets/app-1.js", "1;" * 1000, "text/javascript", "max-age=31536000, immutable")
    app.client("apigateway").create_stage(
        restApiId=app.outputs["ApiId"],
        stageName="live",
        deploymentId=app.outputs["Deployment"],
        variables={"slot": "blue"},
    )
    return app


@pytest.fixture
def app(deployed: App) -> Iterator[App]:
    """The app with blue live; a test's changes of the pointers are undone."""
    yield deployed
    deployed.update_stage(
        ("remove", "/canarySettings", ""),
        ("replace", "/variables/slot", "blue"),
        ("replace", "/deploymentId", deployed.outputs["Deployment"]),
    )
