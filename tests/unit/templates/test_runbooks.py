"""Each alarm leads to its runbook in the operations manual, and each runbook belongs to an alarm."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kanmon.config.thresholds import Thresholds
from kanmon.documentation import OPERATIONS, OWN_ALARMS, split_runbook
from kanmon.naming import Alarm
from kanmon.notify.meanings import in_chosen_language
from kanmon.templates.dashboard import dashboard
from kanmon.templates.observability import observability_template
from kanmon.templates.queries import saved_queries
from kanmon.templates.slot import slot_template
from tests.fakes.app import make_config, make_definitions, make_full_config, make_tuned_config
from tests.unit.templates.bootstrapped import CONFIGS
from tests.unit.templates.parsed import of_kind

if TYPE_CHECKING:
    from kanmon.config.schema import Config

PAGE = (Path(__file__).resolve().parents[3] / OPERATIONS).read_text("utf-8")
OF_SLOTS = {"errors", "failures", "rollback"}
CONFIGURED = {
    "small": make_config(),
    "everything": make_full_config(**CONFIGS["everything"]),
    "beside the edge": make_config(region="us-east-1", notifications={"channels": {"slack": "shop-slack"}}),
    "tuned": make_tuned_config(),
    "described at length": make_config(
        alarms={"long": {"namespace": "Shop", "metric": "Orders", "threshold": 1, "description": "x" * 900}}
    ),
}


def _descriptions(config: Config, *, sending: bool = False) -> list[str]:
    """Those of all alarms in an environment, or of the ones that send messages."""
    keys = dict.fromkeys(config.functions, "test/blobs/" + "a" * 64)
    templates = [
        observability_template(config, "test/blobs/" + "b" * 64),
        slot_template(config, keys, make_definitions(config)),
    ]
    return [
        alarm["AlarmDescription"]
        for template in templates
        for kind in ("CloudWatch::Alarm", "CloudWatch::CompositeAlarm")
        for alarm in of_kind(template, kind).values()
        if alarm.get("AlarmActions") or not sending
    ]


def _runbooks() -> list[str]:
    """The headings of the runbooks. Each is its own anchor, on GitHub and on the site."""
    section = PAGE.split("\n## Alarm runbooks\n")[1].split("\n## ")[0]
    return [re.sub(" ", "-", heading.lower()) for heading in re.findall(r"^### (.+)$", section, re.MULTILINE)]


@pytest.mark.parametrize("name", CONFIGURED)
def test_each_alarm_leads_to_its_runbook(name: str) -> None:
    """DOC-2, MON-2: who gets the message gets the page with what to do."""
    for description in _descriptions(CONFIGURED[name]):
        meaning, address = split_runbook(description)
        assert meaning
        assert address.partition("#")[2] in _runbooks(), description
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
        assert len(description) <= 1024


@pytest.mark.usefixtures("japanese")
@pytest.mark.parametrize("name", CONFIGURED)
def test_each_message_has_its_meaning_in_japanese(name: str) -> None:
    """DOC-1, MON-2: but for a text of the team."""
    meanings = {split_runbook(one)[0] for one in _descriptions(CONFIGURED[name], sending=True)}
    own = {alarm.description for alarm in CONFIGURED[name].alarms.values()}
    assert meanings - own
    assert [one for one in meanings - own if in_chosen_language(one) == one] == []


def test_each_runbook_belongs_to_an_alarm() -> None:
    """DOC-2: none is missing, and none is about an alarm that is gone."""
    assert sorted(_runbooks()) == sorted({*Alarm, *OF_SLOTS, OWN_ALARMS})


@pytest.mark.parametrize("runbook", sorted({*Alarm, *OF_SLOTS, OWN_ALARMS}))
def test_a_runbook_has_meaning_look_decision_and_end(runbook: str) -> None:
    """DOC-2: in the same order each time, for a reader at night."""
    heading = runbook if runbook != OWN_ALARMS else "Alarms of your own"
    body = PAGE.split(f"\n### {heading}\n")[1].split("\n## ")[0].split("\n### ")[0]
    places = [body.find(f"**{word}**") for word in ("Means", "Look", "Decide", "Over")]
    assert -1 not in places
    assert places == sorted(places)
    assert "```sh" in body


def test_every_graph_has_its_normal_range() -> None:
    """DOC-2, MON-1: daily monitoring names all graphs and tables of the dashboard, in their order."""
    config = CONFIGURED["everything"]
    titles = [
        widget["properties"]["title"]
        for widget in json.loads(dashboard(config, []))["widgets"]
        if "title" in widget["properties"]
    ]
    section = PAGE.split("\n## Daily monitoring\n")[1].split("\n## ")[0]
    assert re.findall(r"^\| ([A-Z][^|]*?) \|", section, re.MULTILINE) == titles


def test_the_numbers_of_the_page_are_the_defaults() -> None:
    """DOC-2, MON-2"""
    defaults = Thresholds()
    section = PAGE.split("\n## Alarm runbooks\n")[1].split("\n## ")[0]
    for text in (
        f"more than {defaults.api_error_percent:g} % of the API's answers",
        f"longer than {defaults.api_p95:g} seconds",
        f"more than {defaults.database_connections} connections",
        f"more than {defaults.function_error_percent:g} % of its invocations",
        f"more than {defaults.state_machine_failure_percent:g} % of its executions",
    ):
        assert text in section


def test_every_saved_query_is_named() -> None:
    """DOC-2, MON-4"""
    for query in saved_queries(CONFIGURED["everything"]):
        assert f"\n| {query.name.partition('/')[2]} | " in PAGE
