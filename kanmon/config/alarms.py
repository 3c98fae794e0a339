"""Alarms of the team's own."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from kanmon.config.durations import Duration
from kanmon.config.log_patterns import LogPattern
from kanmon.config.placeholders import names_in
from kanmon.config.section import MistakeError, Section, written
from kanmon.config.values import Name
from kanmon.language import deferred, phrase

# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
_TEXT = r"[!-~]([ -~]*[!-~])?"
_Text = Annotated[
    str,
    Field(max_length=255),
    written(rf"^{_TEXT}$", deferred("Use plain ASCII characters, without spaces around them."), "Orders"),
]
Namespace = Annotated[
    str,
    Field(max_length=255),
    written(
        r"^[A-Za-z0-9.\-_/# ]*[A-Za-z0-9][A-Za-z0-9.\-_/# ]*$",
        deferred("Use the namespace of a metric."),
        "AWS/SQS",
    ),
]
Statistic = Annotated[
    str,
    written(
        r"^(Average|Maximum|Minimum|SampleCount|Sum|p\d{1,2}(\.\d{1,2})?)$",
        deferred("Use `Sum`, `Average`, `Minimum`, `Maximum`, `SampleCount`, or a percentile such as `p95`."),
        "Maximum",
    ),
]
Comparison = Literal[
    "GreaterThanThreshold",
    "GreaterThanOrEqualToThreshold",
    "LessThanThreshold",
    "LessThanOrEqualToThreshold",
]
SOURCES = ("function", "state_machine", "queue", "database", "namespace", "log_pattern")
"""The keys for what an alarm watches. Each alarm has one of them."""
OF_SLOTS = ("function", "state_machine", "log_pattern")
"""The sources that each slot has once, so each slot has its own alarm."""


class AppAlarm(Section):
    """One alarm about a metric, or about entries in the functions' log."""

    description: str = Field(
        "",
        max_length=900,
        examples=["Orders wait. Look at the worker's log."],
        description="What the alarm means, and what to do first. It is in each message.",
    )
    function: Name | None = Field(
        None,
        examples=["api"],
        description="The function whose metric of `AWS/Lambda` counts: a name under `functions`. Each slot "
        "has an alarm of its own.",
    )
    state_machine: Name | None = Field(
        None,
        examples=["report"],
        description="The state machine whose metric of `AWS/States` counts: a name under `state_machines`. "
        "Each slot has an alarm of its own.",
    )
    queue: Name | None = Field(
        None,
        examples=["mail-dead"],
        description="The queue whose metric of `AWS/SQS` counts: a name under `queues`, with `-dead` at "
        "its end for its dead-letter queue.",
    )
    database: bool = Field(
        False, description="`true`: the metric of `AWS/RDS` counts, of the app's database."
    )
    namespace: Namespace | None = Field(
        None,
        description="The namespace of any other metric, with `metric` and `dimensions`. For example, "
        "functions make metrics by writing log entries in the embedded metric format.",
    )
    log_pattern: LogPattern | None = Field(
        None,
        examples=['{ $.message = "payment refused" }'],
        description="A filter pattern of CloudWatch Logs for the log of the app's functions. Each entry "
        "that fits counts 1. Each slot has an alarm of its own.",
    )
    metric: _Text | None = Field(
        None,
        examples=["ApproximateNumberOfMessagesVisible"],
        description="The name of the metric, as AWS writes it, such as `Duration`. Only `log_pattern` "
        "needs none.",
    )
    dimensions: dict[_Text, _Text] = Field(
        default_factory=dict,
        max_length=30,
        examples=[{"Shop": "berlin"}],
        description="The dimensions of the metric under `namespace`: all that it has.",
    )
    statistic: Statistic = Field("Sum", description="What counts of the metric within a period.")
    threshold: float = Field(
        allow_inf_nan=False, examples=[10], description="The number to compare the statistic with."
    )
    comparison_operator: Comparison = Field(
        "GreaterThanThreshold", description="When the statistic is bad, beside the threshold."
    )
    period: Duration = Field(
        "1m",
        validate_default=True,
        description="The length of one period: whole minutes up to `1h`, or whole hours up to `24h`.",
    )
    evaluation_periods: int = Field(
        1,
        ge=1,
        le=1440,
        description="The number of periods to look at, the last ones. All together: one day.",
    )
    datapoints_to_alarm: int | None = Field(
        None,
        ge=1,
        le=1440,
        examples=[1],
        description="How many of these periods must be bad. Default: all.",
    )
    treat_missing_data: Literal["notBreaching", "breaching", "ignore", "missing"] = Field(
        "notBreaching",
        description="What a period without data is: good, bad, as before, or unknown.",
    )
    rollback: bool = Field(
        False,
        description="`true`: a release is rolled back if the alarm begins to fire while Kanmon watches it.",
    )

    @property
    def per_slot(self) -> bool:
        """Each slot has an alarm of its own."""
        return any(getattr(self, source) for source in OF_SLOTS)

    @model_validator(mode="after")
    def _one_source(self) -> Self:
        given = [source for source in SOURCES if getattr(self, source)]
        if len(given) != 1:
            names = ", ".join(f"`{source}`" for source in SOURCES)
            problem = (
                phrase(
                    "An alarm watches one thing. This one names {sources}.",
                    sources=phrase(" and ").join(given),
                )
                if given
                else phrase("An alarm watches one thing. This one names none.")
            )
            raise MistakeError(problem, phrase("Give it one of {names}.", names=names))
        if (self.metric is None) is not (given == ["log_pattern"]):
            if self.metric:
                raise MistakeError(
                    phrase("An alarm with `{key}` takes no metric.", key=given[0]),
                    phrase("Remove `metric`: the entries themselves are counted."),
                )
            raise MistakeError(
                phrase("An alarm with `{key}` needs a metric.", key=given[0]),
                phrase("Add `metric`, such as `metric: Duration`."),
            )
        for name, value in self.dimensions.items():
            if names_in(value):
                raise MistakeError(
                    phrase("An alarm takes no values of stacks: this would stand there as it is."),
                    phrase("Write the value itself, or make the alarm in your own stack."),
                    at=("dimensions", name),
                )
        if self.dimensions and not self.namespace:
            problem = phrase(
                "Only a metric with `namespace` takes dimensions: `{key}` has its own.", key=given[0]
            )
            raise MistakeError(
                problem, phrase("Remove `dimensions`, or write `namespace`."), at=("dimensions",)
            )
        return self

    @model_validator(mode="after")
    def _periods(self) -> Self:
        if self.period not in (*range(_MINUTE, _HOUR, _MINUTE), *range(_HOUR, _DAY + 1, _HOUR)):
            raise MistakeError(
                phrase(
                    "It is {seconds:g} seconds. CloudWatch takes whole minutes, and whole hours above one.",
                    seconds=self.period,
                ),
                phrase("Write, for example, `period: 5m`."),
                at=("period",),
            )
        if self.period * self.evaluation_periods > _DAY:
            raise MistakeError(
                phrase(
                    "{number} periods of {seconds:g} seconds are more than a day.",
                    number=self.evaluation_periods,
                    seconds=self.period,
                ),
                phrase("Use at most {number:g} periods, or a shorter `period`.", number=_DAY // self.period),
                at=("evaluation_periods",),
            )
        if (self.datapoints_to_alarm or 1) > self.evaluation_periods:
            raise MistakeError(
                phrase(
                    "{bad} of {number} periods can't be bad.",
                    bad=self.datapoints_to_alarm,
                    number=self.evaluation_periods,
                ),
                phrase("Write `evaluation_periods: {bad}`, for example.", bad=self.datapoints_to_alarm),
                at=("datapoints_to_alarm",),
            )
        if self.rollback and self.treat_missing_data == "breaching":
            raise MistakeError(
                phrase(
                    "A new slot has no data yet. With `breaching`, the alarm would roll back every release."
                ),
                phrase("Write `treat_missing_data: notBreaching`, or leave out `rollback`."),
                at=("treat_missing_data",),
            )
        return self
