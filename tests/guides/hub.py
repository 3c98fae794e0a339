"""GitHub for a guide: `gh` and `git push` reach the local GitHub, and a push runs the workflow files.

`gh` is played as its manual has it (https://cli.github.com/manual): the commands of the guides, with the
options that the guides use. All else is refused, so a guide can't show an option that nobody has looked up.
"""

from __future__ import annotations

import argparse
import json
import re
import shlex
import subprocess
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn

import urllib3

from embedded.actions.service import Actions, Machine
from embedded.github.loopback import Loopback, Message, Reply
from embedded.github.server import LocalGithub
from embedded.process import REPOSITORY

from .shell import READER

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from embedded.actions.execution import Execution

NAME = "octo/shop"
OWNER_ID, REPOSITORY_ID = 123, 456
"""As the guides have them."""
REVIEWER = "taro"
PLUGINS = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
"""This Python has more plugins than the app's tests, and pytest would load all of them."""
_PUSHED = "deploy-production.yml"
"""What a push to `main` runs."""
_PATIENCE = 200.0
_ALL = dict.fromkeys(
    ("actions", "administration", "contents", "deployments", "pull-requests", "issues", "variables"), "write"
)
_QUERY = re.compile(r"(?:\.\w+|\[\d+\]|\.\[\d+\])+")
_CLIENT = """\
#!{python}
import json, os, sys, urllib.request
words = [os.path.basename(sys.argv[0]), *sys.argv[1:]]
typed = sys.stdin.read() if "--input" in words or words[0] == "received" else ""
sent = json.dumps({{"words": words, "typed": typed, "actor": os.environ["GUIDE_ACTOR"]}}).encode()
answer = json.load(urllib.request.urlopen(urllib.request.Request("{url}", sent, method="POST"), timeout=600))
sys.stdout.write(answer["output"])
sys.stderr.write(answer["error"])
sys.exit(answer["status"])
"""


class UnplayedError(Exception):
    """A command that is not played here, or that GitHub refuses."""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise UnplayedError(f"{self.prog}: {message}")


@dataclass(frozen=True)
class Request:
    """A command line, and who typed it."""

    words: list[str]
    typed: str
    actor: str


@dataclass
class Hub:
    """The repository `octo/shop` with two people, and the machine of its workflows."""

    folder: Path
    aws: Mapping[str, str]
    github: LocalGithub = field(default_factory=LocalGithub)
    variables: dict[str, str] = field(default_factory=dict)
    disabled: set[str] = field(default_factory=set)
    """Workflow files that do not run."""

    def start(self) -> None:
        """Serve; `programs` has the commands from now on."""
        self.github.start()
        with self.github.state.changed:
            self.github.state.users["octo"] = OWNER_ID
        self.github.add_repository(NAME).id = REPOSITORY_ID
        for user in (READER, REVIEWER):
            self.github.add_user(user)
        self._loopback = Loopback(self._handle)
        self._loopback.start()
        self.programs.mkdir(parents=True)
        for name in ("gh", "github", "received"):
            program = self.programs / name
            program.write_text(_CLIENT.format(python=sys.executable, url=self._loopback.url), "utf-8")
            program.chmod(0o755)
        self._git("init", "--quiet", "--bare", "--initial-branch=main", str(self.origin), folder=self.folder)
        hook = self.origin / "hooks" / "post-receive"
        hook.write_text(f"#!/bin/sh\nexec {shlex.quote(str(self.programs / 'received'))}\n", "utf-8")
        hook.chmod(0o755)
        keys = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
        machine = Machine(
            self.folder / "machine",
            {**{name: value for name, value in self.aws.items() if name not in keys}, **PLUGINS},
            # This Python has pytest.
            programs=(REPOSITORY / ".venv" / "bin",),
        )
        self.actions = Actions(self.github, self.folder / "checkout", machine, self.variables)

    def stop(self) -> None:
        """End the runs and the servers."""
        self.actions.stop()
        self._loopback.stop()
        self.github.stop()

    @property
    def programs(self) -> Path:
        """The folder of `gh`."""
        return self.folder / "programs"

    @property
    def origin(self) -> Path:
        """What stands for `git@github.com:octo/shop.git`."""
        return self.folder / "origin.git"

    @property
    def environment(self) -> dict[str, str]:
        """Git's settings of the person at the terminal."""
        settings = {
            f"url.{REPOSITORY}.insteadOf": "https://github.com/kanmon-dev/kanmon",
            f"url.{self.origin}.insteadOf": f"git@github.com:{NAME}.git",
            "user.name": "Hanako",
            "user.email": "hanako@example.com",
            "init.defaultBranch": "main",
        }
        pairs = [
            (f"GIT_CONFIG_{kind}_{number}", word)
            for number, pair in enumerate(settings.items())
            for kind, word in zip(("KEY", "VALUE"), pair, strict=True)
        ]
        return {"GIT_CONFIG_COUNT": str(len(settings)), **dict(pairs)}

    def _handle(self, message: Message) -> Reply:
        request = Request(**json.loads(message.body))
        output, error, status = "", "", 0
        try:
            output = self._commands()[" ".join(request.words[: _length(request.words)])](request)
        except KeyError:
            error, status = f"not played: {shlex.join(request.words)}\n", 2
        except UnplayedError as refusal:
            error, status = f"{refusal}\n", 1
        body = {"output": output, "error": error, "status": status}
        return Reply(200, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def _commands(self) -> dict[str, Callable[[Request], str]]:
        return {
            "gh api": self._api,
            "gh variable set": self._set_variable,
            "gh variable list": self._list_variables,
            "gh workflow run": self._dispatch,
            "gh workflow disable": self._disable,
            "gh workflow enable": self._enable,
            "gh run list": self._list_runs,
            "gh run view": self._view,
            "gh run watch": self._watch,
            "gh run cancel": self._cancel,
            "github waits": self._await_gate,
            "github ends": self._await_end,
            "received": self._received,
        }

    def _api(self, request: Request) -> str:
        parser = _Parser("gh api")
        parser.add_argument("path")
        parser.add_argument("-X", "--method", default="")
        parser.add_argument("--input")
        parser.add_argument("-f", "--raw-field", action="append", default=[])
        parser.add_argument("-F", "--field", action="append", default=[])
        parser.add_argument("-q", "--jq", default="")
        parser.add_argument("--silent", action="store_true")
        given = parser.parse_args(request.words[2:])
        body = json.loads(request.typed) if given.input else _body(given.raw_field, given.field)
        answer = self._call(given.method or ("POST" if body else "GET"), given.path, body, request.actor)
        return "" if given.silent else _shown(answer, given.jq)

    def _call(self, method: str, path: str, body: Any, actor: str) -> Any:
        """The local GitHub's answer; it has no route for these few."""
        repository = self.github.repository
        if user := re.fullmatch(r"users/(\w+)", path):
            return {"login": user[1], "id": self.github.add_user(user[1])}
        if (method, path) == ("GET", f"repos/{NAME}"):
            return {"id": repository.id, "owner": {"id": self.github.add_user("octo")}}
        if (method, path) == ("GET", f"repos/{NAME}/actions/oidc/customization/sub"):
            return {"use_default": True}
        rule = re.fullmatch(rf"repos/{NAME}/environments/(\w+)/deployment-branch-policies", path)
        if method == "POST" and rule:
            with self.github.state.changed:
                branches = self.github.state.environment(repository, rule[1]).branches
                if not isinstance(branches, list):
                    raise UnplayedError("gh: Not Found (HTTP 404)")
                branches.append(body["name"])
            return {"id": 1, "name": body["name"], "type": "branch"}
        token = self.github.token(_ALL, actor)
        answer = urllib3.request(
            method,
            f"{self.github.url}/{path}",
            headers={"Authorization": f"Bearer {token}"},
            **({"json": body} if body else {}),
        )
        if answer.status >= 400:
            raise UnplayedError(f"gh: {answer.json().get('message')} (HTTP {answer.status})")
        return answer.json() if answer.data else None

    def _set_variable(self, request: Request) -> str:
        parser = _Parser("gh variable set")
        parser.add_argument("name")
        parser.add_argument("-b", "--body", required=True)
        given = parser.parse_args(request.words[3:])
        self.variables[given.name] = given.body
        return f"✓ Created variable {given.name} for {NAME}\n"

    def _list_variables(self, request: Request) -> str:
        _Parser("gh variable list").parse_args(request.words[3:])
        return "".join(f"{name}\t{value}\n" for name, value in sorted(self.variables.items()))

    def _dispatch(self, request: Request) -> str:
        parser = _Parser("gh workflow run")
        parser.add_argument("workflow")
        parser.add_argument("-f", "--raw-field", action="append", default=[])
        given = parser.parse_args(request.words[3:])
        if given.workflow in self.disabled:
            raise UnplayedError(
                "could not create workflow dispatch event: HTTP 422: the workflow is disabled"
            )
        fields = _body(given.raw_field, [])
        inputs = {name.replace("-", "_"): value for name, value in fields.items()}
        self.actions.dispatch(given.workflow, request.actor, **inputs)
        return f"✓ Created workflow_dispatch event for {given.workflow} at main\n"

    def _disable(self, request: Request) -> str:
        self.disabled.add(request.words[3])
        return f"✓ Disabled {request.words[3]}\n"

    def _enable(self, request: Request) -> str:
        self.disabled.discard(request.words[3])
        return f"✓ Enabled {request.words[3]}\n"

    def _list_runs(self, request: Request) -> str:
        parser = _Parser("gh run list")
        parser.add_argument("-w", "--workflow")
        parser.add_argument("-L", "--limit", type=int, default=20)
        parser.add_argument("-s", "--status")
        parser.add_argument("--json", default="")
        parser.add_argument("-q", "--jq", default="")
        given = parser.parse_args(request.words[3:])
        runs = [
            run
            for run in sorted(self.github.repository.runs.values(), key=lambda run: -run.id)
            if given.workflow in {None, run.workflow_file}
            and given.status in {None, run.latest.status, run.latest.conclusion}
        ][: given.limit]
        if given.json:
            if given.json != "databaseId":
                raise UnplayedError(f"gh run list --json {given.json} is not played")
            return _shown([{"databaseId": run.id} for run in runs], given.jq)
        return "".join(
            f"{run.latest.status}\t{run.latest.conclusion or ''}\t{run.workflow_file}\t{run.id}\n"
            for run in runs
        )

    def _view(self, request: Request) -> str:
        parser = _Parser("gh run view")
        parser.add_argument("run", type=int)
        parser.add_argument("--log", action="store_true")
        parser.add_argument("--log-failed", action="store_true")
        given = parser.parse_args(request.words[3:])
        execution = self._execution(given.run)
        if given.log or given.log_failed:
            return "".join(f"{line.job}\t{line.step}\t{line.text}\n" for line in execution.lines)
        return _jobs(execution)

    def _watch(self, request: Request) -> str:
        parser = _Parser("gh run watch")
        parser.add_argument("run", type=int)
        parser.add_argument("--exit-status", action="store_true")
        given = parser.parse_args(request.words[3:])
        execution = self._execution(given.run)
        execution.wait(_PATIENCE)
        if given.exit_status and execution.conclusion != "success":
            raise UnplayedError(f"{_jobs(execution)}run {given.run} completed with '{execution.conclusion}'")
        return f"{_jobs(execution)}run {given.run} completed with '{execution.conclusion}'\n"

    def _cancel(self, request: Request) -> str:
        parser = _Parser("gh run cancel")
        parser.add_argument("run", type=int)
        given = parser.parse_args(request.words[3:])
        self.github.cancel(given.run)
        return f"✓ Request to cancel workflow {given.run} submitted.\n"

    def _await_gate(self, request: Request) -> str:
        """Not GitHub's: wait until the newest run's gated job waits for its reviewers."""
        _Parser("github waits").parse_args(request.words[2:])
        execution = self._newest()

        def waits() -> bool:
            return bool(execution.conclusion) or any(job.status == "waiting" for job in execution.jobs)

        with self.github.state.changed:
            self.github.state.changed.wait_for(waits, _PATIENCE)
        if execution.conclusion:
            raise UnplayedError(f"the run ended before its gate:\n{execution.log}")
        return ""

    def _await_end(self, request: Request) -> str:
        """Not GitHub's: wait until the newest run ended."""
        _Parser("github ends").parse_args(request.words[2:])
        return f"{self._newest().wait(_PATIENCE)}\n"

    def _received(self, request: Request) -> str:
        """The hook of the repository: a push came."""
        checkout = self.folder / "checkout"
        if not any(line.endswith(" refs/heads/main") for line in request.typed.splitlines()):
            return ""
        if not checkout.exists():
            self._git("clone", "--quiet", str(self.origin), str(checkout), folder=self.folder)
        self._git("fetch", "--quiet", "origin")
        self._git("reset", "--quiet", "--hard", "origin/main")
        message = subprocess.run(
            ["git", "log", "-1", "--format=%B"], cwd=checkout, check=True, capture_output=True, text=True
        )
        present = (checkout / ".github/workflows" / _PUSHED).exists() and _PUSHED not in self.disabled
        if present and "[skip ci]" not in message.stdout:
            self.actions.push(request.actor)
        return ""

    def _newest(self) -> Execution:
        return self.actions.executions[max(self.actions.executions)]

    def _execution(self, run: int) -> Execution:
        if run not in self.actions.executions:
            raise UnplayedError(f"could not find any workflow run with ID {run}")
        return self.actions.executions[run]

    def _git(self, *words: str, folder: Path | None = None) -> None:
        subprocess.run(["git", *words], cwd=folder or self.folder / "checkout", check=True)


def _length(words: list[str]) -> int:
    """How many words name the command."""
    return {"received": 1, "github": 2}.get(words[0], 2 if words[1:2] == ["api"] else 3)


def _body(texts: list[str], typed: list[str]) -> dict[str, Any]:
    """The fields of `-f` (texts) and `-F` (numbers as such); `name[]` is a list."""
    body: dict[str, Any] = {}
    for field_, value in [*map(_pair, texts), *((name, _value(text)) for name, text in map(_pair, typed))]:
        if field_.endswith("[]"):
            body.setdefault(field_[:-2], []).append(value)
        else:
            body[field_] = value
    return body


def _pair(text: str) -> tuple[str, Any]:
    name, _, value = text.partition("=")
    return name, value


def _value(text: str) -> Any:
    return int(text) if text.isdigit() else {"true": True, "false": False}.get(text, text)


def _shown(found: Any, query: str) -> str:
    """The answer, or what the query finds in it."""
    if not query:
        return "" if found is None else f"{json.dumps(found, indent=2)}\n"
    if not _QUERY.fullmatch(query):
        raise UnplayedError(f"--jq {query} is not played")
    for name, number in re.findall(r"\.(\w+)|\[(\d+)\]", query):
        found = found[name] if name else found[int(number)]
    return f"{found if isinstance(found, str) else json.dumps(found)}\n"


def _jobs(execution: Execution) -> str:
    """The jobs as `gh run view` lists them."""
    signs = {"success": "✓", "failure": "X", "cancelled": "X", "skipped": "-"}
    return "JOBS\n" + "".join(
        f"{signs.get(job.conclusion or '', '*')} {job.name} (ID {job.id})\n" for job in execution.jobs
    )
