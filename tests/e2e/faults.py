"""The faults of the drills: what goes wrong before the guides help, by the section that helps."""

from __future__ import annotations

import json
import signal
import time
import zipfile
from typing import TYPE_CHECKING

from tests.e2e.changes import break_everywhere, break_live_only
from tests.unit.notify.alarm_events import ALARM, event

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.e2e.drilled import Ground
    from tests.e2e.project import Running

Names = dict[str, str] | None
FAULTS: dict[str, Callable[[Ground], Names]] = {}
"""By section: the fault. It returns further names in place of the page's examples."""


def fault(*ids: str) -> Callable[[Callable[[Ground], Names]], Callable[[Ground], Names]]:
    """Make a function the fault of these sections."""

    def register(provoke: Callable[[Ground], Names]) -> Callable[[Ground], Names]:
        FAULTS.update(dict.fromkeys(ids, provoke))
        return provoke

    return register


@fault("troubleshooting-guide#the-config-is-refused")
def _unknown_key(ground: Ground) -> Names:
    ground.project.edit_config(lambda text: text + "trafic: {}\n")
    return None


@fault("troubleshooting-guide#the-bundle-is-missing-or-damaged")
def _damaged_bundle(ground: Ground) -> Names:
    ground.change()
    ground.project.kanmon("build").check()
    (ground.project.folder / "build/bundle/web/robots.txt").write_text("other")
    assert "KNM-115" in ground.project.kanmon("plan").check(2).error
    return None


@fault("troubleshooting-guide#the-plan-is-stale")
def _stale_plan(ground: Ground) -> Names:
    project = ground.project
    ground.change()
    project.kanmon("build").check()
    project.kanmon("plan", "--output", "plan.json").check()
    ground.change()
    project.release().check()
    ground.change()
    project.kanmon("build").check()
    return None


@fault("troubleshooting-guide#the-plan-would-destroy-data")
def _queue_gone(ground: Ground) -> Names:
    queue = "queues: {later: {function: migrate}}\n"
    # The drill in the other language may have left it there.
    ground.project.edit_config(lambda text: text.replace(queue, "") + queue)
    ground.change()
    ground.project.release().check()
    ground.keep()
    ground.project.edit_config(lambda text: text.replace(queue, ""))
    ground.project.kanmon("build").check()
    return None


@fault("troubleshooting-guide#the-environment-is-frozen")
def _frozen(ground: Ground) -> Names:
    ground.project.kanmon("rollback", "--yes", "--reason", "login fails").check()
    assert "KNM-312" in ground.project.kanmon("deploy", "--yes").check(2).error
    ground.change()
    return None


@fault("troubleshooting-guide#bootstrap-is-missing-or-too-old")
def _new_secret(ground: Ground) -> Names:
    ground.project.edit_config(
        lambda text: (
            text.replace(
                "checks:\n",
                'checks:\n  - {name: partner, path: /api/version, headers: {x-key: "${secrets.partner}"}}\n',
            )
            + "secrets: {partner: {}}\n"
        )
    )
    ground.project.kanmon("build").check()
    return None


@fault("troubleshooting-guide#a-check-fails-on-the-candidate")
def _bad_candidate(ground: Ground) -> Names:
    ground.change()
    ground.keep()
    break_everywhere(ground.project)
    assert "KNM-501" in ground.project.release().check(1).output
    return None


@fault("troubleshooting-guide#the-release-was-rolled-back-by-itself")
def _bad_live(ground: Ground) -> Names:
    ground.change()
    ground.keep()
    break_live_only(ground.project)
    assert "rolled back" in ground.project.release().check(1).output
    return None


@fault("troubleshooting-guide#a-hook-failed")
def _bad_migration(ground: Ground) -> Names:
    ground.change()
    ground.keep()
    path = ground.project.folder / "build/api/mandala/migrate.py"
    path.write_text(
        path.read_text("utf-8") + "\n\ndef handle(event, context):\n    raise RuntimeError('no column')\n"
    )
    assert "KNM-221" in ground.project.release().check(1).output
    return None


def _unreadable(ground: Ground) -> str:
    """The edge may not read the web bucket; the command that gives it back."""
    s3 = ground.project.client("s3")
    bucket = next(
        one["Name"] for one in s3.list_buckets()["Buckets"] if one["Name"].startswith(f"{ground.prefix}-web")
    )
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    s3.delete_bucket_policy(Bucket=bucket)
    path = ground.folder / "policy.json"
    path.write_text(policy)
    return f"aws s3api put-bucket-policy --bucket {bucket} --policy file://{path}"


@fault("troubleshooting-guide#the-environment-is-held")
def _held(ground: Ground) -> Names:
    ground.change()
    ground.project.edit_config(lambda text: text.replace("bake: 0s", "bake: 10m"))
    ground.project.kanmon("build").check()
    deploy = ground.project.start("deploy", "--yes")
    release = _release(deploy.await_line(" goes live"))
    deploy.await_line(f"✓ page on {release} (live)")
    ground.repair = f"{_unreadable(ground)} && {ground.repair}"
    assert "KNM-502" in deploy.end().check(3).output
    return {"r43": release}


@fault("troubleshooting-guide#a-check-fails-on-the-stable-release-too")
def _both_fail(ground: Ground) -> Names:
    _unreadable(ground)
    return None


def _release(line: str) -> str:
    return next(word for word in line.split() if word.startswith("r") and word[1:].isdigit())


def _canary(ground: Ground) -> tuple[Running, str]:
    """A deploy in its canary, and its release."""
    ground.change()
    ground.project.edit_config(lambda text: text.replace("bake: 1s", "bake: 10m"))
    ground.project.kanmon("build").check()
    deploy = ground.project.start("deploy", "--yes")
    release = _release(deploy.await_line("10 % of API requests go to "))
    ground.project.edit_config(lambda text: text.replace("bake: 10m", "bake: 1s"))
    return deploy, release


@fault("troubleshooting-guide#another-run-is-at-work")
def _at_work(ground: Ground) -> Names:
    _, release = _canary(ground)
    return {"r43": release}


@fault("troubleshooting-guide#a-run-died")
def _died(ground: Ground) -> Names:
    deploy, release = _canary(ground)
    deploy.end(signal.SIGKILL)
    ground.project.expire_lease()
    return {"r43": release}


@fault("troubleshooting-guide#the-api-has-too-many-stages")
def _stages(ground: Ground) -> Names:
    gateway = ground.project.client("apigateway")
    api = _output(ground, "api", "ApiId")
    live = gateway.get_stage(restApiId=api, stageName="live")
    for number in range(1, 10):
        gateway.create_stage(restApiId=api, stageName=f"old-{number}", deploymentId=live["deploymentId"])
    ground.change()
    ended = ground.project.release()
    assert "KNM-219" in ended.output + ended.error
    for number in range(2, 10):
        gateway.delete_stage(restApiId=api, stageName=f"old-{number}")
    return None


@fault("troubleshooting-guide#there-is-no-room-for-a-snapshot")
def _full(ground: Ground) -> Names:
    rds = ground.project.client("rds")
    cluster = f"{ground.prefix}-database"
    taken = len(rds.describe_db_cluster_snapshots()["DBClusterSnapshots"])
    names = [f"old-{number}" for number in range(1, 101 - taken)]
    for name in names:
        rds.create_db_cluster_snapshot(DBClusterIdentifier=cluster, DBClusterSnapshotIdentifier=name)
    ground.change()
    ended = ground.project.release()
    assert "KNM-223" in ended.output + ended.error
    for name in names[1:]:
        rds.delete_db_cluster_snapshot(DBClusterSnapshotIdentifier=name)
    return None


@fault("troubleshooting-guide#a-record-of-the-ledger-cant-be-read")
def _damaged_head(ground: Ground) -> Names:
    ground.project.client("s3").put_object(
        Bucket=_bucket(ground), Key=f"{ground.project.name}/ledger/head.json", Body=b"{"
    )
    return None


@fault("troubleshooting-guide#alarms-do-not-arrive")
def _unconfirmed(ground: Ground) -> Names:
    ground.project.edit_config(
        lambda text: text.replace("notifications: {", "notifications: {emails: [team@example.com], ", 1)
    )
    ground.change()
    ground.project.release().check()
    return None


@fault("troubleshooting-guide#a-stored-file-has-other-content")
def _planted(ground: Ground) -> Names:
    project = ground.project
    handler = project.folder / "build/api/mandala/handler.py"
    handler.write_text(f"{handler.read_text('utf-8')}\n# Changed at {time.time()}\n", "utf-8")
    project.kanmon("build").check()
    manifest = json.loads((project.folder / "build/bundle/manifest.json").read_text("utf-8"))
    sha256 = next(iter(manifest["functions"].values()))["sha256"]
    project.client("s3").put_object(
        Bucket=_bucket(ground), Key=f"{project.name}/blobs/{sha256}", Body=b"evil", IfNoneMatch="*"
    )
    ground.repair = "(kanmon deploy --yes 2>&1 || true) | printed 'aws s3api delete-object' | bash -e"
    return None


@fault("troubleshooting-guide#a-function-has-other-code")
def _other_code(ground: Ground) -> Names:
    project = ground.project
    head = project.head()
    idle = "blue" if head["pointer"]["slot"] == "green" else "green"
    archive = ground.folder / "other.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        packed.writestr("mandala/handler.py", "def handle(event, context): return 'evil'\n")
    project.client("lambda").update_function_code(
        FunctionName=f"{ground.prefix}-{idle}-api", ZipFile=archive.read_bytes()
    )
    ended = project.kanmon("rollback", "--yes")
    assert "KNM-217" in ended.output + ended.error
    path = ground.folder / "printed.txt"
    path.write_text(ended.output + ended.error)
    ground.repair = f"printed 'aws lambda update-function-code' < {path} | bash -e"
    return None


@fault("troubleshooting-guide#the-apis-pointer-was-moved")
def _moved(ground: Ground) -> Names:
    live = ground.project.head()["pointer"]["slot"]
    other = "blue" if live == "green" else "green"
    gateway, api = ground.project.client("apigateway"), _output(ground, "api", "ApiId")
    # As somebody does who deploys the API in the console: the stage gets other routes, too.
    gateway.create_deployment(restApiId=api, stageName="live")
    gateway.update_stage(
        restApiId=api, stageName="live",
        patchOperations=[{"op": "replace", "path": "/variables/slot", "value": other}],
    )  # fmt: skip
    ground.change()
    ended = ground.project.release()
    assert "KNM-511" in ended.output + ended.error
    return None


def _firing(alarm: str) -> Callable[[Ground], Names]:
    """An alarm that fires, until its metric is good again."""

    def provoke(ground: Ground) -> Names:
        name = f"{ground.prefix}-{alarm}"
        ground.project.client("cloudwatch").set_alarm_state(
            AlarmName=name, StateValue="ALARM", StateReason="3 of 5 minutes were bad"
        )
        ground.repair = (
            f"aws cloudwatch set-alarm-state --alarm-name {name} --state-value OK --state-reason 'it is good'"
        )
        return None

    return provoke


for _alarm in ("api-errors", "api-p95", "canary-errors", "canary-p95", "database-errors"):
    fault(f"operations-manual#{_alarm}")(_firing(_alarm))
fault("operations-manual#errors")(_firing("green-errors-1"))


@fault("operations-manual#notifier-undelivered")
def _undelivered(ground: Ground) -> Names:
    """Slack refused an alarm, three times; Lambda has put it into the queue."""
    project = ground.project
    project.client("secretsmanager").put_secret_value(SecretId=ground.secret, SecretString="gone")
    queue = project.client("sqs").get_queue_url(QueueName=f"{ground.prefix}-notifier-undelivered")["QueueUrl"]
    project.client("sqs").send_message(QueueUrl=queue, MessageBody=json.dumps(event(ALARM)))
    return None


def _output(ground: Ground, kind: str, key: str) -> str:
    outputs = json.loads(ground.project.kanmon("outputs", "--json").check().output)
    return str(outputs["stacks"][kind][key])


def _bucket(ground: Ground) -> str:
    buckets = ground.project.client("s3").list_buckets()["Buckets"]
    return next(str(one["Name"]) for one in buckets if one["Name"].startswith("mandala-kanmon-"))
