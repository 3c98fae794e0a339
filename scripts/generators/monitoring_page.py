"""docs/reference/monitoring.md: alarms and metrics, read from the rendered templates."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kanmon.aws.markers import Marker
from kanmon.config.schema import Config
from kanmon.naming import METRICS, OBSERVABILITY, SLOT
from kanmon.stacks.template import resources_of
from kanmon.templates.offline import render_offline
from scripts.generators.tables import NOTE, key_anchor, meanings, table

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

Properties = dict[str, Any]
_APP: Properties = {
    "app": "anapp",
    "environment": "anenv",
    "region": "us-east-1",
    "functions": {"a-function": {"handler": "app.handle", "artifact": "build/api", "database": True}},
    "state_machines": {"a-state-machine": {"definition": "report.asl.json"}},
    "api": {"routes": [{"path": "/api/{proxy+}", "function": "a-function"}]},
    "web": {"directory": "dist"},
    "database": {"name": "app"},
    "notifications": {"channels": {"slack": "slack"}},
    "secrets": {"slack": {}},
    "checks": [{"name": "page", "path": "/"}],
}
"""An app with all that has an alarm or a graph of its own."""
_THRESHOLDS: Properties = {
    "api_error_percent": 7,
    "function_error_percent": 7,
    "state_machine_failure_percent": 7,
    "api_p95": "7s",
    "database_connections": 7,
}
"""A value for each target that is not its default: the alarms that it changes are its own."""
_WITHOUT: dict[str, Properties] = {
    "`functions`": {"functions": None, "state_machines": None, "api": None},
    "an app in `us-east-1`: CloudFront's metrics are there, and an alarm reads those of its own region": {
        "region": "eu-central-1"
    },
    "`notifications.channels`": {"notifications": None, "secrets": None},
    "`database`": {
        "database": None,
        "functions": {"a-function": {"handler": "app.handle", "artifact": "build/api"}},
    },
    "`state_machines`": {"state_machines": None},
    "`api`": {"api": None},
}
"""What an alarm needs: without this part of the config it does not exist."""
_COMPARISONS = {"GreaterThanThreshold": ">", "LessThanThreshold": "<", "GreaterThanOrEqualToThreshold": "≥"}
_MISSING = {
    "notBreaching": "counts as good",
    "breaching": "counts as bad",
    "missing": "leaves the state open",
}
_COUNTED = re.compile(r"-\d+$")
_SEARCH = re.compile(r"\{([\w/]+),(\w+)\} .*?((?:MetricName=\"\w+\"(?: OR )?)+)")
_HEAD = f"""\
# Metrics and alarms

{NOTE}
All alarms that Kanmon makes, and all metrics that it makes or reads. Thresholds are the defaults; the key
named beside one changes it. [Alarms of your own](../infrastructure.md#alarms-of-your-own) are not here.

People get an alarm's message at its beginning and at its end, from the topic `<app>-<env>-alarms`. A
**rollback alarm** takes a release back when it begins to fire during a bake ([concepts](../concepts.md)).
"""


@dataclass(frozen=True)
class Alarm:
    """An alarm of a rendered template."""

    name: str
    stack: str
    properties: Properties

    @property
    def anchor(self) -> str:
        """Its heading, without what differs between apps: `api-errors`, `slot-rollback`."""
        return _COUNTED.sub("", self.name.removeprefix("<app>-<env>-").replace("<slot>", "slot"))


def monitoring_page() -> str:
    """The page."""
    alarms = _alarms()
    conditions, keys = _conditions(alarms), _keys(alarms)
    lines = [_HEAD, "## Alarms", ""]
    rows = ((f"[{one.anchor}](#{one.anchor})", _fires(one), _stack(one)) for one in alarms.values())
    lines += table(("alarm", "fires", "stack"), rows)
    for one in alarms.values():
        lines += _section(one, alarms, keys.get(one.anchor, ""), conditions.get(one.anchor, ""))
    lines += ["## Metrics", "", "Of Kanmon, and of the app's logs:", ""]
    lines += table(("namespace", "metric", "dimensions", "counts"), _own_metrics())
    lines += [
        "Of AWS:",
        "",
        *table(("namespace", "metrics", "dimensions", "read by"), _foreign_metrics(alarms)),
    ]
    return "\n".join(lines)


def _section(alarm: Alarm, alarms: dict[str, Alarm], key: str, needed: str) -> Iterator[str]:
    yield from (f"### {alarm.anchor}", "", _readable(alarm.properties["AlarmDescription"]), "")
    rows = [("name", f"`{_COUNTED.sub('-<n>', alarm.name)}`")]
    if "AlarmRule" in alarm.properties:
        rows.append(("fires", f"with one of {', '.join(f'[{one}](#{one})' for one in _children(alarm))}"))
    else:
        missing = alarm.properties["TreatMissingData"]
        rows += [
            ("metric", _metric(alarm.properties)),
            ("period", f"{_period(alarm.properties)} s"),
            ("fires", _fires(alarm) + (f", set by [`{key}`](config.md#{key_anchor(key)})" if key else "")),
            ("missing data", f"`{missing}`: {_MISSING[missing]}"),
        ]
    of = [
        f"[{one.anchor}](#{one.anchor})"
        for one in alarms.values()
        if "AlarmRule" in one.properties and alarm.anchor in _children(one)
    ]
    whole = "AlarmRule" in alarm.properties
    rows.append(("takes a release back", f"yes, by {of[0]}" if of else "yes" if whole else "no"))
    sender = "its parts send them" if whole else f"{''.join(of)} sends them"
    rows.append(("messages", "yes" if alarm.properties.get("AlarmActions") else sender))
    yield from table(("fact", "value"), [*rows, *([("exists with", needed)] if needed else [])])


def _alarms(**changes: Any) -> dict[str, Alarm]:  # noqa: ANN401 - parts of a config
    """All alarms of an app, by their anchors."""
    content = {key: value for key, value in (_APP | changes).items() if value is not None}
    found = {}
    for stack, body in _templates(content).items():
        for resource in (resources_of(body) or {}).values():
            if resource.type in {"AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm"}:
                properties = resource.content["Properties"]
                alarm = Alarm(_readable(properties["AlarmName"]), stack, properties)
                found[alarm.anchor] = alarm
    return found


def _templates(content: Properties) -> dict[str, str]:
    rendered = render_offline(Config.model_validate(content))
    return {stack: rendered[stack][0] for stack in (OBSERVABILITY, SLOT)}


def _keys(alarms: dict[str, Alarm]) -> dict[str, str]:
    """The config's key with each alarm's threshold."""
    found = {}
    for key, value in _THRESHOLDS.items():
        for anchor, other in _alarms(thresholds={key: value}).items():
            if other.properties != alarms[anchor].properties:
                found[anchor] = f"thresholds.{key}"
    return found


def _conditions(alarms: dict[str, Alarm]) -> dict[str, str]:
    """The part of the config that each alarm needs."""
    found = {}
    for key, changes in _WITHOUT.items():
        for anchor in alarms.keys() - _alarms(**changes).keys():
            found[anchor] = key
    return found


def _children(alarm: Alarm) -> list[str]:
    """The anchors of a composite alarm's parts."""
    rule = alarm.properties["AlarmRule"]
    names = re.findall(r"ALARM\(\"\$\{(\w+)\}\"\)", rule["!Sub"] if isinstance(rule, dict) else rule)
    body = _templates(_APP)[alarm.stack]
    resources = resources_of(body) or {}
    children = (resources[name].content["Properties"]["AlarmName"] for name in names)
    return list(dict.fromkeys(Alarm(_readable(one), alarm.stack, {}).anchor for one in children))


def _fires(alarm: Alarm) -> str:
    one = alarm.properties
    if "AlarmRule" in one:
        return "with one of its parts"
    periods, bad = one["EvaluationPeriods"], one.get("DatapointsToAlarm", one["EvaluationPeriods"])
    when = f"in {bad} of {periods} minutes" if periods > 1 else "in one minute"
    return f"{_COMPARISONS[one['ComparisonOperator']]} {one['Threshold']:g} {when}"


def _stack(alarm: Alarm) -> str:
    return "`<app>-<env>-slot-<slot>`" if alarm.stack == SLOT else f"`<app>-<env>-{alarm.stack}`"


def _period(alarm: Properties) -> int:
    inner = [one["MetricStat"] for one in alarm.get("Metrics", ()) if "MetricStat" in one]
    (period,) = {one["Period"] for one in inner or [alarm]}
    return int(period)


def _metric(alarm: Properties) -> str:
    if "Metrics" not in alarm:
        return _series(alarm, alarm.get("Statistic") or alarm["ExtendedStatistic"])
    (shown,) = (one["Expression"] for one in alarm["Metrics"] if one.get("ReturnData"))
    named = [f"`{one['Id']}` is {_operand(one)}" for one in alarm["Metrics"] if not one.get("ReturnData")]
    return f"`{shown}`, where {'; '.join(named)}"


def _operand(one: Properties) -> str:
    if "Expression" in one:
        return f"`{one['Expression']}`"
    return _series(one["MetricStat"]["Metric"], one["MetricStat"]["Stat"])


def _series(metric: Properties, statistic: str) -> str:
    dimensions = [
        f"`{one['Name']}`" + (f" `{_readable(value)}`" if isinstance(value := one["Value"], str) else "")
        for one in metric.get("Dimensions", ())
    ]
    of = f" of {', '.join(dimensions)}" if dimensions else ""
    return f"{statistic} of `{_readable(metric['Namespace'])}` `{_readable(metric['MetricName'])}`{of}"


def _own_metrics() -> Iterator[tuple[str, ...]]:
    for marker in Marker:
        yield f"`{METRICS}`", f"`{marker.value}`", "`App`, `Environment`", meanings(Marker)[marker.name]
    for stack, body in _templates(_APP).items():
        for resource in (resources_of(body) or {}).values():
            if resource.type == "AWS::Logs::MetricFilter":
                properties = resource.content["Properties"]
                (made,) = properties["MetricTransformations"]
                yield (
                    f"`{_readable(made['MetricNamespace'])}`",
                    f"`{_readable(made['MetricName'])}`",
                    "none",
                    f"Entries of a log, in stack {stack}: `{properties['FilterPattern']}`",
                )


def _foreign_metrics(alarms: dict[str, Alarm]) -> list[tuple[str, ...]]:
    """The metrics of AWS that alarms and the dashboard read."""
    found: dict[tuple[str, str], tuple[set[str], set[str]]] = {}
    for reader, namespace, metric, dimensions in [*_in_alarms(alarms.values()), *_in_dashboard()]:
        if namespace.startswith("AWS/"):
            metrics, readers = found.setdefault((namespace, dimensions), (set(), set()))
            metrics.add(metric)
            readers.add(reader)
    return [
        (
            f"`{namespace}`",
            ", ".join(f"`{one}`" for one in sorted(metrics)),
            dimensions or "none: the whole account",
            ", ".join(sorted(readers)),
        )
        for (namespace, dimensions), (metrics, readers) in sorted(found.items())
    ]


def _in_alarms(alarms: Iterable[Alarm]) -> Iterator[tuple[str, str, str, str]]:
    for alarm in alarms:
        inner = [
            one["MetricStat"]["Metric"] for one in alarm.properties.get("Metrics", ()) if "MetricStat" in one
        ]
        for one in [*inner, *([alarm.properties] if "MetricName" in alarm.properties else [])]:
            named = ", ".join(f"`{inner['Name']}`" for inner in one.get("Dimensions", ()))
            yield "alarms", _readable(one["Namespace"]), _readable(one["MetricName"]), named


def _in_dashboard() -> Iterator[tuple[str, str, str, str]]:
    resources = resources_of(_templates(_APP)[OBSERVABILITY]) or {}
    body = resources["Dashboard"].content["Properties"]["DashboardBody"]["!Sub"]
    for widget in json.loads(body)["widgets"]:
        for line in widget["properties"].get("metrics", ()):
            if isinstance(line[0], str):
                named = ", ".join(f"`{one}`" for one in line[2:-1:2])
                yield "dashboard", line[0], line[1], named
            elif search := _SEARCH.search(line[0]["expression"]):
                for metric in re.findall(r'MetricName="(\w+)"', search[3]):
                    yield "dashboard", search[1], metric, f"`{search[2]}`"


def _readable(value: Any) -> str:  # noqa: ANN401 - a text, or a function of CloudFormation
    text = value.get("!Sub") or next(iter(value.values())) if isinstance(value, dict) else value
    return str(text).replace("anapp-anenv", "<app>-<env>").replace("${Slot}", "<slot>")
