"""The team's own tests in a real container: what they reach, and a candidate refused by Playwright (CD-7)."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import playwright
import pytest

from embedded.process import REPOSITORY
from kanmon.appcommand.container import Container, refuse_without_image
from tests.e2e.changes import visible_change
from tests.e2e.engine import Engine, NoEngineError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.e2e.project import Project

pytestmark = [pytest.mark.emulator, pytest.mark.browser]

METADATA = "169.254.169.254"
SHELL = ("/bin/bash", "/bin/sh", "/bin/sleep", "/usr/bin/timeout", "/bin/cat", "/bin/ls", "/bin/ln")
CHROMIUM = (
    *("/usr/lib/chromium", "/usr/lib/x86_64-linux-gnu/nss", "/etc/fonts"),
    *("/usr/share/fonts", "/usr/share/fontconfig"),
)
DRIVER = str(Path(playwright.__file__).parent / "driver")
"""Node, as Playwright's library for Python has it."""
SPECS = REPOSITORY / "examples/mandala/e2e"
MODULES = REPOSITORY / "build/packages/e2e/node_modules"
"""The reference app's own tests, and Playwright's test runner for them. It takes Debian's Chromium."""
LOOPBACK = """\
// The reference app's tests, for the loopback edge: it has another name than the distribution.
import { readFileSync } from "node:fs";
import base from "./playwright.config";
const { E2E_DOMAIN, KANMON_PREVIEW_STATE, KANMON_PREVIEW_URL } = process.env;
const storageState = JSON.parse(readFileSync(KANMON_PREVIEW_STATE!, "utf8"));
storageState.cookies[0].domain = E2E_DOMAIN;
const rules = `--host-resolver-rules=MAP ${E2E_DOMAIN}:80 ${KANMON_PREVIEW_URL!.replace("http://", "")}`;
// As https in production: the page's policy asks for it.
const secure = `--unsafely-treat-insecure-origin-as-secure=http://${E2E_DOMAIN}`;
const args = ["--no-sandbox", "--disable-gpu", rules, secure];
const launchOptions = { executablePath: "/usr/lib/chromium/chromium", args };
const use = { ...base.use, baseURL: `http://${E2E_DOMAIN}`, storageState, launchOptions };
// A function's first answer on a busy machine may take its time.
export default { ...base, timeout: 60_000, expect: { timeout: 30_000 }, use };
"""
SECTION = f"""\
verify:
  image: "%s"
  commands:
    - ln -s {MODULES} e2e/node_modules
    - {DRIVER}/node e2e/node_modules/@playwright/test/cli.js test --config e2e/loopback.config.ts
  environment: {{E2E_DOMAIN: %s}}
"""


@pytest.fixture
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine that makes networks. Beside it lies a metadata service's address, as on a cloud's machine."""
    # Short names: the path of a socket has at most 107 characters.
    yield from _engine(tmp_path_factory.mktemp("apart"), apart=True)


@pytest.fixture
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An engine on this machine's own network: there is the embedded edge."""
    yield from _engine(tmp_path_factory.mktemp("engine"), apart=False)


def _engine(folder: Path, *, apart: bool) -> Iterator[Engine]:
    with ExitStack() as stack:
        try:
            yield stack.enter_context(Engine.started(folder, apart=apart))
        except NoEngineError as reason:
            pytest.skip(f"no Docker engine: {reason}")


def _image(engine: Engine, *files: str) -> str:
    """An image of this machine's own programs and folders, with the libraries that they need: its id."""
    archive = engine.folder / "image.tar"
    whole = [Path(file) for file in files] + [one for file in files for one in Path(file).rglob("*")]
    programs = [str(file) for file in whole if file.is_file() and os.access(file, os.X_OK)]
    listed = subprocess.run(["ldd", *programs], capture_output=True, text=True, check=False).stdout.split()
    libraries = {word for word in listed if word.startswith("/") and not word.endswith(":")}
    # A clone may lie elsewhere than below this folder, which every image has.
    scratch = tarfile.TarInfo("tmp")
    scratch.type, scratch.mode = tarfile.DIRTYPE, 0o1777
    with tarfile.open(archive, "w", dereference=True) as packed:
        packed.addfile(scratch)
        for file in sorted({*files, *libraries}):
            packed.add(file)
    image = engine.docker("import", str(archive))
    archive.unlink()
    return image


def test_it_reaches_no_metadata_service_and_nothing_of_the_machine(
    apart: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TRU-3: a plain container reaches the machine's own identity; this one does not."""
    image = _image(apart, *SHELL)
    for name, value in apart.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "canary")
    refuse_without_image(image)
    ask = f"timeout 3 bash -c 'exec 3<>/dev/tcp/{METADATA}/80'"
    # Nobody listens, so whoever reaches it is refused at once. Who doesn't, waits, or has no route.
    plain = apart.docker("run", "--rm", image, "bash", "-c", f"{ask} 2>&1 || true")
    assert "Connection refused" in plain
    lines: list[str] = []
    with Container.started("shop-test", image, {"E2E": "1"}, 60, on_host=False) as container:
        container.copy_files({})

        def run(command: str) -> int:
            return container.run(command, "/", lines.append, lambda: None)

        assert run(ask) != 0
        assert run("cat /proc/net/route") == 0
        assert run("cat /proc/self/status") == 0
        assert run("echo $AWS_SECRET_ACCESS_KEY; ls /var/run/docker.sock /github /root 2>&1") != 0
        assert len(apart.docker("ps", "--quiet").split()) == 1
    text = "\n".join(lines)
    assert "Connection refused" not in text
    assert "00000000" in text, "it has a way to the internet"
    assert "CapEff:\t0000000000000000" in text
    assert "NoNewPrivs:\t1" in text
    assert "canary" not in text
    assert apart.docker("ps", "--all", "--quiet") == ""


def _commit(project: Project, *changed: str) -> str:
    git = ["git", "-C", str(project.folder), "-c", "user.name=hanako", "-c", "user.email=h@example.com"]
    for words in (["init", "-q"], ["add", *changed], ["commit", "-q", "-m", "Test the page"]):
        subprocess.run([*git, *words], check=True)
    done = subprocess.run([*git, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return done.stdout.strip()


def test_a_candidate_is_refused_by_the_teams_own_playwright_test(project: Project, engine: Engine) -> None:
    """ADP-8, CD-7: the reference app's, before any user. A screenshot shows what the test saw."""
    project.environment |= {name: value for name, value in engine.environment.items() if name != "PATH"}
    image = _image(engine, *SHELL, *filter(os.path.exists, CHROMIUM), DRIVER, str(MODULES))
    project.release().check()
    visible_change(project, "two")
    shutil.copytree(SPECS, project.folder / "e2e", ignore=shutil.ignore_patterns("node_modules"))
    (project.folder / "e2e/loopback.config.ts").write_text(LOOPBACK)
    sha = _commit(project, "e2e")
    section = SECTION % (image, project.domain())
    project.edit_config(lambda text: text + section)
    project.kanmon("build", GITHUB_SHA=sha).check()
    refused = project.start("deploy", "--yes").end().check(1)
    assert "KNM-507" in refused.output
    assert "1 of 2 tests failed; the first is page and API are this release's" in refused.output, (
        refused.output
    )
    assert project.live() == ("r1", "r1")
    assert project.operations()[-1]["traffic_calls"] == 0
    [picture] = (project.folder / "build/verify/traces").rglob("*.png")
    assert picture.read_bytes().startswith(b"\x89PNG")
    project.edit("e2e/tests/goals.spec.ts", '"Mandala"', '"Mandala two"')
    sha = _commit(project, "e2e")
    project.kanmon("build", GITHUB_SHA=sha).check()
    passed = project.start("deploy", "--yes").end().check().output
    assert "2 tests of your own ran, 0 failed" in passed
    assert "Mandala two" in project.get("/").data.decode()
    assert project.get("/api/goals").json()["goals"] == [], "they leave nothing"
