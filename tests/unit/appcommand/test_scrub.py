"""The app's commands get no secret and none of the runner's files (TRU-3, SEC-5)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from kanmon.appcommand.scrub import RUNNER_FILES, app_environment, kept_runner_files
from kanmon.codes import Code
from kanmon.errors import KanmonError
from tests.unit.appcommand.attacker import without_capabilities

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    "name",
    [
        "GITHUB_TOKEN", "GH_TOKEN", "GITHUB_ENTERPRISE_TOKEN", "GH_ENTERPRISE_TOKEN",
        *RUNNER_FILES,
        "INPUT_TOKEN", "INPUT_REASON",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_URL", "ACTIONS_RUNTIME_TOKEN",
        "ACTIONS_RUNTIME_URL", "ACTIONS_CACHE_URL", "ACTIONS_RESULTS_URL", "ACTIONS_NEXT_YEARS_TOKEN",
        "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN",
        "AWS_PROFILE", "AWS_DEFAULT_PROFILE", "AWS_ROLE_ARN", "AWS_WEB_IDENTITY_TOKEN_FILE",
        "AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "AWS_BEARER_TOKEN_BEDROCK", "AWS_NEXT_YEARS_SECRET",
    ],
)  # fmt: skip
def test_a_secret_variable_is_left_out(name: str) -> None:
    """TRU-3"""
    assert app_environment({name: "x"}) == {}


@pytest.mark.parametrize(
    "name",
    [
        "PATH", "HOME", "CI", "GITHUB_ACTIONS", "GITHUB_SHA", "GITHUB_WORKSPACE", "RUNNER_TEMP", "RUNNER_OS",
        "RUNNER_TRACKING_ID", "LD_LIBRARY_PATH", "pythonLocation", "NODE_ENV", "VITE_TITLE", "NPM_TOKEN",
        "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "ACTIONS_STEP_DEBUG",
    ],
)  # fmt: skip
def test_what_a_build_needs_stays(name: str) -> None:
    assert app_environment({name: "x"}) == {name: "x"}


def test_the_runners_files_are_as_before(tmp_path: Path) -> None:
    """SEC-5: changed, deleted, or a link to another file: Kanmon's own output stays, and nothing else."""
    files = {name: str(tmp_path / name) for name in RUNNER_FILES}
    for path in files.values():
        Path(path).write_text("ours\n")
    foreign = tmp_path / "foreign"
    foreign.write_text("foreign\n")
    with kept_runner_files(files):
        Path(files["GITHUB_OUTPUT"]).write_text("digest=evil\n")
        Path(files["GITHUB_ENV"]).unlink()
        Path(files["GITHUB_STEP_SUMMARY"]).unlink()
        Path(files["GITHUB_STEP_SUMMARY"]).symlink_to(foreign)
    assert {path.read_text() for path in map(Path, files.values())} == {"ours\n"}
    assert not Path(files["GITHUB_STEP_SUMMARY"]).is_symlink()
    assert foreign.read_text() == "foreign\n"


def test_a_folder_in_the_place_of_a_file_protects_no_other(tmp_path: Path) -> None:
    """SEC-5: neither does a folder that went, nor a file that was not there."""
    files = {name: str(tmp_path / "files" / name) for name in RUNNER_FILES}
    (tmp_path / "files").mkdir()
    for path in list(files.values())[1:]:
        Path(path).write_text("ours\n")
    with kept_runner_files(files):
        shutil.rmtree(tmp_path / "files")
        for path in files.values():
            (Path(path) / "evil").mkdir(parents=True)
    assert not Path(files["GITHUB_ENV"]).exists()
    assert {Path(path).read_text() for path in list(files.values())[1:]} == {"ours\n"}


def test_a_file_that_is_lost_protects_no_other(tmp_path: Path) -> None:
    """SEC-5: the error names it, and all others are restored."""
    output, state = tmp_path / "a" / "output", tmp_path / "b" / "state"
    for path in (output, state):
        path.parent.mkdir()
        path.write_text("ours\n")

    def command() -> None:
        with kept_runner_files({"GITHUB_OUTPUT": str(output), "GITHUB_STATE": str(state)}):
            shutil.rmtree(output.parent)
            output.parent.write_text("a file")
            state.write_text("evil\n")

    with pytest.raises(KanmonError, match=str(output)) as caught:
        command()
    assert caught.value.code is Code.FILE_REFUSED
    assert "RUNNER_TEMP" in caught.value.fix
    assert state.read_text() == "ours\n"


def test_a_runners_file_of_any_size_is_not_read(tmp_path: Path) -> None:
    """TRU-6: a command can make it larger than the memory."""
    output = tmp_path / "output"
    output.write_text("ours\n")
    with kept_runner_files({"GITHUB_OUTPUT": str(output)}):
        os.truncate(output, 1024**4)
    assert output.read_text() == "ours\n"


def test_a_leftover_process_has_no_runners_file_open(tmp_path: Path) -> None:
    """SEC-5: it could wait for the end of the command, and write then."""
    output = tmp_path / "output"
    output.write_text("ours\n")
    with kept_runner_files({"GITHUB_OUTPUT": str(output)}):
        leftover = output.open("a")
    with leftover:
        leftover.write("digest=evil\n")
    assert output.read_text() == "ours\n"


def test_without_a_runner_there_is_no_file_to_keep(tmp_path: Path) -> None:
    with kept_runner_files({"GITHUB_OUTPUT": str(tmp_path / "none"), "GITHUB_ENV": ""}):
        pass
    assert list(tmp_path.iterdir()) == []


HIDDEN = """
import subprocess, sys
from kanmon.appcommand.scrub import hide_process
if sys.argv[1] == "hidden":
    hide_process()
read = 'import os; print(open(f"/proc/{os.getppid()}/environ").read().count("CANARY"))'
print(subprocess.run([sys.executable, "-c", read], capture_output=True, text=True, env={}))
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows the environment of a process in /proc")
@pytest.mark.parametrize(("how", "seen"), [("open", "stdout='1"), ("hidden", "PermissionError")])
def test_the_own_environment_is_hidden_from_its_user(how: str, seen: str) -> None:
    """TRU-3: root is not held off. So both drop root's capabilities, if this is root."""
    done = subprocess.run(
        [*without_capabilities(), sys.executable, "-c", HIDDEN, how],
        cwd=ROOT,
        env={"SECRET": "CANARY", "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=True,
    )
    assert seen in done.stdout
