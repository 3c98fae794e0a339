"""`kanmon outputs`: what a team needs of its environment, by plain names (ADP-5)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from kanmon.errors import ExitStatus

if TYPE_CHECKING:
    from tests.unit.cli.commands.conftest import App


def test_every_output_has_a_plain_name(app: App) -> None:
    app.deploy("one")
    assert app.run("outputs", "--json") is ExitStatus.OK
    found = json.loads(app.printed())
    assert found["logs"]["blue"] == "/aws/lambda/shop-test-blue"
    assert found["stacks"]["slot"]["Release"] == "r1"
    assert found["url"] == "https://edge.test"
    assert found["api"] == "https://edge.test/api"


def test_people_get_a_table(app: App) -> None:
    app.deploy("one")
    assert app.run("outputs") is ExitStatus.OK
    rows = [line.split() for line in app.printed().splitlines()]
    assert ["stacks.slot.Release", "r1"] in rows
    assert ["url", "https://edge.test"] in rows


def test_before_the_first_release_there_is_nothing(app: App) -> None:
    assert app.run("outputs") is ExitStatus.OK
    assert "shop-test has no stacks yet." in app.printed()
    assert app.untouched


def test_each_environment_has_its_own(app: App) -> None:
    """ADP-5: `--env` before and after the command."""
    app.deploy("one")
    content = json.loads((app.folder / "kanmon.yml").read_text())
    del content["environment"]
    blocks = {"environments": {"production": {}, "test": {"web": {"settings": {"STAGE": "test"}}}}}
    (app.folder / "kanmon.yml").write_text(json.dumps(content | blocks))
    assert app.run("outputs", "--env", "test") is ExitStatus.OK
    assert "https://edge.test" in app.printed()
    assert app.run("--env", "production", "outputs") is ExitStatus.OK
    assert "shop-production has no stacks yet." in app.printed()
    assert app.run("outputs") is ExitStatus.OK
    assert "shop-production" in app.printed(), "the first one"
    assert "has no environment qa" in app.refusal("outputs", "--env", "qa")
