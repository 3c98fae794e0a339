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
    cases: Counter[tuple[str, str]] = field(default_factory=Counter)
    """The number of cases by scene and blow."""
    violations: list[Violation] = field(default_factory=list)

    def add(self, case: Case, problem: str) -> None:
        """Count a case. An empty `problem` is a good end."""
        self.cases[case.scene, case.blow] += 1
        if problem:
            self.violations.append(Violation(case, problem))

    @classmethod
    def merged(cls, reports: Iterable[Report]) -> Report:
        """All reports as one."""
        whole = cls()
        for report in reports:
            whole.calls |= report.calls
            whole.cases += report.cases
            whole.violations += report.violations
        return whole

    def blows_of(self, scene: str) -> dict[str, int]:
        """The number of cases of a scene, by blow."""
        return {blow: count for (name, blow), count in sorted(self.cases.items()) if name == scene}

    def write(self, path: Path) -> None:
        """Write the figures for scripts, as JSON."""
        path.parent.mkdir(parents=True, exist_ok=True)
        blows: Counter[str] = Counter()
        for (_, blow), count in self.cases.items():
            blows[blow] += count
        content = {
            "calls": sum(self.calls.values()),
            "cases": self.cases.total(),
            "violations": len(self.violations),
            "scenes": {
                name: {
                    "calls": calls,
                    "cases": sum(self.blows_of(name).values()),
                    "blows": self.blows_of(name),
                }
                for name, calls in self.calls.items()
            },
            "blows": dict(blows),
            "problems": [{**asdict(one.case), "problem": one.problem} for one in self.violations],
        }
        path.write_text(json.dumps(content, indent=1) + "\n", "utf-8")
