"""What is added to ministack, one module for each difference from AWS."""

from __future__ import annotations

from . import (
    alarms,
    clusters,
    deployments,
    functions,
    instances,
    invocations,
    network,
    oidc,
    records,
    rotation,
    schedules,
    secrets,
    sources,
    stages,
    templates,
    trails,
)


def apply() -> None:
    """Apply all of them, once, before the first request."""
    for patch in (
        deployments,
        stages,
        clusters,
        instances,
        secrets,
        rotation,
        functions,
        invocations,
        alarms,
        network,
        oidc,
        trails,
        schedules,
        sources,
        records,
        templates,
    ):
        patch.apply()
