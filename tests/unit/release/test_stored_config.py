"""A stored release of another Kanmon can be left, returned to, recovered and checked (CD-9, CD-13).

Its manifest has a config by another schema, refused by this Kanmon in `kanmon.yml`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.ledger.ledger import as_json, release_key
from kanmon.model import Result
from kanmon.release.events import EventKind
from kanmon.release.recover import recover
from kanmon.release.smoke import smoke
from tests.fakes.app import make_bundle, make_config
from tests.fakes.runs import ignore, plan_of, release, roll_back
from tests.fakes.services import FakeApproval

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanmon.release.events import Event
    from tests.fakes.cloud import Cloud


def _all(config: dict[str, Any]) -> None:
    for change in CHANGES.values():
        change(config)


CHANGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "a dropped runtime": lambda config: config["functions"]["api"].update(runtime="python3.7"),
    "a dropped key": lambda config: config.update(colour="red"),
    "a dropped key in a section that is read": lambda config: config["api"]["throttle"].update(daily=9),
    "a key added since": lambda config: config.pop("costs"),
    "a newer check kind": lambda config: config["checks"].append({"name": "sum", "kind": "function"}),
    "a newer assertion": lambda config: config["checks"][0]["expect"].update(colour="red"),
}


def _change(cloud: Cloud, release_id: str, change: Callable[[dict[str, Any]], object] = _all) -> None:
    """Give a release the manifest and the config of another Kanmon."""
    record = cloud.ledger.release(release_id)
    assert record
    manifest = json.loads(cloud.blobs.manifest(record.bundle).stored)
    manifest["signed_by"] = "a field unknown to this Kanmon"
    manifest["web"]["index.html"]["signature"] = "x"
    stored = json.loads(cloud.blob(record.config))
    change(stored["config"])
    stored["signed_by"] = "a field unknown to this Kanmon"
    files = {
        "bundle": cloud.keep(json.dumps(manifest).encode()),
        "config": cloud.keep(json.dumps(stored).encode()),
    }
    cloud.store.objects[release_key(release_id)] = as_json(record.model_copy(update=files))


def _of_version_1(cloud: Cloud, release_id: str) -> None:
    """Give a release the files of the first format: the config is in the manifest."""
    record = cloud.ledger.release(release_id)
    assert record
    manifest = json.loads(cloud.blobs.manifest(record.bundle).stored)
    del manifest["built"]
    whole = {"version": 1, "config": json.loads(cloud.blob(record.config))["config"]}
    bundle = cloud.keep(json.dumps(manifest | whole).encode())
    old = json.loads(as_json(record.model_copy(update={"bundle": bundle, "version": 1})))
    del old["config"]
    cloud.store.objects[release_key(release_id)] = json.dumps(old).encode()


def test_a_release_of_the_first_format_is_returned_to(cloud: Cloud) -> None:
    """CD-9: in a slot, out of one, and as the base of a release that fails."""
    for version in ("a1", "a2", "a3"):
        release(cloud, version)
    for name in ("r1", "r2", "r3"):
        _of_version_1(cloud, name)
    cloud.faulty.add(("r4", "live"))
    assert release(cloud, "a4").result is Result.ROLLED_BACK
    assert cloud.users == ("r3", "r3")
    assert roll_back(cloud, "r1").result is Result.ROLLED_BACK
    assert cloud.users == ("r1", "r1")


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_users_return_to_it_through_a_slot_update(
    cloud: Cloud, change: Callable[[dict[str, Any]], object]
) -> None:
    """The slot is updated and the candidate is checked first."""
    for version in ("a1", "a2", "a3"):
        release(cloud, version)
    _change(cloud, "r1", change)
    assert roll_back(cloud, "r1").result is Result.ROLLED_BACK
    assert cloud.users == ("r1", "r1")
    assert ("candidate", "r1") in cloud.checked


def test_a_new_release_is_planned_over_it(cloud: Cloud) -> None:
    release(cloud, "a1")
    _change(cloud, "r1")
    plan = plan_of(cloud, make_bundle(cloud, "a2"))
    assert plan.base == "r1"
    assert "robots.txt" not in plan.web.changed


def test_a_failed_release_returns_users_to_it(cloud: Cloud) -> None:
    release(cloud, "a1")
    _change(cloud, "r1")
    cloud.faulty.add(("r2", "live"))
    events: list[Event] = []
    assert release(cloud, "a2", observer=events.append).result is Result.ROLLED_BACK
    assert cloud.users == ("r1", "r1")
    notes = [event.text for event in events if event.kind is EventKind.NOTE]
    assert "the check health runs without `expect.colour`: this Kanmon does not know it" in notes


@pytest.mark.parametrize(("keep", "live"), [(True, "r2"), (False, "r1")], ids=["kept", "undone"])
def test_it_is_recovered(cloud: Cloud, *, keep: bool, live: str) -> None:
    """Both releases are of another Kanmon."""
    release(cloud, "a1")
    cloud.faulty |= {("r2", "live"), ("r1", "stable")}
    assert release(cloud, "a2").result is Result.HELD
    _change(cloud, "r1")
    _change(cloud, "r2")
    assert recover(cloud.services(), ignore, FakeApproval(), keep=keep)
    assert cloud.users == (live, live)
    assert cloud.ledger.head().operation is None


def test_its_known_checks_run_and_the_others_are_named(cloud: Cloud) -> None:
    """CD-7: also where the repository's config has no API any more."""
    release(cloud, "a1")
    _change(cloud, "r1")
    events: list[Event] = []
    now = make_config(api=None, checks=[{"name": "page", "path": "/"}])
    results = smoke(cloud.services(), now, events.append)
    assert [(result.check.name, result.passed) for result in results] == [("health", True), ("page", True)]
    assert [event.text for event in events if event.kind is EventKind.NOTE] == [
        "the check health runs without `expect.colour`: this Kanmon does not know it",
        "the check sum does not run: this Kanmon can't read its `kind`",
    ]


def test_without_any_known_check_smoke_fails(cloud: Cloud) -> None:
    """CD-7: no check may count as passed without a run."""
    release(cloud, "a1")
    _change(cloud, "r1", lambda config: config.update(checks=[{"name": "sum", "kind": "function"}]))
    with pytest.raises(KanmonError) as caught:
        smoke(cloud.services(), make_config(), ignore)
    assert caught.value.code is Code.BUNDLE_OTHER_VERSION
