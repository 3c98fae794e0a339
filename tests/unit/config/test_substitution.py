"""`${…}` in the config's texts: what may be named where, and what a wrong name is answered with (ADP-4)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from kanmon.config.placeholders import names_in, substitute
from kanmon.config.substitution import outputs, resolved
from tests.fakes.app import make_config

if TYPE_CHECKING:
    from kanmon.config.schema import Config


def _config(**changes: Any) -> Config:
    function = {
        "handler": "shop.api",
        "artifact": "build/api",
        "environment": {"VALUE": changes.pop("text", "x")},
    }
    return make_config(
        functions={"api": function}, hooks=[], database=None, user_pool={}, secrets={"jwt": {}}, **changes
    )


def _refused(**changes: Any) -> str:
    with pytest.raises(ValidationError) as error:
        _config(**changes)
    return str(error.value)


@given(st.text(alphabet="${}!.aB", max_size=20))
def test_every_text_can_be_written(text: str) -> None:
    """With `!` in each `${…}`, any text stays as it is."""
    escaped = re.sub(r"\$\{([^{}]*)\}", r"${!\1}", text)
    assert names_in(escaped) == []
    assert substitute(escaped, str.upper) == text


def test_names_come_in_their_order() -> None:
    assert names_in("a ${edge.Domain} ${!no} ${AWS::Region}") == ["edge.Domain", "AWS::Region"]


@pytest.mark.parametrize(
    "text",
    [
        "https://${edge.Domain}/callback",
        "${foundation.UserPoolId}",
        "${foundation.JwtSecretArn}",
        "${slot.ApiFunctionArn}",
        "${kanmon.Prefix}-${AWS::Region}",
        "${!anything} $ {} $${!x}",
    ],
)
def test_a_known_name_is_taken(text: str) -> None:
    """ADP-4"""
    assert _config(text=text).functions["api"].environment["VALUE"] == text


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("${foundation.UserPoolID}", "Write `${foundation.UserPoolId}`."),
        ("${foundation.Zebra}", "Use one of"),
        ("${JWT}", "Write `${stack.Output}`"),
        ("${orders.TableName}", "There is no stack orders."),
        ("${secrets.jwt", "has no end"),
        ("a ${kanmon.App} ${", "has no end"),
        ("${secret.jwt}", "Write `${secrets.jwt}`."),
        ("${Secrets.jwt}", "Write `${secrets.jwt}`."),
        ("${ secrets.jwt }", "Write `${secrets.jwt}`."),
        ("${}", "For the text itself"),
        ("${slot.WorkerFunctionArn}", "Nothing has the name"),
        ("${AWS::StackName}", "Nothing has the name"),
    ],
)
def test_an_unknown_name_has_its_fix(text: str, words: str) -> None:
    """ADP-4: refused before anything is built."""
    assert words in _refused(text=text)


def test_pages_are_of_no_slot() -> None:
    """ADP-4"""
    web = {"directory": "dist", "settings": {"API": "${slot.ApiFunctionArn}"}}
    assert "pages, and they are of no slot" in _refused(web=web)
    assert "Nothing has the name" in _refused(web=web | {"settings": {"API": "${edge.Domainn}"}})


def test_the_boundary_knows_no_stack() -> None:
    """ADP-1"""
    allow = [{"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::${edge.Domain}/*"]}]
    assert "The bootstrap stack comes before all others" in _refused(boundary={"allow": allow})


def test_the_boundary_knows_no_stack_of_the_teams_own() -> None:
    """ADP-1"""
    allow = [{"actions": ["dynamodb:GetItem"], "resources": ["${orders.TableArn}"]}]
    own = {"orders": {"template": "orders.yml"}}
    assert "The bootstrap stack comes before all others" in _refused(stacks=own, boundary={"allow": allow})


@pytest.mark.parametrize(
    "text", ["x-${orders.Arn}", "${orders.Arn}-x", "${orders.Arn}${orders.Name}", "${orders.Arn}${!x}"]
)
def test_a_parameter_takes_one_output_alone(text: str) -> None:
    """ADP-2: CloudFormation would get the first value, and nothing of the rest."""
    stacks = {"orders": {"template": "a.yml"}, "events": {"template": "b.yml", "parameters": {"Title": text}}}
    assert "one output alone" in _refused(stacks=stacks)


def test_values_come_from_the_stacks() -> None:
    """ADP-4"""
    config = _config()
    text = "${kanmon.Prefix} ${edge.Domain} ${!kept}"
    assert resolved(text, config, {"edge": {"Domain": "d1.example"}}) == "shop-test d1.example ${kept}"
    with pytest.raises(KeyError):
        resolved("${foundation.UserPoolId}", config, {})


def test_all_outputs_of_the_foundation_are_there() -> None:
    assert {"foundation.UserPoolId", "foundation.JwtSecretArn", "edge.Domain"} <= outputs(_config()).keys()
