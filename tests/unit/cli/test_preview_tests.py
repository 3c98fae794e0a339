"""The team's own tests run in a container that reaches nothing of the job (CD-7, TRU-3)."""

from __future__ import annotations

import json
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.checks.probe import Target
from kanmon.cli.preview_tests import PreviewTests
from kanmon.clock import SYSTEM_CLOCK
from kanmon.codes import Code
from kanmon.config.verify import Verify
from kanmon.errors import KanmonError

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanmon.apptest.run import Verdict

IMAGE = "registry.example.com/e2e@sha256:" + "a" * 64
CLIENT = Path(__file__).parents[1] / "appcommand/docker"
CANDIDATE = Target("candidate", "r2", "r2-canary-token")
URL = "https://d1.cloudfront.net"
PASSED = """printf '<testsuite><testcase name="buys"/></testsuite>' > "$KANMON_RESULTS/junit.xml" """
RED = PASSED.replace("/></testsuite>", "><failure/></testcase></testsuite>")


@dataclass
class Machine:
    """A machine with a repository and a Docker engine."""

    project: Path
    engine: Path
    commit: str
    lines: list[str] = field(default_factory=list)
    shown: list[Verdict] = field(default_factory=list)

    @property
    def tests(self) -> PreviewTests:
        secrets = {"shopper": '{"password": "canary-password"}'}
        return PreviewTests(
            self.project,
            "shop-test",
            secrets.__getitem__,
            SYSTEM_CLOCK,
            lambda command: self.lines.append(f"$ {command}"),
            self.lines.append,
            self.shown.append,
        )

    def run(
        self, *commands: str, url: str = URL, watch: Callable[[], object] = lambda: None, **changes: Any
    ) -> Verdict:
        verify = Verify.model_validate({"image": IMAGE, "commands": commands, **changes})
        return self.tests.run(verify, self.commit, CANDIDATE, url, watch)

    def calls(self, verb: str) -> list[list[str]]:
        """The words of each call of Docker's client with this verb."""
        lines = (self.engine / "calls").read_text().splitlines()
        return [words for line in lines if (words := line.rstrip(" ").split("\t"))[0] == verb]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A repository with the app in a folder of it, and its commit."""
    folder = tmp_path_factory.mktemp("made") / "repository"
    (folder / "apps/shop").mkdir(parents=True)
    (folder / "apps/shop/page.txt").write_text("committed")
    git = ["git", "-c", "user.name=kim", "-c", "user.email=kim@example.com", "-C", str(folder)]
    for words in (["init", "-q"], ["add", "."], ["commit", "-q", "-m", "Add a page"]):
        subprocess.run([*git, *words], check=True)
    commit = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True).stdout
    return folder, commit.strip()


@pytest.fixture
def machine(tmp_path: Path, repository: tuple[Path, str], monkeypatch: pytest.MonkeyPatch) -> Machine:
    engine, programs = tmp_path / "engine", tmp_path / "bin"
    engine.mkdir()
    programs.mkdir()
    shutil.copy(CLIENT, programs / "docker")
    (programs / "docker").chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:/usr/bin:/bin")
    monkeypatch.setenv("DOCKER_CONFIG", str(engine))
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary-aws")
    monkeypatch.setenv("GITHUB_TOKEN", "canary-github")
    monkeypatch.setenv("ACTIONS_ID_TOKEN_REQUEST_TOKEN", "canary-identity")
    monkeypatch.delenv("RUNNER_TEMP", raising=False)
    made, commit = repository
    shutil.copytree(made, tmp_path / "repository")
    return Machine(tmp_path / "repository/apps/shop", engine, commit)


def test_good_tests_pass(machine: Machine) -> None:
    verdict = machine.run("echo begin", PASSED)
    assert verdict.passed
    assert verdict.results.executed == 1
    assert machine.lines == ["$ echo begin", "begin", f"$ {PASSED}"]
    assert machine.shown == [verdict]


@pytest.mark.parametrize(
    ("commands", "reason"),
    [
        ((RED,), "1 of 1 tests failed; the first is buys."),
        ((PASSED, "exit 3"), "`exit 3` ended with status 3."),
        (("true",), "The commands wrote no file that matches `*.xml`."),
        (("echo '<testsuite/>' > $KANMON_RESULTS/a.xml",), "No test ran: the reports are empty."),
        (("false; " + PASSED,), "ended with status 1"),
    ],
)
def test_everything_else_refuses_the_candidate(
    machine: Machine, commands: tuple[str, ...], reason: str
) -> None:
    """CD-1: as `kanmon test` judges. Inconclusive never passes."""
    verdict = machine.run(*commands)
    assert not verdict.passed
    assert reason in " ".join(failure.message for failure in verdict.failures)


def test_the_files_are_those_of_the_commit(machine: Machine) -> None:
    """TRU-1: whatever lies in the checkout by now."""
    (machine.project / "page.txt").write_text("tampered")
    (machine.project / "more.txt").write_text("tampered")
    machine.run("cat page.txt; echo; ls", PASSED)
    assert machine.lines[1:3] == ["committed", "page.txt"]


def test_the_commands_see_nothing_of_the_job(machine: Machine) -> None:
    """TRU-3: no variable of it, no folder, no socket, no capability."""
    machine.run("env", PASSED, environment={"E2E_USER": "kim"})
    names = {line.partition("=")[0] for line in machine.lines if "=" in line and line[0] != "$"}
    assert names - {"PWD", "SHLVL", "_", "OLDPWD"} == {
        "CI", "E2E_USER", "KANMON_PREVIEW_COOKIE", "KANMON_PREVIEW_LINK", "KANMON_PREVIEW_STATE",
        "KANMON_PREVIEW_URL", "KANMON_RELEASE", "KANMON_RESULTS", "PATH",
    }  # fmt: skip
    [created] = machine.calls("create")
    assert not {"-v", "--volume", "--mount", "--privileged", "--env-file", "--cap-add"} & set(created)
    assert created[created.index("--cap-drop") + 1] == "ALL"
    assert created[created.index("--security-opt") + 1] == "no-new-privileges"
    assert created[created.index("--network") + 1] == "kanmon-verify"
    assert "canary" not in (machine.engine / "calls").read_text(), "everybody may read a command's arguments"


def test_metadata_services_are_dead_ends(machine: Machine) -> None:
    """TRU-3: the machine's own identity is worth as much as the job's."""
    machine.run(PASSED)
    networks = {words[-1]: words for words in machine.calls("network") if words[1] == "create"}
    assert "169.254.0.0/16" in networks["kanmon-verify-no-metadata"]
    assert "168.63.129.0/24" in networks["kanmon-verify-no-host"]
    connected = [words[2] for words in machine.calls("network") if words[1] == "connect"]
    assert connected == ["kanmon-verify-no-metadata", "kanmon-verify-no-host"]


def test_an_app_on_this_machine_is_reached_by_its_own_network(machine: Machine) -> None:
    """The embedded AWS alone."""
    machine.run(PASSED, url="http://127.0.0.1:4580")
    [created] = machine.calls("create")
    assert created[created.index("--network") + 1] == "host"


def test_a_browser_gets_the_previews_cookie(machine: Machine) -> None:
    """Playwright's `storageState` and `baseURL` are enough."""
    machine.run("cat $KANMON_PREVIEW_STATE; echo; echo $KANMON_PREVIEW_URL", PASSED)
    state, url = machine.lines[1:3]
    [cookie] = json.loads(state)["cookies"]
    assert url == URL
    assert cookie == {
        "name": "kanmon-preview", "value": "r2-canary-token", "domain": "d1.cloudfront.net", "path": "/",
        "expires": -1, "httpOnly": True, "secure": True, "sameSite": "Lax",
    }  # fmt: skip


def test_a_secret_comes_to_the_commands_and_not_to_the_log(machine: Machine) -> None:
    """TRU-3"""
    command = 'test "$P" = canary-password; echo "it is $P"'
    machine.run(command, PASSED, environment={"P": "${secrets.shopper.password}"})
    assert machine.lines[1] == "it is ***"


def test_what_they_leave_is_kept_without_its_links(machine: Machine) -> None:
    """Screenshots and traces; no file of the runner comes into an artifact."""
    script = (
        "cd $KANMON_RESULTS; mkdir shots; echo png > shots/1.png; ln -s /etc/passwd stolen; ln -s /etc up"
    )
    machine.run(script, RED)
    kept = machine.project / "build/verify"
    assert {path.relative_to(kept).as_posix() for path in kept.rglob("*")} == {
        "junit.xml", "shots", "shots/1.png",
    }  # fmt: skip
    machine.run(PASSED)
    assert [path.name for path in kept.iterdir()] == ["junit.xml"], "nothing is left of an earlier run"


def test_no_container_is_left(machine: Machine) -> None:
    """CD-13: also after Ctrl-C, and of a run that died."""
    (machine.engine / "left").write_text("abc\n")

    def interrupt() -> None:
        raise KeyboardInterrupt

    tests = machine.tests
    machine.lines = _Interrupting()
    tests = machine.tests
    verify = Verify.model_validate({"image": IMAGE, "commands": ["echo one; sleep 30"]})
    with pytest.raises(KeyboardInterrupt):
        tests.run(verify, machine.commit, CANDIDATE, URL, interrupt)
    [created] = machine.calls("create")
    name = created[created.index("--name") + 1]
    assert [words[-1] for words in machine.calls("rm")] == ["abc", name]
    assert created[-1] == "1020", "it ends by itself after the time limit and two minutes"


class _Interrupting(list[str]):
    """The terminal of somebody who presses Ctrl-C when the first line comes."""

    def append(self, line: str) -> None:
        super().append(line)
        if line == "one":
            raise KeyboardInterrupt


def test_they_end_after_their_time(machine: Machine) -> None:
    leave = "echo png > $KANMON_RESULTS/1.png"
    with pytest.raises(KanmonError, match=r"did not end within 1\.00 s") as refused:
        machine.run(leave, "sleep 30", timeout="1s")
    assert refused.value.code is Code.CANDIDATE_REFUSED
    assert (machine.project / "build/verify/1.png").exists()
    assert len(machine.calls("rm")) == 1


def test_a_machine_without_an_engine_is_refused_first(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    verify = Verify.model_validate({"image": IMAGE, "commands": ["true"]})
    (machine.engine / "down").touch()
    with pytest.raises(KanmonError, match="Cannot connect to the Docker daemon") as refused:
        machine.tests.prepare(verify, machine.commit)
    assert refused.value.code is Code.CONTAINER_FAILED
    monkeypatch.setenv("PATH", "/usr/bin:/bin" if not Path("/usr/bin/docker").exists() else "/nowhere")
    with pytest.raises(KanmonError):
        machine.tests.prepare(verify, machine.commit)


def test_an_image_is_pulled_once(machine: Machine) -> None:
    verify = Verify.model_validate({"image": IMAGE, "commands": ["true"]})
    machine.tests.prepare(verify, machine.commit)
    (machine.engine / f"image-{IMAGE.replace('/', '_')}").touch()
    machine.tests.prepare(verify, machine.commit)
    assert machine.calls("pull") == [["pull", "--quiet", IMAGE]]


def _refused_pull(machine: Machine, answer: str) -> KanmonError:
    verify = Verify.model_validate({"image": IMAGE, "commands": ["true"]})
    (machine.engine / "refusal").write_text(answer)
    with pytest.raises(KanmonError) as refused:
        machine.tests.prepare(verify, machine.commit)
    return refused.value


@pytest.mark.parametrize(
    ("answer", "fix"),
    [
        ("error from registry: denied", "docker login registry.example.com"),
        (
            "pull access denied for registry.example.com/e2e, repository does not exist",
            "docker login registry.",
        ),
        (
            "Head https://registry.example.com/v2/e2e: no basic auth credentials",
            "docker login registry.example.",
        ),
        ("failed to authorize: 401 Unauthorized", "`docker/login-action` in the same job"),
        ("toomanyrequests: You have reached your unauthenticated pull rate limit.", "docker login"),
        (
            "no matching manifest for linux/arm64/v8 in the manifest list entries",
            "digest of the image's index",
        ),
        ("no matching manifest for windows/amd64 in the manifest list entries", "a job on Linux"),
        ("manifest unknown", Code.CONTAINER_FAILED.fix),
    ],
)
def test_an_image_that_cannot_be_pulled_has_its_fix(machine: Machine, answer: str, fix: str) -> None:
    refused = _refused_pull(machine, answer)
    assert answer in refused.message
    assert refused.where == IMAGE
    assert fix in refused.fix


@pytest.mark.usefixtures("japanese")
def test_a_registrys_words_are_found_in_each_language(machine: Machine) -> None:
    """The fix depends on the registry's answer, which stands in the message as it is."""
    assert "`docker login registry.example.com`" in _refused_pull(machine, "denied").fix


def test_the_docker_action_is_refused_with_the_way_out(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before its image lacks `docker`: that would be no help."""
    monkeypatch.setenv("GITHUB_WORKSPACE", "/github/workspace")
    verify = Verify.model_validate({"image": IMAGE, "commands": ["true"]})
    with pytest.raises(KanmonError, match="has no Docker engine"):
        machine.tests.prepare(verify, machine.commit)
    assert not (machine.engine / "calls").exists()


@pytest.mark.parametrize("commit", ["f" * 40, "unversioned", f"{'a' * 40}-dirty", ""])
def test_a_bundle_of_no_commit_is_refused_first(machine: Machine, commit: str) -> None:
    """TRU-1: the tests of another commit prove nothing."""
    verify = Verify.model_validate({"image": IMAGE, "commands": ["true"]})
    with pytest.raises(KanmonError) as refused:
        machine.tests.prepare(verify, commit)
    assert refused.value.code is Code.COMMIT_MISSING
