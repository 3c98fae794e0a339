"""The steps act in the order that keeps users on a whole release (CD-8, CD-10)."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.model import Result
from kanmon.naming import STACK_KINDS, blob_key
from kanmon.release.deploy import deploy
from kanmon.release.events import Event, EventKind
from kanmon.release.loaded import published_in
from kanmon.release.plan import live_release
from tests.fakes.app import make_bundle, make_config, make_full_config
from tests.fakes.cloud import ARTIFACTS, ENVIRONMENT, WEB
from tests.fakes.objects import StoredObject, sha256_in_s3
from tests.fakes.process import Process
from tests.fakes.runs import failure_of, ignore, operation_of, plan_of, release
from tests.fakes.services import FakeApproval

if TYPE_CHECKING:
    from kanmon.bundle.manifest import Manifest
    from kanmon.release.plan import Plan
    from kanmon.stacks.changes import ChangeSet
    from tests.fakes.clock import Clock
    from tests.fakes.cloud import Cloud


def test_steps_come_in_order(cloud: Cloud) -> None:
    """CD-5, CD-7: snapshot, stacks, hooks, web files, candidate's checks, API, page, checks again."""
    release(cloud, "one")
    process = Process()
    release(cloud, "two", process=process)
    steps = {
        "snapshots.begin", "snapshots.wait", "stacks.execute", "functions.invoke", "checks.run",
        "apigateway.create_stage", "apigateway.update_stage", "apigateway.delete_stage", "s3.put_object",
        "s3.delete_objects",
    }  # fmt: skip
    assert [call for call in process.calls if call in steps] == [
        "snapshots.begin",
        "snapshots.wait",
        "stacks.execute",
        "functions.invoke",
        "s3.put_object",  # the asset
        *["s3.put_object"] * 3,  # the preview's files
        "apigateway.create_stage",
        "apigateway.update_stage",  # the preview's settings
        "checks.run",
        "apigateway.update_stage",  # the API pointer
        "s3.put_object",  # a file beside the page
        "s3.put_object",  # the web pointer
        "checks.run",
        "apigateway.delete_stage",
        "s3.delete_objects",
    ]
    assert cloud.snapshots.done == ["shop-test-r2-2"]


def test_canary_gives_rising_shares_before_everyone(cloud: Cloud, clock: Clock) -> None:
    """CD-8"""
    config = make_config(traffic={"strategy": "canary", "steps": [
        {"percent": 10, "bake": "12s"}, {"percent": 50, "bake": 0},
    ]})  # fmt: skip
    release(cloud, "one", config=config)
    shares: list[float] = []

    def observe(event: Event) -> None:
        if event.kind is EventKind.TRAFFIC and "percent" in event.facts:
            shares.append(float(event.facts["percent"]))
            assert cloud.canary_release() == "r2"
            assert cloud.users == ("r1", "r1")

    assert release(cloud, "two", config=config, observer=observe).result is Result.STABLE
    assert shares == [10, 50]
    assert clock.pauses == [5, 5, 2]
    assert cloud.canary_release() is None


def test_a_rollback_moves_the_page_before_the_api(cloud: Cloud) -> None:
    release(cloud, "one")
    cloud.faulty.add(("r2", "live"))
    process = Process()
    release(cloud, "two", process=process)
    pointers = {"s3.put_object", "apigateway.update_stage"}
    assert [call for call in process.calls if call in pointers][-2:] == [
        "s3.put_object",
        "apigateway.update_stage",
    ]


def test_the_api_moves_before_the_page(cloud: Cloud) -> None:
    """CD-8: users always have a whole page and a whole API."""
    release(cloud, "one")
    release(cloud, "two")
    assert cloud.users == ("r2", "r2")
    assert cloud.seen[-3:] == [("r1", "r1"), ("r1", "r2"), ("r2", "r2")]


def test_a_first_release_leaves_no_file_behind(cloud: Cloud) -> None:
    """CD-10: users have nothing, as before."""
    cloud.faulty.add(("r1", "live"))
    assert release(cloud, "one", pages={"new.html": "new"}).result is Result.ROLLED_BACK
    assert cloud.pages() == {}


FULL = make_full_config(notifications={"channels": {"slack": "shop-slack"}})


def _replaceable(plan: Plan, manifest: Manifest) -> dict[str, str]:
    """A blob of each kind that the deploy uses."""
    return {
        "package": manifest.functions["api"].sha256,
        "definition": manifest.state_machines["quick"].sha256,
        "page": manifest.web["index.html"].sha256,
        "asset": next(file.sha256 for file in manifest.web.values() if file.immutable),
        "manifest": manifest.digest,
        "notifier": plan.notifier,
        **{f"{stack.kind} template": stack.template for stack in plan.stacks},
    }


KINDS = (
    "package",
    "definition",
    "page",
    "asset",
    "manifest",
    "notifier",
    *(f"{k} template" for k in STACK_KINDS),
)


@pytest.mark.parametrize("kind", KINDS)
def test_a_file_replaced_after_the_approval_runs_nowhere(cloud: Cloud, kind: str) -> None:
    """TRU-1: of a first release, so most stacks are created from their templates after the approval."""
    manifest = make_bundle(cloud, "one", config=FULL)
    plan = plan_of(cloud, manifest)
    assert len([stack for stack in plan.stacks if stack.deferred]) == 4
    sha256 = _replaceable(plan, manifest)[kind]
    planted = StoredObject(
        b"AWSTemplateFormatVersion: evil", checksum=sha256_in_s3(b"AWSTemplateFormatVersion: evil")
    )
    cloud.s3.objects(ARTIFACTS)[blob_key(ENVIRONMENT, sha256)] = planted
    with suppress(KanmonError):  # the manifest is read first, before the operation begins
        outcome = deploy(cloud.services(), plan, FakeApproval(), ignore)
        assert failure_of(outcome).code is Code.BLOB_REPLACED
    assert cloud.stacks.executed == []
    assert cloud.s3.objects(WEB) == {}
    assert cloud.users == (None, None)


def test_a_deferred_stack_is_made_from_what_was_shown(cloud: Cloud) -> None:
    """TRU-1: from the blob that the plan names, after its comparison, with the shown resources alone."""
    plan = plan_of(cloud, make_bundle(cloud, "one"))
    made: dict[str, tuple[str, ChangeSet]] = {}
    create = cloud.stacks.create_change_set

    def keep(name: str, template: str, *rest: Any, **named: Any) -> ChangeSet | None:
        change_set = create(name, template, *rest, **named)
        assert change_set
        made[name] = template, change_set
        return change_set

    cloud.stacks.create_change_set = keep  # type: ignore[method-assign]
    process = Process()
    deploy(cloud.services(process), plan, FakeApproval(), ignore)
    deferred = [stack for stack in plan.stacks if stack.deferred]
    urls = {stack.name: cloud.blobs.url(stack.template) for stack in plan.stacks}
    # The foundation gets its deletion protection by a second update, from the same template.
    assert {name: url for name, (url, _) in made.items()} == urls
    assert all(made[stack.name][1].changes == stack.changes for stack in deferred)
    first = process.calls.index("stacks.create_change_set")
    assert process.calls[:first].count("s3.head_object") >= len(plan.files())


def test_the_comparison_of_the_files_is_recorded(cloud: Cloud) -> None:
    """TRU-1: with the step that begins the deploy, where only its role can write."""
    release(cloud, "one")
    record = cloud.ledger.release("r1")
    assert record
    assert record.verified_at
    assert record.verified_at <= cloud.ledger.operations()[0].steps[1].began


def test_lost_assets_of_the_live_release_come_with_the_next_plan(cloud: Cloud) -> None:
    """CD-6: somebody deleted one. A plan uploads only assets that the live release has not published."""
    asset, content = "assets/map-1.js", b"map"
    release(cloud, "one", pages={asset: "map"})
    del cloud.s3.objects(WEB)[asset]
    second = make_bundle(cloud, "two", pages={asset: "map"})
    sha256 = second.web[asset].sha256
    whole = plan_of(cloud, second)
    plan = whole.model_copy(update={"assets": tuple(set(whole.assets) - {sha256})})
    del cloud.s3.objects(ARTIFACTS)[blob_key(ENVIRONMENT, sha256)]

    outcome = deploy(cloud.services(), plan, FakeApproval(), ignore)
    assert failure_of(outcome).code is Code.BUNDLE_MISSING
    assert cloud.users == ("r1", "r1")
    services = cloud.services()
    live = live_release(services, services.ledger.head())
    assert published_in(live) == {}
    cloud.keep(content)  # as `kanmon plan` does then
    assert (
        operation_of(deploy(services, plan_of(cloud, second), FakeApproval(), ignore)).result is Result.STABLE
    )
    assert cloud.s3.objects(WEB)[asset].body == content
    assert published_in(live_release(services, services.ledger.head())) == second.web


def test_the_way_back_compares_no_package(cloud: Cloud) -> None:
    """TRU-1, NFR-3: the release that users return to was compared before its deploy.

    Each of its pages is compared when it is written.
    """
    release(cloud, "one")
    cloud.faulty.add(("r2", "live"))
    pages = {blob_key(ENVIRONMENT, file.sha256) for file in make_bundle(cloud, "one").web.values()}

    def lose_all_others(event: Event) -> None:
        if event.kind is EventKind.FAILURE:
            stored = cloud.s3.objects(ARTIFACTS)
            for key in stored.keys() - pages:
                del stored[key]

    assert release(cloud, "two", observer=lose_all_others).result is Result.ROLLED_BACK
    assert cloud.users == ("r1", "r1")
