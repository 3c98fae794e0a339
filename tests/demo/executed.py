"""A workflow run that came to its end: its jobs with their times, and every line of its log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .commands import Line

if TYPE_CHECKING:
    from tests.embedded.actions import Execution
    from tests.embedded.github.workflows import Job


@dataclass(frozen=True)
class ExecutedJob:
    """One job; times are seconds since the epoch."""

    name: str
    conclusion: str
    created: float
    started: float
    """When it was let through; when it ended, if it never was."""
    ended: float

    @classmethod
    def of(cls, job: Job) -> ExecutedJob:
        """As the local GitHub has it."""
        ended = (job.completed or job.created).timestamp()
        started = job.started.timestamp() if job.started else ended
        return cls(job.name, job.conclusion or "", job.created.timestamp(), started, ended)

    @property
    def waited(self) -> float:
        """Seconds for which it waited for a reviewer, or for its turn."""
        return self.started - self.created

    @property
    def seconds(self) -> float:
        """How long it ran."""
        return self.ended - self.started


@dataclass(frozen=True)
class ExecutedRun:
    """One run."""

    told: str
    """What a person does to start it."""
    workflow: str
    number: int
    event: str
    conclusion: str
    began: float
    ended: float
    jobs: tuple[ExecutedJob, ...]
    lines: tuple[Line, ...]
    transcript: str
    """What the terminal showed of it."""

    @classmethod
    def of(cls, told: str, execution: Execution, transcript: str) -> ExecutedRun:
        """A run that is over."""
        run = execution.github.repository.runs[execution.run]
        attempt = run.latest
        return cls(
            told=told,
            workflow=run.workflow_file.removesuffix(".yml"),
            number=run.number,
            event=run.event,
            conclusion=execution.conclusion,
            began=attempt.started.timestamp(),
            ended=attempt.updated.timestamp(),
            jobs=tuple(ExecutedJob.of(job) for job in attempt.jobs),
            lines=tuple(Line(line.at, line.text, job_of(line.job)) for line in execution.lines),
            transcript=transcript,
        )

    @property
    def name(self) -> str:
        """The run as people speak of it."""
        return f"{self.workflow} #{self.number}"

    @property
    def seconds(self) -> float:
        """How long it took, waiting included."""
        return self.ended - self.began

    def document(self) -> dict[str, Any]:
        """The run in `summary.json`."""
        return {
            "name": self.workflow,
            "event": self.event,
            "conclusion": self.conclusion,
            "seconds": round(self.seconds, 1),
            "jobs": [
                {
                    "name": job.name,
                    "conclusion": job.conclusion,
                    "waited_seconds": round(job.waited, 1),
                    "seconds": round(job.seconds, 1),
                }
                for job in self.jobs
            ],
        }


def job_of(path: str) -> str:
    """The job's own name; that of a called workflow's job comes with its callers'."""
    return path.rpartition("/")[2]
