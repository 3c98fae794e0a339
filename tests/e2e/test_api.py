"""The API's stack on the embedded AWS, through change sets: routes, snapshots and the role (INF-6, CD-10)."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.bundle.blobs import Blobs
from kanmon.errors import KanmonError
from kanmon.naming import API, Output, stack_name
from kanmon.stacks.cloudformation import Stacks
from kanmon.templates.api import api_template
from kanmon.templates.stack_set import tags
from tests.fakes.app import make_config
from tests.fakes.configs import GITHUB

if TYPE_CHECKING:
    from kanmon.config.schema import Config
    from kanmon.stacks.changes import Change
    from tests.e2e.project import Project

pytestmark = pytest.mark.emulator


@dataclass
class _Api:
    """The stack of one app's API."""

    project: Project
    bucket: str

    def config(self, *paths: str, **changes: Any) -> Config:
        routes = [{"path": path, "function": "api"} for path in paths]
        return make_config(environment=self.project.name, api={"routes": routes}, **changes)

    def apply(self, config: Config) -> tuple[dict[str, str], tuple[Change, ...]]:
        """The stack's outputs and the changes of its change set."""
        blobs = Blobs(self.project.client("s3"), self.bucket, self.project.name)
        stacks = Stacks(self.project.client("cloudformation"))
        name = stack_name(config.prefix, API, "")
        url = blobs.url(blobs.put(api_template(config).encode()))
        change_set = stacks.create_change_set(
            name, url, {Output.ACCESS_LOGS: "the-foundations"}, tags(config), existing=stacks.find(name)
        )
        assert change_set
        return dict(stacks.execute(change_set, lambda _: None).outputs), change_set.changes

    def paths(self, outputs: dict[str, str]) -> set[str]:
        """The paths of a deployment. AWS shows them for a stage only."""
        gateway = self.project.client("apigateway")
        stage = {"restApiId": outputs[Output.API_ID], "stageName": "shown"}
        gateway.create_stage(**stage, deploymentId=outputs[Output.DEPLOYMENT])
        exported = json.loads(gateway.get_export(**stage, exportType="oas30")["body"].read())
        gateway.delete_stage(**stage)
        return set(exported["paths"])


@pytest.fixture
def api(project: Project) -> _Api:
    names = (bucket["Name"] for bucket in project.client("s3").list_buckets()["Buckets"])
    return _Api(project, next(name for name in names if name.startswith("mandala-kanmon-")))


def test_a_snapshot_has_the_routes_of_its_own_release_only(api: _Api) -> None:
    """A removed route is gone, and a path's variable gets another name, there and back."""
    releases = [
        ("/api/{id}", "/api/old"),
        ("/api/{key}/steps",),
        ("/api/{proxy+}",),
        ("/api/{id}",),
    ]
    made = []
    for paths in releases:
        outputs, changes = api.apply(api.config(*paths))
        made.append(outputs)
        assert api.paths(outputs) == set(paths)
        assert not [one for one in changes if one.destroys]
    assert len({outputs[Output.DEPLOYMENT] for outputs in made}) == len(releases)
    assert len({outputs[Output.API_ID] for outputs in made}) == 1
    assert [api.paths(outputs) for outputs in made] == [set(paths) for paths in releases]


def test_giving_github_keeps_the_role_and_the_snapshot(api: _Api) -> None:
    """The oldest snapshot goes on working: its role has the same ARN, and gets the boundary in place."""
    iam = api.project.client("iam")
    first, _ = api.apply(api.config("/api/a"))
    role = {"RoleName": f"shop-{api.project.name}-api-ap-northeast-1"}
    before = iam.get_role(**role)["Role"]
    second, changes = api.apply(api.config("/api/a", github={**GITHUB, "environments": []}))
    after = iam.get_role(**role)["Role"]
    assert second == first
    assert [one.logical_id for one in changes] == ["IntegrationRole"]
    assert after["Arn"] == before["Arn"]
    assert "PermissionsBoundary" not in before
    assert after["PermissionsBoundary"]["PermissionsBoundaryArn"].endswith("-boundary")


def test_a_refused_document_keeps_the_api(api: _Api) -> None:
    """The stack rolls back, and the next release can go out."""
    api.apply(api.config("/api/a"))
    config = api.config("/api/a", "/api/b")
    routes = (*config.routes, config.routes[0].model_copy(update={"path": "/api/{x}/{y+}/z"}))
    assert config.api
    broken = config.model_copy(update={"api": config.api.model_copy(update={"routes": routes})})
    with pytest.raises(KanmonError, match="greedy path variable"):
        api.apply(broken)
    outputs, _ = api.apply(api.config("/api/a", "/api/c"))
    assert api.paths(outputs) == {"/api/a", "/api/c"}
