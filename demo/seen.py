"""The viewer's log: one record for each request, kept as a line of JSON."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


class Kind(StrEnum):
    """The kind of the request."""

    PAGE = "page"
    API = "api"
    ASSET = "asset"
    FILE = "file"


@dataclass(frozen=True)
class Seen:
    """One request and its answer; times are seconds since the epoch."""

    start: float
    end: float
    kind: Kind
    method: str
    url: str
    status: int
    release: str
    """The release of the answer, by its header; empty if it belongs to no release."""
    problem: str
    """Why a user would be unhappy; empty when nothing is wrong."""

    @property
    def ok(self) -> bool:
        """Nothing is wrong with it."""
        return not self.problem

    def text(self) -> str:
        """The record as a line."""
        return json.dumps({**asdict(self), "ok": self.ok}) + "\n"


def read_seen(path: Path) -> list[Seen]:
    """The records of a log, in the order of the answers."""
    return [_record(line) for line in path.read_text("utf-8").splitlines()]


def _record(line: str) -> Seen:
    content = json.loads(line)
    del content["ok"]
    return Seen(**{**content, "kind": Kind(content["kind"])})
