"""A release and a rollback while AWS throttles the account (AWS-4, NFR-3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.e2e.changes import visible_change

if TYPE_CHECKING:
    from collections.abc import Iterator

    from embedded.aws import EmbeddedAws
    from tests.e2e.project import Project

SERVICES = {"apigateway", "cloudformation", "lambda", "rds", "s3", "sts"}
"""Those that a release needs."""

pytestmark = pytest.mark.emulator


@pytest.fixture
def throttled(aws: EmbeddedAws) -> Iterator[EmbeddedAws]:
    """The embedded AWS; its throttles end with the test."""
    yield aws
    aws.throttle({})


def test_throttles_delay_a_release_and_a_rollback_only(project: Project, throttled: EmbeddedAws) -> None:
    """AWS-4, NFR-3: the first and each fourth request of every operation, ten before the API's move back."""
    project.release().check()
    visible_change(project, "two")
    project.kanmon("build").check()
    throttled.throttle({"*": {"first": 1, "every": 4}})
    project.kanmon("deploy", "--yes").check()
    repeated = throttled.throttled()
    assert project.live() == ("r2", "r2")
    throttled.throttle({"*": {"first": 1, "every": 4}, "apigateway:UpdateStage": {"first": 10}})
    project.kanmon("rollback", "--yes", "--reason", "complaints").check()
    assert throttled.throttled()["apigateway:UpdateStage"] == 10
    throttled.throttle({})
    assert project.live() == ("r1", "r1")
    assert {name.partition(":")[0] for name in repeated} >= SERVICES
    assert project.operations()[-1]["rollback_seconds"] < 25
