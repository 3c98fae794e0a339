"""The report of `scripts/verify-aws`: whole, and without anything secret (AWS-3)."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from verification.findings import Findings, State
from verification.report import document, markdown, redacted, summary, write

if TYPE_CHECKING:
    from pathlib import Path

ACCOUNT = "123456789012"
SECRETS = (
    ACCOUNT,
    f"arn:aws:iam::{ACCOUNT}:role/kanmon-verify-aws-plan",
    "arn:aws-cn:s3:::some-bucket/key",
    "AKIAIOSFODNN7EXAMPLE",
    "ASIAIOSFODNN7EXAMPLE",
    "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "IQoJb3JpZ2luX2VjEHoaDmFwLW5vcnRoZWFzdC0xIkcwRQIhAK/x+9==",
    "ghp_0123456789abcdefABCDEF0123456789abcd",
    "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJ4In0.c2ln",
    "hanako@example.com",
    "r4-d216c4d03a96e19f35b391f12e6b0f52",
    "d1234abcd.cloudfront.net",
    "abc123.execute-api.eu-west-1.amazonaws.com",
)


def state(**keys: object) -> State:
    given = {
        "account": ACCOUNT,
        "region": "eu-west-1",
        "kanmon": "0.1.0",
        "began": datetime(2026, 11, 28, tzinfo=UTC),
        "own_provider": True,
    }
    return State.model_validate(given | keys)


def findings(text: str = "") -> Findings:
    made = Findings(seconds=2.0)
    made.prove("CD-7", "A failed check rolls back", True, text)
    made.prove("P6", "A tag leaves", False, text)
    made.leave("P9", "A group comes first", text)
    for seconds in (1.0, 9.0, 2.0):
        made.measure("new stage", seconds)
    made.notes[f"about {text}"] = text
    return made


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_in_no_part_of_the_report(secret: str, tmp_path: Path) -> None:
    """AWS-3: in facts, notes, failures; also between other words."""
    text = f"CloudFormation answered ({secret}), then '{secret}'."
    found = state(done={"points": findings(text)}, failure=text)
    write(tmp_path, document(found, embedded=False, left=0))
    for name in ("verify-aws.md", "verify-aws.json"):
        assert secret not in (tmp_path / name).read_text("utf-8")


@pytest.mark.parametrize(
    "text",
    [
        "2753 requests, 0 failed, 0 mixed",
        "kanmon-verify-aws-slot-blue: UPDATE_ROLLBACK_COMPLETE",
        "max-age=63072000; includeSubDomains; preload",
        "CommaDelimitedList, String",
        "AWS::CloudFront::MonitoringSubscription",
    ],
)
def test_a_fact_stays_readable(text: str) -> None:
    assert redacted(text) == text


def test_the_account_is_shown_by_its_last_digits() -> None:
    assert document(state(), embedded=False, left=None)["account"] == "…9012"


def test_times_are_least_median_most_and_number() -> None:
    assert summary([1.0, 9.0, 2.0, 3.0]) == {"min": 1.0, "median": 2.5, "max": 9.0, "n": 4}


def test_times_of_several_steps_come_together() -> None:
    found = state(done={"one": findings(), "two": findings()})
    assert document(found, embedded=False, left=0)["times"]["new stage"]["n"] == 6


def test_promises_and_points_have_tables_of_their_own() -> None:
    content = document(state(done={"points": findings("4 s")}), embedded=True, left=2)
    text = markdown(content)
    promises, points = text.index("## Promises"), text.index("## Points about AWS")
    assert promises < text.index("| CD-7 | A failed check rolls back | **proven** | 4 s |") < points
    assert points < text.index("| P6 | A tag leaves | **failed** | 4 s |")
    assert "**1 proven, 1 failed, 1 not provable here.** Left in the account: **2 things**." in text
    assert "the embedded AWS" in text


def test_a_run_without_an_end_gives_its_reason() -> None:
    text = markdown(document(state(failure="a | b"), embedded=False, left=None))
    assert "**The run ended before its last step:** a \\| b" in text
    assert "**not looked yet**" in text


def test_the_json_has_the_same_outcomes(tmp_path: Path) -> None:
    write(tmp_path, document(state(done={"points": findings()}), embedded=False, left=0))
    content = json.loads((tmp_path / "verify-aws.json").read_text("utf-8"))
    assert content["outcomes"] == {"proven": 1, "failed": 1, "not provable here": 1}
