"""Kanmon's reusable workflows, as a job's token names them in `job_workflow_ref`.

https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-with-reusable-workflows
"""

from __future__ import annotations

from kanmon import __version__

FILES = (
    "kanmon-dev/kanmon/.github/workflows/release.yml",
    "kanmon-dev/kanmon/.github/workflows/rollback.yml",
)
"""The files with jobs for the roles."""
COMMIT = "3edc740ec9325420d93323c5158dee5c59ae343e"
"""The commit of these files in the workflow files to copy. `scripts/release` writes it."""


def pinned(file: str) -> tuple[str, ...]:
    """The refs of a file for this version: its commit and its tag.

    Any ref would be too much: GitHub finds a commit among all forks of a repository, and anybody can fork.
    """
    return (f"{file}@{COMMIT}", f"{file}@refs/tags/v{__version__}")
