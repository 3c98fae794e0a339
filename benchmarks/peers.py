"""The peers of a benchmark, started as a runner starts the step."""

from __future__ import annotations

import os
import runpy
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WORKSHOP = ROOT / "build" / "benchmarks"
PYTHON = str(Path(sys.base_prefix, "bin", "python3"))
FLAGS = ("-I", "-S", "-u")
"""Of the runner's Python the standard library alone, and an unbuffered log."""
_FLOOR = """\
import http.client, sys
client = http.client.HTTPConnection(sys.argv[1])
client.request("GET", "/")
client.getresponse().read()
"""
_TEMPLATE = "Resources: {Topic: {Type: AWS::SNS::Topic}}\n"
# The defaults of its action.yml; a runner passes them on.
_AWS_ACTION_INPUTS = {
    "INPUT_MODE": "create-and-execute",
    "INPUT_NAME": "mandala",
    "INPUT_CAPABILITIES": "CAPABILITY_IAM",
    "INPUT_NO-EXECUTE-CHANGESET": "false",
    "INPUT_NO-DELETE-FAILED-CHANGESET": "false",
    "INPUT_FAIL-ON-EMPTY-CHANGESET": "false",
    "INPUT_DISABLE-ROLLBACK": "false",
    "INPUT_TERMINATION-PROTECTION": "false",
    "INPUT_INCLUDE-NESTED-STACKS-CHANGE-SET": "0",
}


@dataclass(frozen=True)
class Peer:
    """One program and how it is started."""

    name: str
    command: tuple[str, ...]
    environment: dict[str, str] = field(default_factory=dict)


def job(url: str) -> dict[str, str]:
    """The environment of a job with credentials for the AWS at `url`.

    Python is the one that runs this, first on the PATH as `actions/setup-python` puts it.
    https://docs.github.com/en/actions/reference/workflows-and-actions/variables
    """
    files = {name: str(WORKSHOP / name) for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
    for path in files.values():
        Path(path).write_text("")
    return {
        "PATH": os.pathsep.join([str(Path(PYTHON).parent), os.defpath.lstrip(os.pathsep)]),
        "HOME": str(WORKSHOP),
        "LANG": "C.UTF-8",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_REGION": "ap-northeast-1",
        "AWS_ENDPOINT_URL": url,
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTOR": "hanako",
        "GITHUB_API_URL": url,
        "GITHUB_EVENT_NAME": "push",
        "GITHUB_REF": "refs/heads/main",
        "GITHUB_REPOSITORY": "acme/mandala",
        "GITHUB_RUN_ATTEMPT": "1",
        "GITHUB_RUN_ID": "1",
        "GITHUB_SERVER_URL": url,
        "GITHUB_SHA": "a" * 40,
        "GITHUB_TOKEN": "testing",
        "GITHUB_TRIGGERING_ACTOR": "hanako",
        "GITHUB_WORKSPACE": str(project()),
        "RUNNER_NAME": "runner-1",
        "RUNNER_TEMP": str(WORKSHOP),
        **files,
    }


def project() -> Path:
    """The folder of an app; the steps run in it."""
    folder = WORKSHOP / "project"
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(ROOT / "examples/mandala/kanmon.yml", folder)
    (folder / "template.yml").write_text(_TEMPLATE)
    return folder


def composite(command: str) -> Peer:
    """A composite action of ours, started as the runner starts its step's `run`."""
    script = WORKSHOP / f"{command}.sh"
    script.write_text(f'exec "{ROOT}/actions/run" {command}\n')
    shell = (_found("bash"), "--noprofile", "--norc", "-e", "-o", "pipefail", str(script))
    return Peer(f"kanmon {command}, composite", shell)


def image(command: str) -> Peer:
    """The command of our image, in a folder like its own, without the cost of a container."""
    folder = WORKSHOP / "image"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for part in (*runtime().iterdir(), ROOT / "kanmon", ROOT / "kanmon" / "__main__.py"):
        (folder / part.name).symlink_to(part)
    return Peer(f"kanmon {command}, image's command", (PYTHON, *FLAGS, str(folder), "action", command))


def floor(url: str) -> Peer:
    """A client without any other work."""
    return Peer("bare client", (PYTHON, "-I", "-S", "-c", _FLOOR, url.removeprefix("http://")))


def aws_action(bundle: Path) -> Peer:
    """AWS's own action, a JavaScript bundle, on this machine's Node."""
    inputs = _AWS_ACTION_INPUTS | {"INPUT_TEMPLATE": str(project() / "template.yml")}
    return Peer("aws-cloudformation-github-deploy", (_found("node"), str(bundle.resolve())), inputs)


def install(environment: dict[str, str]) -> None:
    """Let a composite action install its requirements, as the first step on a runner does."""
    start = (*composite("status").command[:-1], str(WORKSHOP / "status.sh"))
    subprocess.run(start, cwd=project(), env=environment, capture_output=True, check=False)


def runtime() -> Path:
    """The folder of the installed requirements."""
    key: str = runpy.run_path(str(ROOT / "actions" / "start.py"))["key"]()
    return WORKSHOP / "kanmon" / key


def _found(program: str) -> str:
    path = shutil.which(program)
    if path is None:
        raise SystemExit(f"there is no {program} here")
    return path
