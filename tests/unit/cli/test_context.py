"""The context of a command: the region of AWS, and the check of the credentials."""

from __future__ import annotations

import io
import json
import re
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given

from kanmon.cli.context import Context
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import speak, spoken
from tests.fakes.app import make_config
from tests.fakes.foreign import FOREIGN, PIECES


def context(folder: Path, **keys: object) -> Context:
    """The context of a config with these keys, and without a region unless one is among them."""
    values = make_config().model_dump(mode="json", by_alias=True, exclude_defaults=True) | keys
    file = folder / "kanmon.yml"
    file.write_text(json.dumps(values))
    return Context(file)


@pytest.mark.parametrize(
    ("keys", "region"), [({"region": "eu-central-1"}, "eu-central-1"), ({}, "ap-northeast-1")]
)
def test_only_the_configs_region_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, keys: dict[str, str], region: str
) -> None:
    """INF-9"""
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    assert context(tmp_path, **keys).aws.s3.meta.region_name == region


def test_an_error_comes_in_the_configs_language(tmp_path: Path) -> None:
    try:
        with pytest.raises(KanmonError):
            context(tmp_path, language="ja", functions=7).config  # noqa: B018 - its use validates
        assert spoken() == "ja"
    finally:
        speak({})


@pytest.mark.parametrize(
    "text",
    [
        "app: shop\nlanguage: ja\nweb: [dist\n",
        "app: [shop\nlanguage: ja\n",
        "language: 'ja' # the team's\r\napp: shop\r\napp: shop\r\n",
        'language: "ja"\napp: !secret shop\n',
        "language: ja\napp: &a [*a]\n",
    ],
)
def test_an_error_of_the_yaml_comes_in_the_configs_language(tmp_path: Path, text: str) -> None:
    file = tmp_path / "kanmon.yml"
    file.write_text(text)
    try:
        with pytest.raises(KanmonError) as caught:
            Context(file).config  # noqa: B018 - its use reads the file
        assert spoken() == "ja"
        assert caught.value.fix != Code.CONFIG_SYNTAX.fix
    finally:
        speak({})


@pytest.mark.parametrize(
    "text", ["app: [\n", "x:\n  language: ja\napp: [\n", "# language: ja\napp: [\n", "language: fr\napp: [\n"]
)
def test_an_error_of_the_yaml_is_in_english_without_a_language(tmp_path: Path, text: str) -> None:
    file = tmp_path / "kanmon.yml"
    file.write_text(text)
    with pytest.raises(KanmonError, match="The YAML can't be read"):
        Context(file).config  # noqa: B018 - its use reads the file


def test_hints_name_an_environment_if_there_are_several(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """ADP-5"""
    several: dict[str, Any] = {"environment": None, "environments": {"staging": {}, "production": {}}}
    file = context(tmp_path).config_file
    one = json.loads(file.read_text())
    file.write_text(json.dumps({key: value for key, value in (one | several).items() if value is not None}))
    held = KanmonError(Code.HELD, "It is held.")
    for named, expected in (("", "staging"), ("production", "production")):
        Context(file, environment=named).show_error(held)
        assert f"kanmon recover --env {expected} --keep" in " ".join(capsys.readouterr().err.split())
    context(tmp_path).show_error(held)
    assert "--env" not in capsys.readouterr().err
    broken = context(tmp_path, functions=7)
    broken.environment = "production"
    assert broken.hinted == "production"


@pytest.mark.parametrize("region", ["Tokyo", "not a region", 7])
def test_a_wrong_region_is_an_error_of_the_config(tmp_path: Path, region: object) -> None:
    """INF-9: AWS's client refuses it with words of its own, or has no address for it."""
    with pytest.raises(KanmonError) as caught:
        context(tmp_path, region=region).check_credentials()
    assert caught.value.code is Code.CONFIG_INVALID


def test_a_wrong_config_hides_missing_credentials(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """INF-9: you can correct the file without an account."""
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    with pytest.raises(KanmonError) as caught:
        context(tmp_path, functions=7).check_credentials()
    assert caught.value.code is Code.CONFIG_INVALID


@given(FOREIGN)
@example("".join(PIECES))
@example("\\##[error]###[[\x7f")
def test_printed_json_is_exact_and_does_nothing(value: str) -> None:
    """TRU-5: neither on a terminal, nor in a step's log."""
    with redirect_stdout(io.StringIO()) as shown:
        Context(Path("kanmon.yml")).print_json({value: [value]})
    printed = shown.getvalue()
    assert json.loads(printed) == {value: [value]}
    assert re.fullmatch(r"[\n -~]*", printed)
    assert not re.search(r"^\s*::|##\[", printed, re.MULTILINE)


SEVERAL = """\
app: shop
web: {directory: web}
checks: [{name: page, path: /}]
environments:
  staging: {region: eu-west-1}
  production: {region: eu-central-1}
"""


@pytest.mark.parametrize(
    ("environment", "prefix", "region"),
    [
        ("", "shop-staging", "eu-west-1"),
        ("staging", "shop-staging", "eu-west-1"),
        ("production", "shop-production", "eu-central-1"),
    ],
)
def test_the_named_environment_has_its_config_and_region(
    tmp_path: Path, environment: str, prefix: str, region: str
) -> None:
    """ADP-5: AWS is asked in its region before the config is validated."""
    file = tmp_path / "kanmon.yml"
    file.write_text(SEVERAL)
    context = Context(file, environment=environment)
    assert context.aws.region == region
    assert context.config.prefix == prefix
    assert list(context.configs) == ["staging", "production"]
