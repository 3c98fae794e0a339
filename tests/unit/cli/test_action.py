"""An action is a command whose options are the action's inputs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kanmon.cli.arguments import COMMANDS, Kind, action_arguments, action_inputs, make_parser
from kanmon.errors import Code, KanmonError


@pytest.mark.parametrize("name", COMMANDS)
def test_without_inputs_an_action_is_the_bare_command(name: str) -> None:
    assert vars(make_parser().parse_args(action_arguments(name, {}))) == vars(
        make_parser().parse_args([name])
    )


@pytest.mark.parametrize("key", ["INPUT_LIFT-FREEZE", "INPUT_LIFT_FREEZE"])
def test_inputs_come_as_a_runner_or_a_shell_names_them(key: str) -> None:
    parsed = make_parser().parse_args(action_arguments("deploy", {key: "mended", "INPUT_VERBOSE": "true"}))
    assert (parsed.lift_freeze, parsed.verbose) == ("mended", True)


@given(st.text(min_size=1).filter(str.strip), st.text(min_size=1).filter(str.strip))
def test_whatever_is_in_an_input_is_only_its_value(reason: str, release: str) -> None:
    """SEC-5: a value that looks like an option is none."""
    inputs = {"INPUT_REASON": reason, "INPUT_RELEASE": release}
    parsed = make_parser().parse_args(action_arguments("rollback", inputs))
    assert (parsed.reason, parsed.release, parsed.yes) == (reason.strip(), release.strip(), False)


@pytest.mark.parametrize("value", ["yes", "1", "on", "tRUE"])
def test_a_flag_is_true_or_false(value: str) -> None:
    with pytest.raises(KanmonError) as caught:
        action_arguments("deploy", {"INPUT_VERBOSE": value})
    assert caught.value.code is Code.USAGE


def test_nothing_approves_itself_by_an_input() -> None:
    """CD-3."""
    inputs = {"INPUT_YES": "true", "INPUT_DEBUG": "true"}
    for name in COMMANDS:
        assert action_arguments(name, inputs) == [name]
        assert "yes" not in {option.name for option in action_inputs(name)}


def test_a_kind_has_what_it_needs() -> None:
    for command in COMMANDS.values():
        for option in command.options:
            assert option.kind is Kind.PATH or option.choices or option.default is None
            assert not option.choices or option.default in option.choices
            assert option.help
