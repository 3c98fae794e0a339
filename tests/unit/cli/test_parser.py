"""An action is a command. Its options are the action's inputs."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kanmon.cli.command import OptionKind, SharedOptions, options_of
from kanmon.cli.commands import NAMES, load
from kanmon.cli.commands.deploy import DeployOptions
from kanmon.cli.commands.rollback import RollbackOptions
from kanmon.cli.parser import action_arguments, parse
from kanmon.codes import Code
from kanmon.errors import KanmonError


@pytest.mark.parametrize("name", NAMES)
def test_without_inputs_an_action_is_the_bare_command(name: str) -> None:
    assert action_arguments([name], {}) == [name]


@pytest.mark.parametrize("name", NAMES)
def test_a_bare_command_has_the_defaults_of_its_options(name: str) -> None:
    command, options, shared = parse([name])
    assert command is load(name)
    assert options == command.options()
    assert shared == SharedOptions()


def test_options_arrive_with_their_types() -> None:
    arguments = ["deploy", "--bundle", "a/b", "--plan=p.json", "--reason", "why", "--yes", "-v"]
    _, options, shared = parse([*arguments, "--config", "k.yml"])
    assert options == DeployOptions(bundle=Path("a/b"), plan=Path("p.json"), reason="why", yes=True)
    assert shared == SharedOptions(config=Path("k.yml"), verbose=True)


@pytest.mark.parametrize(
    "line", ["-v --config k.yml status", "status --config=k.yml -v", "-v status --config k.yml"]
)
def test_shared_options_stand_before_or_after_the_command(line: str) -> None:
    _, _, shared = parse(line.split())
    assert shared == SharedOptions(config=Path("k.yml"), verbose=True)


@pytest.mark.parametrize(
    "line", [["history", "--env", ""], ["--env=", "history"], ["rollback", ""], ["deploy", "--digest", ""]]
)
def test_an_empty_value_is_refused(line: list[str]) -> None:
    """CD-9: a variable of a script is not set. Without a value, these options mean something else."""
    with pytest.raises(KanmonError, match="the value is empty") as caught:
        parse(line)
    assert caught.value.code is Code.USAGE


def test_a_commands_name_may_be_the_value_of_an_option() -> None:
    command, _, shared = parse(["--config", "deploy", "status"])
    assert command.name == "status"
    assert shared.config == Path("deploy")


def test_an_unknown_command_is_refused_with_all_known_ones() -> None:
    with pytest.raises(KanmonError) as caught:
        parse(["undeploy", "--reason", "plan"])
    assert "status" in caught.value.message


@pytest.mark.parametrize("key", ["INPUT_LIFT-FREEZE", "INPUT_LIFT_FREEZE"])
def test_inputs_come_as_a_runner_or_a_shell_names_them(key: str) -> None:
    _, options, shared = parse(action_arguments(["deploy"], {key: "fixed", "INPUT_VERBOSE": "true"}))
    assert options == DeployOptions(lift_freeze="fixed")
    assert shared.verbose is True


@settings(deadline=None)
@given(st.text(min_size=1).filter(str.strip), st.text(min_size=1).filter(str.strip))
def test_whatever_is_in_an_input_is_only_its_value(reason: str, release: str) -> None:
    """SEC-5: a value with the look of an option is none."""
    inputs = {"INPUT_REASON": reason, "INPUT_RELEASE": release}
    _, options, _ = parse(action_arguments(["rollback"], inputs))
    assert options == RollbackOptions(release=release.strip(), reason=reason.strip())


@pytest.mark.parametrize("value", ["yes", "1", "on", "tRUE"])
def test_a_flag_is_true_or_false(value: str) -> None:
    with pytest.raises(KanmonError) as caught:
        action_arguments(["deploy"], {"INPUT_VERBOSE": value})
    assert caught.value.code is Code.USAGE


@pytest.mark.parametrize("arguments", [[], ["undeploy"], ["deploy", "--yes"], ["status", "history"]])
def test_an_action_is_one_known_command(arguments: list[str]) -> None:
    """SEC-5"""
    with pytest.raises(KanmonError) as caught:
        action_arguments(arguments, {})
    assert caught.value.code is Code.USAGE


@pytest.mark.parametrize("name", NAMES)
def test_nothing_approves_itself_by_an_input(name: str) -> None:
    """CD-3"""
    assert action_arguments([name], {"INPUT_YES": "true", "INPUT_DEBUG": "true"}) == [name]
    assert "yes" not in {option.name for option in load(name).inputs}


@pytest.mark.parametrize("name", NAMES)
def test_an_option_has_all_its_kind_needs(name: str) -> None:
    for option in (*options_of(SharedOptions), *options_of(load(name).options)):
        assert option.help
        assert not option.choices or option.default in option.choices
        assert option.metavar or option.kind in {OptionKind.FLAG, OptionKind.POSITIONAL}


@pytest.mark.parametrize(
    "arguments", [["--env", "qa", "status"], ["status", "--env=qa"], ["status", "--environment", "qa"]]
)
def test_the_environment_has_a_short_name(arguments: list[str]) -> None:
    """ADP-5"""
    _, _, shared = parse(arguments)
    assert shared.environment == "qa"


def test_an_action_has_it_as_an_input() -> None:
    assert action_arguments(["plan"], {"INPUT_ENVIRONMENT": "qa"}) == ["plan", "--environment=qa"]
