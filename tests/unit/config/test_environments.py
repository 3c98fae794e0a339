"""Several environments in one config: merged, validated at once, with one bundle for all (ADP-5)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import jsonschema
import pytest
from ruamel.yaml import YAML

from kanmon.codes import Code
from kanmon.config.blocks import with_line
from kanmon.config.document import read_document
from kanmon.config.schema import schema_text
from kanmon.config.source import load_config, validate
from kanmon.errors import KanmonError

if TYPE_CHECKING:
    from pathlib import Path

    from kanmon.config.schema import Config

REST = """\
app: shop
functions:
  api: {handler: shop.api, artifact: build/api, memory: 512}
api:
  routes: [{path: "/api/{proxy+}", function: api}]
web:
  directory: web/dist
  settings: {SUPPORT: help@example.com, STAGE: none}
checks:
  - {name: health, path: /api/health}
"""
BOTH = """\
environments:
  staging:
    functions: {api: {memory: 256}}
    web: {settings: {STAGE: staging}}
    traffic: {strategy: all-at-once}
  production:
    requires: staging
    checks: [{name: page, path: /}]
"""


def _file(folder: Path, text: str) -> Path:
    file = folder / "kanmon.yml"
    file.write_text(text)
    return file


def _configs(folder: Path, text: str) -> dict[str, Config]:
    return validate(read_document(_file(folder, text)))


def _refusal(folder: Path, text: str) -> KanmonError:
    with pytest.raises(KanmonError) as caught:
        _configs(folder, text)
    return caught.value


def test_mappings_are_merged_and_the_rest_is_replaced(tmp_path: Path) -> None:
    configs = _configs(tmp_path, REST + BOTH)
    staging, production = configs["staging"], configs["production"]
    assert list(configs) == ["staging", "production"]
    assert (staging.prefix, production.prefix) == ("shop-staging", "shop-production")
    assert (staging.functions["api"].memory, production.functions["api"].memory) == (256, 512)
    assert staging.functions["api"].artifact == "build/api"
    assert staging.web
    assert staging.web.settings == {"SUPPORT": "help@example.com", "STAGE": "staging"}
    assert [check.name for check in staging.checks] == ["health"]
    assert [check.name for check in production.checks] == ["page"], "a list replaces the one outside"
    assert production.requires == "staging"


def test_each_config_knows_all_names_and_no_other_block(tmp_path: Path) -> None:
    """A change in one environment is none in another: its config has a digest of its own."""
    before = _configs(tmp_path, REST + BOTH)
    after = _configs(tmp_path, REST + BOTH.replace("256", "1024"))
    assert before["staging"] != after["staging"]
    assert before["production"] == after["production"]
    assert before["staging"].every_environment == ("production", "staging")


@pytest.mark.parametrize(("name", "chosen"), [("", "staging"), ("production", "production")])
def test_the_first_one_counts_unless_one_is_named(tmp_path: Path, name: str, chosen: str) -> None:
    assert load_config(_file(tmp_path, REST + BOTH), name).environment == chosen


def test_a_single_environment_has_its_name_or_the_default(tmp_path: Path) -> None:
    assert load_config(_file(tmp_path, REST)).environment == "production"
    named = _file(tmp_path, REST + "environment: qa\n")
    assert load_config(named).environment == load_config(named, "qa").environment == "qa"


def test_an_unknown_name_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(KanmonError) as caught:
        load_config(_file(tmp_path, REST + BOTH), "qa")
    assert caught.value.code is Code.USAGE
    assert "qa" in caught.value.message
    assert caught.value.fix == "Name one of staging, production."


def test_a_block_may_be_empty(tmp_path: Path) -> None:
    configs = _configs(tmp_path, REST + "environments:\n  staging:\n  production: {}\n")
    assert list(configs) == ["staging", "production"]


def _with(block: str) -> str:
    return f"{REST}environments:\n  staging:\n    {block}\n  production: {{}}\n"


LINE = REST.count("\n") + 3
"""The line of the block's first key."""


@pytest.mark.parametrize(
    ("block", "code", "words"),
    [
        ("app: other", Code.CONFIG_INVALID, "`environments.staging.app` can't differ"),
        ("build: {commands: [make]}", Code.CONFIG_INVALID, "`environments.staging.build` can't differ"),
        ("github: {repository: o/r}", Code.CONFIG_INVALID, "One repository releases all"),
        ("environment: qa", Code.CONFIG_INVALID, "The name of the block is"),
        (
            "functions: {api: {artifact: build/other}}",
            Code.CONFIG_INVALID,
            "`environments.staging.functions.api.artifact` can't differ: one bundle",
        ),
        (
            "functions: {mail: {handler: shop.mail, artifact: build/api}}",
            Code.CONFIG_INVALID,
            "`environments.staging.functions.mail` can't differ",
        ),
        ("web: {directory: dist}", Code.CONFIG_INVALID, "`environments.staging.web.directory` can't differ"),
        ("functions: {api: {memory: 1}}", Code.CONFIG_INVALID, "`environments.staging.functions.api.memory`"),
        ("functions: {mail: {memory: 512}}", Code.CONFIG_INVALID, "`environments.staging.functions.mail."),
        ("trafic: {}", Code.CONFIG_UNKNOWN_KEY, "`environments.staging.trafic` is not a key"),
        ("database: yes", Code.CONFIG_INVALID, "`environments.staging.database`"),
        ("requires: staging", Code.CONFIG_INVALID, "requires staging, which is no other environment"),
        (
            "approval: {reviewers: false, prevent_self_review: true}",
            Code.CONFIG_INVALID,
            "`environments.staging.approval.prevent_self_review`",
        ),
        ("requires: qa", Code.CONFIG_INVALID, "requires qa, which is no other environment"),
        ('traffic: {bake: "5"}', Code.CONFIG_INVALID, "`environments.staging.traffic.bake`"),
        (
            "api: {routes: [{path: /api/x, function: nobody}]}",
            Code.CONFIG_INVALID,
            "names the function nobody",
        ),
    ],
)
def test_a_mistake_names_the_line_in_the_block(tmp_path: Path, block: str, code: Code, words: str) -> None:
    error = _refusal(tmp_path, _with(block))
    assert words in str(error)
    assert error.code is code
    assert f"kanmon.yml:{LINE}" in str(error)


@pytest.mark.parametrize(
    ("environment", "where", "line"),
    [
        ("staging", "functions.api.artifact: build/api", 3),
        ("production", "web.directory: web/dist", 7),
        ("production", "functions.api.memory", 3),
        ("staging", "functions.api.memory", 13),
        ("", "functions.api.memory", 3),
        # Not written, and what is no key.
        ("staging", "web.routes", None),
        ("staging", "functions.api.handler.more", None),
        ("staging", "web", None),
        ("staging", "/srv/web.directory", None),
        ("staging", "", None),
    ],
)
def test_a_place_has_the_line_of_its_key(
    tmp_path: Path, environment: str, where: str, line: int | None
) -> None:
    document = read_document(_file(tmp_path, REST + BOTH))
    expected = f"kanmon.yml:{line}: {where}" if line else where
    assert with_line(document, environment, where) == expected


def test_a_mistake_outside_is_named_once(tmp_path: Path) -> None:
    error = _refusal(tmp_path, (REST + BOTH).replace("memory: 512", "memory: 1"))
    assert error.where == "kanmon.yml:3", "production has it from there; staging has its own"
    assert error.message.startswith("In the environment production: `functions.api.memory` is `1`.")
    error = _refusal(tmp_path, (REST + BOTH).replace("web/dist", "/dist"))
    assert error.where == "kanmon.yml:7"
    assert error.message.startswith("`web.directory` is")


def test_mistakes_of_all_environments_come_at_once(tmp_path: Path) -> None:
    text = BOTH.replace("256", "1").replace("path: /}", "path: x}")
    error = _refusal(tmp_path, REST + text)
    assert "environments.staging.functions.api.memory" in error.message
    assert "environments.production.checks[0].path" in error.message


def test_what_is_missing_in_one_environment_names_it(tmp_path: Path) -> None:
    text = REST.partition("checks:")[0] + BOTH
    error = _refusal(tmp_path, text)
    assert error.message == "In the environment staging: `checks` is missing."


@pytest.mark.parametrize(
    ("extra", "words"),
    [
        ("environment: production\n", "`environment` and `environments` both name environments."),
        (
            "github: {repository: o/r, environments: [staging, production]}\n",
            "`environments` names the environments already.",
        ),
    ],
)
def test_two_truths_are_refused(tmp_path: Path, extra: str, words: str) -> None:
    error = _refusal(tmp_path, REST + BOTH + extra)
    assert error.message == words
    assert error.where == f"kanmon.yml:{(REST + BOTH).count(chr(10)) + 1}"


@pytest.mark.parametrize("value", ["{}", "", "[staging]", "staging", "{staging: 5}", "{Staging: {}}"])
def test_a_wrong_form_is_refused(tmp_path: Path, value: str) -> None:
    error = _refusal(tmp_path, f"{REST}environments: {value}\n")
    assert "environments" in error.message
    assert error.where == f"kanmon.yml:{REST.count(chr(10)) + 1}"


def test_names_that_begin_alike_are_refused(tmp_path: Path) -> None:
    """SEC-1"""
    error = _refusal(tmp_path, f"{REST}environments: {{test: {{}}, test-eu: {{}}}}\n")
    assert "test-eu begins with the name of the environment test" in error.message


def test_a_required_environment_is_in_the_same_region(tmp_path: Path) -> None:
    text = BOTH.replace("requires: staging", "requires: staging\n    region: eu-central-1")
    assert "is in ap-northeast-1, not in eu-central-1" in _refusal(tmp_path, REST + text).message


def test_editors_take_a_block_without_the_required_keys(tmp_path: Path) -> None:
    schema = json.loads(schema_text())
    _configs(tmp_path, REST + BOTH)
    jsonschema.validate(YAML(typ="safe").load(REST + BOTH), schema)
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(YAML(typ="safe").load(_with("trafic: {}")), schema)


def test_two_environments_can_not_require_each_other(tmp_path: Path) -> None:
    """No bundle could ever be the first one."""
    error = _refusal(
        tmp_path, REST + BOTH.replace("    functions:", "    requires: production\n    functions:")
    )
    assert "staging requires production, which needs it before itself" in error.message


def test_an_unknown_key_of_a_block_names_the_right_one(tmp_path: Path) -> None:
    assert _refusal(tmp_path, _with("trafic: {}")).fix == "Write `traffic` instead."
    assert "`traffic`" in _refusal(tmp_path, _with("colour: red")).fix


def test_of_too_many_environments_only_some_are_validated(tmp_path: Path) -> None:
    """TRU-6: each is a whole config."""
    names = "".join(f"  e{number}: {{}}\n" for number in range(100, 2000))
    error = _refusal(tmp_path, f"{REST}environments:\n{names}")
    assert "with at most 20 entries" in error.message
