"""A secret's value has its places in the config. Anywhere else its name is refused (SEC-4)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from kanmon.config.source import load_config
from kanmon.errors import KanmonError

if TYPE_CHECKING:
    from pathlib import Path

_CONFIG = """\
app: shop
secrets: {jwt: {}}
functions:
  api: {handler: shop.api, artifact: build, secrets: [jwt], environment: {JWT: "${secrets.jwt}"}}
api: {routes: [{path: /api, function: api}, {path: /api/a, method: GET, mock: {body: "{}"}}]}
verify:
  image: "shop/e2e@sha256:0000000000000000000000000000000000000000000000000000000000000000"
  commands: [npm test]
  results: ["*.xml"]
  environment: {PASSWORD: "${secrets.jwt.password}"}
user_pool: {}
checks:
  - {name: health, path: /api, headers: {x-key: "${secrets.jwt}"}, body: "${secrets.jwt}"}
  - {name: member, sign_in: {username: "${secrets.jwt.user}", password: "${secrets.jwt.password}"}}
"""


def _load(tmp_path: Path, text: str) -> None:
    path = tmp_path / "kanmon.yml"
    path.write_text(text, "utf-8")
    load_config(path)


def test_a_secret_is_named_where_its_value_is_put_in(tmp_path: Path) -> None:
    _load(tmp_path, _CONFIG)


@pytest.mark.parametrize(
    ("key", "more"),
    [
        ("checks[2].payload.key", "  - {name: dry, function: api, payload: {key: 'a ${secrets.jwt}'}}"),
        ("checks[2].payload.a.b[1]", "  - {name: d1, function: api, payload: {a: {b: [1, '${secrets.x}']}}}"),
        ("checks[2].expect.body", "  - {name: page, path: /api, expect: {body: '${secrets.jwt}'}}"),
        (
            "checks[2].expect.headers.etag",
            "  - {name: e1, path: /a, expect: {headers: {etag: '${secrets.jwt}'}}}",
        ),
        (
            "checks[2].expect.json.key",
            "  - {name: json, path: /api, expect: {json: {key: '${secrets.jwt}'}}}",
        ),
        ("hooks[0].payload.key", "hooks: [{name: migrate, function: api, payload: {key: '${secrets.jwt}'}}]"),
        (
            "schedules.tidy.payload.key",
            "schedules: {tidy: {expression: rate(1 day), function: api, payload: {key: '${secrets.jwt}'}}}",
        ),
        ("build.commands[0]", "build: {commands: ['login ${secrets.jwt}']}"),
        ("tags.key", "tags: {key: '${secrets.jwt}'}"),
    ],
)
def test_elsewhere_it_is_refused(tmp_path: Path, key: str, more: str) -> None:
    """It would be sent or stored as it stands there."""
    with pytest.raises(KanmonError) as caught:
        _load(tmp_path, _CONFIG + more)
    assert f"`{key}`" in caught.value.message
    assert "would stay as it is" in caught.value.message
    assert "`environment` of a function" in (caught.value.fix or "")
    assert caught.value.where == "kanmon.yml:15"


def test_a_fixed_answer_has_no_secret(tmp_path: Path) -> None:
    with pytest.raises(KanmonError) as caught:
        _load(tmp_path, _CONFIG.replace('body: "{}"', 'body: "${secrets.jwt}"'))
    assert "In `api.routes[1].mock.body`: No secret's value is put in here" in caught.value.message
    assert caught.value.where == "kanmon.yml:5"


def test_the_line_is_that_of_an_environments_block(tmp_path: Path) -> None:
    block = "environments: {staging: {hooks: [{name: h1, function: api, payload: {a: '${secrets.jwt}'}}]}}"
    with pytest.raises(KanmonError) as caught:
        _load(tmp_path, f"{_CONFIG}{block}")
    assert caught.value.where == "kanmon.yml:15"


def test_another_name_in_a_payload_is_a_text(tmp_path: Path) -> None:
    _load(tmp_path, _CONFIG + "hooks: [{name: h1, function: api, payload: {a: '${name} ${!secrets.jwt}'}}]")
