"""Turns a workflow file into one for `act`, with the service's side of GitHub Actions written into it.

`act` knows no environments, no tokens with permissions, no reports of jobs, and not the newest keys. So each
job reports its beginning and its end to the local GitHub, and has a token with exactly its own permissions.
A job with an environment or a concurrency group waits behind its gate, a job of the layout's own. The
gate ends when the group is free and a reviewer has approved.
"""

from __future__ import annotations

import io
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ruamel.yaml import YAML

from embedded.process import REPOSITORY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

END = "local-end"
"""The id of a job's last step. It passes on the job's outputs, as a runner does."""
GATE = "-gate"
"""The end of a gate's name; the name of the waiting job stands before it."""
SUITE = "kanmon-dev/kanmon"
_ORDER = {"none": 0, "read": 1, "write": 2}
_REPORT = '"$LOCAL_ACTIONS_PYTHON" -I -S "$LOCAL_ACTIONS_REPORT"'

Node = dict[str, Any]


class LayoutError(ValueError):
    """GitHub would refuse the workflow, or it needs a feature beyond those played here."""


@dataclass(frozen=True)
class Layout:
    """How the files of one run are laid out."""

    token: Callable[[Mapping[str, str]], str]
    """Makes a token with permissions, as a workflow file writes them."""
    identity: Callable[[str], Mapping[str, str]] = lambda _: {}
    """Gives a job, by its name, the variables to ask for its identity's tokens."""

    def lay_out(self, text: str, most: Mapping[str, str] | None = None) -> str:
        """The file to execute; `most` are the permissions of the calling job, if there is one."""
        yaml = YAML(typ="safe")
        yaml.width = 4096
        yaml.default_flow_style = False
        workflow = yaml.load(text)
        own = workflow.get("permissions")
        if own is None:
            raise LayoutError("the workflow leaves its permissions to the repository's settings")
        jobs: Node = {}
        for name, job in workflow["jobs"].items():
            permissions = job.get("permissions", own)
            _refuse_more(name, permissions, most)
            jobs |= dict(self._jobs(name, job, permissions))
        workflow["jobs"] = jobs
        out = io.StringIO()
        yaml.dump(workflow, out)
        return out.getvalue()

    def _jobs(self, name: str, job: Node, permissions: Mapping[str, str]) -> Iterator[tuple[str, Node]]:
        group = job.pop("concurrency", {}).get("group", "")
        if "uses" in job:
            yield name, job
            return
        environment = job.pop("environment", None) or {}
        environment = {"name": environment} if isinstance(environment, str) else environment
        runner = f"runner-{name}"
        begin = {
            "JOB": job.get("name", name),
            "RUNNER": runner,
            "ENVIRONMENT": environment.get("name", ""),
            "GROUP": group,
            "DEPLOYMENT": str(environment.get("deployment", True)).lower(),
        }
        if environment or group:
            waits: Node = {key: job[key] for key in ("needs", "if", "runs-on") if key in job}
            yield name + GATE, {**waits, "steps": [_report("begin", begin)]}
            job["needs"] = [*_list(job.get("needs")), name + GATE]
        token = self.token(permissions)
        steps = [_with_token(step, token) for step in job["steps"]]
        end = {"JOB": begin["JOB"], "STATUS": "${{ job.status }}", **_outputs(job, token)}
        last = {"if": "always()", "id": END, **_report("end", end)}
        job["steps"] = [_report("begin", begin), *steps, last]
        identity = self.identity(begin["JOB"]) if permissions.get("id-token") == "write" else {}
        job["env"] = {**job.get("env", {}), **identity, "RUNNER_NAME": runner}
        yield name, job


def calls(text: str) -> dict[str, dict[str, str]]:
    """The suite's reusable workflows in a file, as named there, with the permissions given to each."""
    workflow = YAML(typ="safe").load(text)
    return {
        job["uses"]: dict(job["permissions"])
        for job in workflow["jobs"].values()
        if job.get("uses", "").startswith(SUITE)
    }


def workflow_ref(used: str) -> str:
    """A called workflow as its job's token names it: a tag or a branch with its whole ref, a commit as it is.

    https://docs.github.com/en/actions/how-tos/secure-your-work/security-harden-deployments/oidc-with-reusable-workflows
    """
    file, _, ref = used.partition("@")
    if ref.startswith("refs/") or re.fullmatch("[0-9a-f]{40}", ref):
        return used
    return f"{file}@refs/{'tags' if re.match(r'v[0-9]', ref) else 'heads'}/{ref}"


def _refuse_more(name: str, permissions: Mapping[str, str], most: Mapping[str, str] | None) -> None:
    """A called job can't have more than its caller.

    https://docs.github.com/en/actions/reference/workflows-and-actions/reusing-workflow-configurations
    """
    for scope, access in permissions.items():
        if most is not None and _ORDER[access] > _ORDER[most.get(scope, "none")]:
            raise LayoutError(f"the job {name} asks for {scope}: {access}, which its caller does not have")


def _outputs(job: Node, token: str) -> Node:
    """Lead the job's outputs through its last step. Returns this step's variables."""
    outputs = job.get("outputs")
    if not outputs:
        return {}
    job["outputs"] = {name: f"${{{{ steps.{END}.outputs.{name} }}}}" for name in outputs}
    values = {f"OUTPUT_{number}": value for number, value in enumerate(outputs.values())}
    return {"OUTPUTS": " ".join(outputs), "MASKED_TOKEN": token, **values}


def _report(what: str, facts: Mapping[str, str]) -> Node:
    return {
        "name": f"Report to GitHub: {what}",
        "shell": "bash",
        "run": f"exec {_REPORT} {what}",
        "env": dict(facts),
    }


def _with_token(step: Node, token: str) -> Node:
    """`github.token` would be the same for all jobs: `act` knows one."""
    if name := _token_input(step.get("uses", "")):
        step = {**step, "with": {**step.get("with", {}), name: token}}
    if "env" in step:
        step = {**step, "env": {name: _filled(value, token) for name, value in step["env"].items()}}
    return step


def _token_input(uses: str) -> str:
    """The input of an action with `github.token` by default. Empty if it takes no token."""
    action = uses.partition("@")[0]
    if action == "actions/attest":
        return "github-token"
    if action != SUITE and not action.startswith(f"{SUITE}/"):
        return ""
    inputs = YAML(typ="safe").load(REPOSITORY / action.removeprefix(SUITE).strip("/") / "action.yml")[
        "inputs"
    ]
    return "token" if "token" in inputs else ""


def _filled(value: Any, token: str) -> Any:
    return value.replace("${{ github.token }}", token) if isinstance(value, str) else value


def _list(needs: Any) -> list[str]:
    return [needs] if isinstance(needs, str) else list(needs or ())
