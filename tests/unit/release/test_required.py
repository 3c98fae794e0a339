"""`requires`: production gets only what was stable in staging, by the bundle's content (ADP-5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.ledger.ledger import Ledger, as_json, release_key
from kanmon.ledger.records import Release
from kanmon.model import ReleaseState, Result
from kanmon.release.deploy import deploy
from kanmon.release.dry_run import deploy_steps
from tests.fakes.app import make_bundle, make_config
from tests.fakes.runs import ignore, plan_of, release, roll_back
from tests.fakes.services import FakeApproval
from tests.fakes.store import MemoryStore

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanmon.bundle.manifest import Manifest
    from kanmon.model import Approval
    from tests.fakes.cloud import Cloud

CONFIG = make_config(requires="staging", environments={"staging": {}, "test": {}})


def _bundle(cloud: Cloud) -> Manifest:
    return make_bundle(cloud, "a1", config=CONFIG)


def _in_staging(
    cloud: Cloud, bundle: str, *, state: ReleaseState = ReleaseState.STABLE, stable: bool = True
) -> None:
    """A release of staging with this bundle. Its config is staging's own."""
    now = cloud.clock.now()
    record = Release(
        id="r7", commit="c", bundle=bundle, config="s" * 64, created=now, state=state,
        stable_at=now if stable else None,
    )  # fmt: skip
    store = cloud.others.setdefault("staging", MemoryStore())
    store.objects[release_key("r7")] = as_json(record)


def _code(run: Callable[[], object]) -> Code:
    with pytest.raises(KanmonError) as caught:
        run()
    return caught.value.code


def test_a_bundle_that_staging_had_is_released(cloud: Cloud) -> None:
    manifest = _bundle(cloud)
    _in_staging(cloud, manifest.digest)
    plan = plan_of(cloud, manifest)
    assert plan.required == "r7 in staging"
    assert deploy(cloud.services(), plan, FakeApproval(), ignore).result is Result.STABLE


@pytest.mark.parametrize(
    ("state", "stable"),
    [
        (ReleaseState.CANDIDATE, False),
        (ReleaseState.ABORTED, False),
        (ReleaseState.ROLLED_BACK, False),
        (ReleaseState.ROLLED_BACK, True),
    ],
)
def test_a_bundle_that_was_not_stable_there_is_refused(
    cloud: Cloud, state: ReleaseState, *, stable: bool
) -> None:
    manifest = _bundle(cloud)
    _in_staging(cloud, manifest.digest, state=state, stable=stable)
    assert _code(lambda: plan_of(cloud, manifest)) is Code.NOT_STABLE_BEFORE
    assert not cloud.store.writes


def test_a_bundle_that_staging_never_had_is_refused(cloud: Cloud) -> None:
    manifest = _bundle(cloud)
    assert _code(lambda: plan_of(cloud, manifest)) is Code.NOT_STABLE_BEFORE
    _in_staging(cloud, "b" * 64)
    with pytest.raises(KanmonError, match=f"{manifest.digest[:12]} was never stable in staging") as caught:
        plan_of(cloud, manifest)
    assert "--env staging" in caught.value.fix


def test_the_deploy_compares_again_before_anything_changes(cloud: Cloud) -> None:
    """TRU-1: a forged plan, or a rollback in staging before the deploy begins."""
    manifest = _bundle(cloud)
    _in_staging(cloud, manifest.digest)
    plan = plan_of(cloud, manifest)
    _in_staging(cloud, manifest.digest, state=ReleaseState.ROLLED_BACK)
    assert _code(lambda: [*deploy_steps(cloud.services(), plan)]) is Code.NOT_STABLE_BEFORE
    assert _code(lambda: deploy(cloud.services(), plan, FakeApproval(), ignore)) is Code.NOT_STABLE_BEFORE
    assert not cloud.stacks.executed
    assert cloud.ledger.head().operations == 0


def test_a_rollback_in_staging_during_the_review_stops_the_deploy(cloud: Cloud) -> None:
    manifest = _bundle(cloud)
    _in_staging(cloud, manifest.digest)
    plan = plan_of(cloud, manifest)

    class _Late(FakeApproval):
        def approve(self, what: object) -> Approval:
            _in_staging(cloud, manifest.digest, state=ReleaseState.ROLLED_BACK)
            return super().approve(what)  # type: ignore[arg-type]

    assert _code(lambda: deploy(cloud.services(), plan, _Late(), ignore)) is Code.NOT_STABLE_BEFORE
    head = cloud.ledger.head()
    assert (head.operations, head.lease) == (0, None)
    assert not cloud.stacks.executed


def test_the_approved_config_decides_at_the_deploy(cloud: Cloud) -> None:
    """TRU-1: what the plan holds of it is for its readers alone."""
    manifest = _bundle(cloud)
    _in_staging(cloud, manifest.digest)
    plan = plan_of(cloud, manifest).model_copy(update={"required": ""})
    cloud.others.clear()
    assert _code(lambda: deploy(cloud.services(), plan, FakeApproval(), ignore)) is Code.NOT_STABLE_BEFORE


def test_a_rollback_requires_nothing(cloud: Cloud) -> None:
    """CD-9: users come first; the release was stable here."""
    for version in ("a1", "a2"):
        _in_staging(cloud, make_bundle(cloud, version, config=CONFIG).digest)
        release(cloud, version, config=CONFIG)
    cloud.others.clear()
    assert roll_back(cloud).result is Result.ROLLED_BACK


def test_the_newest_right_record_counts_and_an_unreadable_one_does_not(cloud: Cloud) -> None:
    store = MemoryStore()
    cloud.others["staging"] = store
    _in_staging(cloud, "b" * 64)
    store.objects[release_key("r9")] = b"{}"
    found = Ledger(store).stable_release("b" * 64)
    assert found
    assert found.id == "r7"
