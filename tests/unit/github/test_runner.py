"""A step's messages to its runner: no value in them can become a command (SEC-5)."""

from __future__ import annotations

import io
import re
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from kanmon.errors import KanmonError
from kanmon.github.runner import SUMMARY_LIMIT, HarmlessLog, Level, Runner, harmless
from tests.fakes.foreign import FOREIGN, PIECES, invisible

if TYPE_CHECKING:
    from collections.abc import Iterator

_PIECES = [*"::##[]\r\n\t =<>%,aZ\u2028\x85\x1b\x0b", "::error::", "##[group]", "EOF"]
HOSTILE = st.lists(st.sampled_from(_PIECES), max_size=12).map("".join)


@contextmanager
def _file() -> Iterator[Path]:
    with tempfile.NamedTemporaryFile() as file:
        yield Path(file.name)


def outputs(text: str) -> dict[str, str]:
    """Reads an environment file as the runner does: `name=value` and heredocs, lines ended by line feeds."""
    found: dict[str, str] = {}
    lines = iter(text.split("\n")[:-1])
    for line in lines:
        heredoc = re.fullmatch(r"([^=<]*)<<(.+)", line, re.DOTALL)
        if not heredoc:
            name, _, value = line.partition("=")
            found[name] = value
            continue
        content = []
        for inner in lines:
            if inner == heredoc[2]:
                break
            content.append(inner)
        found[heredoc[1]] = "\n".join(content)
    return found


def commands(log: str) -> list[str]:
    """The lines in which a runner finds a command; it reads lines as .NET does."""
    lines = re.split(r"\r\n|\r|\n", log)
    return [line for line in lines if line.lstrip().startswith("::") or "##[" in line]


@given(HOSTILE, HOSTILE)
def test_values_stay_values(first: str, second: str) -> None:
    with pytest.MonkeyPatch.context() as patch, _file() as path:
        patch.setenv("GITHUB_OUTPUT", str(path))
        runner = Runner(io.StringIO())
        runner.output("first", first)
        runner.output("second", second)
        assert outputs(path.read_bytes().decode()) == {"first": first, "second": second}


@given(st.lists(HOSTILE, max_size=5))
def test_no_printed_text_is_a_command(texts: list[str]) -> None:
    stream = io.StringIO()
    log = HarmlessLog(stream)
    for text in texts:
        log.write(text)
    log.close()
    assert commands(stream.getvalue()) == []
    assert stream.getvalue().replace("\u200b", "") == "".join(texts)


@given(HOSTILE, HOSTILE, HOSTILE)
def test_an_annotation_is_one_command(message: str, title: str, file: str) -> None:
    stream = io.StringIO()
    Runner(stream).annotate(Level.ERROR, message, title=title, file=file, line=3)
    whole = stream.getvalue()
    assert whole.count("\n") == 1
    assert "\r" not in whole
    assert whole.startswith("::error ")


def test_harmless_text_is_left_alone() -> None:
    text = "std::vector, a::b and # [x] ##x\n  ok: done\n"
    assert harmless(text) == text


def test_an_output_with_a_masked_value_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "output"
    path.touch()
    monkeypatch.setenv("GITHUB_OUTPUT", str(path))
    runner = Runner(io.StringIO())
    runner.mask("canary-secret\nsecond-line")
    with pytest.raises(KanmonError):
        runner.output("link", "https://app/?token=second-line")
    assert path.read_text() == ""


def test_every_line_of_a_secret_is_masked() -> None:
    stream = io.StringIO()
    Runner(stream).mask("canary-secret\nsecond-line")
    assert "::add-mask::canary-secret\n" in stream.getvalue()
    assert "::add-mask::second-line\n" in stream.getvalue()


def test_a_long_summary_is_cut_with_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "summary"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    runner = Runner(io.StringIO())
    runner.summary("関" * SUMMARY_LIMIT)
    assert len(path.read_bytes()) <= SUMMARY_LIMIT
    assert path.read_text("utf-8").endswith("does not fit into a job summary.*\n")


def test_a_full_summary_takes_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "summary"
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    runner = Runner(io.StringIO())
    runner.summary("関" * SUMMARY_LIMIT)
    runner.summary("more")
    assert len(path.read_bytes()) <= SUMMARY_LIMIT


@pytest.mark.parametrize("room", range(8))
@pytest.mark.usefixtures("japanese")
def test_the_note_of_a_cut_is_cut_at_a_whole_character(
    room: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """DOC-1"""
    path = tmp_path / "summary"
    path.write_text("a" * (SUMMARY_LIMIT - room), "utf-8")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(path))
    Runner(io.StringIO()).summary("関" * 9)
    assert SUMMARY_LIMIT - 3 < len(path.read_text("utf-8").encode()) <= SUMMARY_LIMIT


def test_a_group_ends_whatever_happens() -> None:
    stream = io.StringIO()
    with pytest.raises(ZeroDivisionError), Runner(stream).group("build\n::error::x\x1b[2J"):
        raise ZeroDivisionError
    assert stream.getvalue() == "::group::build ::error::x[2J\n::endgroup::\n"


@given(FOREIGN)
@example("".join(PIECES))
def test_a_foreign_text_is_one_command_of_the_runner(value: str) -> None:
    """TRU-5"""
    stream = io.StringIO()
    Runner(stream).annotate(Level.ERROR, value, title=value, file=value, line=3)
    lines = stream.getvalue().splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("::error ")
    assert not invisible(lines[0])
