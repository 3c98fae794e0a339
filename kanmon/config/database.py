"""The app's Aurora database."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from kanmon.config.durations import Duration
from kanmon.config.logs import Days
from kanmon.config.section import MistakeError, Section, written
from kanmon.language import deferred, phrase


class Capacity(Section):
    """Aurora capacity units."""

    min: float = Field(
        0.5,
        ge=0,
        le=256,
        description="Capacity units (ACU) when idle; one unit is about 2 GB of memory. You pay for them all "
        "the time. `0` lets an idle database sleep; the first request then waits some seconds.",
    )
    max: float = Field(
        2.0,
        ge=1,
        le=256,
        description="Capacity units (ACU) under the highest load. It limits the cost, and the number of "
        "connections.",
    )

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise MistakeError(
                phrase("The minimum {low:g} is above the maximum {high:g}.", low=self.min, high=self.max),
                phrase("Write `{{min: {high:g}, max: {low:g}}}`.", high=self.max, low=self.min),
            )
        return self


class DatabaseLogs(Section):
    """What PostgreSQL writes into its log besides errors, and how long CloudWatch keeps it."""

    min_duration_statement: Duration | None = Field(
        None,
        examples=["1s"],
        description="Statements that take at least this long are logged, with their text and their values: "
        "these may be personal data. `0s` logs every statement.",
    )
    connections: bool = Field(
        False, description="`true`: each connection is logged, at its beginning and its end."
    )
    days: Days | None = Field(
        None,
        examples=[90],
        description="Days to keep the database's log. Default: `logs.days`. With a smaller number, "
        "CloudWatch deletes the older entries soon.",
    )


class Database(Section):
    """Aurora PostgreSQL Serverless v2."""

    name: Annotated[
        str,
        written(
            r"^[a-z][a-z0-9_]{0,62}$",
            deferred("Use up to 63 lower-case letters, digits and underscores. Begin with a letter."),
            "shop",
        ),
    ] = Field(
        description="The name of the database in PostgreSQL, and of its owner. You can't change it later: "
        "that would replace the database, and Kanmon refuses it.",
    )
    engine_version: Annotated[
        str, written(r"^\d+\.\d+$", deferred("Write major and minor version in quotes."), "17.6")
    ] = Field(
        "17.6",
        description="The version of Aurora PostgreSQL, in quotes. A newer minor version restarts the "
        "database. A new major version is refused: plan it as an upgrade of its own.",
    )
    capacity: Capacity = Field(
        default_factory=Capacity,
        description="The size of the database, in Aurora capacity units (ACU). It grows and shrinks between "
        "`min` and `max`.",
    )
    backup_days: int = Field(
        7,
        ge=1,
        le=35,
        description="Days to keep automatic backups. Within them you can restore the database as it was at "
        "any moment.",
    )
    snapshots: int = Field(
        20,
        ge=2,
        le=100,
        description="The snapshots to keep. Kanmon takes one before each release, and deletes its oldest "
        "after a stable one. Snapshots by others stay. AWS allows 100 of them in a region, of all databases "
        "together.",
    )
    logs: DatabaseLogs = Field(
        default_factory=DatabaseLogs,
        description="PostgreSQL's log. Its errors are always in CloudWatch.",
    )
    rotation_days: int = Field(
        30,
        ge=1,
        le=1000,
        description="Days until Secrets Manager changes the database's password. Your functions must read it "
        "again from the secret when a login fails. For a value in `environment`, Kanmon looks for a new one.",
    )
