"""The sweep over HTTP: a sample of cases, with `kanmon` processes on the embedded AWS and the local GitHub.

After each case another run recovers, and the next release goes live in the same environment.
"""

from __future__ import annotations

import itertools
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from embedded.aws import EmbeddedAws
from embedded.github.server import LocalGithub
from kanmon.aws.polling import polls
from kanmon.bundle.manifest import load_bundle
from kanmon.clock import SYSTEM_CLOCK
from kanmon.errors import ExitStatus
from kanmon.ledger.ledger import Ledger
from kanmon.ledger.store import S3Store
from kanmon.model import OperationKind, Result
from kanmon.naming import LIVE_STAGE, ledger_folder
from kanmon.release.lease import holder_of
from tests.e2e.job import NAME, SHA, Job
from tests.e2e.project import Project
from tests.fakes.ledger import is_held
from tests.fakes.process import Blow
from tests.sweep.ending import End, View, expect_true_end
from tests.sweep.report import Case, Report
from tests.sweep.wire import GITHUB, Strike, Wire, proxy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_CONFIG = """\
app: mandala
environment: {environment}
region: ap-northeast-1
functions: {{api: {{handler: app.handle, artifact: out/api}}}}
api: {{routes: [{{path: "/api/{{proxy+}}", function: api}}]}}
web: {{directory: out/web}}
hooks: [{{name: migrate, function: api}}]
checks:
  - {{name: page, path: /, failures: 2, deadline: 20s}}
  - {{name: health, path: /api/health, failures: 2, deadline: 20s}}
traffic: {{strategy: canary, steps: [{{percent: 10, bake: 0s}}], bake: 0s}}
"""
_APP = """\
import os
VERSION = "{version}"
def handle(event, context):
    stage = event.get("requestContext", {{}}).get("stage", "")
    headers = {{"x-kanmon-release": os.environ["KANMON_RELEASE"], "cache-control": "no-store"}}
    return {{"statusCode": 500 if stage == "{faulty}" else 200, "headers": headers, "body": VERSION}}
"""
_PATIENCE = 240.0
_PERMISSIONS = {"actions": "read", "contents": "read", "deployments": "write"}
_HTTP_BLOWS = [blow for blow in Blow if not blow.is_suspension]
"""A stalled process is a suspended one here: another run recovers in the meantime."""


@dataclass
class Stand:
    """An app in an environment of its own, with a repository."""

    project: Project
    github: LocalGithub
    versions: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    usable: bool = True
    """The next release went live after the last case."""

    @classmethod
    @contextmanager
    def made(cls, aws: EmbeddedAws, folder: Path, environment: str, releases: int = 2) -> Iterator[Stand]:
        """Bootstrap, and release. After two releases there is one in each slot."""
        for name in ("api", "web"):
            (folder / "out" / name).mkdir(parents=True)
        (folder / "kanmon.yml").write_text(_CONFIG.format(environment=environment), "utf-8")
        project = Project(folder, {**_base(folder), **aws.environment})
        project.kanmon("bootstrap", "--yes").check()
        with LocalGithub() as github:
            github.add_repository(NAME)
            github.commit(SHA, "Add goals", "hanako")
            github.protect(environment, ["taro"], prevent_self_review=True, branches=["main"])
            stand = cls(project, github)
            for _ in range(releases):
                stand.release()
            yield stand
            assert not github.violations, github.violations

    @property
    def ledger(self) -> Ledger:
        """The environment's ledger, read without Kanmon's commands."""
        s3 = self.project.client("s3")
        names = (item["Name"] for item in s3.list_buckets()["Buckets"])
        bucket = next(name for name in names if name.startswith("mandala-kanmon-"))
        return Ledger(S3Store(s3, bucket, ledger_folder(self.project.name)))

    def view(self) -> View:
        """The ledger's head and the users' releases now."""
        page, api = self.project.live()
        ledger = self.ledger
        return View(ledger.head(), (page or None, api or None), is_held(ledger))

    def build(self, *, faulty: bool = False) -> None:
        """The next version of the app. A faulty one fails when it is live, not before."""
        version, folder = f"v{next(self.versions)}", self.project.folder / "out"
        shutil.rmtree(folder / "web")
        (folder / "web/assets").mkdir(parents=True)
        asset = f"assets/app-{version:0>8}.js"
        (folder / "web" / asset).write_text(version, "utf-8")
        (folder / "web/index.html").write_text(f"<script src=/{asset}></script>{version}", "utf-8")
        text = _APP.format(version=version, faulty=LIVE_STAGE if faulty else "none")
        (folder / "api/app.py").write_text(text, "utf-8")
        self.project.kanmon("build", GITHUB_SHA=SHA).check()

    def release(self) -> None:
        """The next good version goes live, whatever was there before."""
        self.build()
        self.project.kanmon("deploy", "--yes", "--lift-freeze", "the cause is fixed").check()
        expect_one_release(self)

    def job(self, command: str) -> Job:
        """A job of a run that taro approved."""
        environment = self.project.name
        run = self.github.begin_run(f"{command}.yml", "push", "hanako", SHA, "main")
        secrets = {
            name: text for name, text in self.project.environment.items() if name not in {"PATH", "HOME"}
        }
        folder = self.project.folder.parent / f"{environment}-job-{run}"
        folder.mkdir()
        job = Job(self.github, folder, run, _PERMISSIONS, runner=f"runner-{run}", secrets=secrets)
        self.github.begin_job(run, 1, command, environment, runner=job.runner)
        self.github.review(run, environment, "taro")
        return job

    def run(self, command: str, wire: Wire, *arguments: str) -> tuple[int, Job]:
        """Run a command in an approved job on this wire; its exit status."""
        job, environment = self.job(command), self.project.environment
        with (
            proxy(wire, environment["AWS_ENDPOINT_URL"]) as aws,
            proxy(wire, self.github.url, GITHUB) as github,
        ):
            process = subprocess.Popen(
                [
                    *(sys.executable, "-m", "kanmon", command),
                    *("--config", str(self.project.folder / "kanmon.yml"), *arguments),
                ],
                env={**job.environment, "AWS_ENDPOINT_URL": aws, "GITHUB_API_URL": github},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            wire.kill = process.kill
            wire.interrupt = lambda: process.send_signal(signal.SIGINT)
            try:
                output, _ = process.communicate(timeout=_PATIENCE)
            finally:
                process.kill()
                process.wait()
        assert "Traceback" not in output, output
        (job.folder / "output").write_text(output, "utf-8")
        return process.returncode, job

    def recover(self) -> None:
        """Another run recovers. A held release waits for a person, who undoes it here."""
        if self.ledger.head().lease:
            self.project.expire_lease()
        self.project.kanmon("recover", "--yes", *self.decision).check()

    @property
    def decision(self) -> list[str]:
        """The option for a held release."""
        operation = self.ledger.operation(self.ledger.head().operation or 0)
        return ["--undo"] if operation and operation.result is Result.HELD else []


def _base(folder: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "HOME": str(folder.parent), "GITHUB_ACTOR": "hanako"}


def expect_one_release(stand: Stand) -> None:
    """Users and ledger agree, and nothing else can be reached."""
    view = stand.view()
    head = view.head
    assert view.users == (head.live, head.live), f"users are on {view.users}, the ledger has {head.live}"
    assert head.operation is None, "an operation is left"
    apigateway = stand.project.client("apigateway")
    stages = {}
    for api in apigateway.get_rest_apis()["items"]:
        if api["name"].startswith(f"mandala-{stand.project.name}"):
            stages = {item["stageName"]: item for item in apigateway.get_stages(restApiId=api["id"])["item"]}
    assert set(stages) == {LIVE_STAGE}, f"stages are left: {set(stages)}"
    assert not stages[LIVE_STAGE].get("canarySettings"), "a canary is left"
    assert all(record.ended for record in stand.ledger.operations()), "an operation has no end"


@dataclass(frozen=True)
class HttpScene:
    """A run to be struck."""

    name: str
    command: str
    prepare: Callable[[Stand], None]


def _fault(stand: Stand) -> None:
    stand.build(faulty=True)


def _nothing(stand: Stand) -> None:
    del stand


CANARY_RELEASE = HttpScene("canary release over HTTP", "deploy", Stand.build)
AUTOMATIC_ROLLBACK = HttpScene("automatic rollback over HTTP", "deploy", _fault)
MANUAL_ROLLBACK = HttpScene("rollback by hand over HTTP", "rollback", _nothing)
HTTP_SCENES = (CANARY_RELEASE, AUTOMATIC_ROLLBACK, MANUAL_ROLLBACK)


def _arguments(stand: Stand, scene: HttpScene) -> list[str]:
    if scene.command == "rollback":
        return ["--confirm", stand.project.name]
    bundle = stand.project.folder / "build/bundle"
    digest = load_bundle(bundle).manifest.digest
    return ["--bundle", str(bundle), "--bundle-digest", digest, "--lift-freeze", "the cause is fixed"]


def calls_of(stand: Stand, scene: HttpScene) -> list[str]:
    """The operations of the undisturbed run."""
    scene.prepare(stand)
    wire = Wire()
    status, job = stand.run(scene.command, wire, *_arguments(stand, scene))
    wanted = ExitStatus.FAILED if scene is AUTOMATIC_ROLLBACK else ExitStatus.OK
    assert status == wanted, (job.folder / "output").read_text("utf-8")
    expect_one_release(stand)
    stand.release()
    return wire.calls


def sample_of(calls: dict[str, list[str]], size: int, seed: int) -> list[Case]:
    """Cases spread over scenes and operations. Each blow comes as often as any other."""
    chosen = random.Random(seed)
    places = [(name, operation) for name, all_calls in calls.items() for operation in sorted(set(all_calls))]
    chosen.shuffle(places)
    blows = itertools.cycle(_HTTP_BLOWS)
    cases = []
    for name, operation in itertools.islice(itertools.cycle(places), size):
        occurrence = chosen.randint(1, calls[name].count(operation))
        cases.append(Case(name, occurrence, operation, next(blows)))
    return cases


def problem_of(stand: Stand, case: Case, *, release: bool = True) -> str:
    """What is wrong after this case, and with `release` after the next release; empty if nothing is."""
    scene = next(scene for scene in HTTP_SCENES if scene.name == case.scene)
    struck = _problem(lambda: _strike(stand, scene, case))
    later = _problem(lambda: _recover(stand, release=release))
    stand.usable = not later
    return f"{struck} Afterwards: {later}".strip() if later else struck


def _problem(action: Callable[[], None]) -> str:
    try:
        action()
    except Exception as error:  # noqa: BLE001 - all are reported together
        return f"{type(error).__name__}: {error}"
    return ""


def _recover(stand: Stand, *, release: bool) -> None:
    stand.recover()
    expect_one_release(stand)
    if release:
        stand.release()


def _strike(stand: Stand, scene: HttpScene, case: Case) -> None:
    scene.prepare(stand)
    before, blow = stand.view(), Blow(case.blow)
    wire = Wire(Strike(case.name, case.call, blow))
    meanwhile = threading.Thread(target=_take_over, args=(stand, wire), daemon=True)
    outlasts = blow in {Blow.STALL, Blow.SLOW} and not case.name.startswith(GITHUB)
    if outlasts:
        meanwhile.start()
    status, job = stand.run(scene.command, wire, *_arguments(stand, scene))
    if not wire.struck.is_set():
        # It waited less often this time. The first call of an operation is always there.
        assert case.call > 1, f"it made no call {case.name}"
        wire.struck.set()
        stand.release()
        _strike(stand, scene, replace(case, call=1))
        return
    if outlasts:
        meanwhile.join()
        # Another run took over: the truth is in the ledger, and this run may not know it.
        if not stand.view().is_open:
            expect_one_release(stand)
        return
    if status == -signal.SIGKILL:
        return
    now, lost = stand.view(), blow is Blow.LOST_ANSWER
    expect_true_end(_end_of(status, job), before, now, stand.ledger, datetime.now(UTC), answer_lost=lost)
    if not now.is_open and not now.held:
        expect_one_release(stand)


def _end_of(status: int, job: Job) -> End:
    outputs = job.outputs
    operation = outputs.get("operation", "")
    text = (job.folder / "output").read_text("utf-8")[-400:]
    return End(
        ExitStatus(status),
        settled=job.state.get("settled") == "true",
        result=Result(outputs["result"]) if outputs.get("result") else None,
        release=outputs.get("release", ""),
        kind=_kind(job),
        operation=int(operation) if operation else None,
        text=re.sub(r"\s+", " ", text),
    )


def _kind(job: Job) -> OperationKind:
    workflow = job.github.repository.runs[job.run].workflow_file
    return OperationKind.ROLLBACK if workflow.startswith("rollback") else OperationKind.DEPLOY


def _take_over(stand: Stand, wire: Wire) -> None:
    """Another run recovers when the lease of the stalled process has expired. Then the wire works again."""
    if wire.struck.wait(_PATIENCE):
        for _ in polls(SYSTEM_CLOCK, limit=_PATIENCE):
            if holder_of(stand.ledger.head(), datetime.now(UTC)) is None:
                break
        stand.project.kanmon("recover", "--yes", *stand.decision)
    wire.released.set()


def sweep(folder: Path, size: int, seed: int, workers: int) -> Report:
    """A sample of this size, by several stands at once. The same seed chooses the same cases."""
    # The stands' check of the API fails after two bad answers.
    with EmbeddedAws.start(folder / "aws", edge_seed=seed, unknown_requests=2) as aws:
        stands = _Stands(aws, folder)
        with stands.open() as stand:
            calls = {scene.name: calls_of(stand, scene) for scene in HTTP_SCENES}
        cases = sample_of(calls, size, seed)
        with ThreadPoolExecutor(workers) as pool:
            reports = list(pool.map(stands.sweep, [cases[number::workers] for number in range(workers)]))
    return Report.merged([Report(calls={name: len(found) for name, found in calls.items()}), *reports])


@dataclass
class _Stands:
    """Makes stands, one after the other: all share the bootstrap stack."""

    aws: EmbeddedAws
    folder: Path
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def open(self) -> Iterator[Stand]:
        """A new stand."""
        with ExitStack() as stack:
            with self.lock:
                name = f"sweep-{next(self.numbers)}"
                stand = stack.enter_context(Stand.made(self.aws, self.folder / name, name))
            yield stand

    def sweep(self, cases: list[Case]) -> Report:
        """Some cases in one environment, and in another one when a case left it unusable."""
        report, left = Report(), list(cases)
        while left:
            with self.open() as stand:
                while left and stand.usable:
                    case = left.pop(0)
                    report.add(case, problem_of(stand, case))
        return report
