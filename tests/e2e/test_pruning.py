"""The first of some releases is pruned, and the kept ones lose nothing (AWS-2)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import urllib3

from kanmon.codes import Code
from kanmon.errors import ExitStatus
from kanmon.naming import Output
from tests.e2e.changes import visible_change

if TYPE_CHECKING:
    from tests.e2e.project import Project

pytestmark = pytest.mark.emulator

_DAYS = 32


def _build(project: Project, number: int) -> None:
    """The next build has another package, page, asset and route. The assets of the build before are gone."""
    visible_change(project, f"v{number}")
    for file in (project.folder / "web/dist/assets").glob("only-*.js"):
        file.unlink()
    (project.folder / f"web/dist/assets/only-{number}.js").write_text(f"// {number}")
    (project.folder / "build/api/number.py").write_text(f"NUMBER = {number}\n")
    old, new = f"/api/v{number - 1}", f"/api/v{number}"
    any_route = '    - {path: "/api/{proxy+}", function: api}\n'
    project.edit_config(lambda text: text.replace(f'    - {{path: "{old}", function: api}}\n', ""))
    project.edit_config(
        lambda text: text.replace(any_route, f'{any_route}    - {{path: "{new}", function: api}}\n')
    )


def _age(project: Project) -> None:
    """A month goes by for all objects in S3."""
    for bucket in project.client("s3").list_buckets()["Buckets"]:
        url = f"{project.environment['AWS_ENDPOINT_URL']}/_embedded/buckets/{bucket['Name']}/age/{_DAYS}"
        assert urllib3.request("POST", url).status == 200


def _keys(project: Project, bucket: str, prefix: str) -> set[str]:
    s3 = project.client("s3")
    name = next(
        one["Name"] for one in s3.list_buckets()["Buckets"] if one["Name"].startswith(f"mandala-{bucket}")
    )
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=name, Prefix=prefix)
    return {one["Key"] for page in pages for one in page.get("Contents", [])}


def _deployments(project: Project) -> set[str]:
    stacks = project.client("cloudformation").describe_stacks(StackName=f"mandala-{project.name}-api")
    outputs = {one["OutputKey"]: one["OutputValue"] for one in stacks["Stacks"][0]["Outputs"]}
    found = project.client("apigateway").get_deployments(restApiId=outputs[Output.API_ID])
    return {one["id"] for one in found["items"]}


def _served(project: Project, path: str) -> bool:
    return project.get(path).status == 200


def _assets(project: Project) -> list[str]:
    """The hashed assets of the last build."""
    files = (project.folder / "web/dist/assets").iterdir()
    return sorted(f"/assets/{file.name}" for file in files)


def test_the_first_of_three_releases_is_pruned(project: Project) -> None:
    """AWS-2, CD-9, CD-10: the two newest are kept."""
    project.edit_config(lambda text: text + "\nreleases: {kept: 2}\n")
    assets = []
    for number in (1, 2):
        _build(project, number)
        assets.append(_assets(project))
        project.release().check()
    blobs, routes = _keys(project, "kanmon", f"{project.name}/blobs/"), _deployments(project)
    assert len(routes) == 2
    _age(project)

    _build(project, 3)
    assets.append(_assets(project))
    ended = project.release().check()
    assert "deleted old files of bundles: " in ended.output
    assert "deleted old hashed assets: 1" in ended.output
    assert "deleted old snapshots of the routes: 1" in ended.output
    assert blobs - _keys(project, "kanmon", f"{project.name}/blobs/")
    assert len(_deployments(project)) == 2
    assert project.live() == ("r3", "r3")
    assert not _served(project, "/assets/only-1.js")
    assert all(_served(project, name) for name in (*assets[1], *assets[2]))
    assert _keys(project, f"{project.name}-web", ".previews/") == set()

    assert "kept for a rollback: r2\n" in project.kanmon("history").check().output
    before = project.head()
    refused = project.kanmon("rollback", "r1", "--yes")
    assert refused.status == ExitStatus.REFUSED
    assert Code.RELEASE_PRUNED.id in refused.output + refused.error
    assert project.head() == before

    project.kanmon("rollback", "--yes").check()
    assert project.live() == ("r2", "r2")
    assert b"Mandala v2" in project.get("/").data
    assert project.get("/api/v2").headers["x-kanmon-release"] == "r2"
    assert all(_served(project, name) for name in (*assets[1], *assets[2]))
