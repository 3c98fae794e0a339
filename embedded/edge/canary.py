"""A stage's canary: its share of requests, and its changes ("Set up an API Gateway canary release")."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random


@dataclass(frozen=True)
class Pointing:
    """A stage's decision for one request: a deployment and its variables."""

    deployment: str
    variables: dict[str, str]
    canary: bool


def draw(stage: dict[str, Any], chance: random.Random) -> Pointing:
    """Live or canary, by the canary's percentage."""
    variables = dict(stage.get("variables") or {})
    settings = stage.get("canarySettings") or {}
    if settings and chance.random() * 100 < float(settings.get("percentTraffic") or 0):
        variables |= settings.get("stageVariableOverrides") or {}
        return Pointing(settings.get("deploymentId") or stage["deploymentId"], variables, True)
    return Pointing(stage["deploymentId"], variables, False)
