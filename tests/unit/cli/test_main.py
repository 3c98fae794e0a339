"""The process: one message with a code, an honest exit status, and never a traceback unasked."""

from __future__ import annotations

import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
import weakref
from dataclasses import replace
from typing import TYPE_CHECKING

import boto3
import pytest
from moto import mock_aws
from rich.cells import cell_len

from kanmon import __version__
from kanmon.cli.commands import NAMES
from kanmon.cli.commands import deploy as deploy_module
from kanmon.cli.commands import status as status_module
from kanmon.cli.main import main
from kanmon.codes import Code
from kanmon.errors import ExitStatus, KanmonError
from tests.fakes.app import make_config
from tests.fakes.foreign import invisible

if TYPE_CHECKING:
    from pathlib import Path

    from kanmon.cli.context import Context

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def config(tmp_path: Path) -> str:
    path = tmp_path / "kanmon.yml"
    path.write_text(json.dumps(make_config().model_dump(mode="json", by_alias=True, exclude_defaults=True)))
    return str(path)


def refused(capsys: Capture, *arguments: str) -> str:
    """Run, expect a refusal; the message."""
    assert main(arguments) == ExitStatus.REFUSED
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    return captured.err


@pytest.mark.parametrize("arguments", [["--help"], *([command, "--help"] for command in NAMES)])
def test_help_is_given(capsys: Capture, arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    assert caught.value.code == 0
    assert "usage: kanmon" in capsys.readouterr().out


OF_ARGPARSE = ("usage:", "options:", "positional arguments:", "examples:", "Examples:", "show ")


@pytest.mark.usefixtures("japanese")
@pytest.mark.parametrize("arguments", [["--help"], *([command, "--help"] for command in NAMES)])
def test_help_comes_in_japanese(capsys: Capture, arguments: list[str]) -> None:
    """DOC-1: argparse's own words, too."""
    with pytest.raises(SystemExit):
        main(arguments)
    shown = capsys.readouterr().out
    assert shown.startswith("使い方: kanmon")
    assert [word for word in OF_ARGPARSE if word in shown] == []
    assert "  -h, --help            このヘルプを表示して終了\n" in shown


@pytest.mark.usefixtures("japanese")
def test_japanese_help_fits_into_the_terminal(capsys: Capture, monkeypatch: pytest.MonkeyPatch) -> None:
    """DOC-1: a Japanese letter takes two columns, and no line begins with a full stop or a small letter."""
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit):
        main(["destroy", "--help"])
    lines = capsys.readouterr().out.splitlines()
    assert max(map(cell_len, lines)) <= 80
    assert [line for line in lines if line.strip().startswith(tuple("。、ーッ"))] == []
    text = "".join(line.strip() for line in lines)
    assert (
        "データも削除: データベース (最後のスナップショットは残る)、ユーザー、シークレット、キュー、" in text
    )


def test_the_version_is_given(capsys: Capture) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["--version"])
    assert caught.value.code == 0
    assert capsys.readouterr().out == f"kanmon {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["undeploy"], "undeploy"),
        ([], "COMMAND"),
        (["status", "--colour"], "--colour"),
        (["history", "r1"], "r1"),
        (["deploy", "--plan"], "--plan"),
        (["recover", "--keep", "--undo"], "--undo"),
        (["recover", "--wait", "3m"], "3m"),
    ],
)
def test_a_wrong_command_line_is_refused_with_its_mistake(
    capsys: Capture, arguments: list[str], named: str
) -> None:
    message = refused(capsys, *arguments)
    assert message.startswith("KNM-901 ")
    assert named in message
    assert "--help" in message


@pytest.mark.usefixtures("japanese")
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["status", "--colour"], "不明な引数があります: --colour。"),
        ([], "必要な引数がありません: COMMAND。"),
        (["deploy", "--plan"], "引数 --plan に値がありません。"),
        (["recover", "--keep", "--undo"], "引数 --undo は、引数 --keep と同時に指定できません。"),
        (["notify", "--event", "x{0}"], "引数 --event の値 'x{0}' は正しくありません (使える値: "),
        (["recover", "--keep=1"], "引数 --keep に値は付けられません: '1'。"),
        (["deploy", "--bundl=x"], "オプション --bundl=x は省略しすぎです。"),
    ],
)
def test_a_wrong_command_line_is_refused_in_japanese(
    capsys: Capture, arguments: list[str], message: str
) -> None:
    """DOC-1"""
    shown = refused(capsys, *arguments)
    assert shown.startswith(f"KNM-901 {message}")
    assert "--help` を参照してください。" in shown


@pytest.mark.usefixtures("japanese")
def test_what_only_another_python_has_stays_in_english(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("kanmon.cli.parser._MISTAKES", ())
    shown = refused(capsys, "status", "--colour")
    assert shown.startswith("KNM-901 Unrecognized arguments: --colour. ")


@pytest.mark.usefixtures("japanese")
def test_an_error_of_the_system_comes_in_japanese(capsys: Capture, config: str) -> None:
    """DOC-1"""
    shown = refused(capsys, "render", "--config", config, "--output", config)
    assert shown.startswith(f"KNM-903 同じ名前のファイルがすでにあります。({config}) ")


WITHOUT_CONFIG = {"comment", "notify"}
"""`comment` runs in a job without the app's files; for a message, a missing config is a warning."""


@pytest.mark.parametrize("command", [name for name in NAMES if name not in WITHOUT_CONFIG])
def test_a_missing_config_is_refused_by_every_command(capsys: Capture, tmp_path: Path, command: str) -> None:
    path = str(tmp_path / "none.yml")
    message = refused(capsys, command, "--config", path)
    assert message.startswith("KNM-101 ")
    assert path in message


def test_for_a_message_a_missing_config_is_a_warning(capsys: Capture, tmp_path: Path) -> None:
    """CD-12: nothing depends on a message."""
    assert main(["notify", "--config", str(tmp_path / "none.yml")]) == ExitStatus.OK
    assert capsys.readouterr().out.startswith("KNM-101 ")


def test_missing_credentials_are_refused(
    capsys: Capture, config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    for name in ("AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    assert refused(capsys, "status", "--config", config).startswith("KNM-201 ")


def test_an_unreachable_aws_is_refused_with_its_address(
    capsys: Capture, config: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("botocore.endpoint.time.sleep", lambda _: None)
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    message = refused(capsys, "status", "--config", config)
    assert message.startswith("KNM-202 ")
    assert "http://127.0.0.1:1" in message


@pytest.mark.usefixtures("workflow")
def test_a_wrong_config_is_refused_before_aws_is_asked(
    tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """INF-9: a step of a workflow shows it as an annotation."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    (tmp_path / "kanmon.yml").write_text("app: 7\n")
    assert main(["status", "--config", str(tmp_path / "kanmon.yml")]) == ExitStatus.REFUSED
    assert "::error title=Kanmon KNM-10" in capsys.readouterr().out


@mock_aws
def test_an_account_without_a_bucket_is_refused(capsys: Capture, config: str) -> None:
    message = refused(capsys, "history", "--config", config)
    assert message.startswith("KNM-205 ")
    assert "shop-kanmon-123456789012-ap-northeast-1" in message


@mock_aws
def test_a_fresh_environment_has_a_status_and_an_empty_history(capsys: Capture, config: str) -> None:
    """CD-11: from the command line, for people and for machines."""
    boto3.client("s3", region_name="us-east-1").create_bucket(
        Bucket="shop-kanmon-123456789012-ap-northeast-1"
    )
    assert main(["status", "--config", config]) == ExitStatus.OK
    assert "nothing" in capsys.readouterr().out
    assert main(["status", "--json", "--config", config]) == ExitStatus.OK
    assert json.loads(capsys.readouterr().out)["live"] is None
    assert main(["history", "--json", "--config", config]) == ExitStatus.OK
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize(
    ("raised", "status", "message"),
    [
        (KanmonError(Code.HELD, "held"), ExitStatus.HELD, "KNM-413"),
        (KanmonError(Code.LOCKED, "no"), ExitStatus.REFUSED, "KNM-401"),
        (KanmonError(Code.INTERRUPTED, "no"), ExitStatus.INTERRUPTED, "KNM-902"),
        (KeyboardInterrupt(), ExitStatus.INTERRUPTED, "KNM-902"),
        (ZeroDivisionError("by [red]"), ExitStatus.FAILED, "KNM-999 ZeroDivisionError: by [red]."),
        (
            PermissionError(13, "Permission denied", "/x"),
            ExitStatus.REFUSED,
            "KNM-903 Permission denied.",
        ),
        (BrokenPipeError(), ExitStatus.FAILED, ""),
    ],
    ids=lambda value: getattr(value, "name", type(value).__name__),
)
def test_the_exit_status_shows_how_it_ended(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, raised: BaseException, status: ExitStatus, message: str
) -> None:
    def fail(*_: object) -> ExitStatus:
        raise raised

    monkeypatch.setattr(status_module, "COMMAND", replace(status_module.COMMAND, run=fail, aws=False))
    assert main(["status"]) == status
    captured = capsys.readouterr()
    assert captured.err.startswith(message)
    assert "Traceback" not in captured.err


@pytest.mark.parametrize(
    ("unfinished", "way_out"),
    [
        (False, "This run left no operation open. Run the command again."),
        (True, "Run `kanmon status`. Run `kanmon recover` if an operation is open, else the command again."),
    ],
)
def test_an_interruption_asks_for_a_recovery_only_if_an_operation_may_be_open(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch, *, unfinished: bool, way_out: str
) -> None:
    """CD-13"""

    def interrupt(_: object, context: Context) -> ExitStatus:
        context.unfinished = unfinished
        raise KeyboardInterrupt

    monkeypatch.setattr(status_module, "COMMAND", replace(status_module.COMMAND, run=interrupt, aws=False))
    assert main(["status"]) == ExitStatus.INTERRUPTED
    assert capsys.readouterr().err == f"KNM-902 The run was interrupted. {way_out}\n"


def test_debug_shows_the_traceback(capsys: Capture, tmp_path: Path) -> None:
    assert main(["status", "--debug", "--config", str(tmp_path / "none.yml")]) == ExitStatus.REFUSED
    assert "Traceback" in capsys.readouterr().err


@pytest.mark.usefixtures("workflow")
def test_a_traceback_and_the_log_in_a_step_do_nothing(
    capsys: Capture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TRU-5: AWS, GitHub and the app's files write into both."""
    foreign = "##[error]out\x1b[2J\u202e\n::error::out\nr9 is live"

    def fail(*_: object) -> ExitStatus:
        logging.getLogger("kanmon.test").debug(foreign)
        raise ZeroDivisionError(foreign)

    logger, stub = logging.getLogger("kanmon"), replace(status_module.COMMAND, run=fail, aws=False)
    monkeypatch.setattr(logger, "handlers", [])
    monkeypatch.setattr(logger, "level", logger.level)
    monkeypatch.setattr(status_module, "COMMAND", stub)
    assert main(["status", "--debug", "--verbose"]) == ExitStatus.FAILED
    shown = capsys.readouterr().err
    assert shown.count("r9 is live") == 2
    assert "Traceback" in shown
    assert not re.search(r"^\s*::|##\[|^r9", shown, re.MULTILINE)
    assert not invisible(shown.replace("\u200b", ""))


@pytest.fixture
def workflow(monkeypatch: pytest.MonkeyPatch) -> None:
    """The process is a step of a workflow run."""
    for name, value in {"GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "7", "GITHUB_RUN_ATTEMPT": "1"}.items():
        monkeypatch.setenv(name, value)


@pytest.mark.usefixtures("workflow")
@pytest.mark.parametrize(
    ("ended", "complete"),
    [
        (ExitStatus.OK, True),
        (KanmonError(Code.LOCKED, "no"), True),
        (KanmonError(Code.HELD, "held"), True),
        (ExitStatus.FAILED, True),
        (ZeroDivisionError(), False),
        (KeyboardInterrupt(), True),
    ],
    ids=lambda value: getattr(value, "name", type(value).__name__),
)
def test_only_an_ended_step_leaves_nothing_for_its_post_step(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ended: ExitStatus | BaseException, complete: bool
) -> None:
    """CD-13: a step that can't write it is recovered from."""

    def end(*_: object) -> ExitStatus:
        if isinstance(ended, BaseException):
            raise ended
        return ended

    state = tmp_path / "state"
    state.touch()
    monkeypatch.setenv("GITHUB_STATE", str(state))
    monkeypatch.setattr(deploy_module, "COMMAND", replace(deploy_module.COMMAND, run=end, aws=False))
    main(["deploy"])
    assert state.read_text("utf-8").startswith("settled<<") is complete


def test_a_signal_among_the_imports_is_answered_in_japanese(tmp_path: Path) -> None:
    """DOC-1"""
    (tmp_path / "boto3.py").write_text(f"import os\nos.kill(os.getpid(), {signal.SIGTERM:d})\n")
    ended = subprocess.run(
        [sys.executable, "-m", "kanmon", "status"],
        env={**os.environ, "PYTHONPATH": str(tmp_path), "KANMON_LANG": "ja"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (
        ExitStatus.INTERRUPTED,
        "中断しました。何も変更していません。\n",
    )


@pytest.mark.parametrize(
    "number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP], ids=lambda number: number.name
)
def test_a_signal_among_the_imports_ends_the_process(tmp_path: Path, number: signal.Signals) -> None:
    """CD-13: a signal does not end a container's first process without a handler."""
    (tmp_path / "boto3.py").write_text(
        f"import os\nos.kill(os.getpid(), {number:d})\nprint('it went on')\nimport missing\n"
    )
    ended = subprocess.run(
        [sys.executable, "-m", "kanmon", "status"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert ended.returncode == ExitStatus.INTERRUPTED
    assert ended.stdout == ""
    assert ended.stderr == "Interrupted; nothing was changed.\n"


def _lose_an_interrupt() -> None:
    """Press Ctrl-C in a callback. Python prints the exception and goes on."""
    something = {1}
    reference = weakref.ref(something, lambda _: signal.raise_signal(signal.SIGINT))
    del something
    assert reference() is None


def test_an_interrupt_lost_in_a_callback_comes_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """CD-13: imports have such callbacks."""
    reached: list[str] = []

    def lose(*_: object) -> ExitStatus:
        _lose_an_interrupt()
        reached.append("the command goes on")
        threading.Event().wait(5)
        return ExitStatus.OK

    monkeypatch.setattr(status_module, "COMMAND", replace(status_module.COMMAND, run=lose, aws=False))
    assert main(["status"]) == ExitStatus.INTERRUPTED
    assert reached


@pytest.mark.parametrize("lost", [False, True], ids=["at once", "lost at first"])
def test_a_later_interrupt_does_not_stop_the_rollback(monkeypatch: pytest.MonkeyPatch, *, lost: bool) -> None:
    """CD-13: the first one has begun it."""

    def work() -> None:
        if lost:
            _lose_an_interrupt()
            threading.Event().wait(5)
        signal.raise_signal(signal.SIGTERM)

    def roll_back(*_: object) -> ExitStatus:
        with pytest.raises(KeyboardInterrupt):
            work()
        signal.raise_signal(signal.SIGINT)
        signal.raise_signal(signal.SIGTERM)
        return ExitStatus.FAILED

    monkeypatch.setattr(status_module, "COMMAND", replace(status_module.COMMAND, run=roll_back, aws=False))
    assert main(["status"]) == ExitStatus.FAILED


def test_another_lost_exception_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    lost: list[type[BaseException]] = []

    def lose(*_: object) -> ExitStatus:
        something = {1}
        reference = weakref.ref(something, lambda _: 1 / 0)
        del something
        assert reference() is None
        return ExitStatus.OK

    monkeypatch.setattr(status_module, "COMMAND", replace(status_module.COMMAND, run=lose, aws=False))
    monkeypatch.setattr("sys.unraisablehook", lambda found: lost.append(found.exc_type))
    assert main(["status"]) == ExitStatus.OK
    assert lost == [ZeroDivisionError]
