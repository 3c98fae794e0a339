"""A plan's page shows its reviewers all that changes, as far as GitHub shows a page (CD-4, TRU-1)."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from kanmon.github.comments import COMMENT_LIMIT
from kanmon.github.runner import SUMMARY_LIMIT
from kanmon.release.plan import Plan
from kanmon.report.plan_page import plan_markdown
from kanmon.report.terminal import print_plan
from kanmon.stacks.changes import Change
from tests.fakes.app import make_bundle, make_config, make_full_config
from tests.fakes.runs import plan_of
from tests.unit.config.test_verify import VERIFY
from tests.unit.report.test_terminal import a_plan, console, printed

if TYPE_CHECKING:
    from tests.fakes.cloud import Cloud


def large_plan(resources: int, lines: int, length: int) -> Plan:
    """A plan of three stacks with many resources and permissions, all with long names."""
    names = [f"R{number}".ljust(length, "x") for number in range(resources)]
    changes = [
        Change(action="Add", logical_id=name, type=f"AWS::{'IAM::Role' if not n % 2 else 'SNS::Topic'}")
        for n, name in enumerate(names)
    ]
    plan = a_plan(*changes)
    permissions = {name: (f"+ Allow: {name}",) * lines for name in names}
    full = {"resolved": None, "change_set": None, "planned": tuple(changes), "permissions": permissions}
    return plan.model_copy(update={"stacks": tuple(one.model_copy(update=full) for one in plan.stacks)})


def test_a_first_release_shows_resources_and_permissions(cloud: Cloud) -> None:
    """TRU-1: no change set shows them yet."""
    plan = plan_of(cloud, make_bundle(cloud, "one", config=make_full_config()))
    page = plan_markdown(plan, SUMMARY_LIMIT)
    for stack in plan.stacks:
        assert all(f"`{change.logical_id}`" in page for change in stack.changes)
        for logical_id, lines in stack.permissions.items():
            assert f"\n{logical_id}:\n{lines[0][:60]}" in page
    assert "| `+` | `ApiRole` | `AWS::IAM::Role` |  **permissions** |" in page
    assert "not shown" not in page


def test_permissions_come_first_in_a_stack() -> None:
    """CD-4: reviewers want to see these first."""
    rows = re.findall(r"^\| `\+` \| `(R\d+)", plan_markdown(large_plan(4, 1, 2), SUMMARY_LIMIT), re.MULTILINE)
    assert rows[:4] == ["R0", "R2", "R1", "R3"]


@pytest.mark.parametrize("limit", [SUMMARY_LIMIT, SUMMARY_LIMIT // 2, COMMENT_LIMIT])
@pytest.mark.parametrize(("resources", "lines", "length"), [(200, 8, 255), (500, 12, 40), (500, 2, 8)])
def test_a_large_plan_fits_and_counts_what_it_leaves_out(
    limit: int, resources: int, lines: int, length: int
) -> None:
    plan = large_plan(resources, lines, length)
    page = plan_markdown(plan, limit)
    assert len(page.encode()) <= limit
    assert page.count("<details>") == page.count("</details>") == 3
    assert f"Digest `{plan.digest}`" in page
    shown = len(re.findall(r"^\| `\+` \|", page, re.MULTILINE)) // 3
    left = re.findall(r"^(\d+)(?: more)? changes are not shown", page, re.MULTILINE)
    assert left == [str(resources - shown)] * 3 * (shown < resources)
    printed = (page.count("\n+ Allow:") + len(re.findall(r"^R\d+x*:$", page, re.MULTILINE))) // 3
    cut = re.findall(r"^\*\*(\d+)(?: more)? lines of permissions are not shown here\*\*", page, re.MULTILINE)
    assert bool(cut) == (printed < resources * (lines + 1))


def test_200_functions_fit_with_all_their_permissions() -> None:
    assert "not shown" not in plan_markdown(large_plan(200, 8, 60), SUMMARY_LIMIT)


def test_it_shows_what_the_deploy_reads_and_runs(cloud: Cloud) -> None:
    """CD-4, CD-7: the secrets of the checks by their names, and the team's own tests."""
    checks = [{"name": "one", "path": "/", "headers": {"x-key": "${secrets.partner}"}}]
    config = make_config(secrets={"partner": {}}, checks=checks, verify=VERIFY)
    plan = plan_of(cloud, make_bundle(cloud, "one", config=config))
    markdown = plan_markdown(plan, 100_000)
    on = console()
    print_plan(on, plan)
    for text in (markdown, printed(on)):
        assert "shop-test-partner" in text
        assert VERIFY["image"] in text
        assert "npx playwright test" in text
    again = Plan.model_validate(json.loads(plan.text())["plan"])
    assert again == plan
    assert "verify" not in json.loads(plan_of(cloud, make_bundle(cloud, "two")).text())["plan"]
