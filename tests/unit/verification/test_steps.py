"""The steps of a run: each once, in their order, also over several calls (AWS-3)."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from rich.console import Console

from demo.app import App
from verification.account import Account
from verification.findings import Findings, State
from verification.sample import Sample
from verification.steps import Step, StepError, Verification, go

from .test_report import state

if TYPE_CHECKING:
    from collections.abc import Callable


def run_in(folder: Path, known: State | None = None) -> Verification:
    account = Account("eu-west-1", "123456789012", "arn:aws:iam::123456789012:user/hanako")
    console = Console(file=io.StringIO())
    return Verification(
        console, folder, account, Sample(App(folder)), known or state(), Path("kanmon"), False
    )


def steps(done: list[str], failing: str = "", error: type[BaseException] = StepError) -> list[Step]:
    def does(name: str) -> Callable[[Verification, Findings], None]:
        def run(_: Verification, findings: Findings) -> None:
            if name == failing:
                raise error(name)
            done.append(name)
            findings.notes[name] = f"of {name}"

        return run

    return [Step(name, name, does(name)) for name in ("one", "two", "three")]


@pytest.mark.parametrize("error", [StepError, KeyboardInterrupt])
def test_another_call_goes_on_after_the_last_finished_step(
    tmp_path: Path, error: type[BaseException]
) -> None:
    done: list[str] = []
    first = run_in(tmp_path)
    with pytest.raises(error):
        go(first, steps(done, "two", error))
    again = State.read(first.state_file)
    assert again
    second = run_in(tmp_path, again)
    go(second, steps(done))
    assert done == ["one", "two", "three"]
    assert list(second.state.done) == done


def test_a_fact_of_an_earlier_call_is_known(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    go(run, steps([]))
    again = State.read(run.state_file)
    assert again
    assert again.note("two") == "of two"
    assert again.note("four") == ""


def test_only_the_user_can_read_the_state(tmp_path: Path) -> None:
    run = run_in(tmp_path)
    run.state.write(run.state_file)
    assert run.state_file.stat().st_mode & 0o077 == 0


def test_without_a_file_there_is_no_state(tmp_path: Path) -> None:
    assert State.read(tmp_path / "state.json") is None
