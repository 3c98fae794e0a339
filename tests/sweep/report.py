"""The result of a sweep: its cases and violations."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


@dataclass(frozen=True)
class Case:
    """One run, struck at one of its calls."""

    scene: str
    call: int
    """Its number, from 1."""
    name: str
    """The call, such as `s3.put_object`, as the undisturbed run makes it."""
    blow: str


@dataclass(frozen=True)
class Violation:
    """A case that ended badly."""

    case: Case
    problem: str

    def __str__(self) -> str:
        case = self.case
        return f"{case.scene}: {case.blow} at call {case.call} ({case.name}): {self.problem}"


@dataclass
class Report:
    """The cases of one or more scenes."""

    calls: dict[str, int] = field(default_factory=dict)
    """The calls of each scene's undisturbed run."""
    cases: Counter[str] = field(default_factory=Counter)
    """The number of cases by scene."""
    blows: Counter[str] = field(default_factory=Counter)
    """The number of cases by blow."""
    violations: list[Violation] = field(default_factory=list)

    def add(self, case: Case, problem: str) -> None:
        """Count a case. An empty `problem` is a good end."""
        self.cases[case.scene] += 1
        self.blows[case.blow] += 1
        if problem:
            self.violations.append(Violation(case, problem))

    @classmethod
    def merged(cls, reports: Iterable[Report]) -> Report:
        """All reports as one."""
        whole = cls()
        for report in reports:
            whole.calls |= report.calls
            whole.cases += report.cases
            whole.blows += report.blows
            whole.violations += report.violations
        return whole

    def write(self, path: Path) -> None:
        """Write the figures for scripts, as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        content = {
            "calls": sum(self.calls.values()),
            "cases": self.cases.total(),
            "violations": len(self.violations),
            "scenes": {
                name: {"calls": calls, "cases": self.cases[name]} for name, calls in self.calls.items()
            },
            "blows": dict(self.blows),
            "problems": [{**asdict(one.case), "problem": one.problem} for one in self.violations],
        }
        path.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
