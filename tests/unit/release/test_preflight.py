"""All templates of a release are looked through, its packages looked for, before any change set (CD-4)."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from kanmon.bundle.blobs import blob_key
from kanmon.cli.render import unbuilt
from kanmon.errors import Code, KanmonError
from kanmon.ledger import Slot
from kanmon.release.blueprint import SLOT, Output, blueprint
from kanmon.release.preflight import inspect
from tests.fakes.app import make_bundle, make_config, make_full_config
from tests.fakes.cloud import ARTIFACTS
from tests.fakes.runs import go_back, plan_of, release

if TYPE_CHECKING:
    from tests.fakes.cloud import Cloud


def test_a_package_that_is_not_in_the_bucket_is_refused(cloud: Cloud) -> None:
    """CD-6: plan uploads the bundle; what somebody deleted since is missed before any change set is made."""
    manifest = make_bundle(cloud, "one")
    package = manifest.functions["api"].sha256
    del cloud.s3.objects(ARTIFACTS)[blob_key(package)]
    with pytest.raises(KanmonError) as caught:
        plan_of(cloud, manifest)
    assert caught.value.code is Code.BUNDLE_MISSING
    assert "migrate" in caught.value.message
    assert cloud.stacks.proposals == {}


def test_a_definition_that_is_not_in_the_bucket_is_refused(cloud: Cloud) -> None:
    """CD-6, INF-7"""
    manifest = make_bundle(cloud, "one", config=make_full_config())
    definitions = {
        name: definition.model_copy(update={"sha256": "0" * 64})
        for name, definition in manifest.workflows.items()
    }
    lacking = manifest.model_copy(update={"workflows": definitions})
    with pytest.raises(KanmonError) as caught:
        plan_of(cloud, lacking)
    assert caught.value.code is Code.BUNDLE_MISSING
    assert "quick" in caught.value.message
    assert cloud.stacks.proposals == {}


def test_too_many_functions_are_refused_by_the_stacks_name(cloud: Cloud) -> None:
    function = make_config().functions["api"].model_dump()
    config = make_config(functions={f"f{n}": function for n in range(300)} | {"api": function}, hooks=[])
    with pytest.raises(KanmonError) as caught:
        plan_of(cloud, make_bundle(cloud, "one", config=config))
    assert caught.value.code is Code.TEMPLATE_TOO_BIG
    assert caught.value.where == "shop-test-slot-blue"
    assert "of its 301 functions are too many" in caught.value.message
    assert cloud.stacks.proposals == {}


def test_an_output_that_no_stack_gives_is_refused() -> None:
    """Otherwise its stack would wait for it for ever."""
    config = make_config()
    specs = blueprint(config, unbuilt(config), "r1", Slot.BLUE, ARTIFACTS)
    inspect(config, specs)
    broken = [
        replace(spec, parameters={**spec.parameters, "KeyArn": Output(part="foundation", key="NoKey")})
        if spec.part == SLOT
        else spec
        for spec in specs
    ]
    with pytest.raises(KanmonError, match="KeyArn is to be the output NoKey of foundation"):
        inspect(config, broken)


def test_a_rollback_misses_a_package_before_it_touches_the_slot(cloud: Cloud) -> None:
    """CD-9"""
    for version in ("one", "two", "three"):
        release(cloud, version)
    # r1 is in neither slot any more.
    package = make_bundle(cloud, "one").functions["api"].sha256
    del cloud.s3.objects(ARTIFACTS)[blob_key(package)]
    executed = list(cloud.stacks.executed)
    outcome = go_back(cloud, "r1")
    assert outcome.failure is not None
    assert outcome.failure.code is Code.BUNDLE_MISSING
    assert cloud.stacks.executed == executed
    assert cloud.users == ("r3", "r3")
