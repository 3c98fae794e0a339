"""GitHub's environments: the refs that their rules admit (CD-3)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.github.environments import Environment, GithubRules
from tests.fakes.repository import client_of

if TYPE_CHECKING:
    from embedded.github.server import LocalGithub


@pytest.mark.parametrize(
    ("pattern", "ref", "admitted"),
    [
        ("heads/main", "refs/heads/main", True),
        ("heads/main", "refs/heads/mainx", False),
        ("heads/main", "refs/tags/main", False),
        ("heads/releases/*", "refs/heads/releases/1", True),
        ("heads/releases/*", "refs/heads/releases/1/2", False),
        ("heads/releases/**/*", "refs/heads/releases/1/2", True),
        ("heads/v[0-9]", "refs/heads/v1", True),
        ("heads/v[9-0]", "refs/heads/v1", False),
        ("tags/v*", "refs/tags/v1", True),
        ("tags/v1", "refs/heads/tags/v1", False),
        ("heads/v*", "refs/tags/v1", False),
        ("heads/a.c", "refs/heads/abc", False),
        ("heads/*", "refs/pull/3/merge", False),
    ],
)
def test_patterns_match_as_in_github(pattern: str, ref: str, *, admitted: bool) -> None:
    """CD-3"""
    rules = Environment(
        name="production",
        reviewers=("bob",),
        prevents_self_review=True,
        protected_branches=False,
        patterns=(pattern,),
        other_rules=(),
        url="",
    )
    assert rules.admits(ref) is admitted


def rules_of(github: LocalGithub) -> Environment:
    found = GithubRules(client_of(github, actions="read")).environment("production")
    assert found
    return found


def test_branches_and_tags_are_kept_apart(github: LocalGithub) -> None:
    """TRU-4"""
    github.protect("production", ["taro"], branches=["main", "tags/v1"])
    assert rules_of(github).patterns == ("heads/main", "tags/v1")


def test_patterns_come_from_all_pages(github: LocalGithub) -> None:
    """The open one may be on the last page (TRU-4)."""
    github.protect("production", ["taro"], branches=[*(f"release-{number}" for number in range(150)), "*"])
    assert rules_of(github).open_to_all


def test_an_app_with_a_rule_is_named(github: LocalGithub) -> None:
    """An environment itself doesn't list it (TRU-4)."""
    github.protect("production", ["taro"], branches=["main"], apps=["change-board"])
    assert rules_of(github).other_rules == ("change-board",)
