"""The dashboard's graphs of both slots, in their colours: functions and state machines (MON-1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kanmon.model import Slot
from kanmon.naming import app_metrics, error_metric
from kanmon.templates.widgets import MINUTE, Limit, Line, Widget, graph, math, metric

if TYPE_CHECKING:
    from kanmon.config.schema import Config

COLOURS = {Slot.BLUE: "#1f77b4", Slot.GREEN: "#2ca02c"}


@dataclass(frozen=True)
class Search:
    """A search for the metrics of all functions, or of all state machines, of a slot.

    `FunctionName=shop-production-blue` without quotes finds all names with these words in a row:
    https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/search-expression-syntax.html
    """

    namespace: str
    dimension: str
    names: tuple[str, ...]
    stat: str = "Sum"

    def of(self, prefix: str, slot: str) -> str:
        """The search as a function of CloudWatch's metric math."""
        names = " OR ".join(f'MetricName="{name}"' for name in self.names)
        of = f"{{{self.namespace},{self.dimension}}} ({names}) {self.dimension}={prefix}-{slot}"
        return f"SEARCH('{of}', '{self.stat}', {MINUTE})"


def _functions(*names: str, stat: str = "Sum") -> Search:
    return Search("AWS/Lambda", "FunctionName", names, stat)


def _state_machines(*names: str, stat: str = "Sum") -> Search:
    return Search("AWS/States", "StateMachineArn", names, stat)


def slots(config: Config, markers: list[Line]) -> list[Widget]:
    """Graphs of the functions: invocations, failures, duration."""
    called, failed = _functions("Invocations"), _functions("Errors")
    alarm = Limit(config.thresholds.function_error_percent, "alarm")
    return [
        graph("Slots: invocations a minute", _lines(config, "SUM({})", called), markers=markers),
        graph(
            "Slots: failed invocations",
            _lines(config, "100 * SUM({}) / SUM({})", failed, called),
            alarm,
            unit="%",
            markers=markers,
        ),
        graph(
            "Slots: p95 of the slowest function",
            _lines(config, "MAX({})", _functions("Duration", stat="p95")),
            unit="ms",
            markers=markers,
        ),
    ]


def load(config: Config, markers: list[Line]) -> list[Widget]:
    """Graphs of the functions: concurrency, throttling, errors in the logs."""
    running = _functions("ConcurrentExecutions", stat="Maximum")
    logged = [
        metric(app_metrics(config.prefix), error_metric(slot), {}, stat="Sum", label=slot, color=color)
        for slot, color in COLOURS.items()
    ]
    return [
        graph("Slots: functions running at once", _lines(config, "SUM({})", running), markers=markers),
        graph("Slots: throttled", _lines(config, "SUM({})", _functions("Throttles")), markers=markers),
        graph("Slots: errors in the logs", logged, markers=markers),
    ]


def state_machines(config: Config, markers: list[Line]) -> list[Widget]:
    """Graphs of state machines: executions, failures among the ended ones, duration."""
    bad = ("ExecutionsFailed", "ExecutionsTimedOut", "ExecutionsAborted")
    ended = _state_machines("ExecutionsSucceeded", *bad)
    alarm = Limit(config.thresholds.state_machine_failure_percent, "alarm")
    return [
        graph(
            "State machines: executions a minute",
            _lines(config, "SUM({})", _state_machines("ExecutionsStarted")),
            markers=markers,
        ),
        graph(
            "State machines: failed executions",
            _lines(config, "100 * SUM({}) / SUM({})", _state_machines(*bad), ended),
            alarm,
            unit="%",
            markers=markers,
        ),
        graph(
            "State machines: p95 of the slowest",
            _lines(config, "MAX({})", _state_machines("ExecutionTime", stat="p95")),
            unit="ms",
            markers=markers,
        ),
    ]


def _lines(config: Config, expression: str, *searches: Search) -> list[Line]:
    """One line for each slot."""
    return [
        math(expression.format(*(one.of(config.prefix, slot) for one in searches)), slot, color=color)
        for slot, color in COLOURS.items()
    ]
