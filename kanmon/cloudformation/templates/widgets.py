"""What a CloudWatch dashboard is made of, in rows, as the JSON that CloudWatch reads.

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
    """One field of a dashboard."""

    kind: str
    properties: Mapping[str, Any]
    region: str = "${AWS::Region}"


@dataclass(frozen=True)
class Limit:
    """A horizontal line: a target, or what there is at most."""

    value: float
    label: str

    @property
    def annotation(self) -> dict[str, Any]:
        """As CloudWatch has it."""
        return {"label": self.label, "value": self.value, "color": "#d62728"}


def metric(namespace: str, name: str, dimensions: Mapping[str, str], **options: str | bool) -> Line:
    """A line of a metric: `stat`, `label`, `color` and more by name."""
    named = [part for dimension in dimensions.items() for part in dimension]
    return [namespace, name, *named, options]


def math(expression: str, label: str, **options: str | bool) -> Line:
    """A line that is computed of others, which are named by their `id`, or searched for."""
    return [{"expression": expression, "label": label, **options}]


def graph(
    title: str,
    lines: Iterable[Line],
    *limits: Limit,
    unit: str = "",
    marks: Sequence[Line] = (),
    region: str = "${AWS::Region}",
) -> Widget:
    """Lines over time, minute by minute; `marks` are drawn against the right axis."""
    axis: dict[str, Any] = {"min": 0} | ({"label": unit, "showUnits": False} if unit else {})
    properties: dict[str, Any] = {
        "title": title,
        "view": "timeSeries",
        "region": region,
        "period": MINUTE,
        "metrics": [*lines, *marks],
        "yAxis": {"left": axis} | ({"right": {"min": 0, "max": 1, "showUnits": False}} if marks else {}),
    }
    if limits:
        properties["annotations"] = {"horizontal": [limit.annotation for limit in limits]}
    return Widget("metric", properties)


def text(markdown: str) -> Widget:
    """Words and links."""
    return Widget("text", {"markdown": markdown, "background": "transparent"})


def alarms(title: str, arns: Iterable[str]) -> Widget:
    """How alarms stand, the loud ones first."""
    return Widget("alarm", {"title": title, "alarms": list(arns), "sortBy": "stateUpdatedTimestamp"})


def query(title: str, words: str) -> Widget:
    """A table of what Logs Insights finds; each look reads, and costs."""
    return Widget("log", {"title": title, "view": "table", "region": "${AWS::Region}", "query": words})


def body(rows: Iterable[tuple[int, Sequence[Widget]]]) -> str:
    """Rows from top to bottom, each with its height; its widgets share the width."""
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
    # The periods stay as they are for whatever time is looked at: a mark is one minute.
    content = {"start": "-PT3H", "periodOverride": "inherit", "widgets": placed}
    return _lines(content)


def _lines(value: object, indent: str = "") -> str:
    """JSON in which only what doesn't fit into a line is spread over several."""
    plain = json.dumps(value, ensure_ascii=False)
    if len(indent + plain) <= _WIDTH or not isinstance(value, dict | list):
        return plain
    inner = indent + "  "
    if isinstance(value, dict):
        parts = [f"{json.dumps(key)}: {_lines(item, inner)}" for key, item in value.items()]
        return f"{{\n{inner}" + f",\n{inner}".join(parts) + f"\n{indent}}}"
    return f"[\n{inner}" + f",\n{inner}".join(_lines(item, inner) for item in value) + f"\n{indent}]"
