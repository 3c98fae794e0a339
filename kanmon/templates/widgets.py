"""The widgets of a CloudWatch dashboard, in rows, as JSON for CloudWatch.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

COLUMNS = 24
MINUTE = 60
_WIDTH = 180

Line = list[Any]
"""A metric or an expression of a graph."""


@dataclass(frozen=True)
class Widget:
    """One rectangle of a dashboard."""

    kind: str
    properties: Mapping[str, Any]
    region: str = "${AWS::Region}"


@dataclass(frozen=True)
class Limit:
    """A horizontal line: a target or a maximum."""

    value: float
    label: str

    @property
    def annotation(self) -> dict[str, Any]:
        """The line in CloudWatch's format."""
        return {"label": self.label, "value": self.value, "color": "#d62728"}


def metric(namespace: str, name: str, dimensions: Mapping[str, str], **options: str | bool) -> Line:
    """A line of a metric. Options are `stat`, `label`, `color` and more."""
    named = [item for dimension in dimensions.items() for item in dimension]
    return [namespace, name, *named, options]


def math(expression: str, label: str, **options: str | bool) -> Line:
    """A line computed from other lines. The expression names them by `id`, or searches for them."""
    return [{"expression": expression, "label": label, **options}]


def graph(
    title: str,
    lines: Iterable[Line],
    *limits: Limit,
    unit: str = "",
    markers: Sequence[Line] = (),
    region: str = "${AWS::Region}",
) -> Widget:
    """Lines over time, minute by minute. The right axis belongs to `markers`."""
    axis: dict[str, Any] = {"min": 0} | ({"label": unit, "showUnits": False} if unit else {})
    properties: dict[str, Any] = {
        "title": title,
        "view": "timeSeries",
        "region": region,
        "period": MINUTE,
        "metrics": [*lines, *markers],
        "yAxis": {"left": axis} | ({"right": {"min": 0, "max": 1, "showUnits": False}} if markers else {}),
    }
    if limits:
        properties["annotations"] = {"horizontal": [limit.annotation for limit in limits]}
    return Widget("metric", properties)


def text(markdown: str) -> Widget:
    """A text with links, in Markdown."""
    return Widget("text", {"markdown": markdown, "background": "transparent"})


def alarms(title: str, arns: Iterable[str]) -> Widget:
    """The states of alarms, the firing ones first."""
    return Widget("alarm", {"title": title, "alarms": list(arns), "sortBy": "stateUpdatedTimestamp"})


def query(title: str, source: str) -> Widget:
    """A table with the results of a Logs Insights query. Each look at it runs the query, and costs money."""
    return Widget("log", {"title": title, "view": "table", "region": "${AWS::Region}", "query": source})


def body(rows: Iterable[tuple[int, Sequence[Widget]]]) -> str:
    """Rows from top to bottom, each with its height. The widgets of a row share its width."""
    placed, top = [], 0
    for height, row in rows:
        width, rest = divmod(COLUMNS, len(row))
        left = 0
        for number, widget in enumerate(row):
            own = width + (number < rest)
            place = {"type": widget.kind, "x": left, "y": top, "width": own, "height": height}
            placed.append({**place, "properties": widget.properties})
            left += own
        top += height
    # The period of a graph stays one minute for every time range: a marker lasts one minute.
    content = {"start": "-PT3H", "periodOverride": "inherit", "widgets": placed}
    return _lines(content)


def _lines(value: object, indent: str = "") -> str:
    """JSON with short values on one line. Only a value longer than a line gets several lines."""
    plain = json.dumps(value, ensure_ascii=False)
    if len(indent + plain) <= _WIDTH or not isinstance(value, dict | list):
        return plain
    inner = indent + "  "
    if isinstance(value, dict):
        items = [f"{json.dumps(key)}: {_lines(item, inner)}" for key, item in value.items()]
        return f"{{\n{inner}" + f",\n{inner}".join(items) + f"\n{indent}}}"
    return f"[\n{inner}" + f",\n{inner}".join(_lines(item, inner) for item in value) + f"\n{indent}]"
