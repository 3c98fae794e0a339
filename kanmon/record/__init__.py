"""The room of GitHub's record: what the ledger knows, said as Deployments and Releases (CD-11)."""

from kanmon.record.changes import Changes, Commit, PullRequest
from kanmon.record.deployments import Deployments
from kanmon.record.recorder import Notes, Recorder

__all__ = ["Changes", "Commit", "Deployments", "Notes", "PullRequest", "Recorder"]
