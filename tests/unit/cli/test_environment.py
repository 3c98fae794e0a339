"""A broken environment is refused before a command begins (TRU-6)."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from kanmon.cli.environment import check_environment
from kanmon.cli.main import main
from kanmon.codes import Code
from kanmon.errors import ExitStatus, KanmonError

if TYPE_CHECKING:
    from pathlib import Path

STEP = {"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "5", "GITHUB_RUN_ATTEMPT": "1"}


def _problem(environment: dict[str, str]) -> KanmonError:
    with pytest.raises(KanmonError) as refused:
        check_environment(environment)
    assert refused.value.code is Code.ENVIRONMENT_BROKEN
    return refused.value


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GITHUB_RUN_ID", "five"),
        ("GITHUB_RUN_ID", "9" * 5000),
        ("GITHUB_RUN_ID", "٣"),
        ("GITHUB_RUN_ATTEMPT", "-1"),
        ("GITHUB_REPOSITORY", "acme"),
        ("GITHUB_REPOSITORY", "acme/shop/../.."),
        ("GITHUB_REPOSITORY", "../.."),
        ("GITHUB_REPOSITORY", "acme/.."),
        ("GITHUB_SERVER_URL", "github.com"),
        ("GITHUB_API_URL", "file:///etc/passwd"),
        ("GITHUB_API_URL", "http://"),
        ("GITHUB_API_URL", "http://[::1"),
        ("GITHUB_API_URL", "https://a:99999/"),
        ("GITHUB_TOKEN", "tökèn☃"),
        ("GITHUB_TOKEN", "abc\ndef"),
        ("GITHUB_OUTPUT", "/missing/output"),
        ("GITHUB_STATE", "/"),
        ("GITHUB_STEP_SUMMARY", "/proc/1/mem/x"),
        ("AWS_ENDPOINT_URL", "nonsense"),
        ("AWS_ENDPOINT_URL_S3", "http://a b"),
        ("KANMON_EDGE_ENDPOINT_URL", "localhost:80"),
        ("KANMON_GITHUB_WRITE_PAUSE", "nan"),
        ("KANMON_GITHUB_WRITE_PAUSE", "1e9"),
        ("KANMON_LANG", "fr"),
    ],
)
def test_a_value_without_sense_is_refused_with_its_name(name: str, value: str) -> None:
    assert _problem({**STEP, name: value}).where == name


@pytest.mark.usefixtures("japanese")
def test_a_wrong_value_is_refused_in_whole_japanese_sentences() -> None:
    """DOC-1: a secret's value is not shown."""
    message = _problem({**STEP, "GITHUB_RUN_ID": "five"}).message
    assert message == "環境変数 GITHUB_RUN_ID の値は 'five' です。数値ではありません。"
    message = _problem({**STEP, "GITHUB_TOKEN": "a b"}).message
    assert message.startswith("環境変数 GITHUB_TOKEN の値が正しくありません。空白、")
    message = _problem({**STEP, "GITHUB_OUTPUT": "/missing/output"}).message
    assert message.endswith("書き込めません: ファイルまたはディレクトリがありません。")


def test_a_wrong_token_is_not_shown() -> None:
    assert "abc" not in str(_problem({**STEP, "GITHUB_TOKEN": "abc def"}))


def test_a_pipe_for_outputs_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    assert "can't be written" in _problem({**STEP, "GITHUB_OUTPUT": str(tmp_path / "pipe")}).message


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_file_without_permission_is_refused(tmp_path: Path) -> None:
    (tmp_path / "output").touch(0o400)
    assert "Permission denied" in _problem({**STEP, "GITHUB_OUTPUT": str(tmp_path / "output")}).message


def test_a_whole_environment_is_taken(tmp_path: Path) -> None:
    check_environment(
        {
            **STEP,
            "GITHUB_REPOSITORY": "acme/shop",
            "GITHUB_API_URL": "https://github.example:8443/api/v3",
            "GITHUB_TOKEN": "ghs_abc",
            "GITHUB_OUTPUT": str(tmp_path / "output"),
            "GITHUB_STATE": "/dev/null",
            "AWS_ENDPOINT_URL": "http://127.0.0.1:4566",
            "KANMON_GITHUB_WRITE_PAUSE": "0",
            "KANMON_LANG": "ja",
        }
    )


def test_an_empty_variable_is_a_missing_one() -> None:
    check_environment({**STEP, "GITHUB_OUTPUT": "", "AWS_ENDPOINT_URL": ""})


def test_the_runners_variables_count_in_a_workflow_only() -> None:
    check_environment({"GITHUB_RUN_ID": "five", "GITHUB_OUTPUT": "/missing/output"})


@pytest.mark.parametrize(
    ("name", "value"), [("GITHUB_RUN_ATTEMPT", "x"), ("GITHUB_OUTPUT", "/missing/x"), ("GITHUB_STATE", "/")]
)
def test_the_log_of_a_broken_step_has_one_error(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No traceback: also the end of the process needs no file of the runner."""
    for key, given in {**STEP, name: value}.items():
        monkeypatch.setenv(key, given)
    assert main(["status"]) == ExitStatus.REFUSED
    shown = capsys.readouterr()
    assert "KNM-906" in shown.out + shown.err
    assert name in shown.out + shown.err
