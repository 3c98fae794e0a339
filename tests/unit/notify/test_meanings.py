"""A message about one of Kanmon's own alarms has its meaning in the reader's language (DOC-1, MON-2)."""

from __future__ import annotations

import pytest

from kanmon.documentation import OWN_ALARMS
from kanmon.language import speak
from kanmon.notify.meanings import in_chosen_language, meaning_of

OWN = meaning_of(OWN_ALARMS, name="few-orders")


def test_the_english_text_stays() -> None:
    assert in_chosen_language(OWN) == OWN
    assert OWN == "The app's own alarm few-orders fires. Look at `alarms.few-orders` in its config."


@pytest.mark.usefixtures("japanese")
def test_a_meaning_keeps_its_values() -> None:
    shown = in_chosen_language(meaning_of("api-errors", percent="2.5"))
    assert "2.5 % 超" in shown
    assert in_chosen_language(OWN).count("few-orders") == 2
    speak({})
    assert in_chosen_language(meaning_of("api-errors", percent="2.5")).startswith(
        "More than 2.5 % of the API"
    )


@pytest.mark.usefixtures("japanese")
@pytest.mark.parametrize(
    "description",
    ["", "Fewer orders than usual.", f"{OWN} Wake somebody up.", OWN.replace("alarms.few", "alarms.many")],
)
def test_a_text_of_the_team_stays(description: str) -> None:
    assert in_chosen_language(description) == description
