"""A message's buttons go to plain HTTPS addresses only (TRU-5)."""

from __future__ import annotations

import pytest

from kanmon.notify.message import Message, MessageKind


def _buttons(address: str) -> tuple[tuple[str, str], ...]:
    return Message(MessageKind.FAILED, "shop", "test", "r1", "it failed", links=(("Run", address),)).buttons


@pytest.mark.parametrize(
    "address",
    [
        "https://github.com/octo/shop/actions/runs/7/attempts/1",
        "https://d123.cloudfront.net",
        "https://eu-west-1.console.aws.amazon.com/cloudwatch/home?region=eu-west-1#alarmsV2:alarm/a%20b",
        "http://127.0.0.1:8080/octo/shop",
    ],
)
def test_a_plain_address_is_a_button(address: str) -> None:
    assert _buttons(address) == (("Run", address),)


@pytest.mark.parametrize(
    "address",
    [
        "http://github.com/octo/shop",
        "javascript:alert(1)",
        "https://github.com@evil.example/",
        "https://127.0.0.1@evil.example",
        "https://github.com/a|Approve>",
        "https://github.com/a\nApprove: https://evil.example",
        "https://github.com/a b",
        "https://gith\u0443b.com/",
        "//evil.example",
        "",
    ],
)
def test_any_other_address_is_left_out(address: str) -> None:
    """TRU-5"""
    assert _buttons(address) == ()
