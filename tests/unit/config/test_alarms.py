"""Alarms of the team's own: what each may watch, and the mistakes (MON-2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from kanmon.config.source import load_config
from kanmon.errors import KanmonError
from tests.fakes.app import ALARMS, make_config, make_full_config

if TYPE_CHECKING:
    from pathlib import Path

_CONFIG = """\
app: shop
functions: {{api: {{handler: shop.api, artifact: build}}, worker: {{handler: shop.work, artifact: build}}}}
api: {{routes: [{{path: /api, function: api}}]}}
queues: {{mail: {{function: worker}}, failed: {{}}}}
checks: [{{name: health, path: /api}}]
alarms:
  mine: {alarm}
"""


@pytest.mark.parametrize("name", ALARMS)
def test_every_source_is_fine(name: str) -> None:
    """MON-2"""
    assert make_full_config(alarms={name: ALARMS[name]}).alarms[name].threshold >= 0


@pytest.mark.parametrize(
    ("alarm", "problem", "fix"),
    [
        ("{threshold: 1}", "This one names none", "`function`, `state_machine`, `queue`, `database`"),
        (
            "{function: api, queue: mail, metric: Errors, threshold: 1}",
            "names function and queue",
            "Give it one of",
        ),
        ("{function: api, threshold: 1}", "`function` needs a metric", "`metric: Duration`"),
        ("{log_pattern: x, metric: Errors, threshold: 1}", "takes no metric", "Remove `metric`"),
        ("{function: api, metric: Errors}", "`alarms.mine.threshold` is missing", "threshold: 10"),
        ("{function: api, metric: Errors, threshold: high}", "It must be a number", "threshold: 10"),
        ("{function: api, metric: Errors, threshold: .inf}", "It must be a number", "threshold: 10"),
        ("{function: pay, metric: Errors, threshold: 1}", "names the function pay, which is not", "`api`"),
        ("{queue: male, metric: X, threshold: 1}", "names the queue male, which is not", "`mail`"),
        ("{queue: failed-dead, metric: X, threshold: 1}", "names the queue failed-dead", "`failed`"),
        ("{state_machine: report, metric: X, threshold: 1}", "the state machine report", "`state_machines`"),
        ("{database: true, metric: X, threshold: 1}", "there is no `database`", "remove the alarm"),
        (
            "{namespace: Shop, metric: X, threshold: 1, dimensions: {A: '${orders.TableName}'}}",
            "An alarm takes no values of stacks",
            "Write the value itself",
        ),
        (
            "{function: api, metric: X, threshold: 1, dimensions: {A: b}}",
            "Only a metric with `namespace` takes dimensions",
            "Remove `dimensions`",
        ),
        ("{function: api, metric: X, threshold: 1, statistic: P95}", "a percentile such as `p95`", "p95"),
        ("{function: api, metric: X, threshold: 1, statistic: sum}", "Use `Sum`", "Maximum"),
        (
            '{function: api, metric: X, threshold: 1, comparison_operator: ">"}',
            "one of `GreaterThanThreshold`",
            "comparison_operator: GreaterThanThreshold",
        ),
        ("{function: api, metric: X, threshold: 1, period: 90s}", "takes whole minutes", "period: 5m"),
        ("{function: api, metric: X, threshold: 1, period: 90m}", "takes whole minutes", "period: 5m"),
        (
            "{function: api, metric: X, threshold: 1, period: 1h, evaluation_periods: 25}",
            "25 periods of 3600 seconds are more than a day",
            "at most 24 periods",
        ),
        (
            "{function: api, metric: X, threshold: 1, datapoints_to_alarm: 2}",
            "2 of 1 periods can't be bad",
            "evaluation_periods: 2",
        ),
        (
            "{function: api, metric: X, threshold: 1, treat_missing_data: breaching, rollback: true}",
            "would roll back every release",
            "notBreaching",
        ),
        (
            "{log_pattern: '{{{{resolve:ssm:x}}}}', threshold: 1}",
            "`alarms.mine.log_pattern` has a dynamic reference",
            "Remove it",
        ),
        ("{treshold: 1, function: api, metric: X}", "`alarms.mine.treshold` is not a key", "`threshold`"),
    ],
)
def test_a_mistake_has_its_line_and_its_fix(tmp_path: Path, alarm: str, problem: str, fix: str) -> None:
    """INF-9, MON-2"""
    path = tmp_path / "kanmon.yml"
    path.write_text(_CONFIG.format(alarm=alarm.replace("{{{{", "{{").replace("}}}}", "}}")), "utf-8")
    with pytest.raises(KanmonError) as caught:
        load_config(path)
    assert problem in caught.value.message
    assert fix in f"{caught.value.message} {caught.value.fix}"
    assert "kanmon.yml:7" in f"{caught.value.where} {caught.value.message}"


@pytest.mark.parametrize("key", ["description", "metric", "log_pattern"])
def test_a_dynamic_reference_is_refused_anywhere(key: str) -> None:
    """INF-4: CloudFormation would put the secret's value into the alarm."""
    alarm: dict[str, Any] = {"namespace": "Shop", "metric": "Orders", "threshold": 1}
    if key == "log_pattern":
        alarm = {"threshold": 1}
    with pytest.raises(ValidationError, match=f"alarms.mine.{key}. has a dynamic reference"):
        make_config(alarms={"mine": alarm | {key: "{{resolve:ssm:x}}"}})
