"""Every mistake in the config is one error with key, line, reason and fix, before anything changes."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kanmon.codes import Code
from kanmon.config.source import load_config
from kanmon.errors import KanmonError

if TYPE_CHECKING:
    from pathlib import Path

    from kanmon.config.schema import Config

GOOD = """\
app: shop
functions:
  api:
    handler: shop.api
    artifact: build/api
api:
  routes:
    - {path: "/api/{proxy+}", function: api}
web:
  directory: web/dist
database:
  name: shop
checks:
  - name: health
    path: /api/health
    expect:
      status: 200
traffic:
  strategy: canary
  steps:
    - percent: 10
      bake: 5m
"""


def _load(folder: Path, text: str | bytes) -> Config:
    file = folder / "kanmon.yml"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return load_config(file)


def _error(folder: Path, text: str | bytes) -> KanmonError:
    with pytest.raises(KanmonError) as caught:
        _load(folder, text)
    return caught.value


def test_a_good_config_loads(tmp_path: Path) -> None:
    config = _load(tmp_path, GOOD)
    assert config.prefix == "shop-production"
    assert config.traffic.steps[0].bake == 300.0


@pytest.mark.parametrize("directive", ["", "%YAML 1.1\n---\n"])
def test_a_number_without_a_dot_brings_no_warning(tmp_path: Path, directive: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        config = _load(tmp_path, directive + GOOD.replace("percent: 10", "percent: 1e1"))
    assert config.traffic.steps[0].percent == 10


def test_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(KanmonError) as caught:
        load_config(tmp_path / "kanmon.yml")
    assert caught.value.code is Code.CONFIG_MISSING
    assert caught.value.where == str(tmp_path / "kanmon.yml")
    (tmp_path / "kanmon.yaml").touch()
    with pytest.raises(KanmonError) as caught:
        load_config(tmp_path / "kanmon.yml")
    assert caught.value.fix == "Rename kanmon.yaml, or name it with `--config`."


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "null\n"])
def test_an_empty_file(tmp_path: Path, text: str) -> None:
    assert _error(tmp_path, text).code is Code.CONFIG_EMPTY


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("app: shop\n  bad: indent\n", "kanmon.yml:2"),
        ("app: [shop\n", "kanmon.yml:2"),
        ("app: shop\napp: shop\n", "kanmon.yml:2"),
        ("app: *nobody\n", "kanmon.yml:1"),
    ],
)
def test_bad_yaml_names_its_line(tmp_path: Path, text: str, line: str) -> None:
    error = _error(tmp_path, text)
    assert error.code == Code.CONFIG_SYNTAX
    assert error.where == line


@pytest.mark.parametrize("text", ['tags: {team: "\\ud800"}', 'tags: {"a\\udfff": b}'])
def test_half_a_character_is_refused_at_its_line(tmp_path: Path, text: str) -> None:
    error = _error(tmp_path, f"app: shop\n{text}\n")
    assert error.code is Code.CONFIG_SYNTAX
    assert error.where == "kanmon.yml:2"


@pytest.mark.parametrize(
    "text", ["tags: &a {a: *a}", "hooks: &a [*a]", "a: &a [x]\nb: &b [*a, *a]\nc: [*b, *b]"]
)
def test_an_alias_of_itself_is_refused(tmp_path: Path, text: str) -> None:
    assert _error(tmp_path, f"app: shop\n{text}\n").code.id.startswith("KNM-10")


@pytest.mark.parametrize(
    ("text", "fix"),
    [
        ("app: shop\napp: shop\n", "Remove one of the two."),
        ("app:\n\tx: 1\n", "Use spaces instead of tabs."),
        ("app: *nobody\n", "in quotes."),
        ("app: [shop\n", "close each bracket"),
    ],
)
def test_bad_yaml_has_a_fix_of_its_own(tmp_path: Path, text: str, fix: str) -> None:
    assert fix in _error(tmp_path, text).fix


@pytest.mark.parametrize("text", [b"\xff\xfe\x00", b"app: \x00\n", b"app: 2001-13-45\n", b"app: !!int x\n"])
def test_bytes_without_text_and_impossible_values_are_refused(tmp_path: Path, text: bytes) -> None:
    assert _error(tmp_path, text).code in {Code.CONFIG_SYNTAX, Code.CONFIG_INVALID}


def test_a_folder_instead_of_a_file(tmp_path: Path) -> None:
    with pytest.raises(KanmonError) as caught:
        load_config(tmp_path)
    assert caught.value.code is Code.CONFIG_SYNTAX


@pytest.mark.parametrize("text", ["- a\n- b\n", "shop\n", "7\n"])
def test_something_else_than_a_mapping(tmp_path: Path, text: str) -> None:
    assert _error(tmp_path, text).code is Code.CONFIG_INVALID


@pytest.mark.parametrize(
    ("old", "new", "line", "suggested"),
    [
        ("app: shop", "app: shop\ncheks: []", 2, "checks"),
        ("    handler:", "    memry: 512\n    handler:", 4, "memory"),
        ("    path: /api/health", "    path: /api/health\n    metod: GET", 16, "method"),
        ("      status: 200", "      statsu: 200", 17, "status"),
        ("      status: 200", "      jsn: {}", 17, "json"),
        ("  strategy: canary", "  stratgy: canary", 19, "strategy"),
        ("      bake: 5m", "      bke: 5m", 22, "bake"),
        ("  name: shop", "  name: shop\n  capcity: {}", 13, "capacity"),
        ("  directory: web/dist", "  directory: web/dist\n  entri: index.html", 11, "entry"),
        ("  routes:", "  prefx: /api\n  routes:", 7, "prefix"),
    ],
)
def test_an_unknown_key_gets_a_suggestion(
    tmp_path: Path, old: str, new: str, line: int, suggested: str
) -> None:
    error = _error(tmp_path, GOOD.replace(old, new, 1))
    assert error.code == Code.CONFIG_UNKNOWN_KEY
    assert error.where == f"kanmon.yml:{line}"
    assert error.fix == f"Write `{suggested}` instead."


@pytest.mark.parametrize(
    ("old", "new", "line", "key", "reason"),
    [
        ("app: shop", "app: Shop", 1, "app", "lower-case letters"),
        ("app: shop", "app: [a]", 1, "app", "must be text"),
        ("app: shop", "app: 7", 1, "app", "must be text"),
        ("    handler: shop.api", "    handler: ''", 4, "functions.api.handler", "without spaces"),
        ("    handler:", "    memory: lots\n    handler:", 4, "functions.api.memory", "a whole number"),
        ("    handler:", "    memory: 64\n    handler:", 4, "functions.api.memory", "128"),
        ("    handler:", "    timeout: 901\n    handler:", 4, "functions.api.timeout", "900"),
        ("artifact: build/api", "artifact: ../other", 5, "functions.api.artifact", "inside the app"),
        ("artifact: build/api", "artifact: /etc", 5, "functions.api.artifact", "inside the app"),
        ("directory: web/dist", "directory: a\\b", 10, "web.directory", "inside the app"),
        ("function: api}", "function: nobody}", 8, "api.routes[0].function", "function nobody"),
        (
            'path: "/api/{proxy+}"',
            'path: "/other"',
            8,
            "api.routes[0].path",
            "begin with the API's prefix",
        ),
        ("path: /api/health", "path: health", 15, "checks[0].path", "Begin with `/`"),
        ("      status: 200", "      status: 99", 17, "checks[0].expect.status", "100"),
        ("      status: 200", "      body: '('", 17, "checks[0].expect.body", "missing ): ("),
        ("      status: 200", "      body: '(?=a)'", 17, "checks[0].expect.body", "invalid perl operator"),
        ("      status: 200", '      headers: {a: "(b)\\\\1"}', 17, "checks[0].expect.headers.a", "RE2"),
        ("      status: 200", "      headers: {'a b': x}", 17, "checks[0].expect.headers", "letters"),
        (
            "    path: /api/health",
            '    headers: {a: "x\\r\\ny: z"}\n    path: /a',
            15,
            "headers.a",
            "in one line",
        ),
        ("path: /api/health", 'path: "/a\\x7f"', 15, "checks[0].path", "control"),
        ("      status: 200", "      json: {'a[': 1}", 17, "checks[0].expect.json", "JMESPath"),
        ("      status: 200", "      latency: fast", 17, "checks[0].expect.latency", "must be a duration"),
        ("      status: 200", "      latency: -1", 17, "checks[0].expect.latency", "must be a duration"),
        ("      status: 200", "      latency: .inf", 17, "checks[0].expect.latency", "must be a duration"),
        ("      status: 200", "      latency: .nan", 17, "checks[0].expect.latency", "must be a duration"),
        ("percent: 10", "percent: 101", 21, "traffic.steps[0].percent", "100"),
        ("bake: 5m", "bake: 5 minutes", 22, "traffic.steps[0].bake", "must be a duration"),
        ("strategy: canary", "strategy: yolo", 19, "traffic.strategy", "canary"),
    ],
)
def test_a_wrong_value_names_key_line_and_reason(
    tmp_path: Path, old: str, new: str, line: int, key: str, reason: str
) -> None:
    error = _error(tmp_path, GOOD.replace(old, new, 1))
    assert error.code is Code.CONFIG_INVALID
    assert error.where == f"kanmon.yml:{line}", error
    assert key in error.message
    assert reason in error.message
    assert error.fix


def test_a_missing_key_is_named_with_its_fix(tmp_path: Path) -> None:
    error = _error(tmp_path, GOOD.replace("    handler: shop.api\n", ""))
    assert "`functions.api.handler` is missing" in error.message
    assert error.fix == "Add `handler: shop.handler.handle` to `functions.api`, for example."


def test_all_mistakes_are_shown_at_once(tmp_path: Path) -> None:
    error = _error(tmp_path, GOOD.replace("app: shop", "app: Shop").replace("percent: 10", "percent: 0"))
    first, second, last = error.message.splitlines()
    assert first.startswith("kanmon.yml:")
    assert second.startswith("kanmon.yml:")
    assert last == "2 keys are wrong."
    assert "kanmon.yml:1: `app`" in error.message
    assert "kanmon.yml:21: `traffic.steps[0].percent`" in error.message


def test_each_wrong_key_has_its_own_fix(tmp_path: Path) -> None:
    wrong = GOOD.replace("    handler: shop.api\n", "    handlr: shop.api\n")
    message = _error(tmp_path, wrong).message
    assert "Add `handler: shop.handler.handle` to `functions.api`, for example." in message
    assert "Write `handler` instead." in message


def test_a_wrong_name_has_an_example(tmp_path: Path) -> None:
    assert _error(tmp_path, GOOD.replace("app: shop", "app: a--b")).fix == "Write, for example, `app: shop`."


def test_a_name_with_capitals_is_corrected(tmp_path: Path) -> None:
    assert (
        _error(tmp_path, GOOD.replace("app: shop", "app: My Shop")).fix
        == "Write, for example, `app: my-shop`."
    )


@pytest.mark.parametrize(
    ("old", "new", "fix"),
    [
        ("strategy: canary", "strategy: cannary", "`strategy: canary`"),
        ("status: 200", "status: lots", "`status: 200`"),
        ("bake: 5m", "bake: 5 minutes", "`bake: 5m`"),
        ("path: /api/health", "path: /a b", "`path: /a-b`"),
    ],
)
def test_a_wrong_value_has_a_line_to_paste(tmp_path: Path, old: str, new: str, fix: str) -> None:
    assert _error(tmp_path, GOOD.replace(old, new, 1)).fix == f"Write, for example, {fix}."


def test_a_key_without_a_near_one_shows_the_keys_there(tmp_path: Path) -> None:
    error = _error(tmp_path, GOOD.replace("  name: shop", "  name: shop\n  xyz: 1"))
    assert "The keys here are `name`, `engine_version`, `capacity`" in error.fix


def test_a_key_without_a_value_is_empty(tmp_path: Path) -> None:
    assert "`build` is empty. It must be a mapping" in _error(tmp_path, f"{GOOD}build:\n").message


def test_a_mistake_between_keys_names_its_line(tmp_path: Path) -> None:
    error = _error(tmp_path, GOOD.replace("      bake: 5m", "      bake: 5m\n    - percent: 5"))
    assert error.where == "kanmon.yml:23"


def test_a_wrong_name_of_an_element_is_shown_as_a_name(tmp_path: Path) -> None:
    message = _error(tmp_path, GOOD.replace("  api:\n    handler", "  Api:\n    handler")).message
    assert "`Api` can't be a name in `functions`" in message


@pytest.mark.parametrize("key", ["KANMON_RELEASE", "AWS_REGION", "DATABASE_HOST", "JWT_SECRET_ARN"])
def test_settings_made_by_kanmon_cannot_be_set(tmp_path: Path, key: str) -> None:
    text = GOOD.replace("    handler:", f"    environment: {{{key}: x}}\n    handler:", 1)
    assert key in _error(tmp_path, text).message


@pytest.mark.parametrize(
    ("secrets", "used", "reason"),
    [
        ("secrets: {slack: {}}", "jwt", "names the secret jwt, which is not under `secrets`"),
        ("secrets: {database: {}}", "database", "of Kanmon or AWS"),
        ("network: {endpoints: [kms, kms]}", "", "The endpoint kms is there twice"),
        ("secrets: {jwt: {value: s3cr3t}}", "", "value"),
    ],
)
def test_secrets_and_endpoints_must_be_known_and_distinct(
    tmp_path: Path, secrets: str, used: str, reason: str
) -> None:
    """INF-1, INF-4: a function reads existing things only; no value fits into the config."""
    text = GOOD.replace("    handler:", f"    secrets: [{used}]\n    handler:", 1)
    assert reason in _error(tmp_path, f"{text}{secrets}\n").message


def test_errors_in_merged_keys_are_shown_too(tmp_path: Path) -> None:
    text = GOOD.replace("    handler: shop.api\n", "    <<: {handler: shop.api, memory: 1}\n")
    assert "memory" in _error(tmp_path, text).message


_LINES = GOOD.splitlines(keepends=True)
_SCRAPS = st.sampled_from(
    ["", "{", "[", "'", '"', "- ", ": ", "&a ", "*a", "<<: ", "!!set ", "!x ", "|\n", "~", "1e999", "0x",
     "\t", "2001-13-45", "? ", "%YAML 9\n", "---\n", "...\n", "\x85", "\u2028", "@", "`", "12:99:99", "#"]
) | st.text(max_size=8)  # fmt: skip


@given(line=st.integers(0, len(_LINES) - 1), column=st.integers(0, 40), scrap=_SCRAPS, cut=st.integers(0, 30))
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_whatever_is_in_the_file_it_loads_or_is_one_error(
    tmp_path: Path, line: int, column: int, scrap: str, cut: int
) -> None:
    text = _LINES[line]
    mutated = text[:column] + scrap + text[column + cut :]
    content = "".join([*_LINES[:line], mutated, *_LINES[line + 1 :]])
    try:
        _load(tmp_path, content.encode("utf-8", "surrogatepass"))
    except KanmonError as error:
        message = str(error)
    else:
        return
    assert message.startswith("KNM-10")
