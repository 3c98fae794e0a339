"""A kind of AWS's messages: where a code stands, and what to do in either language (AWS-1, DOC-1)."""

from __future__ import annotations

import re

import pytest

from kanmon.aws.refusal import QUOTAS, Refusal, codes

SENT = Refusal("mails", "Too many.", "too many mails", QUOTAS, service="ses")
EVERYWHERE = Refusal("roles", "Too many.", "too many roles", QUOTAS, service="iam", region="us-east-1")
UNKNOWN = Refusal("any", "Too many.", codes("TooMany"), "It is full. {quotas}")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("TooMany", True),
        ("TooMany: It is full.", True),
        ("AWS answered PutIt with TooMany: It is full.", True),
        ("AWS の応答 (PutIt): TooMany: It is full。", True),
        ("It is full (Error Code: TooMany; Request ID: 1)", True),
        ("It is full (HandlerErrorCode: TooMany)", True),
        ("失敗したリソース: AWS::SNS::Topic: It is full. Error Code: TooMany。", True),
        ("Function not found: shop-TooMany", False),
        ("TooMany is no state", False),
        ("toomany: It is full.", False),
    ],
)
def test_a_code_counts_where_aws_writes_one(text: str, found: bool) -> None:
    assert bool(re.search(codes("TooMany"), text)) is found


def test_the_case_of_a_message_does_not_matter() -> None:
    assert SENT.fits("There are TOO MANY mails")
    assert not SENT.fits("There are many mails")


def test_the_advice_names_the_service() -> None:
    assert SENT.advice("sns").endswith("--service-code ses`.")
    assert EVERYWHERE.advice().endswith("--service-code iam --region us-east-1`.")
    assert UNKNOWN.advice("sns").startswith("It is full. Delete what nobody uses")
    assert UNKNOWN.advice("sns").endswith("--service-code sns`.")


@pytest.mark.usefixtures("japanese")
def test_the_advice_comes_in_japanese() -> None:
    assert "--service-code ses`" in SENT.advice()
    assert "削除" in SENT.advice()
