"""`scripts/verify-aws`, every step of it, on an embedded AWS of its own: an empty account (AWS-3)."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from embedded.aws import ACCOUNT, EmbeddedAws
from embedded.process import REPOSITORY
from verification.__main__ import STEPS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

pytestmark = [pytest.mark.emulator, pytest.mark.timeout(1800)]
NOT_PLAYED = {"P4", "P7", "P11", "P16", "MON-2", "SEC-4"}
BY_HAND = {"P9", "SEC-1"}
SECRETS = re.compile(rf"{ACCOUNT}|arn:aws|[0-9a-f]{{32}}|ASIA|AKIA|cloudfront\.net|@")


@pytest.fixture
def empty_aws(tmp_path: Path) -> Iterator[EmbeddedAws]:
    with EmbeddedAws.start(tmp_path / "aws") as running:
        yield running


def start(aws: EmbeddedAws, folder: Path, *arguments: str) -> subprocess.Popen[str]:
    """The command without a terminal."""
    return subprocess.Popen(
        [sys.executable, "-m", "verification", str(folder), *arguments],
        cwd=REPOSITORY,
        env={**os.environ, **aws.environment, "PYTHONUNBUFFERED": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def end(process: subprocess.Popen[str], status: int) -> str:
    output = process.communicate(timeout=1740)[0]
    assert process.returncode == status, output[-6000:]
    return output


def interrupt(process: subprocess.Popen[str], text: str) -> str:
    """Press Ctrl-C when a line with this text comes."""
    assert process.stdout is not None
    before = []
    for line in process.stdout:
        before.append(line)
        if text in line:
            process.send_signal(signal.SIGINT)
            break
    return "".join(before) + end(process, 130)


def ids(report: Any, outcome: str) -> set[str]:
    return {one["id"] for one in report["proofs"] if one["outcome"] == outcome}


def destroy_in_the_middle(aws: EmbeddedAws, folder: Path) -> None:
    """Begin, with the first release under way, and remove everything: the account is an empty one again."""
    stopped = interrupt(start(aws, folder, "--yes"), "KNM-211 PathFunction")
    assert "To remove everything now: scripts/verify-aws" in stopped
    assert len(names(aws)) > 10
    assert "Add --yes" in end(start(aws, folder, "--destroy"), 2)
    assert "To go on" not in end(start(aws, folder, "--destroy", "--yes"), 0)
    assert names(aws) == set()
    report = json.loads((folder / "verify-aws.json").read_text("utf-8"))
    assert list(report["steps"])[-2:] == ["destroy", "nothing left"]
    assert (report["left"], report["failure"], ids(report, "failed")) == (0, "", set())
    assert "nothing of kanmon-verify to remove" in end(start(aws, folder, "--destroy", "--yes"), 2)


def names(aws: EmbeddedAws) -> set[str]:
    """Stacks, buckets, roles, databases and identity providers of the account."""
    stacks = aws.client("cloudformation").list_stacks()["StackSummaries"]
    providers = aws.client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]
    return {
        *(one["StackName"] for one in stacks if one["StackStatus"] != "DELETE_COMPLETE"),
        *(one["Name"] for one in aws.client("s3").list_buckets()["Buckets"]),
        *(one["RoleName"] for one in aws.client("iam").list_roles()["Roles"]),
        *(one["DBClusterIdentifier"] for one in aws.client("rds").describe_db_clusters()["DBClusters"]),
        *(one["Arn"] for one in providers),
    }


def test_an_interrupted_run_goes_on_and_proves_everything(empty_aws: EmbeddedAws, tmp_path: Path) -> None:
    """AWS-3: through the roles, with authorization. Nothing is left, and nothing secret is in the report."""
    folder, other = tmp_path / "run", tmp_path / "other"
    refused = end(start(empty_aws, folder), 2)
    assert "USD" in refused
    assert "Add --yes" in refused
    destroy_in_the_middle(empty_aws, folder)

    first = interrupt(start(empty_aws, folder, "--again", "--yes"), "checking r4 as candidate")
    assert "To go on: scripts/verify-aws" in first
    assert "interrupted" in (folder / "verify-aws.md").read_text("utf-8")
    assert "things of another run" in end(start(empty_aws, other, "--yes"), 2)

    second = end(start(empty_aws, folder, "--yes"), 0)
    done = [step.name for step in STEPS]
    assert second.count(": done before") == done.index("bad candidate")
    assert "has ended" in end(start(empty_aws, folder, "--yes"), 0)

    text = (folder / "verify-aws.json").read_text("utf-8")
    report = json.loads(text)
    assert list(report["steps"]) == done
    assert ids(report, "failed") == set()
    assert ids(report, "not provable here") == NOT_PLAYED | BY_HAND
    assert report["left"] == 0
    assert report["failure"] == ""
    for measured in ("new stage", "UpdateStage", "page", "CloudFormation: create", "rollback by hand"):
        assert any(name.startswith(measured) and one["n"] for name, one in report["times"].items())
    users = next(one for one in report["proofs"] if one["claim"].startswith("Users are always"))
    assert re.fullmatch(r"\d{2,} requests, 0 failed, 0 mixed", users["fact"])
    for content in (text, (folder / "verify-aws.md").read_text("utf-8")):
        assert SECRETS.findall(content) == []
