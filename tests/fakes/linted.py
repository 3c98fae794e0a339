"""What cfn-lint finds in a template, its hints included."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cfnlint import ManualArgs, lint  # type: ignore[import-untyped]

if TYPE_CHECKING:
    from collections.abc import Sequence

# I2530 recommends SnapStart, which works on published versions only; slots do without versions.
_IGNORED = ("I2530",)


def findings(body: str, region: str = "ap-northeast-1", *, ignored: Sequence[str] = ()) -> list[str]:
    """A line for each finding; rules that are `ignored` are left out."""
    rules = ManualArgs(regions=[region], include_checks=["I"], ignore_checks=[*_IGNORED, *ignored])
    return [f"{match.rule.id} line {match.linenumber}: {match.message}" for match in lint(body, config=rules)]
