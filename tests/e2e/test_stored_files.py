"""Files of the artifact bucket under the attack of a plan role's holder: nothing of it runs (TRU-1)."""

from __future__ import annotations

import json
import re
import shlex
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

if TYPE_CHECKING:
    from tests.e2e.project import Project

pytestmark = pytest.mark.emulator

EVIL = b"Resources: {Owner: {Type: AWS::IAM::Role}}"


def _bucket(project: Project) -> str:
    names: list[str] = [bucket["Name"] for bucket in project.client("s3").list_buckets()["Buckets"]]
    return next(name for name in names if name.startswith("mandala-kanmon-"))


def _package(project: Project) -> str:
    """The key of the function's package in the next bundle."""
    manifest = json.loads((project.folder / "build/bundle/manifest.json").read_text("utf-8"))
    sha256 = next(iter(manifest["functions"].values()))["sha256"]
    return f"{project.name}/blobs/{sha256}"


def _remove(project: Project, error: str) -> None:
    """Do what the printed command does."""
    (command,) = re.findall(r"`aws s3api delete-object (.+?)`", " ".join(error.split()))
    given = dict(zip(words := shlex.split(command), words[1:], strict=False))
    s3, version = project.client("s3"), given["--version-id"]
    if version == "VersionId":
        versions = s3.list_object_versions(Bucket=given["--bucket"], Prefix=given["--key"])["Versions"]
        (version,) = (one["VersionId"] for one in versions if one["IsLatest"])
    s3.delete_object(Bucket=given["--bucket"], Key=given["--key"], VersionId=version)


def _refused_write(project: Project, key: str) -> str:
    with pytest.raises(ClientError) as caught:
        project.client("s3").put_object(Bucket=_bucket(project), Key=key, Body=EVIL, IfNoneMatch="*")
    return str(caught.value.response["Error"]["Code"])


def test_a_planted_package_is_refused_until_it_is_removed(project: Project) -> None:
    """TRU-1: it lies under the name of the next release's package, also for the plan."""
    project.kanmon("build").check()
    key = _package(project)
    for locked in ({}, {"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32}):
        project.client("s3").put_object(Bucket=_bucket(project), Key=key, Body=EVIL, **locked)
        refused = project.kanmon("deploy", "--yes").check(2)
        assert "KNM-118" in refused.error
        assert key in refused.error
        _remove(project, refused.error)
    project.kanmon("deploy", "--yes").check()
    assert project.live()[0].startswith("r")


def _deploy_with_replaced(project: Project, key: str) -> None:
    """S3 refuses the write with its condition. Without the bucket's policy, the deploy finds it."""
    assert _refused_write(project, key) == "PreconditionFailed"
    project.client("s3").put_object(Bucket=_bucket(project), Key=key, Body=EVIL)
    ended = project.kanmon("deploy", "--plan", "plan.json", "--yes").check(1)
    assert "KNM-118" in ended.output
    _remove(project, ended.output)


def _statuses(project: Project) -> set[str]:
    pages = project.client("cloudformation").get_paginator("describe_stacks").paginate()
    stacks = (one for page in pages for one in page["Stacks"])
    return {one["StackStatus"] for one in stacks if one["StackName"].startswith(f"mandala-{project.name}-")}


def test_files_replaced_after_the_approval_run_nowhere(project: Project) -> None:
    """TRU-1: the deferred template of a first release, then the package of a second one."""
    project.kanmon("build").check()
    project.kanmon("plan", "--output", "plan.json").check()
    plan: Any = json.loads((project.folder / "plan.json").read_text("utf-8"))["plan"]
    (slot,) = (stack for stack in plan["stacks"] if stack["kind"] == "slot")
    assert slot["resolved"] is None
    _deploy_with_replaced(project, f"{project.name}/blobs/{slot['template']}")
    assert _statuses(project) == {"REVIEW_IN_PROGRESS"}
    project.release().check()
    live = project.live()
    answer = "return app.answer(Request.from_event(event))"
    project.edit("build/api/mandala/handler.py", answer, f"{answer}  # two")
    project.kanmon("build").check()
    project.kanmon("plan", "--output", "plan.json").check()
    _deploy_with_replaced(project, _package(project))
    assert project.live() == live
