"""The additions to ministack: one module for each difference from AWS."""

from __future__ import annotations

from . import (
    alarms,
    api_definitions,
    api_deployments,
    ascii_answers,
    authoriser,
    database_clusters,
    database_instances,
    deletions,
    destinations,
    function_packages,
    invocations,
    network,
    oidc,
    pages,
    records,
    role_boundaries,
    rotation,
    schedules,
    secrets,
    service_roles,
    snapshot_quota,
    sources,
    stages,
    subscriptions,
    templates,
    throttling,
    trails,
    web_identity,
)


def apply() -> None:
    """Apply all of them, once, before the first request."""
    for patch in (
        authoriser,
        web_identity,
        role_boundaries,
        service_roles,
        api_definitions,
        api_deployments,
        stages,
        database_clusters,
        database_instances,
        snapshot_quota,
        deletions,
        secrets,
        rotation,
        function_packages,
        destinations,
        invocations,
        alarms,
        network,
        oidc,
        trails,
        schedules,
        sources,
        subscriptions,
        records,
        pages,
        ascii_answers,
        templates,
        throttling,
    ):
        patch.apply()
