"""A plan in numbers (CD-12)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.report.figures import plan_figures
from tests.fakes.app import make_bundle
from tests.fakes.runs import plan_of, release

if TYPE_CHECKING:
    from tests.fakes.cloud import Cloud


def test_a_plan_is_counted_by_kinds_of_change(cloud: Cloud) -> None:
    release(cloud, "a1")
    figures = dict(plan_figures(plan_of(cloud, make_bundle(cloud, "b2"))))
    assert "changed" in figures["resources"]
    assert figures["commit"] == "b20000000000"


def test_resources_of_stacks_without_a_change_set_count(cloud: Cloud) -> None:
    figures = dict(plan_figures(plan_of(cloud, make_bundle(cloud, "a1"))))
    assert not figures["resources"].startswith("0 added")
    assert figures["resources"].endswith("4 stacks read from their templates")
    assert figures["permissions"] == "5 changes"
