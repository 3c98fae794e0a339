"""Extreme documents are refused before their validation, with a line (TRU-6)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest
from ruamel.yaml import YAML

from kanmon.codes import Code
from kanmon.config import document
from kanmon.config.document import LARGEST, read_document
from kanmon.config.source import load_config
from kanmon.errors import KanmonError

if TYPE_CHECKING:
    from pathlib import Path

GOOD = """\
app: shop
web: {directory: web/dist}
checks: [{name: home, path: /}]
"""


def _refused(folder: Path, text: str | bytes) -> KanmonError:
    path = folder / "kanmon.yml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(KanmonError) as refused:
        load_config(path)
    return refused.value


def _laughs(levels: int) -> str:
    lines = [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(["l0: &l0 [ha, ha, ha, ha, ha, ha, ha, ha, ha]", *lines]) + "\n"


@pytest.mark.parametrize("levels", [5, 9, 40])
def test_aliases_of_aliases_are_counted_in_full(tmp_path: Path, levels: int) -> None:
    """TRU-6: nine levels of nine stand for 387 million values."""
    error = _refused(tmp_path, GOOD + _laughs(levels))
    assert error.code is Code.CONFIG_TOO_BIG
    assert error.where == "kanmon.yml:8"


def test_merged_mappings_are_counted_in_full(tmp_path: Path) -> None:
    """TRU-6: each merge copies what it merges, and these stand for 9 to the power of 40 keys."""
    merges = "".join(f"m{n}: &m{n} {{<<: [{', '.join([f'*m{n - 1}'] * 9)}]}}\n" for n in range(1, 40))
    error = _refused(tmp_path, f"{GOOD}m0: &m0 {{a: ha}}\n{merges}")
    assert error.code is Code.CONFIG_TOO_BIG
    assert error.where == "kanmon.yml:9"


@pytest.mark.parametrize("twice", ["a: *l39\na: *l39\n", "? *l39\n: 1\n", "a: {<<: *l39, <<: *l39}\n"])
def test_a_key_is_not_compared_or_shown_in_full(tmp_path: Path, twice: str) -> None:
    """TRU-6: the library's error about a key shows the values, and a key of mappings is hashed in full."""
    assert _refused(tmp_path, GOOD + _laughs(40) + twice).code is Code.CONFIG_TOO_BIG


def test_a_usual_merge_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "kanmon.yml"
    common = "&common {artifact: build, memory: 512, handler: a.a}"
    path.write_text(f"{GOOD}functions: {{ab: {common}, bc: {{<<: *common, handler: b.b}}}}\n")
    one = load_config(path).functions["bc"]
    assert (one.memory, one.handler) == (512, "b.b")


@pytest.mark.parametrize(("merged", "own", "line"), [("memory: 1", "", 4), ("memory: 512", ", memory: 1", 5)])
def test_a_mistake_has_the_line_of_its_merged_key(tmp_path: Path, merged: str, own: str, line: int) -> None:
    text = f"""{GOOD}x: &a {{artifact: a, handler: a.a, {merged}}}
functions: {{ab: {{<<: *a{own}}}}}
"""
    message = _refused(tmp_path, text).message
    assert f"kanmon.yml:{line}: `functions.ab.memory` is `1`" in message


def test_the_line_of_an_impossible_value_costs_no_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TRU-6: a reader for each value of a long list took 15 seconds."""
    readers: list[Counted] = []

    class Counted(YAML):
        def __init__(self, **options: Any) -> None:
            readers.append(self)
            super().__init__(**options)

    monkeypatch.setattr(document, "YAML", Counted)
    error = _refused(tmp_path, f"{GOOD}tags: [{'a, ' * 100}\n  2026-13-45]\n")
    assert error.where == "kanmon.yml:5"
    assert "`tags[100]` has an impossible value" in error.message
    assert len(readers) == 1


def test_a_root_with_a_tag_is_refused(tmp_path: Path) -> None:
    assert "The config has the tag" in _refused(tmp_path, "!!set {app}\n").message


def test_brackets_in_a_text_are_not_nested(tmp_path: Path) -> None:
    path = tmp_path / "kanmon.yml"
    path.write_text(GOOD.replace("path: /}", f"path: /, expect: {{body: '{'[' * 60}'}}}}"))
    assert read_document(path).tree["checks"][0]["expect"]["body"].count("[") == 60


def test_a_long_text_counts_with_each_alias(tmp_path: Path) -> None:
    error = _refused(tmp_path, f"{GOOD}tags: {{a: &a {'x' * 9000}, b: [{'*a,' * 200}]}}\n")
    assert error.code is Code.CONFIG_TOO_BIG
    assert "1,8" in error.message


def test_a_usual_alias_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "kanmon.yml"
    path.write_text(GOOD.replace("home, path: /", "home, path: &p /") + "  # *p\n")
    assert load_config(path).checks[0].path == "/"


def test_a_large_file_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    """TRU-6: five megabytes took 15 seconds."""
    error = _refused(tmp_path, GOOD + "# x\n" * (LARGEST // 4))
    assert error.code is Code.CONFIG_TOO_BIG
    assert "128 kB" in error.message


@pytest.mark.parametrize("dense", ["a,", "{},", "a: ,", "? ,", "[a],", "*x,"])
def test_a_dense_file_is_refused_before_it_is_read_to_its_end(tmp_path: Path, dense: str) -> None:
    """TRU-6: 128 kB of commas took 6 seconds. What is wrong at the end shows that it isn't read."""
    text = f"{GOOD}tags:\n  a: &x b\n  b: [{dense * 25_000}\n"
    error = _refused(tmp_path, text)
    assert error.code is Code.CONFIG_TOO_BIG
    assert "20,000 keys and values" in error.message


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        ("tags: {a: " + "[" * 60 + "]" * 60 + "}", Code.CONFIG_TOO_BIG, "nested too deep"),
        ("tags: " + "[" * 200, Code.CONFIG_TOO_BIG, "nested too deep"),
        ('tags: {a: "x\\0"}', Code.CONFIG_INVALID, "`tags.a` has a NUL"),
        ('tags: {"x\\0": a}', Code.CONFIG_INVALID, "`tags` has a NUL"),
        ('tags: {a: "\\ud800"}', Code.CONFIG_SYNTAX, "`tags.a` has half of a character"),
        ("tags: &a {<<: *a}", Code.CONFIG_SYNTAX, "contains itself"),
        ("tags: &a [[*a]]", Code.CONFIG_SYNTAX, "contains itself"),
        ("tags: {a: 2026-13-45}", Code.CONFIG_SYNTAX, "impossible value"),
        ("tags: {a: !!int x}", Code.CONFIG_SYNTAX, "`tags.a` has an impossible value"),
        ("hooks: [{name: ab, function: cd, payload: {a: 1e999}}]", Code.CONFIG_INVALID, "no number inf"),
        ("hooks: [{name: ab, function: cd, payload: {a: -.inf}}]", Code.CONFIG_INVALID, "no number -inf"),
        ("tags: {a: b, a: c}", Code.CONFIG_SYNTAX, "`tags` has the key `a` twice"),
        ("tags: {<<: {a: b}, a: c, a: d}", Code.CONFIG_SYNTAX, "`tags` has the key `a` twice"),
        ("tags: {[a]: b}", Code.CONFIG_INVALID, "`tags` has a list or a mapping as a key"),
        ("tags: {a: !secret b}", Code.CONFIG_SYNTAX, "`tags.a` has the tag `!secret`"),
        ("tags: !!set {a, b}", Code.CONFIG_SYNTAX, "`tags` has the tag"),
        ("tags: {a: !!binary AAAA}", Code.CONFIG_SYNTAX, "`tags.a` has the tag"),
        ("hooks: [{name: ab, function: cd, payload: {a: [.nan]}}]", Code.CONFIG_INVALID, "no number nan"),
    ],
)
def test_an_extreme_has_its_line(tmp_path: Path, line: str, code: Code, words: str) -> None:
    error = _refused(tmp_path, f"{GOOD}{line}\n")
    assert error.code is code
    assert words in error.message
    assert error.where is not None
    assert error.where == "kanmon.yml:4"


@pytest.mark.parametrize(
    "integer",
    [f"0x{'f' * 4000}", f"-0b{'1' * 65}", f"0o{'7' * 30}", "9" * 5000, "9" * 20, "!!int " + "9" * 30],
)
@pytest.mark.parametrize(
    ("line", "place"),
    [
        ("tags: {a: INTEGER}", "tags.a"),
        ("hooks: [{name: ab, function: cd, payload: {a: [INTEGER]}}]", "hooks[0].payload.a[0]"),
    ],
)
def test_an_integer_of_more_than_64_bits_is_refused(
    tmp_path: Path, integer: str, line: str, place: str
) -> None:
    """TRU-6: Python can read a hexadecimal integer of any length, and then it can't write it."""
    error = _refused(tmp_path, f"{GOOD}{line.replace('INTEGER', integer)}\n")
    shown = integer.removeprefix("!!int ")
    shown = shown if len(shown) <= 20 else shown[:19] + "…"
    assert error.code is Code.CONFIG_INVALID
    assert error.message == f"`{place}` has the integer `{shown}`, too large for 64 bits."
    assert error.where == "kanmon.yml:4"


def test_sexagesimal_integers_are_bounded(tmp_path: Path) -> None:
    error = _refused(tmp_path, f"%YAML 1.1\n---\n{GOOD}tags: {{a: 1{':59' * 40_000}}}\n")
    assert error.code is Code.CONFIG_INVALID
    assert error.where == "kanmon.yml:6"


@pytest.mark.parametrize("integer", ["18446744073709551615", "-0xffff_ffff_ffff_ffff", f"0b{'1' * 64}"])
def test_an_integer_of_64_bits_is_taken(tmp_path: Path, integer: str) -> None:
    path = tmp_path / "kanmon.yml"
    path.write_text(f"{GOOD}x: {integer}\n")
    assert abs(read_document(path).tree["x"]) == 2**64 - 1


def test_a_chain_of_aliases_is_as_deep_as_its_levels(tmp_path: Path) -> None:
    chain = "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 60))
    assert "deeper than 50" in _refused(tmp_path, f"{GOOD}a0: &a0 [x]\n{chain}").message


def test_a_pipe_is_no_config(tmp_path: Path) -> None:
    """TRU-6: nobody writes to it, so reading it never ends."""
    os.mkfifo(tmp_path / "kanmon.yml")
    with pytest.raises(KanmonError, match="is a named pipe"):
        read_document(tmp_path / "kanmon.yml")


def test_other_text_than_utf_8_is_refused(tmp_path: Path) -> None:
    assert "not a text in UTF-8" in _refused(tmp_path, b"app: \xff").message


def test_the_first_mistakes_are_shown(tmp_path: Path) -> None:
    error = _refused(tmp_path, GOOD + "".join(f"k{n}: {n}\n" for n in range(100)))
    assert error.message.count("\n") == 20
    assert "100 keys are wrong. The first 20 are shown." in error.message
