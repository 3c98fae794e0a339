"""Nothing piles up, and nothing that a release needs is deleted (AWS-2)."""

from __future__ import annotations

import os
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import Phase, example, given, settings
from hypothesis import strategies as st

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.ledger.ledger import release_key
from kanmon.ledger.records import PlannedRelease
from kanmon.model import Result
from kanmon.release.recover import recover
from tests.fakes.app import make_bundle, make_config
from tests.fakes.cloud import ARTIFACTS, WEB, Cloud
from tests.fakes.process import Blow, Process, ProcessDied
from tests.fakes.runs import ignore, plan_of, release, roll_back
from tests.fakes.services import FakeApproval
from tests.fakes.whole import expect_one_release

if TYPE_CHECKING:
    from kanmon.bundle.manifest import Manifest
    from kanmon.config.schema import Config
    from kanmon.release.events import Event
    from kanmon.release.walk import Outcome

CONFIG = make_config(releases={"kept": 2})
MONTH = timedelta(days=32)
VERSIONS = ("one", "two", "three", "four")
FAULTS = (None, None, "candidate", "live")
"""The targets of failing checks."""


def _release(cloud: Cloud, *versions: str) -> None:
    """A stable release of each version, a month apart."""
    for version in versions:
        assert release(cloud, version, config=CONFIG).result is Result.STABLE
        cloud.clock.move(MONTH)


def _stored(cloud: Cloud) -> set[str]:
    return {key.rpartition("/")[2] for key in cloud.s3.objects(ARTIFACTS)}


def _manifest(cloud: Cloud, release_id: str) -> Manifest:
    record = cloud.ledger.release(release_id)
    assert record
    return cloud.blobs.manifest(record.bundle)


def _assets(cloud: Cloud, *releases: str) -> set[str]:
    """The names of the hashed assets of releases."""
    found = (_manifest(cloud, one).web for one in releases)
    return {name for web in found for name, file in web.items() if file.immutable}


def _needed(cloud: Cloud, *releases: str) -> set[str]:
    """The digests of all stored files of releases."""
    records = [record for record in cloud.ledger.releases() if record.id in releases]
    uses = {sha256 for record in records for sha256 in cloud.blobs.manifest(record.bundle).uses()}
    return uses.union(*(record.own_files for record in records))


def test_the_newest_stable_releases_are_kept(cloud: Cloud) -> None:
    """AWS-2: an aborted one counts for nothing."""
    _release(cloud, "one", "two")
    cloud.faulty.add(("r3", "candidate"))
    assert release(cloud, "bad", config=CONFIG).result is Result.ABORTED
    assert cloud.ledger.head().kept == ("r1", "r2")
    _release(cloud, "three")
    assert cloud.ledger.head().kept == ("r2", "r4")


def test_an_old_release_stays_while_it_is_in_a_slot(cloud: Cloud) -> None:
    """AWS-2: after a rollback to it, the next release returns there when it fails."""
    for version in ("one", "two", "three"):
        release(cloud, version)
    roll_back(cloud, "r1")
    release(cloud, "four", config=CONFIG, lift_freeze="fixed")
    assert cloud.ledger.head().kept == ("r1", "r3", "r4")
    _release(cloud, "five")
    assert cloud.ledger.head().kept == ("r4", "r5")


def test_stored_files_that_no_kept_release_needs_go(cloud: Cloud) -> None:
    """AWS-2: also those of an aborted one."""
    _release(cloud, "one", "two")
    cloud.faulty.add(("r3", "candidate"))
    release(cloud, "bad", config=CONFIG)
    cloud.clock.move(MONTH)
    _release(cloud, "three")
    assert _stored(cloud) == _needed(cloud, "r2", "r4")
    assert roll_back(cloud).release == "r2"
    with pytest.raises(KanmonError) as caught:
        roll_back(cloud, "r1")
    assert caught.value.code is Code.RELEASE_PRUNED


def test_hashed_assets_that_no_kept_release_has_go(cloud: Cloud) -> None:
    """AWS-2: the pages of kept releases have theirs, and files of others in the bucket stay."""
    _release(cloud, "one")
    for name in ("uploads/photo.png", "assets.html"):
        cloud.s3.put_object(Bucket=WEB, Key=name, Body=b"")
    _release(cloud, "two", "three")
    files = cloud.s3.objects(WEB)
    assert {name for name in files if name.startswith("assets/")} == _assets(cloud, "r2", "r3")
    assert {"uploads/photo.png", "assets.html"} <= files.keys()
    roll_back(cloud)
    assert cloud.pages().items() >= cloud.pages_of("r2").items()


def test_young_files_stay(cloud: Cloud) -> None:
    """AWS-2: a plan may wait for 30 days, and a browser may have an old page."""
    for version in ("one", "two", "three"):
        assert release(cloud, version, config=CONFIG).result is Result.STABLE
    needed, assets = _needed(cloud, "r1", "r2", "r3"), _assets(cloud, "r1")
    assert cloud.ledger.head().kept == ("r2", "r3")
    assert needed <= _stored(cloud)
    cloud.clock.move(timedelta(days=31))
    release(cloud, "four", config=CONFIG)
    assert needed <= _stored(cloud)
    assert assets <= cloud.s3.objects(WEB).keys()
    cloud.clock.move(timedelta(seconds=1))
    release(cloud, "five", config=CONFIG)
    assert _stored(cloud) & needed < needed
    assert not assets & cloud.s3.objects(WEB).keys()


def test_a_planned_release_keeps_old_files(cloud: Cloud) -> None:
    """AWS-2: it was planned during another release, and took old files over by their names."""
    _release(cloud, "one", "two")
    manifest, plans = make_bundle(cloud, "one", config=CONFIG), []

    def observe(event: Event) -> None:
        if "goes live" in event.text:
            plans.append(plan_of(cloud, manifest))

    release(cloud, "three", config=CONFIG, observer=observe)
    assert plans
    assert cloud.ledger.head().kept == ("r2", "r3")
    assert manifest.uses().keys() <= _stored(cloud)


def test_files_of_rejected_plans_go(cloud: Cloud) -> None:
    """AWS-2: each push uploads a bundle, also while there are few stable releases."""
    release(cloud, "one")
    rejected = make_bundle(cloud, "rejected")
    cloud.clock.move(MONTH)
    release(cloud, "two")
    assert cloud.ledger.head().kept == ("r1", "r2")
    files = rejected.uses().keys() - _needed(cloud, "r1", "r2")
    assert files
    assert not files & _stored(cloud)


def test_a_young_environment_costs_two_calls(cloud: Cloud) -> None:
    """AWS-2: as long as nothing is old, no record and no manifest is read."""
    release(cloud, "one")
    release(cloud, "two")
    process = Process()
    release(cloud, "three", process=process)
    after = process.calls[process.calls.index("snapshots.delete_old") + 1 :]
    assert [call for call in after if call not in {"store.put", "store.get"}] == [
        "s3.get_paginator",
        "apigateway.get_paginator",
    ]
    assert "store.get" not in after


@pytest.mark.parametrize("planted", [b"no manifest", b"[" * 100_000, None])
def test_a_planned_release_decides_about_no_deletion(cloud: Cloud, planted: bytes | None) -> None:
    """AWS-2, TRU-1: the plan role writes its record, and can point it at any manifest."""
    _release(cloud, "one", "two")
    uploads = make_config(web={"directory": "web/dist", "immutable": ["uploads/*"]})
    bundle = cloud.keep(planted) if planted else make_bundle(cloud, "evil", config=uploads).digest
    cloud.s3.put_object(Bucket=WEB, Key="uploads/photo.png", Body=b"")
    old = _assets(cloud, "r1")

    def plant(event: Event) -> None:
        if "goes live" in event.text:
            made = {"commit": "evil", "bundle": bundle, "created": cloud.clock.now()}
            cloud.ledger.add_release(lambda release_id: PlannedRelease(id=release_id, **made))

    cloud.clock.move(MONTH)
    assert release(cloud, "three", config=CONFIG, observer=plant).result is Result.STABLE
    assert cloud.ledger.planned("r4")
    assert "uploads/photo.png" in cloud.s3.objects(WEB)
    assert not old & cloud.s3.objects(WEB).keys()


@pytest.mark.parametrize("body", [None, b"{}"])
def test_an_unreadable_record_deletes_nothing(cloud: Cloud, body: bytes | None) -> None:
    """AWS-2: the mark would be incomplete."""
    config = make_config(releases={"kept": 4})
    for version in ("one", "two", "three", "four"):
        release(cloud, version, config=config)
    cloud.clock.move(MONTH)
    del cloud.store.objects[release_key("r2")]
    if body:
        cloud.store.objects[release_key("r2")] = body
    before, notes = _stored(cloud), list[str]()
    outcome = release(cloud, "five", config=config, observer=lambda event: notes.append(event.text))
    assert outcome.result is Result.STABLE
    assert before <= _stored(cloud)
    assert any(note.startswith("old files of releases stay: ") for note in notes)


def test_snapshots_of_routes_that_no_kept_release_needs_go(cloud: Cloud) -> None:
    """AWS-2: a rollback moves the stage to the release's own snapshot, and makes none."""
    cloud.gateway.deployments.add("people's")
    cloud.gateway.foreign.add("people's")
    for version in VERSIONS:
        assert release(cloud, version, config=_config(version, 3)).result is Result.STABLE
    needed = {record.pointer.deployment for record in cloud.ledger.releases() if record.id != "r1"}
    assert len(needed) == 3
    assert cloud.gateway.deployments == needed | {"people's"}
    assert roll_back(cloud, "r2").release == "r2"
    assert cloud.gateway.stages["live"]["deploymentId"] in needed


DELETIONS = ("files of bundles", "hashed assets")
"""In their order."""


def _deletion(cloud: Cloud, what: str) -> int:
    """The number of a call in the release of `three`."""
    process = Process()
    release(cloud.copy(), "three", config=CONFIG, process=process)
    calls = [number for number, call in enumerate(process.calls, 1) if call == "s3.delete_objects"]
    return calls[DELETIONS.index(what) - len(DELETIONS)]


def test_a_run_that_dies_leaves_no_target_without_files(cloud: Cloud) -> None:
    """AWS-2, CD-13: the head lost the release before. The next run goes on."""
    _release(cloud, "one", "two")
    with pytest.raises(ProcessDied):
        release(
            cloud,
            "three",
            config=CONFIG,
            process=Process(blow=Blow.DEATH_AFTER, at=_deletion(cloud, "files of bundles")),
        )
    assert cloud.ledger.head().kept == ("r2", "r3")
    assert _assets(cloud, "r2", "r3") < {name for name in cloud.s3.objects(WEB) if "/" in name}
    cloud.clock.outlast_lease()
    outcome = recover(cloud.services(), ignore, FakeApproval())
    assert outcome
    assert outcome.result is Result.STABLE
    assert {name for name in cloud.s3.objects(WEB) if "/" in name} == _assets(cloud, "r2", "r3")


@pytest.mark.parametrize("blow", [Blow.DENIED, Blow.LOST_ANSWER])
@pytest.mark.parametrize("what", DELETIONS)
def test_a_file_that_stays_fails_no_release(cloud: Cloud, what: str, blow: Blow) -> None:
    """AWS-2: the next release deletes it."""
    _release(cloud, "one", "two")
    struck = Process(blow=blow, at=_deletion(cloud, what))
    notes: list[str] = []
    outcome = release(
        cloud, "three", config=CONFIG, process=struck, observer=lambda event: notes.append(event.text)
    )
    assert outcome.result is Result.STABLE
    assert any(note.startswith(f"old {what} stay: ") for note in notes)
    cloud.clock.move(MONTH)
    _release(cloud, "four")
    assert _stored(cloud) == _needed(cloud, "r3", "r4")
    assert {name for name in cloud.s3.objects(WEB) if "/" in name} == _assets(cloud, "r3", "r4")


def test_a_pruned_name_is_compared_anew(cloud: Cloud) -> None:
    """AWS-2, TRU-1: the plan role may write it again, with other content."""
    _release(cloud, "one", "two", "three")
    manifest = make_bundle(cloud.copy(), "one", config=CONFIG)
    package = manifest.functions["api"].sha256
    assert package not in _stored(cloud)
    cloud.s3.put_object(Bucket=ARTIFACTS, Key=cloud.blobs.key(package), Body=b"evil", IfNoneMatch="*")
    with pytest.raises(KanmonError) as caught:
        release(cloud, "one", config=CONFIG)
    assert caught.value.code is Code.BLOB_REPLACED


EXAMPLES = int(os.environ.get("KANMON_MODEL_EXAMPLES", "3"))
RELEASES = st.tuples(st.just("release"), st.sampled_from(VERSIONS), st.sampled_from(FAULTS))
ROLLBACKS = st.tuples(st.just("rollback"), st.sampled_from((None, *(f"r{number}" for number in range(1, 6)))))
ACTIONS = st.lists(RELEASES | ROLLBACKS | st.just(("month",)), min_size=4, max_size=8)


@settings(max_examples=EXAMPLES, phases=(Phase.explicit, Phase.generate), deadline=None)
@given(ACTIONS, st.integers(2, 3))
@example([*(("release", version, None) for version in VERSIONS), ("rollback", "r3")], 2)
def test_nothing_that_a_kept_release_needs_is_deleted(actions: list[Any], kept: int) -> None:
    """AWS-2: after any history of releases, failures and rollbacks. What nothing needs goes with time."""
    cloud = Cloud()
    for action, *more in actions:
        if action == "month":
            cloud.clock.move(MONTH)
        elif action == "rollback":
            with suppress(KanmonError):
                roll_back(cloud, *more)
        else:
            version, fault = more
            _try(cloud, version, fault, kept)
        expect_one_release(cloud)
    for version in ("last", "but", "least"):
        cloud.clock.move(MONTH)
        assert _try(cloud, version, None, kept).result is Result.STABLE
        expect_one_release(cloud)
    kept_ones = cloud.ledger.head().kept
    assert len(kept_ones) == kept
    assert _stored(cloud) == _needed(cloud, *kept_ones)
    assert {name for name in cloud.s3.objects(WEB) if "/" in name} == _assets(cloud, *kept_ones)
    assert cloud.gateway.deployments == {
        record.pointer.deployment for record in cloud.ledger.releases() if record.id in kept_ones
    }


def _try(cloud: Cloud, version: str, fault: str | None, kept: int) -> Outcome:
    """A release whose checks fail at a target, or nowhere."""
    cloud.faulty.update((f"r{number}", fault) for number in range(1, 20) if fault)
    try:
        return release(cloud, version, config=_config(version, kept), lift_freeze="fixed")
    finally:
        cloud.faulty.clear()


def _config(version: str, kept: int) -> Config:
    """Each version has routes of its own."""
    paths = ("/api/{proxy+}", f"/api/{version}/{{proxy+}}")
    routes = [{"path": path, "function": "api"} for path in paths]
    return make_config(releases={"kept": kept}, api={"routes": routes})
