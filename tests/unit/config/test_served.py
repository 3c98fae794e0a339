"""A stored config is read for its service, whatever else is in it (CD-9)."""

from __future__ import annotations

from typing import Any

import pytest
from pydantic import ValidationError

from kanmon.config.served import read_served
from tests.fakes.app import make_config, make_full_config
from tests.fakes.configs import matrix


@pytest.mark.parametrize("case", matrix())
def test_the_view_of_a_present_config_loses_nothing(case: str) -> None:
    config = matrix()[case]
    served = read_served(config.as_json())
    assert served.prefix == config.prefix
    assert served.checks == config.checks
    assert served.unchecked == ()
    assert (served.api and served.api.throttle) == (config.api and config.api.throttle)
    assert (served.web is None) == (config.web is None)


@pytest.mark.parametrize(
    ("immutable", "folders"),
    [
        (["assets/*", "_app/immutable/*"], {"assets/", "_app/immutable/"}),
        (["*", "/*", ".previews/*", "a/.b/*", "assets/**", 7, "assets"], set()),
        ("assets/*", set()),
        ({"folder": "assets"}, set()),
    ],
)
def test_only_folders_of_hashed_assets_are_named(immutable: Any, folders: set[str]) -> None:
    """AWS-2: Kanmon deletes old files there. A form of another version names none, and stops no rollback."""
    config = make_config().as_json()
    web = read_served(config | {"web": {"directory": "dist", "immutable": immutable}}).web
    assert web
    assert web.folders == folders


@pytest.mark.parametrize("given", [{"X-Robots-Tag": "none", "X-New": "1", "Referrer-Policy": 7}, 7, None])
def test_a_stored_release_has_the_headers_that_this_version_knows(given: Any) -> None:
    """CD-9"""
    config = make_config().as_json()
    web = read_served(config | {"web": {"directory": "dist", "response_headers": given}}).web
    assert web
    assert web.headers == ({"x-robots-tag": "none"} if isinstance(given, dict) else {})


def _with_check(**changes: Any) -> dict[str, Any]:
    config: dict[str, Any] = make_full_config().as_json()
    config["checks"][0] |= changes
    return config


def test_a_check_runs_without_an_unknown_assertion() -> None:
    served = read_served(_with_check(expect={"status": 204, "colour": "red"}))
    assert [check.name for check in served.checks][:2] == ["health", "page"]
    assert served.checks[0].expect.status == 204
    assert served.unchecked == (
        "the check health runs without `expect.colour`: this Kanmon does not know it",
    )


@pytest.mark.parametrize("changes", [{"kind": "socket"}, {"method": "QUERY"}, {"expect": {"status": "ok"}}])
def test_an_unreadable_check_is_left_out_and_named(changes: dict[str, Any]) -> None:
    """Run as another request, it could fail on a good release."""
    served = read_served(_with_check(**changes))
    assert "health" not in [check.name for check in served.checks]
    assert len(served.unchecked) == 1
    assert served.unchecked[0].startswith("the check health does not run: this Kanmon can't read its `")


def test_a_check_without_the_one_that_it_needs_is_left_out() -> None:
    """Without its token, it would fail on a good release."""
    config: dict[str, Any] = make_full_config().as_json()
    login = next(check for check in config["checks"] if check["name"] == "member")
    login["sign_in"]["second_factor"] = "totp"
    served = read_served(config)
    assert {check.name for check in served.checks} == {"health", "page", "dry"}
    assert served.unchecked == (
        "the check member does not run: this Kanmon can't read its `sign_in.second_factor`",
        "the check mine does not run: it needs member",
    )


def test_a_config_without_an_app_is_none() -> None:
    config = make_config().as_json()
    del config["app"]
    with pytest.raises(ValidationError):
        read_served(config)
