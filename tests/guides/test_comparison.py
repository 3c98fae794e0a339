"""How a printed result is compared with the stated one."""

from __future__ import annotations

import pytest

from tests.guides.comparison import first_difference

PRINTED = """\
Built 1 function of commit 3f2a1c9: bundle 6542c48e66b8
    0.3s  lock       r1 goes into the blue slot
   14.8s    ✓ health on r1 (live): passed 15.6 ms, 2 tries
\x1b[32mr1\x1b[0m: stable in 1 min 7 s

2  2026-11-29 13:52  deploy  r2
"""


@pytest.mark.parametrize(
    "stated",
    [
        "Built 1 function of commit abcdef1: bundle 0123456789ab\n 2.0s lock r1 goes into the blue slot",
        "…\n9.1s ✓ health on r1 (live): passed 7 ms, …\nr1: stable in 20 s",
        "Built …\n…\nr1: stable in 3 min 1 s\n\n2  2027-01-02 01:00  deploy  r2",
    ],
)
def test_what_varies_may_differ(stated: str) -> None:
    """Times, amounts, digests; and what an ellipsis leaves out."""
    assert first_difference(stated, PRINTED) == ""


def test_japanese_amounts_may_differ() -> None:
    printed = "r1: stable (安定) — 所要時間 1 分 7 秒\n0.17 秒で復帰。AWS 呼び出し 2 回"
    assert (
        first_difference("r1: stable (安定) — 所要時間 19.7 秒\n2 秒で復帰。AWS 呼び出し 2 回", printed) == ""
    )
    assert first_difference("…\n2 秒で復帰。AWS 呼び出し 3 回", printed) == "AMOUNTで復帰。AWS 呼び出し 3 回"


@pytest.mark.parametrize(
    ("stated", "missing"),
    [
        ("0.3s lock r2 goes into the blue slot", "AMOUNT lock r2 goes into the blue slot"),
        ("Built …\nr1: stable in 20 s", "r1: stable in AMOUNT"),
        ("r1: stable in 20 s\n…\nBuilt …", "Built …"),
        ("r1: stable", "r1: stable"),
        ("Built 2 functions …", "Built 2 functions …"),
    ],
)
def test_all_else_must_be_as_stated(stated: str, missing: str) -> None:
    """Another release, a line left out without an ellipsis, another order, half a line, another count."""
    assert first_difference(stated, PRINTED) == missing
