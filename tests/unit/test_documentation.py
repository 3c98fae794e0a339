"""The addresses of the project's own pages."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from kanmon.documentation import (
    ISSUES,
    OPERATIONS,
    REPOSITORY,
    in_japanese,
    page,
    split_runbook,
    with_runbook,
)

ROOT = Path(__file__).resolve().parents[2]
ADDRESS = f"{REPOSITORY}/blob/main/docs/operations-manual.md#api-errors"


def test_the_package_names_the_same_addresses() -> None:
    urls = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["urls"]
    assert urls["Repository"] == REPOSITORY
    assert urls["Issues"] == ISSUES
    assert urls["Changelog"] == page("CHANGELOG.md")


def test_no_other_module_knows_the_address() -> None:
    """One place to change."""
    knowing = [path for path in (ROOT / "kanmon").rglob("*.py") if REPOSITORY in path.read_text("utf-8")]
    assert knowing == [ROOT / "kanmon/documentation.py"]


def test_a_runbook_comes_last_and_is_found_again() -> None:
    """DOC-2: in mail it is an address, in chat a link."""
    described = with_runbook("Users see failures.", "api-errors")
    assert described == f"Users see failures. Runbook: {ADDRESS}"
    assert split_runbook(described) == ("Users see failures.", ADDRESS)
    assert split_runbook(with_runbook("", "api-errors")) == ("", ADDRESS)


def test_a_runbook_has_a_japanese_page() -> None:
    """DOC-1: `test_translations.py` has its headings."""
    assert in_japanese(ADDRESS) == f"{REPOSITORY}/blob/main/docs/ja/operations-manual.md#api-errors"
    assert (ROOT / OPERATIONS.replace("docs/", "docs/ja/")).exists()


@pytest.mark.parametrize(
    "foreign",
    [
        "",
        "Runbook: https://evil.example/#api-errors",
        f"Runbook: {ADDRESS} and more",
        f"Runbook: {ADDRESS}.evil",
        f"Runbook: {REPOSITORY}/blob/main/docs/operations-manual.md@evil.example#x",
    ],
)
def test_only_an_address_of_kanmon_becomes_a_link(foreign: str) -> None:
    """TRU-5: every alarm of the account may come by the topic."""
    assert split_runbook(foreign) == (foreign, "")
