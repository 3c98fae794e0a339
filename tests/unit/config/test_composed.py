"""`${secrets.…}` in a function's environment: what may be named, and each mistake's answer (ADP-4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from pydantic import ValidationError

from kanmon.config.built import build_inputs
from kanmon.config.changed import changed_keys
from tests.fakes.app import make_config

if TYPE_CHECKING:
    from kanmon.config.schema import Config

URL = "postgresql://${secrets.database.username}:${secrets.database.password}@${foundation.DatabaseHost}/shop"


def _config(text: str = URL, **function: Any) -> Config:
    own = {"handler": "shop.api", "artifact": "build/api", "database": True, "environment": {"VALUE": text}}
    secrets: dict[str, Any] = {"jwt": {}, "mail-key": {}}
    return make_config(functions={"api": own | function}, hooks=[], secrets=secrets)


def _refused(text: str, **function: Any) -> str:
    with pytest.raises(ValidationError) as error:
        _config(text, **function)
    return str(error.value)


@pytest.mark.parametrize(
    "text",
    [
        URL,
        "mysql+pymysql://${secrets.database.username}:x@h/shop?charset=utf8mb4",
        "${secrets.jwt}",
        "${secrets.mail-key.api_key}",
    ],
)
def test_secrets_of_the_function_are_taken(text: str) -> None:
    """ADP-4"""
    config = _config(text, secrets=["jwt", "mail-key"])
    assert config.functions["api"].environment["VALUE"] == text


@pytest.mark.parametrize(
    ("text", "function", "words"),
    [
        ("${secrets.jwt}", {}, "Write `secrets: [jwt]` in `functions.api`."),
        ("${secrets.mail-key}", {"secrets": ["jwt"]}, "Write `secrets: [jwt, mail-key]`"),
        ("${secrets.other}", {}, "Add `other` to `secrets`, too."),
        (URL, {"database": False}, "Add `database: true` to `functions.api`."),
        ("${secrets.database}", {}, "Write `${secrets.database.username}`"),
        ("${secrets}", {}, "names no secret"),
        ("${secrets.}", {}, "names no secret"),
        ("${secrets.jwt.}", {"secrets": ["jwt"]}, "names no secret"),
        (URL, {"runtime": "java21"}, "A function of java21 gets no value of a secret"),
        (URL, {"runtime": "provided.al2023"}, "by its ARN"),
        (URL + "${!secrets.jwt}", {}, "can't be a text here"),
    ],
)
def test_a_mistake_has_its_fix(text: str, function: dict[str, Any], words: str) -> None:
    """ADP-4: before anything is built, at the variable's own place."""
    assert words in _refused(text, **function)


def test_a_literal_is_one_without_values() -> None:
    assert _config("${!secrets.jwt}").functions["api"].environment["VALUE"] == "${!secrets.jwt}"


def test_the_start_of_the_runtime_is_not_the_apps() -> None:
    """Lambda takes one such file."""
    environment = {"AWS_LAMBDA_EXEC_WRAPPER": "/opt/otel"}
    assert "AWS_LAMBDA_EXEC_WRAPPER can't be set" in _refused("", environment=environment)


@pytest.mark.parametrize(
    "changes",
    [
        {"web": {"directory": "dist", "settings": {"KEY": "${secrets.jwt}"}}},
        {"stacks": {"orders": {"template": "o.yml", "parameters": {"Key": "${secrets.jwt}"}}}},
        {
            "boundary": {
                "allow": [{"actions": ["s3:GetObject"], "resources": ["arn:aws:s3:::${secrets.jwt}"]}]
            }
        },
    ],
)
def test_a_value_is_stored_nowhere(changes: dict[str, Any]) -> None:
    """TRU-3: pages, parameters and policies are stored and shown."""
    with pytest.raises(ValidationError, match="would be stored here"):
        make_config(secrets={"jwt": {}}, **changes)


def test_no_stack_has_the_word() -> None:
    with pytest.raises(ValidationError, match="names values of secrets"):
        make_config(stacks={"secrets": {"template": "infra/secrets.yml"}})


def test_the_build_depends_on_there_being_values() -> None:
    """CD-6: the package has more files then. What the values stand in may change without a build."""
    first, second, third = (
        build_inputs(config.as_json()) for config in (_config(), _config(URL + "?schema=a"), _config("plain"))
    )
    assert list(changed_keys(first, second)) == []
    assert list(changed_keys(first, third)) == [("functions", "api", "environment")]
    assert list(changed_keys(third, first)) == [("functions", "api", "environment")]
