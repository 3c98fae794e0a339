"""The Docker actions as a runner carries them out, against the embedded AWS and the local GitHub.

Where there can be no engine, at least the Dockerfile's steps are carried out, in a fresh virtual environment.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from embedded.github.server import LocalGithub
from embedded.process import REPOSITORY
from kanmon.bundle.manifest import load_bundle
from tests.e2e.changes import visible_change
from tests.e2e.container import ContainerStep
from tests.e2e.engine import Engine, NoEngineError, instructions
from tests.e2e.job import NAME, SHA, Job

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.e2e.project import Project

pytestmark = pytest.mark.emulator

BASE, IMAGE = "kanmon-base", "kanmon"
MEGABYTE = 1_000_000


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine | NoEngineError]:
    """An engine with the image, or the reason why this machine can't have one."""
    with ExitStack() as stack:
        try:
            engine = stack.enter_context(Engine.started(tmp_path_factory.mktemp("engine")))
            engine.make_base(BASE)
        except NoEngineError as reason:
            yield reason
            return
        engine.build(REPOSITORY / "actions/deploy/../../Dockerfile", IMAGE, BASE)
        yield engine


@pytest.fixture
def engine(found: Engine | NoEngineError) -> Engine:
    if isinstance(found, NoEngineError):
        pytest.skip(f"no Docker engine: {found}")
    return found


@pytest.fixture
def github(project: Project) -> Iterator[LocalGithub]:
    with LocalGithub() as server:
        server.add_repository(NAME)
        server.commit(SHA, "Add goals", "hanako")
        server.protect(project.name, ["taro"], prevent_self_review=True, branches=["main"])
        yield server
    assert server.violations == []


@pytest.fixture
def use(engine: Engine, project: Project, github: LocalGithub) -> Callable[..., ContainerStep]:
    """Makes a step of a new run, approved by taro."""

    def make(name: str, variables: dict[str, str] | None = None, **inputs: str) -> ContainerStep:
        run = github.begin_run(f"{name}-production.yml", "push", "hanako", SHA, "main")
        secrets = {key: value for key, value in project.environment.items() if key not in {"PATH", "HOME"}}
        permissions = {"actions": "read", "contents": "read", "deployments": "write"}
        job = Job(github, project.folder, run, permissions, secrets=secrets)
        github.begin_job(run, 1, name, project.name, runner=job.runner)
        github.review(run, project.name, "taro")
        if name == "deploy" and "config" not in inputs:
            bundle = load_bundle(project.folder / "build/bundle")
            inputs["bundle-digest"] = bundle.manifest.digest
        return ContainerStep(engine, IMAGE, name, job, inputs, variables or {})

    return make


def second_release_in_its_canary(use: Callable[..., ContainerStep], project: Project) -> ContainerStep:
    """Everything is ready for a deploy: it stays at 10 % until a test ends it."""
    project.release().check()
    visible_change(project, "two")
    project.edit_config(lambda text: text.replace("bake: 1s", "bake: 10m"))
    project.kanmon("build", GITHUB_SHA=SHA).check()
    return use("deploy")


def test_a_release_and_a_rollback(use: Callable[..., ContainerStep], project: Project) -> None:
    """CD-2, CD-9: outputs come to the job; the post step has nothing to do and prints nothing."""
    project.kanmon("build", GITHUB_SHA=SHA).check()
    deploy = use("deploy", reason="the first one")
    deploy.main().end().check()
    assert project.live() == ("r1", "r1")
    assert deploy.job.outputs == {"release": "r1", "result": "stable", "operation": "1"}
    [operation] = project.operations()
    assert operation["approval"]["by"] == "taro"
    assert operation["reason"] == "the first one"
    assert deploy.post().end().check().output == ""
    visible_change(project, "two")
    project.release().check()
    rollback = use("rollback", confirm=project.name)
    rollback.main().end().check()
    assert project.live() == ("r1", "r1")
    assert rollback.post().end().check().output == ""


def test_a_cancelled_step_rolls_back(use: Callable[..., ContainerStep], project: Project) -> None:
    """CD-13: the runner's signals to the client come to Python; the post step has nothing to do."""
    deploy = second_release_in_its_canary(use, project)
    running = deploy.main()
    running.await_line("10 % of API requests go to r2")
    running.process.send_signal(signal.SIGINT)
    running.await_line("KNM-902")
    running.end(signal.SIGTERM).check(130)
    assert {project.live() for _ in range(20)} == {("r1", "r1")}
    assert project.operations()[-1]["result"] == "rolled back"
    assert deploy.post().end().check().output == "", "its operation has ended"


def test_the_last_part_undoes_the_work_of_a_killed_step(
    use: Callable[..., ContainerStep], project: Project
) -> None:
    """CD-13, CD-14: after the lease of the killed one has run out."""
    deploy = second_release_in_its_canary(use, project)
    running = deploy.main()
    running.await_line("10 % of API requests go to r2")
    deploy.kill()
    running.end().check(137)
    post = deploy.post()
    post.await_line("waiting for hanako@")
    project.expire_lease()
    assert "users are on r1 again" in post.end().check().output
    assert {project.live() for _ in range(20)} == {("r1", "r1")}


def test_a_refusal_is_one_annotation_and_the_job_stays_outside(
    use: Callable[..., ContainerStep], project: Project
) -> None:
    """SEC-5: a package in the workspace is not imported, whatever the job's environment is."""
    (project.folder / "kanmon").mkdir()
    (project.folder / "kanmon/__init__.py").write_text("raise SystemExit('hijacked')")
    deploy = use("deploy", {"PYTHONPATH": "/github/workspace"}, config="none.yml")
    assert deploy.main().end().check(2).output.startswith("::error title=Kanmon KNM-101::")
    assert deploy.post().end().check().output == ""


def test_the_image_is_small(engine: Engine) -> None:
    added = engine.size(IMAGE) - engine.size(BASE)
    assert added < 110 * MEGABYTE


def _copy(sources: list[str], target: Path) -> None:
    """COPY from the repository: a folder's content, or files into a folder."""
    for source in (REPOSITORY / name for name in sources):
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.mkdir(parents=True, exist_ok=True)
            shutil.copy(source, target)


def test_the_dockerfile_s_steps_in_a_fresh_environment(
    found: Engine | NoEngineError, project: Project, tmp_path: Path
) -> None:
    """The requirements are hash-checked and complete: a deploy comes as far as its approval."""
    if isinstance(found, Engine):
        pytest.skip("an engine carried them out")
    environment, root = tmp_path / "venv", tmp_path / "image"
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    path = {"PATH": f"{environment / 'bin'}:{project.environment['PATH']}"}
    entrypoint: list[str] = []

    def inside(text: str) -> str:
        return re.sub(r"(?<![^\s\"])/kanmon(?![\w.])", str(root), text)

    stages = 0
    for name, text in instructions():
        if name == "FROM":
            stages += 1
        elif name == "COPY" and stages == 1:
            *sources, target = inside(text).split()
            _copy(sources, Path(target))
        elif (
            name == "RUN" and stages == 1
        ):  # later ones change the base, which here is the machine's own Python
            subprocess.run(["sh", "-ec", inside(text)], env={**os.environ, **path}, check=True)
        elif name == "ENTRYPOINT":
            entrypoint = json.loads(inside(text))
    project.kanmon("build").check()
    ended = subprocess.run(
        [*entrypoint, "deploy"],
        cwd=project.folder,
        env={**project.environment, **path},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 2, ended.stdout + ended.stderr
    assert "KNM-311" in ended.stderr
