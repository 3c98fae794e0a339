"""The dashboard's graphs of both slots, in their colours: functions and workflows (MON-1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.cloudformation.templates.widgets import MINUTE, Limit, Line, Widget, graph, math, metric

if TYPE_CHECKING:
    from kanmon.config import Config

SLOTS = {"blue": "#1f77b4", "green": "#2ca02c"}


@dataclass(frozen=True)
class Search:
    """Metrics of all that a slot has, whatever it is called.

    A name without quotes is found by words that follow each other:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
    """

    namespace: str
    dimension: str
    names: tuple[str, ...]
    stat: str = "Sum"

    def of(self, prefix: str, slot: str) -> str:
        """As a function of CloudWatch's metric math."""
        names = " OR ".join(f'MetricName="{name}"' for name in self.names)
        of = f"{{{self.namespace},{self.dimension}}} ({names}) {self.dimension}={prefix}-{slot}"
        return f"SEARCH('{of}', '{self.stat}', {MINUTE})"


def _functions(*names: str, stat: str = "Sum") -> Search:
    return Search("AWS/Lambda", "FunctionName", names, stat)


def _workflows(*names: str, stat: str = "Sum") -> Search:
    return Search("AWS/States", "StateMachineArn", names, stat)


def slots(config: Config, marks: list[Line]) -> list[Widget]:
    """How much the functions are called, and how well that goes."""
    called, failed = _functions("Invocations"), _functions("Errors")
    alarm = Limit(config.thresholds.function_error_percent, "alarm")
    return [
        graph("Slots: invocations a minute", _lines(config, "SUM({})", called), marks=marks),
        graph(
            "Slots: failed invocations",
            _lines(config, "100 * SUM({}) / SUM({})", failed, called),
            alarm,
            unit="%",
            marks=marks,
        ),
        graph(
            "Slots: p95 of the slowest function",
            _lines(config, "MAX({})", _functions("Duration", stat="p95")),
            unit="ms",
            marks=marks,
        ),
    ]


def load(config: Config, marks: list[Line]) -> list[Widget]:
    """How many run at once, and what they say of it."""
    running = _functions("ConcurrentExecutions", stat="Maximum")
    logged = [
        metric(f"Kanmon/{config.prefix}", f"{slot}-errors", {}, stat="Sum", label=slot, color=color)
        for slot, color in SLOTS.items()
    ]
    return [
        graph("Slots: functions running at once", _lines(config, "SUM({})", running), marks=marks),
        graph("Slots: throttled", _lines(config, "SUM({})", _functions("Throttles")), marks=marks),
        graph("Slots: errors in the logs", logged, marks=marks),
    ]


def workflows(config: Config, marks: list[Line]) -> list[Widget]:
    """Executions of state machines, by what became of those that ended."""
    bad = ("ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted")
    ended = _workflows("ExecutionsSucceeded", *bad)
    alarm = Limit(config.thresholds.workflow_failure_percent, "alarm")
    return [
        graph(
            "Workflows: executions a minute",
            _lines(config, "SUM({})", _workflows("ExecutionsStarted")),
            marks=marks,
        ),
        graph(
            "Workflows: failed executions",
            _lines(config, "100 * SUM({}) / SUM({})", _workflows(*bad), ended),
            alarm,
            unit="%",
            marks=marks,
        ),
        graph(
            "Workflows: p95 of the slowest",
            _lines(config, "MAX({})", _workflows("ExecutionTime", stat="p95")),
            unit="ms",
            marks=marks,
        ),
    ]


def _lines(config: Config, expression: str, *searches: Search) -> list[Line]:
    """One line for each slot."""
    return [
        math(expression.format(*(one.of(config.prefix, slot) for one in searches)), slot, color=color)
        for slot, color in SLOTS.items()
    ]
