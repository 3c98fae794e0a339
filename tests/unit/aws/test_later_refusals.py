"""AWS's messages about an account that may come at any time (AWS-1)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.aws.later_refusals import LATER

if TYPE_CHECKING:
    from kanmon.aws.refusal import Refusal

ROWS = pytest.mark.parametrize("refusal", LATER, ids=lambda one: one.message[:40])


@ROWS
def test_each_row_names_its_service_or_takes_that_of_the_message(refusal: Refusal) -> None:
    advice = refusal.advice("sns")
    assert "{" not in advice
    if "--service-code" in advice and refusal.service:
        assert f"--service-code {refusal.service}" in advice


@ROWS
@pytest.mark.usefixtures("japanese")
def test_each_row_is_there_in_japanese(refusal: Refusal) -> None:
    """DOC-1: with the same commands."""
    assert not refusal.advice().isascii()
    assert "{" not in refusal.advice()


def test_a_row_for_a_message_that_may_come_later_has_no_time() -> None:
    """The table of the documents has no column for it."""
    assert [one.message for one in LATER if one.takes] == []
