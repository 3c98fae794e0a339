"""CloudFormation's role has the permissions of all resource handlers, and no others (SEC-1).

The names are the rendered templates', and the permissions are AWS's own, from the resource schemas.
"""

from __future__ import annotations

import pytest

from embedded.authorisation.evaluation import like
from tests.unit.templates.handlers import ARNS, schema_text
from tests.unit.templates.service_role import (
    ABSENT,
    BEYOND,
    PRESENT,
    WITHOUT_HANDLERS,
    beyond,
    judged,
    rendered,
    report,
    unexplained,
)


def test_every_denied_permission_has_a_reason() -> None:
    assert unexplained() == set()


def test_every_permission_without_a_handler_has_a_reason() -> None:
    assert beyond() == set(BEYOND)


def test_every_type_in_the_apps_stacks_is_judged() -> None:
    made = {one.kind for case in rendered().values() for one in case.made}
    assert made - WITHOUT_HANDLERS == set(ARNS)


@pytest.mark.parametrize(("kind", "permission"), [*ABSENT, *PRESENT])
def test_every_explanation_is_needed(kind: str, permission: str) -> None:
    assert [
        one for one in judged() if one.kind == kind and like(permission, one.permission) and not one.allowed
    ]


@pytest.mark.parametrize(("kind", "permission", "name"), [(*key, name) for key, name in ABSENT.items()])
def test_every_explaining_property_exists(kind: str, permission: str, name: str) -> None:
    """A misspelt property is in no template, either."""
    del permission
    assert f'"{name}":' in schema_text(f"AWS::{kind}")


@pytest.mark.parametrize("case", ["minimal", "everything on", "longest names"])
def test_no_allowed_action_has_a_wildcard(case: str) -> None:
    for statement in rendered()[case].role:
        if statement.effect == "Allow":
            wild = {action for action in statement.actions or () if "*" in action}
            assert wild <= {"cloudfront:CreateDistribution*"}, statement.sid


def test_the_report_counts_what_was_judged() -> None:
    assert "unexplained 0\n" in report()
    assert f"resource types: {len(ARNS)}\n" in report()
