"""The app's Aurora database."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from kanmon.config.section import Section


class Capacity(Section):
    """Aurora capacity units."""

    min: float = Field(0.5, ge=0, le=256, description="When idle.")
    max: float = Field(2.0, ge=1, le=256, description="Under load.")

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min {self.min} is above max {self.max}")
        return self


class Database(Section):
    """Aurora PostgreSQL Serverless v2."""

    name: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,62}$")] = Field(
        description="The database's and its owner's name."
    )
    engine_version: str = Field("17.6", pattern=r"^\d+\.\d+$", description="Of Aurora PostgreSQL.")
    capacity: Capacity = Capacity()
    backup_days: int = Field(7, ge=1, le=35, description="How long backups are kept.")
    rotation_days: int = Field(30, ge=1, le=1000, description="How often its password is changed.")
