"""The plan names the pages that a release changes (CD-4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.release.plan import live_release
from kanmon.release.web_plan import web_plan
from tests.fakes.app import make_bundle, make_config
from tests.fakes.runs import release

if TYPE_CHECKING:
    from tests.fakes.cloud import Cloud


def test_only_pages_and_headers_that_differ_are_named(cloud: Cloud) -> None:
    release(cloud, "one")
    config = make_config(web={"directory": "web/dist", "settings": {"MAPS": "on"}})
    services = cloud.services()
    live = live_release(services, services.ledger.head())
    changes = web_plan(make_bundle(cloud, "two", config=config), live)
    assert changes.changed == ("index.html", "sw.js")
    assert (changes.files, changes.assets) == (4, 1)
    assert changes.served == {"web.settings.MAPS": "on"}


def test_all_pages_of_a_first_release_are_new(cloud: Cloud) -> None:
    assert len(web_plan(make_bundle(cloud, "one"), None).changed) == 3
