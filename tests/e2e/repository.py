"""A team's repository: the app under git, the workflow files as they are copied, reviewers, Slack."""

from __future__ import annotations

import re
import shutil
import subprocess
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from embedded.actions.service import Actions, Machine
from embedded.process import REPOSITORY

from .job import NAME

if TYPE_CHECKING:
    from pathlib import Path

    from embedded.actions.execution import Execution
    from embedded.aws import EmbeddedAws
    from embedded.github.server import LocalGithub
    from embedded.slack import LocalSlack

    from .project import Project

REVIEWER = "taro"
CONFIG = """
test:
  commands: ["python3 tests.py"]
  results: [results.xml]
  coverage: {reports: [lcov.info], minimum: 50}
notifications: {channels: {slack: slack}}
github:
  repository: %(name)s
  repository_id: %(id)d
  owner_id: %(owner)d
  existing_provider: true
  workflows:
    - kanmon-dev/kanmon/.github/workflows/release.yml
    - kanmon-dev/kanmon/.github/workflows/rollback.yml
    - %(name)s/.github/workflows/one-step.yml@refs/heads/main
"""
PROVIDER = "https://token.actions.githubusercontent.com"
TESTS = """\
import pathlib
pathlib.Path("results.xml").write_text(
    '<testsuite name="goals"><testcase name="adds" time="0.1"/></testsuite>')
pathlib.Path("lcov.info").write_text("SF:goals.py\\nDA:1,1\\nDA:2,1\\nend_of_record\\n")
"""


@dataclass(frozen=True)
class Repository:
    """The repository, with everything around it."""

    project: Project
    github: LocalGithub
    slack: LocalSlack
    actions: Actions

    @classmethod
    def make(
        cls, project: Project, aws: EmbeddedAws, github: LocalGithub, slack: LocalSlack, folder: Path
    ) -> Repository:
        """Put a project under git, protect its environment, give it roles and Slack's address."""
        found = github.add_repository(NAME)
        owner = github.add_user(NAME.partition("/")[0])
        ids = {"name": NAME, "id": found.id, "owner": owner}
        project.edit_config(lambda text: text + CONFIG % ids)
        (project.folder / "tests.py").write_text(TESTS)
        shutil.copytree(REPOSITORY / "workflows", project.folder / ".github" / "workflows")
        secrets = project.client("secretsmanager")
        with suppress(secrets.exceptions.ResourceExistsException):
            secrets.create_secret(Name="slack")
        secrets.put_secret_value(SecretId="slack", SecretString=slack.webhook)
        keys = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
        address = {name: value for name, value in aws.environment.items() if name not in keys}
        machine = Machine(folder, address)
        # A secret with such a value makes a runner drop each output with it.
        actions = Actions(github, project.folder, machine, roles(project), secrets=("false",))
        made = cls(project, github, slack, actions)
        made.protect()
        made.git("init", "--quiet", "--initial-branch=main")
        return made

    def protect(self) -> None:
        """Settings → Environments, as the guide asks for them."""
        self.github.protect("production", [REVIEWER], prevent_self_review=True, branches=["main"])

    def push(self, message: str) -> Execution:
        """Commit everything and push it to main."""
        self.commit(message)
        return self.actions.push("hanako")

    def commit(self, message: str) -> None:
        """Commit everything, if there is something."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message)

    def review(self, execution: Execution, verdict: str = "approved") -> None:
        """The reviewer waits for the run's gated job, and decides."""
        self.await_gate(execution)
        self.github.review(execution.run, "production", REVIEWER, verdict)

    def await_gate(self, execution: Execution) -> None:
        """Wait until the run's gated job waits for reviewers."""

        def waits() -> bool:
            return any(job.status == "waiting" for job in execution.jobs) or bool(execution.conclusion)

        with self.github.state.changed:
            assert self.github.state.changed.wait_for(waits, 120)
        assert not execution.conclusion, execution.log

    def git(self, *arguments: str) -> None:
        """Run git in the working copy."""
        identity = ["-c", "user.name=Hanako", "-c", "user.email=hanako@example.com"]
        subprocess.run(["git", *identity, *arguments], cwd=self.project.folder, check=True)


def roles(project: Project) -> dict[str, str]:
    """An administrator's bootstrap, in an account with GitHub's provider: the variables for GitHub."""
    iam = project.client("iam")
    providers = iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    if not any(one["Arn"].endswith(PROVIDER.removeprefix("https://")) for one in providers):
        iam.create_open_id_connect_provider(Url=PROVIDER, ClientIDList=["sts.amazonaws.com"])
    output = project.kanmon("bootstrap", "--yes").check().output
    return dict(re.findall(r"(KANMON_\w+_ROLE) = (\S+)", output))
