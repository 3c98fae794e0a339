"""The steps with releases: the account is prepared, releases go live, fail, and are rolled back."""

from __future__ import annotations

import json
import re
from contextlib import nullcontext
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from kanmon.model import Result
from kanmon.naming import EDGE, artifact_bucket, blob_key, bootstrap_stack, stack_name
from kanmon.release.destroy import environment_stacks

from .account import is_denied
from .sample import ENVIRONMENT, NAME, PREFIX
from .steps import DEPLOY_ROLE, PLAN_ROLE, StepError

if TYPE_CHECKING:
    from collections.abc import Callable

    from demo.commands import Ran
    from kanmon.ledger.records import Operation

    from .findings import Findings
    from .steps import Verification

_KEPT_LINE = re.compile(r"→ the (API|page) |✗ \S+ on \S+ \(")
OBSTACLE = f"{PREFIX}-path"
"""The name of the edge's path function."""
_OBSTRUCTED = "PathFunction"


def stack_names() -> list[str]:
    """All stacks of the app, each before those that it needs."""
    return [*environment_stacks(PREFIX), bootstrap_stack(NAME)]


def build(run: Verification, findings: Findings) -> None:
    """The app's own build, then a packing of the same files."""
    bundles = []
    for _ in range(2):
        run.kanmon("build")
        manifest = json.loads(run.sample.app.read("build/bundle/manifest.json"))
        bundles.append((manifest["functions"], manifest["web"]))
        run.sample.stop_building()
    findings.prove("CD-6", "Two builds give the same bundle", bundles[0] == bundles[1])


def bootstrap(run: Verification, findings: Findings) -> None:
    """The bootstrap stack, and then again: there is nothing to change."""
    ran = run.kanmon("bootstrap", "--yes")
    findings.measure("kanmon bootstrap", ran.seconds)
    again = run.kanmon("bootstrap", "--yes")
    findings.prove("AWS-1", "One bootstrap prepares the account", True, f"{ran.seconds:.0f} s")
    findings.prove("NFR-2", "A second bootstrap changes nothing", "nothing to change" in again.transcript)


def take_roles(run: Verification, findings: Findings) -> None:
    """The two roles of the workflows, taken by the account's own users, and what is refused to them."""
    for role in (PLAN_ROLE, DEPLOY_ROLE):
        run.account.trust_caller(role)
        run.account.as_role(role)
    bucket = artifact_bucket(NAME, run.account.number, run.account.region)
    plan = {service: run.account.client_as(PLAN_ROLE, service) for service in ("cloudformation", "s3")}
    change_set = {"StackName": stack_name(PREFIX, EDGE, ""), "ChangeSetName": "nobody-made-it"}
    executed = _refused(lambda: plan["cloudformation"].execute_change_set(**change_set))
    findings.prove("SEC-1", "The plan role can't execute a change set", executed)
    head = f"{ENVIRONMENT}/ledger/head.json"
    findings.prove(
        "TRU-1",
        "The plan role can't write the ledger's head",
        _refused(lambda: plan["s3"].put_object(Bucket=bucket, Key=head, Body=b"{}")),
    )
    blob = blob_key(ENVIRONMENT, "0" * 64)
    findings.prove(
        "TRU-1",
        "A blob can't be written without asking S3 to refuse a second one",
        _refused(lambda: plan["s3"].put_object(Bucket=bucket, Key=blob, Body=b"")),
    )
    findings.leave("SEC-1", "GitHub's jobs get these roles", "only a workflow has GitHub's token")


def _refused(call: Callable[[], object]) -> bool:
    try:
        call()
    except ClientError as error:
        return is_denied(error)
    return False


def fail_creation(run: Verification, findings: Findings) -> None:
    """The first release fails in a new stack: somebody else has the name of the edge's function."""
    edge = stack_name(PREFIX, EDGE, "")
    _take_name(run)
    try:
        _release(run, findings, Result.ABORTED, built=True)
    finally:
        _free_name(run)
    events = list(run.account.pages("cloudformation", "describe_stack_events", "StackEvents", StackName=edge))
    kept, deleted, failed = (
        {one["LogicalResourceId"] for one in events if one.get("ResourceStatus") == status}
        for status in ("DELETE_SKIPPED", "DELETE_COMPLETE", "CREATE_FAILED")
    )
    claim = "RetainExceptOnCreate and OnStackFailure: a failed creation leaves nothing"
    if not failed:
        findings.leave("P14", claim, "CloudFormation refused the name before it created anything")
    elif _OBSTRUCTED not in failed:
        reasons = " ".join(one.get("ResourceStatusReason", "") for one in events)
        raise StepError(f"the edge's stack fails for another reason: {reasons[:1000]}")
    else:
        left = ", ".join(sorted(kept)) or "nothing"
        findings.prove("P14", claim, not kept, f"{len(deleted)} resources deleted again, left: {left}")


def _take_name(run: Verification) -> None:
    code = b"function handler(event) { return event.request; }"
    made = {"Comment": "verify-aws: a name that is taken", "Runtime": "cloudfront-js-2.0"}
    try:
        run.account.client("cloudfront").create_function(
            Name=OBSTACLE, FunctionConfig=made, FunctionCode=code
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "FunctionAlreadyExists":
            raise


def _free_name(run: Verification) -> None:
    cloudfront = run.account.client("cloudfront")
    tag = cloudfront.describe_function(Name=OBSTACLE, Stage="DEVELOPMENT")["ETag"]
    cloudfront.delete_function(Name=OBSTACLE, IfMatch=tag)


def first_release(run: Verification, findings: Findings) -> None:
    """The same release again, into the account with the failed stack."""
    findings.notes["first"] = _release(run, findings, Result.STABLE, built=True).release
    findings.prove("AWS-1", "The first release goes live, after a failed one", True, "through the roles")
    findings.prove("NFR-2", "The same release again changes nothing", *_same_again(run))


def _same_again(run: Verification) -> tuple[bool, str]:
    before = len(run.ledger.operations())
    plan = run.kanmon("plan", role=PLAN_ROLE)
    unchanged = "is live already" in plan.transcript
    return unchanged and len(
        run.ledger.operations()
    ) == before, "the plan is empty" if unchanged else "it has changes"


def second_release(run: Verification, findings: Findings) -> None:
    """A visible change, through a canary, while people use the app. A tag leaves everything."""
    run.sample.show("2")
    run.sample.drop_tag()
    operation = _release(run, findings, Result.STABLE, watched="second")
    findings.notes["second"] = operation.release
    shares = [one.note for one in operation.steps if one.step.value == "shift"]
    findings.prove("CD-8", "A release goes through a canary", bool(shares), ", ".join(shares))


def bad_candidate(run: Verification, findings: Findings) -> None:
    """A bug in every answer: no user gets it."""
    run.sample.break_everywhere()
    operation = _release(run, findings, Result.ABORTED)
    run.sample.repair()
    code = operation.failure.code if operation.failure else ""
    findings.prove("CD-7", "A candidate with failed checks is aborted", bool(code), code)


def bad_live(run: Verification, findings: Findings) -> None:
    """A bug of the stage `live` only: Kanmon rolls the release back."""
    run.sample.break_live()
    before = _deployed(run)
    operation = _release(run, findings, Result.ROLLED_BACK, watched="live")
    run.sample.repair()
    after = {name: stack for name, stack in _deployed(run).items() if not name.endswith(operation.slot)}
    claim = "After a rollback every stack but the idle slot's is as it was"
    findings.prove("CD-10", claim, after.items() <= before.items(), f"{len(after)} stacks")
    seconds = operation.rollback_seconds or 0.0
    findings.measure("automatic rollback, by the ledger", seconds)
    fact = f"{seconds:.1f} s, {operation.traffic_calls} calls"
    findings.prove("CD-7", "A failed live check rolls the release back", bool(seconds), fact)


def _deployed(run: Verification) -> dict[str, str]:
    """Template, parameters and tags of each stack, as one text."""
    cloudformation = run.account.client("cloudformation")
    found = {name: stack for name in stack_names() if (stack := run.account.stack(name))}
    return {
        name: str(
            [
                cloudformation.get_template(StackName=name)["TemplateBody"],
                *(sorted(map(str, stack.get(key, []))) for key in ("Parameters", "Tags")),
            ]
        )
        for name, stack in found.items()
    }


def third_release(run: Verification, findings: Findings) -> None:
    """The repaired release lifts the freeze."""
    run.sample.show("3")
    findings.notes["third"] = _release(run, findings, Result.STABLE, watched="third").release


def roll_back(run: Verification, findings: Findings) -> None:
    """A person returns users to the second release."""
    target = run.state.note("second")
    recover(run)
    with run.watched("back"):
        if run.ledger.head().live != target:
            reason = "verify-aws rolls back by hand"
            ran = run.kanmon("rollback", target, "--reason", reason, "--yes", role=DEPLOY_ROLE)
            _keep_lines(ran, findings)
    operation = run.ledger.operations()[-1]
    seconds = operation.rollback_seconds or 0.0
    findings.measure("rollback by hand, by the ledger", seconds)
    fact = f"{seconds:.1f} s, {operation.traffic_calls} calls"
    findings.prove("CD-9", "A person rolls back", operation.ending == Result.ROLLED_BACK, fact)
    findings.prove("NFR-3", "A rollback takes seconds", 0 < seconds < 60, fact)


def _release(
    run: Verification, findings: Findings, ending: Result, *, watched: str = "", built: bool = False
) -> Operation:
    """Build, plan and deploy by the roles; the operation. Raises StepError when it ends another way."""
    recover(run)
    if not built:
        run.kanmon("build")
    lift, plan = ("--lift-freeze", "verify-aws goes on"), str(run.folder / "plan.json")
    run.kanmon("plan", "--output", plan, *lift, role=PLAN_ROLE)
    with run.watched(watched) if watched else nullcontext():
        ran = run.kanmon("deploy", "--plan", plan, "--yes", *lift, role=DEPLOY_ROLE, status=None)
    _keep_lines(ran, findings)
    operation = run.ledger.operations()[-1]
    if operation.ending != ending:
        raise StepError(f"{operation.release} ended as {operation.ending} instead of {ending}")
    return operation


def recover(run: Verification) -> None:
    """End the operation of an interrupted call, if there is one. It waits for the lease of a killed run."""
    if run.ledger.head().operation is not None:
        run.kanmon("recover", "--wait", "--yes", role=DEPLOY_ROLE, status=None)


def _keep_lines(ran: Ran, findings: Findings) -> None:
    findings.lines += [(line.at, line.text) for line in ran.lines if _KEPT_LINE.search(line.text)]
