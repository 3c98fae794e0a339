"""An ended workflow run: its jobs with their times, and every line of its log."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .commands import OutputLine

if TYPE_CHECKING:
    from embedded.actions.execution import Execution
    from embedded.github.workflows import Job


@dataclass(frozen=True)
class ExecutedJob:
    """One job; times are seconds since the epoch."""

    name: str
    conclusion: str
    created: float
    started: float
    """When it was approved; when it ended, if it never was."""
    ended: float

    @classmethod
    def of(cls, job: Job) -> ExecutedJob:
        """As the local GitHub has it."""
        ended = (job.completed or job.created).timestamp()
        started = job.started.timestamp() if job.started else ended
        return cls(job.name, job.conclusion or "", job.created.timestamp(), started, ended)

    @property
    def waited(self) -> float:
        """How many seconds it waited for a reviewer, or for its turn."""
        return self.started - self.created

    @property
    def seconds(self) -> float:
        """How long it ran."""
        return self.ended - self.started


@dataclass(frozen=True)
class ExecutedRun:
    """One run."""

    command: str
    """It was started by this."""
    workflow: str
    number: int
    event: str
    conclusion: str
    began: float
    ended: float
    jobs: tuple[ExecutedJob, ...]
    lines: tuple[OutputLine, ...]
    transcript: str
    """Its output on the terminal."""

    @classmethod
    def of(cls, command: str, execution: Execution, transcript: str) -> ExecutedRun:
        """An ended run."""
        run = execution.github.repository.runs[execution.run]
        run_attempt = run.latest
        return cls(
            command=command,
            workflow=run.workflow_file.removesuffix(".yml"),
            number=run.number,
            event=run.event,
            conclusion=execution.conclusion,
            began=run_attempt.started.timestamp(),
            ended=run_attempt.updated.timestamp(),
            jobs=tuple(ExecutedJob.of(job) for job in run_attempt.jobs),
            lines=tuple(OutputLine(line.at, line.text, job_of(line.job)) for line in execution.lines),
            transcript=transcript,
        )

    @property
    def name(self) -> str:
        """The run as people call it."""
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
    """The job's own name, without the names of the calling workflow's jobs."""
    return path.rpartition("/")[2]
