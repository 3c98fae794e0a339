"""The published schema is current, and equal to the model (INF-9)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from pydantic import ValidationError
from ruamel.yaml import YAML

from kanmon.config.schema import schema_text
from kanmon.config.source import load_config
from tests.fakes.app import make_config

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = ROOT / "examples/mandala/kanmon.yml"


def _example() -> Any:
    return YAML(typ="safe").load(EXAMPLE.read_text("utf-8"))


def test_published_schema_is_current() -> None:
    assert (ROOT / "schema/kanmon.schema.json").read_text("utf-8") == schema_text()


def test_reference_app_is_valid_by_schema_and_by_model() -> None:
    jsonschema.validate(_example(), json.loads(schema_text()))
    assert load_config(EXAMPLE).app == "mandala"


@pytest.mark.parametrize("keys", ["app", "checks", "api web"])
def test_schema_requires_the_same_keys_as_the_model(keys: str) -> None:
    content = {name: value for name, value in _example().items() if name not in keys.split()}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(content, json.loads(schema_text()))


def test_schema_refuses_unknown_keys() -> None:
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(_example() | {"cheks": []}, json.loads(schema_text()))


@pytest.mark.parametrize("given_up", ["*", "Mail*", "Mail?", "MailQueue/x", ""])
def test_state_is_given_up_by_name_without_wildcards(given_up: str) -> None:
    """A wildcard would open the stack's policy for every resource (CD-2)."""
    with pytest.raises(ValidationError):
        make_config(allow_destroy=[given_up])
