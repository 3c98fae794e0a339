"""The config refuses a function before Lambda would (INF-5)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from kanmon.codes import Code
from kanmon.config.source import load_config
from kanmon.errors import KanmonError
from tests.fakes.app import FUNCTION_SETTINGS, LAYER, make_config

if TYPE_CHECKING:
    from pathlib import Path

FUNCTION = {"handler": "shop.api", "artifact": "build/api"}


@pytest.mark.parametrize(
    "changes",
    [{"handler": "shop api"}, {"handler": "a" * 129}, {"environment": {"A": "one letter"}}],
)
def test_a_function_invalid_for_lambda_is_refused(changes: dict[str, Any]) -> None:
    """INF-5"""
    with pytest.raises(ValidationError):
        make_config(functions={"api": FUNCTION | changes}, hooks=[])


def test_every_setting_together_is_fine() -> None:
    """INF-5"""
    config = make_config(functions={"api": FUNCTION | FUNCTION_SETTINGS}, hooks=[], queues={"failed": {}})
    assert config.functions["api"].maximum_event_age == 3600
    assert config.queues["failed"].function is None


_CONFIG = """\
app: shop
region: ap-northeast-1
functions:
  api:
    handler: shop.api
    artifact: build/api
    {setting}
api: {{routes: [{{path: /api, function: api}}]}}
checks: [{{name: health, path: /api}}]
"""
_ELSEWHERE = LAYER.replace("ap-northeast-1", "us-east-1")


@pytest.mark.parametrize(
    ("setting", "problem", "fix"),
    [
        (
            "image: 1.dkr.ecr.eu-central-1.amazonaws.com/shop:1",
            "packages, not container images",
            "`artifact`",
        ),
        ("image_uri: shop", "packages, not container images", "docs/infrastructure.md"),
        ("package_type: Image", "packages, not container images", "250 MB"),
        ("provisioned_concurrency: 5", "needs an alias", "cold start"),
        ("ephemeral_storage: 511", "from 512 to 10240", "ephemeral_storage: 2048"),
        ("ephemeral_storage: 10241", "from 512 to 10240", "ephemeral_storage: 2048"),
        ("ephemeral_storage: {size: 1024}", "a whole number", "ephemeral_storage: 2048"),
        (f"layers: [{LAYER.removesuffix(':3')}]", "ends with the version's number", ":layer:fonts:3"),
        ("layers: [fonts]", "whole ARN of a layer's version", "layer:fonts:3"),
        (
            f"layers: [{', '.join(f'{LAYER}{number}' for number in range(6))}]",
            "at most 5 entries",
            "layers: ",
        ),
        (f"layers: [{LAYER}, {LAYER}1]", "fonts is there twice", "Remove one"),
        (f"layers: [{_ELSEWHERE}]", "lies in another region", "ARN in ap-northeast-1"),
        ("reserved_concurrency: 0", "from 1 upwards", "reserved_concurrency: 10"),
        ("reserved_concurrent_executions: 5", "is not a key of Kanmon", "`reserved_concurrency`"),
        ("dead_letters: failed", "names the queue failed, which is not under `queues`", "Add it"),
        ("dead_letter_queue: failed", "is not a key of Kanmon", "`dead_letters`"),
        ("maximum_retries: 3", "from 0 to 2", "maximum_retries: "),
        ("maximum_event_age: 30s", "Lambda takes 60 to 21600", "maximum_event_age: 1h"),
        ("maximum_event_age: 1d", "a duration", "maximum_event_age: 1h"),
        ('tracing: "off"', "not for true or false", "tracing: false"),
        ("log_level: FATAL", "one of `trace`, `debug`, `info`, `warn`, `error`", "log_level: "),
        ("log_level: DEBUG", "one of `trace`", "log_level: debug"),
    ],
)
def test_a_mistake_in_a_setting_has_its_line_and_its_fix(
    tmp_path: Path, setting: str, problem: str, fix: str
) -> None:
    """INF-9"""
    path = tmp_path / "kanmon.yml"
    path.write_text(_CONFIG.format(setting=setting), "utf-8")
    with pytest.raises(KanmonError) as caught:
        load_config(path)
    assert caught.value.code in {Code.CONFIG_INVALID, Code.CONFIG_UNKNOWN_KEY}
    assert problem in caught.value.message
    assert fix in f"{caught.value.message} {caught.value.fix}"
    line = 4 if "queues" in problem else 7
    assert f"kanmon.yml:{line}" in f"{caught.value.where} {caught.value.message}"
