"""GitHub's environments: the refs that their rules admit (CD-3)."""

from __future__ import annotations

import pytest

from kanmon.github.environments import Environment


@pytest.mark.parametrize(
    ("pattern", "ref", "admitted"),
    [
        ("main", "refs/heads/main", True),
        ("main", "refs/heads/mainx", False),
        ("main", "refs/tags/main", False),
        ("releases/*", "refs/heads/releases/1", True),
        ("releases/*", "refs/heads/releases/1/2", False),
        ("releases/**/*", "refs/heads/releases/1/2", True),
        ("v[0-9]", "refs/heads/v1", True),
        ("tags/v*", "refs/tags/v1", True),
        ("v*", "refs/tags/v1", False),
        ("a.c", "refs/heads/abc", False),
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
        url="",
    )
    assert rules.admits(ref) is admitted
