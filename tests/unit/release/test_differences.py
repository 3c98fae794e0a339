"""What a plan shows of a changed config, though no file of the bundle changed (ADP-5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.model import Result
from kanmon.release.loaded import Loader
from tests.fakes.app import make_bundle, make_config
from tests.fakes.runs import plan_of, release, roll_back

if TYPE_CHECKING:
    from tests.fakes.cloud import Cloud

PAGE = [{"name": "page", "path": "/"}]


def test_checks_change_without_a_build(cloud: Cloud) -> None:
    """The same bundle with another config is another release, and its checks run."""
    release(cloud, "a1")
    manifest = make_bundle(cloud, "a1")
    plan = plan_of(cloud, make_bundle(cloud, "a1", config=make_config(checks=PAGE, tags={"team": "b"})))
    assert plan.bundle == manifest.digest
    assert plan.release == "r2"
    assert plan.config_changes == ("tags.team", "checks")
    assert release(cloud, "a1", config=make_config(checks=PAGE, tags={"team": "b"})).result is Result.STABLE
    record = cloud.ledger.release("r2")
    assert record
    assert record.bundle == manifest.digest
    assert [check.name for check in Loader(cloud.blobs).load(record).config.checks] == ["page"]


def test_a_rollback_uses_the_config_of_its_release(cloud: Cloud) -> None:
    """CD-9: though both releases are of one bundle."""
    settings = {"directory": "web/dist", "settings": {"STAGE": "one"}}
    release(cloud, "a1", config=make_config(web=settings))
    release(cloud, "a1", config=make_config(web=settings | {"settings": {"STAGE": "two"}}, checks=PAGE))
    cloud.checked.clear()
    assert roll_back(cloud).result is Result.ROLLED_BACK
    assert cloud.users == ("r1", "r1")
    assert cloud.pages() == cloud.pages_of("r1")
    assert b"one" in cloud.pages()["index.html"]


def test_the_same_bundle_and_config_is_no_new_release(cloud: Cloud) -> None:
    release(cloud, "a1")
    assert plan_of(cloud, make_bundle(cloud, "a1")).unchanged


def test_the_first_release_changes_no_key(cloud: Cloud) -> None:
    assert plan_of(cloud, make_bundle(cloud, "a1")).config_changes == ()
