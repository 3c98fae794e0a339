"""What a release serves its pages with: limits of headers and settings (INF-5, INF-8)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from kanmon.codes import Code
from kanmon.config.source import load_config
from kanmon.config.web import CHANGEABLE, Web
from kanmon.errors import KanmonError
from kanmon.language import japanese
from tests.fakes.app import make_config

if TYPE_CHECKING:
    from pathlib import Path

METADATA = 2048


def _web(**changes: Any) -> Web:
    return Web(directory="web/dist", **changes)


@pytest.mark.parametrize(
    "headers",
    [{"Set-Cookie": "a=b"}, {"permissions-policy": "x"}, {"X-Robots-Tag": ""}, {"X-Robots-Tag": "a\nb"}],
)
def test_a_header_that_no_app_may_change_is_refused(headers: dict[str, str]) -> None:
    """SEC-5: and names are as in the list."""
    with pytest.raises(ValidationError):
        _web(response_headers=headers)


def test_the_rule_for_a_headers_name_lists_all_of_them() -> None:
    """DOC-1: the rule stands there as one text, for its translation."""
    names = Web.model_json_schema()["properties"]["response_headers"]["propertyNames"]
    assert names["patternErrorMessage"] == f"Use one of {', '.join(CHANGEABLE)}."
    assert all(name in japanese()[names["patternErrorMessage"]] for name in CHANGEABLE)


@pytest.mark.parametrize(
    "shown", ["", "page", "about", "../x.html", "/x.html", ".x.html", "a//b.html", "x.htm"]
)
def test_a_path_shows_files_or_a_page(shown: str) -> None:
    """INF-8"""
    for wrong in ({"routes": shown}, {"routes_in": {"docs/*": shown}}):
        with pytest.raises(ValidationError):
            _web(**wrong)


@pytest.mark.parametrize("folder", ["*", "/docs/*", "docs", "docs/", ".docs/*", "docs/*/x", "docs/**"])
def test_a_rule_is_for_one_folder(folder: str) -> None:
    with pytest.raises(ValidationError):
        _web(routes_in={folder: "files"})


@pytest.mark.parametrize("folder", ["api/*", "api/docs/*"])
def test_a_folder_of_the_api_has_no_rule(folder: str) -> None:
    """CloudFront asks the API for its paths."""
    with pytest.raises(ValidationError, match="are the API's, by"):
        make_config(web={"directory": "d", "routes_in": {folder: "files"}})
    make_config(web={"directory": "d", "routes_in": {folder: "files"}}, api=None)


def test_headers_fit_into_the_metadata_together() -> None:
    with pytest.raises(ValidationError, match="S3 keeps the policy and `response_headers`"):
        _web(response_headers={"Permissions-Policy": "x" * 1800})


def test_headers_fill_the_metadata_of_a_page() -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html"""
    policy = _web(content_security_policy="x" * 1816).headers["content-security-policy"]
    metadata = {
        "kanmon-release": "r999999999",
        "sha256": "0" * 64,
        "kanmon-header-content-security-policy": policy,
        "kanmon-preview": "r999999999-" + "0" * 32,
    }
    assert sum(len(f"x-amz-meta-{name}{value}") for name, value in metadata.items()) == METADATA


def test_headers_too_big_for_the_metadata_are_refused(tmp_path: Path) -> None:
    """Before anything is built: S3 would refuse the page when the release goes live."""
    file = tmp_path / "kanmon.yml"
    file.write_text(f"app: shop\nweb:\n  directory: dist\n  content_security_policy: {'x' * 1900}\n")
    with pytest.raises(KanmonError) as caught:
        load_config(file)
    assert caught.value.code is Code.CONFIG_INVALID
    assert "kanmon.yml:4: In `web.content_security_policy`: It has 1900 char" in caught.value.message
    assert "Make it shorter by 84." in caught.value.message


@pytest.mark.parametrize(
    "settings",
    [{"": "x"}, {"1A": "x"}, {"a-b": "x"}, {"A" * 65: "x"}, {"A": "x" * 1025}, {"A": 1}, {"A": None}],
)
def test_settings_are_short_texts_with_plain_names(settings: Any) -> None:
    with pytest.raises(ValidationError, match="settings"):
        _web(settings=settings)


def test_any_short_text_is_a_setting() -> None:
    settings = {"A": "", "MAPS_URL": "https://é.example/</script>", "aB1": "x" * 1024}
    assert _web(settings=settings).settings == settings


@pytest.mark.parametrize(
    "folder", ["../*", ".previews/*", ".well-known/*", "./*", "*", "/a/*", "a/.b/*", "a//b/*", "a*"]
)
def test_a_folder_of_assets_is_one_plain_folder(folder: str) -> None:
    """TRU-2: none of them could take previews past the path function."""
    with pytest.raises(ValidationError):
        _web(immutable=[folder])


def test_an_assets_folder_may_have_any_plain_name() -> None:
    assert _web(immutable=["releases/*", "live/*", "_next.1/*", "_next/static/*"])
