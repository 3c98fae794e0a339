"""The room of GitHub: the run, its runner, and the API behind one client.

What needs the network is imported from its own module, so that a command that does without is quick to start.
"""

from kanmon.github.run import WorkflowRun, current_run

__all__ = ["WorkflowRun", "current_run"]
