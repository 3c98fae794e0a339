"""A dashboard's body as CloudWatch reads it; anything else is refused.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Color = Annotated[str, Field(pattern=r"^#[0-9a-f]{6}$")]
Id = Annotated[str, Field(pattern=r"^[a-z][A-Za-z0-9_]*$")]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", alias_generator=to_camel)


class Options(_Part):
    """The options of a metric or an expression of a graph."""

    stat: str = ""
    label: str = ""
    color: Color = "#000000"
    region: str = ""
    id: Id = "x"
    visible: bool = True
    expression: str = ""
    y_axis: Literal["left", "right"] = "left"


class Axis(_Part):
    min: float = 0
    max: float = 0
    label: str = ""
    show_units: bool = True


class Horizontal(_Part):
    label: str
    value: float
    color: Color


class Annotations(_Part):
    horizontal: list[Horizontal]


class MetricProperties(_Part):
    title: str
    view: Literal["timeSeries"]
    region: str
    period: int
    metrics: list[list[Any]] = Field(min_length=1, max_length=500)
    y_axis: dict[Literal["left", "right"], Axis]
    annotations: Annotations | None = None


class TextProperties(_Part):
    markdown: str
    background: Literal["transparent", "solid"]


class AlarmProperties(_Part):
    title: str
    alarms: list[str] = Field(min_length=1, max_length=100)
    sort_by: Literal["default", "stateUpdatedTimestamp", "timestamp"]


class LogProperties(_Part):
    title: str
    view: Literal["table"]
    region: str
    query: str


class Placed(_Part):
    x: int = Field(ge=0, le=23)
    y: int = Field(ge=0)
    width: int = Field(ge=1, le=24)
    height: int = Field(ge=1, le=1000)

    @property
    def fields(self) -> set[tuple[int, int]]:
        """Its fields of the grid."""
        columns, rows = range(self.x, self.x + self.width), range(self.y, self.y + self.height)
        return {(column, row) for column in columns for row in rows}


class Graph(Placed):
    type: Literal["metric"]
    properties: MetricProperties

    @property
    def lines(self) -> list[Options]:
        """Each line's options, after its namespace, name and pairs of dimensions."""
        lines = []
        for line in self.properties.metrics:
            *names, options = line
            assert all(isinstance(name, str) for name in names)
            read = Options.model_validate(options)
            assert bool(read.expression) is not (len(names) >= 2)
            assert len(names) % 2 == 0
            lines.append(read)
        return lines

    @property
    def metrics(self) -> list[str]:
        """The names of its metrics."""
        return [line[1] for line in self.properties.metrics if len(line) > 1]


class Words(Placed):
    type: Literal["text"]
    properties: TextProperties


class Alarms(Placed):
    type: Literal["alarm"]
    properties: AlarmProperties


class Logs(Placed):
    type: Literal["log"]
    properties: LogProperties


class Dashboard(_Part):
    start: str = Field(pattern=r"^-PT?\d+[HDM]$")
    period_override: Literal["auto", "inherit"]
    widgets: list[Annotated[Graph | Words | Alarms | Logs, Field(discriminator="type")]] = Field(
        max_length=500
    )

    @property
    def graphs(self) -> dict[str, Graph]:
        """Its graphs by title."""
        return {one.properties.title: one for one in self.widgets if isinstance(one, Graph)}
