"""The main job on the embedded AWS: real processes, real CloudFormation calls, real functions, real HTTP."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from embedded.aws import ACCOUNT, UNKNOWN_REQUESTS
from kanmon.naming import PREVIEW_COOKIE
from tests.e2e.changes import break_everywhere, break_live_only, visible_change

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.project import Project, Running

pytestmark = pytest.mark.emulator


def never_verified(project: Project) -> Running:
    """A deploy at its candidate's checks, until it is interrupted."""
    project.edit_config(
        lambda text: text.replace(
            "checks:\n",
            "checks:\n"
            "  - {name: never, path: /robots.txt, expect: {body: nowhere}, failures: 100, deadline: 10m}\n",
        )
    )
    project.kanmon("build").check()
    return project.start("deploy", "--yes")


def preview_token(project: Project, deploy: Running) -> str:
    """The token of a deploy's preview, once its new stage answers: it is not everywhere at once."""
    token = deploy.await_line("preview http").split("kanmon-preview=")[1].strip()
    cookie = f"{PREVIEW_COOKIE}={token}"
    assert any(
        "x-kanmon-release" in project.get("/api/version", cookie=cookie).headers
        for _ in range(UNKNOWN_REQUESTS + 1)
    ), token
    return token


def in_its_canary(project: Project) -> Running:
    """A deploy of r2 over r1, with a tenth of the requests, until it ends."""
    project.release().check()
    visible_change(project, "two")
    project.edit_config(lambda text: text.replace("bake: 1s", "bake: 10m"))
    project.kanmon("build").check()
    deploy = project.start("deploy", "--yes")
    deploy.await_line("10 % of API requests go to r2")
    return deploy


@contextmanager
def _unreadable(project: Project) -> Iterator[None]:
    """Something breaks, and both releases depend on it: the edge may not read the web bucket."""
    s3, bucket = project.client("s3"), f"mandala-{project.name}-web-{ACCOUNT}"
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    s3.delete_bucket_policy(Bucket=bucket)
    yield
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)


def test_a_release_goes_live_and_the_next_takes_the_other_slot(project: Project) -> None:
    """CD-2, CD-6, CD-8, CD-11: first release, unchanged again, second with a visible change."""
    project.release().check()
    assert project.live() == ("r1", "r1")
    assert "nothing to change" in project.release().check().output
    visible_change(project, "two")
    project.release().check()
    assert project.live() == ("r2", "r2")
    assert b"<title>Mandala two</title>" in project.get("/").data
    assert project.head()["slots"] == {"blue": "r1", "green": "r2"}
    first, second = project.operations()
    assert first["result"] == "stable"
    assert second["result"] == "stable"
    assert second["base"] == "r1"
    assert second["approval"]["by"] == "hanako"
    assert project.get("/assets/missing-00000000.js").status == 404
    assert project.get("/.previews/r1/index.html").status == 404


def test_the_database_is_migrated_and_has_a_snapshot_before_it(project: Project) -> None:
    """CD-5: the hook migrates; from the second release on a snapshot exists first."""
    project.release().check()
    assert project.get("/api/health").json()["database"] == "ok"
    visible_change(project, "two")
    project.release().check()
    taken = project.client("rds").describe_db_cluster_snapshots(
        DBClusterIdentifier=f"mandala-{project.name}-database"
    )["DBClusterSnapshots"]
    assert [item["Status"] for item in taken] == ["available"]


def test_a_failed_candidate_never_takes_traffic(project: Project) -> None:
    """CD-7: if the candidate's checks fail, nobody sees the release."""
    project.release().check()
    break_everywhere(project)
    ended = project.release().check(1)
    assert "KNM-501" in ended.error + ended.output
    assert project.live() == ("r1", "r1")
    operation = project.operations()[-1]
    assert operation["result"] == "aborted"
    assert operation["traffic_calls"] == 0
    assert "shift" not in {step["step"] for step in operation["steps"]}
    assert stages(project) == {"live"}


def test_a_release_failing_live_is_rolled_back_by_itself(project: Project) -> None:
    """CD-7, CD-10, NFR-3: three AWS calls move two pages and the API back; then it is frozen."""
    project.release().check()
    break_live_only(project)
    ended = project.release().check(1)
    assert "users are on r1 again" in ended.output
    assert project.live() == ("r1", "r1")
    operation = project.operations()[-1]
    assert operation["result"] == "rolled back"
    assert operation["traffic_calls"] == 3
    assert markers(project, "Releases") == 1
    assert markers(project, "Rollbacks") == 1
    assert "404" in operation["failure"]["message"]
    assert "KNM-312" in project.release().check(2).error
    assert "KNM-312" in project.kanmon("plan").check(2).error
    assert "Plan for r3" in project.kanmon("plan", "--lift-freeze", "the cause is fixed").check().output
    assert stages(project) == {"live"}


def test_an_alarm_during_the_canary_rolls_the_release_back(project: Project) -> None:
    """MON-2, CD-8: nothing but the alarm is wrong, so the checks go on passing."""
    deploy = in_its_canary(project)
    rollback, errors = f"mandala-{project.name}-green-rollback", f"mandala-{project.name}-green-errors-1"
    project.client("cloudwatch").set_alarm_state(
        AlarmName=errors, StateValue="ALARM", StateReason="2 of 3 minutes were bad"
    )
    output = deploy.end().check(1).output
    assert f"KNM-503 {rollback} fires: {errors}: 2 of 3 minutes were bad." in output
    assert {project.live() for _ in range(20)} == {("r1", "r1")}
    operation = project.operations()[-1]
    assert operation["result"] == "rolled back"
    assert [alarm["name"] for alarm in operation["alarms"]] == [rollback]


def test_a_check_failing_on_stable_too_holds_the_release(project: Project) -> None:
    """A rollback would not help: a person decides, and nobody deploys until then."""
    project.release().check()
    visible_change(project, "two")
    project.edit_config(lambda text: text.replace("bake: 0s", "bake: 10m"))
    project.kanmon("build").check()
    deploy = project.start("deploy", "--yes")
    deploy.await_line("✓ page on r2 (live)")
    with _unreadable(project):
        assert "KNM-502" in deploy.end().check(3).output
    assert project.live() == ("r2", "r2")
    assert "KNM-413" in project.kanmon("deploy", "--yes").check(3).error
    project.kanmon("recover", "--undo", "--yes").check()
    assert project.live() == ("r1", "r1")


def test_rollback_by_hand_and_again_to_a_release_in_neither_slot(project: Project) -> None:
    """CD-9, CD-10: in a slot it is three calls; otherwise the recorded bundle is deployed first."""
    project.release().check()
    for name in ("two", "three"):
        visible_change(project, name)
        project.release().check()
    project.kanmon("rollback", "--yes", "--reason", "complaints").check()
    assert project.live() == ("r2", "r2")
    assert project.operations()[-1]["traffic_calls"] == 3
    ended = project.kanmon("rollback", "r1", "--yes").check()
    assert project.live() == ("r1", "r1")
    # r3 was rolled back in the blue slot; r2, in the green one, stays whole until r1 is live.
    assert "putting r1 into the blue slot" in ended.output
    assert project.head()["slots"] == {"blue": "r1", "green": "r2"}
    assert b"<title>Mandala two" not in project.get("/").data
    assert "KNM-412" in project.kanmon("rollback", "--yes").check(2).error


def test_ctrl_c_before_traffic_aborts_the_candidate(project: Project) -> None:
    """CD-13: interrupted at its checks, the candidate is aborted and its preview is gone."""
    project.release().check()
    visible_change(project, "two")
    deploy = never_verified(project)
    token = preview_token(project, deploy)
    answer = project.get("/api/version", cookie=f"{PREVIEW_COOKIE}={token}")
    assert answer.headers["x-kanmon-release"] == "r2"
    assert deploy.end(signal.SIGINT).check(130)
    assert project.live() == ("r1", "r1")
    assert project.operations()[-1]["result"] == "aborted"
    assert stages(project) == {"live"}


def test_sigterm_during_the_canary_rolls_the_release_back(project: Project) -> None:
    """CD-13: a cancelled job leaves users on a complete release."""
    deploy = in_its_canary(project)
    assert deploy.end(signal.SIGTERM).check(130)
    assert {project.live() for _ in range(20)} == {("r1", "r1")}
    assert project.operations()[-1]["result"] == "rolled back"


def test_a_killed_run_is_undone_by_the_next(project: Project) -> None:
    """CD-13, CD-14: another run waits for the lease, then ends the dead one's operation."""
    deploy = in_its_canary(project)
    deploy.end(signal.SIGKILL)
    assert "KNM-401" in project.kanmon("recover", "--yes").check(2).error
    project.expire_lease()
    ended = project.kanmon("recover", "--yes").check()
    assert "users are on r1 again" in ended.output
    assert {project.live() for _ in range(20)} == {("r1", "r1")}
    assert "nothing to recover" in project.kanmon("recover", "--yes").check().output


def test_only_the_approved_plan_is_carried_out(project: Project) -> None:
    """CD-4: a plan is approved by its digest, and a stale or altered one is refused."""
    project.kanmon("build").check()
    plan = project.folder / "plan.json"
    project.kanmon("plan", "--output", str(plan)).check()
    assert "KNM-311" in project.kanmon("deploy", "--plan", str(plan)).check(2).error
    altered = project.folder / "altered.json"
    altered.write_text(plan.read_text().replace('"slot": "blue"', '"slot": "green"'))
    assert "KNM-302" in project.kanmon("deploy", "--plan", str(altered), "--yes").check(2).error
    project.kanmon("deploy", "--plan", str(plan), "--yes").check()
    assert project.live() == ("r1", "r1")
    assert "KNM-303" in project.kanmon("deploy", "--plan", str(plan), "--yes").check(2).error


def markers(project: Project, name: str) -> float:
    """How many markers of this name CloudWatch has of the environment."""
    now = datetime.now(UTC)
    found = project.client("cloudwatch").get_metric_statistics(
        Namespace="Kanmon", MetricName=name, Statistics=["Sum"], Period=3600,
        StartTime=now - timedelta(hours=1), EndTime=now + timedelta(hours=1),
        Dimensions=[{"Name": "App", "Value": "mandala"}, {"Name": "Environment", "Value": project.name}],
    )  # fmt: skip
    return float(sum(point["Sum"] for point in found["Datapoints"]))


def stages(project: Project) -> set[str]:
    """The names of the API's stages."""
    stack: Any = project.client("cloudformation").describe_stacks(StackName=f"mandala-{project.name}-api")
    api = next(item["OutputValue"] for item in stack["Stacks"][0]["Outputs"] if item["OutputKey"] == "ApiId")
    return {stage["stageName"] for stage in project.client("apigateway").get_stages(restApiId=api)["item"]}
