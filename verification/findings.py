"""What the steps found, and what of it is kept between two calls."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field

if TYPE_CHECKING:
    from pathlib import Path


class Outcome(StrEnum):
    """The outcome of one promise."""

    PROVEN = "proven"
    FAILED = "failed"
    OPEN = "not provable here"


class Proof(BaseModel):
    """One promise, or one point about AWS, and what the account showed."""

    id: str
    """A requirement such as `CD-7`, or a point such as `P6`."""
    claim: str
    outcome: Outcome
    fact: str = ""
    """The figure, or the reason."""


class Findings(BaseModel):
    """What one step found."""

    proofs: list[Proof] = Field(default_factory=list)
    times: dict[str, list[float]] = Field(default_factory=dict)
    """Seconds, by what was measured."""
    notes: dict[str, str] = Field(default_factory=dict)
    """Facts for later steps."""
    lines: list[tuple[float, str]] = Field(default_factory=list)
    """Lines of Kanmon's output about traffic and failed checks, and when they came."""
    seconds: float = 0.0

    def prove(self, identifier: str, claim: str, holds: bool, fact: str = "") -> None:
        """Add a promise that holds or fails."""
        outcome = Outcome.PROVEN if holds else Outcome.FAILED
        self.proofs.append(Proof(id=identifier, claim=claim, outcome=outcome, fact=fact))

    def leave(self, identifier: str, claim: str, reason: str) -> None:
        """Add a promise that this run can't prove."""
        self.proofs.append(Proof(id=identifier, claim=claim, outcome=Outcome.OPEN, fact=reason))

    def measure(self, name: str, seconds: float) -> None:
        """Add a time."""
        self.times.setdefault(name, []).append(round(seconds, 3))


class State(BaseModel):
    """A run as it is kept in its folder. The report is made from it, without the account's number."""

    account: str
    region: str
    kanmon: str
    began: datetime
    own_provider: bool
    """The run makes GitHub's identity provider, and removes it."""
    done: dict[str, Findings] = Field(default_factory=dict)
    """The finished steps."""
    failure: str = ""
    """Why the run ended before its last step."""

    @property
    def proofs(self) -> list[Proof]:
        """All promises and points, in their order."""
        return [proof for done in self.done.values() for proof in done.proofs]

    def note(self, name: str) -> str:
        """A fact of an earlier step; empty when there is none."""
        return next((one.notes[name] for one in self.done.values() if name in one.notes), "")

    @classmethod
    def read(cls, path: Path) -> State | None:
        """The state of an earlier call."""
        return cls.model_validate_json(path.read_text("utf-8")) if path.exists() else None

    def write(self, path: Path) -> None:
        """Keep the state; only you can read it."""
        fresh = path.with_suffix(".new")
        fresh.touch(mode=0o600)
        fresh.write_text(self.model_dump_json(indent=1), "utf-8")
        fresh.replace(path)
