"""Refuses the Docker action for a release with tests of the team's own: they need a Docker engine (CD-7).

The runner gives a Docker action the engine's socket, but no client, no git, and a HOME without the registry
logins of the job's other steps:
https://github.com/actions/runner/blob/main/src/Runner.Worker/Handlers/ContainerActionHandler.cs
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.github.workflow_file import workflow_steps
from kanmon.language import deferred, phrase

if TYPE_CHECKING:
    from collections.abc import Mapping

_WORKSPACE = "/github/workspace"
"""Of a Docker action alone: https://docs.github.com/en/actions/reference/workflows-and-actions/dockerfile-support"""
_ACTION = re.compile(r"[\w.-]+/kanmon/actions/deploy@")
_FIX = deferred(
    "Use `kanmon-dev/kanmon/actions/deploy/composite` in its place, the whole release as one step "
    "(`kanmon-dev/kanmon`), or the workflow files: see docs/checks.md."
)


def refuse_docker_action() -> None:
    """Refuse to run the tests from here if this is the Docker action. Raises CONTAINER_FAILED."""
    if os.environ.get("GITHUB_WORKSPACE") == _WORKSPACE:
        raise KanmonError(
            Code.CONTAINER_FAILED, phrase("The Docker action has no Docker engine."), fix=phrase(_FIX)
        )


def refuse_planned_docker_action(config_file: Path, environment: str, *, first: bool) -> None:
    """Refuse a plan that the present workflow would give to the Docker action. Raises CONTAINER_FAILED.

    `first` is whether the environment is the config's first one: a step may leave it out. A step with an
    expression may mean another release: the deploy itself finds out, before any change.
    """
    refuse_docker_action()
    for step in workflow_steps():
        given = step.get("with")
        inputs = given if isinstance(given, dict) else {}
        if _ACTION.match(step["uses"]) and _means(inputs, config_file, environment, first=first):
            raise KanmonError(
                Code.CONTAINER_FAILED,
                phrase("The step that deploys is the Docker action. It has no Docker engine."),
                where=f"uses: {step['uses']}",
                fix=phrase(_FIX),
            )


def _means(inputs: Mapping[str, Any], config_file: Path, environment: str, *, first: bool) -> bool:
    config, named = (str(inputs.get(name) or "") for name in ("config", "environment"))
    if named != environment and not (first and not named):
        return False
    return Path(config or "kanmon.yml").resolve() == config_file.resolve()
