"""Before a run begins: whose account it is, what is there, what it costs, and who agrees (AWS-3)."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import pytest
from rich.console import Console

from verification.account import Account, AccountError
from verification.beginning import LAST, announce, confirm, known_state, new_state, refuse_foreign
from verification.findings import Findings

from .test_report import ACCOUNT, state

if TYPE_CHECKING:
    from pathlib import Path

OWN = Account("eu-west-1", ACCOUNT, f"arn:aws:iam::{ACCOUNT}:user/hanako")
ELSEWHERE = (
    Account("eu-west-1", "999999999999", "arn:aws:iam::999999999999:user/hanako"),
    Account("us-east-1", ACCOUNT, OWN.caller),
)


class Held(Account):
    """An account in which every list has one thing, or none."""

    thing = ""

    def pages(self, service: str, operation: str, key: str, **arguments: Any) -> Any:
        del operation, key, arguments
        return iter([] if service == "kms" or not self.thing else [{"Name": self.thing}])

    def stack(self, name: str) -> None:
        del name


class Full(Held):
    """An account with things of an earlier run."""

    thing = "kanmon-verify-aws-web"


class Foreign(Held):
    """An account with an app of somebody else."""

    thing = "shop-production-web"


@pytest.mark.parametrize("other", ELSEWHERE, ids=["account", "region"])
def test_a_run_of_another_place_is_never_taken_for_ones_own(tmp_path: Path, other: Account) -> None:
    state().write(tmp_path / "state.json")
    with pytest.raises(AccountError, match="another account or region"):
        known_state(tmp_path, other, again=False)


def test_a_run_is_found_again(tmp_path: Path) -> None:
    state().write(tmp_path / "state.json")
    assert known_state(tmp_path, OWN, again=False) == state()


def test_an_unfinished_run_is_not_begun_anew(tmp_path: Path) -> None:
    state().write(tmp_path / "state.json")
    with pytest.raises(AccountError, match="has not ended"):
        known_state(tmp_path, OWN, again=True)


def test_an_ended_run_can_be_begun_anew(tmp_path: Path) -> None:
    state(done={LAST: Findings()}).write(tmp_path / "state.json")
    assert known_state(tmp_path, OWN, again=True) is None


def test_an_account_with_another_run_is_refused() -> None:
    with pytest.raises(AccountError, match=r"kanmon-verify|--destroy"):
        refuse_foreign(Full("eu-west-1", ACCOUNT, OWN.caller), destroy=False)


def test_other_apps_of_the_account_do_not_count() -> None:
    refuse_foreign(Foreign("eu-west-1", ACCOUNT, OWN.caller), destroy=False)


def test_nothing_to_destroy_is_refused() -> None:
    with pytest.raises(AccountError, match="nothing of kanmon-verify"):
        refuse_foreign(Foreign("eu-west-1", ACCOUNT, OWN.caller), destroy=True)


def test_the_files_of_an_ended_run_go(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "viewer-second.jsonl").touch()
    provider = {"OpenIDConnectProviderList": [{"Arn": "arn:x/token.actions.githubusercontent.com"}]}

    class Iam:
        def list_open_id_connect_providers(self) -> Any:
            return provider

    found = new_state(tmp_path, Account("eu-west-1", ACCOUNT, OWN.caller, {"iam": Iam()}))
    assert not found.own_provider
    assert list(tmp_path.iterdir()) == []


def test_without_a_terminal_nobody_agrees(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    with pytest.raises(AccountError, match="Add --yes"):
        confirm(Console(file=io.StringIO()), yes=False)
    confirm(Console(file=io.StringIO()), yes=True)


class Terminal(io.StringIO):
    """Somebody types."""

    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("typed", "agrees"), [("y\n", True), ("YES\n", True), ("\n", False), ("n\n", False)])
def test_only_a_yes_agrees(monkeypatch: pytest.MonkeyPatch, typed: str, agrees: bool) -> None:
    monkeypatch.setattr("sys.stdin", Terminal(typed))
    if agrees:
        confirm(Console(file=io.StringIO()), yes=False)
    else:
        with pytest.raises(AccountError, match="Nothing was changed"):
            confirm(Console(file=io.StringIO()), yes=False)


def test_account_region_cost_and_things_are_shown() -> None:
    out = io.StringIO()
    announce(Console(file=out, width=200), OWN, state(), 17, destroy=False)
    for text in (ACCOUNT, "eu-west-1", "user/hanako", "0 of 17 steps", "Aurora", "USD"):
        assert text in out.getvalue()
