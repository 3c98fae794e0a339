"""The actions test and comment on a pull request: one comment, kept up to date, or none (CD-1, SEC-5)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from embedded.github.server import LocalGithub
from tests.e2e.job import NAME, SHA, Job

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.e2e.project import Ended

CONFIG = """\
app: tiny
test:
  commands: [bash ./test.sh]
  results: [junit.xml]
  coverage: {reports: [lcov], minimum: 50}
functions: {api: {handler: app.handle, artifact: out/api}}
api: {routes: [{path: "/api/{proxy+}", function: api}]}
web: {directory: out/web}
checks: [{name: page, path: /}]
"""
HEAD = "c" * 40
FAILING = """\
echo '##[error]::error::mine'; echo "token=${GITHUB_TOKEN:-none} output=${GITHUB_OUTPUT:-none}"
cat > junit.xml <<'X'
<testsuite><testcase name="&lt;script> @team | ::error::" file="test.sh" line="2"><failure message="no"/></testcase></testsuite>
X
printf 'SF:test.sh\\nDA:1,1\\nend_of_record\\n' > lcov
exit 1
"""  # noqa: E501
PASSING = """\
echo '<testsuite><testcase name="a"/></testsuite>' > junit.xml
printf 'SF:test.sh\\nDA:1,1\\nDA:2,0\\nend_of_record\\n' > lcov
"""


@pytest.fixture
def github() -> Iterator[LocalGithub]:
    with LocalGithub() as server:
        server.add_repository(NAME)
        server.commit(SHA, "Add goals", "hanako")
        server.commit(HEAD, "Draw it", "stranger", branch=None, parents=[SHA])
        server.open_pull(7, "Draw the chart", "stranger", HEAD, fork=True)
        yield server
    assert server.violations == []


@pytest.fixture
def job(github: LocalGithub, tmp_path: Path) -> Job:
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "kanmon.yml").write_text(CONFIG)
    (folder / "test.sh").write_text(FAILING)
    run = github.begin_run("pull-request.yml", "pull_request", "stranger", HEAD, "pull-7")
    return Job(
        github,
        folder,
        run,
        {"pull-requests": "write"},
        event="pull_request",
        ref="refs/pull/7/merge",
        payload={"pull_request": {"number": 7}},
    )


def comments(github: LocalGithub) -> list[str]:
    return [comment.body for comment in github.repository.comments.values()]


def judge(job: Job) -> Ended:
    """The job with the app's code."""
    return job.kanmon("test", "--output", "verdict.json")


def comment_on(job: Job) -> Ended:
    """The job with the permission to comment."""
    return job.kanmon("comment", "--verdict", "verdict.json")


def test_the_tests_have_one_comment(github: LocalGithub, job: Job) -> None:
    failed = judge(job).check(1)
    comment_on(job).check()
    outputs = job.outputs
    assert outputs.pop("error").startswith("KNM-121: 1 of 1 tests failed")
    assert outputs == {"tests": "1", "failed": "1", "coverage": "100.00"}
    assert "token=none output=none" in failed.output
    lines = failed.output.splitlines()
    assert [line for line in lines if line.startswith("::error") and "KNM" not in line] == [
        "::error title=<script> @team | %3A%3Aerror%3A%3A,file=test.sh,line=2::no"
    ]
    assert not any("##[" in line for line in lines)
    [comment] = comments(github)
    assert comment.startswith("<!-- kanmon:test -->\n## Tests failed")
    assert "<script>" not in comment
    assert comment.rstrip().endswith(f"({github.url}/{NAME}/actions/runs/{job.run}/attempts/1)")
    assert job.summary.startswith("## Tests failed")

    (job.folder / "test.sh").write_text(PASSING)
    judge(job).check()
    comment_on(job).check()
    [comment] = comments(github)
    assert comment.startswith("<!-- kanmon:test -->\n## Tests passed")


def test_a_comment_of_somebody_else_is_left_alone(github: LocalGithub, job: Job) -> None:
    """Anybody can write the marker; only an app's comment is taken for Kanmon's own."""
    forged = Job(github, job.folder, job.run, {})
    token = github.token({"pull-requests": "write"}, actor="stranger")
    forged.secrets = {"GITHUB_TOKEN": token}
    forged.event, forged.payload = job.event, job.payload
    judge(job).check(1)
    for each in (forged, job, job):
        comment_on(each).check()
    assert len(comments(github)) == 2


def test_a_fork_gets_its_verdict_without_a_comment(github: LocalGithub, job: Job) -> None:
    job.permissions = {"pull-requests": "read"}
    (job.folder / "test.sh").write_text(PASSING)
    judge(job).check()
    ended = comment_on(job).check()
    assert comments(github) == []
    [notice] = [line for line in ended.output.splitlines() if line.startswith("::notice")]
    assert notice.startswith("::notice title=Kanmon KNM-602::")
    assert "pull-requests: write" in notice


def test_without_a_test_section_the_config_is_refused(job: Job) -> None:
    path = job.folder / "kanmon.yml"
    path.write_text("\n".join(line for line in CONFIG.splitlines() if not line.startswith(("test:", "  "))))
    ended = job.kanmon("test").check(2)
    assert "::error title=Kanmon KNM-104::" in ended.output
    assert "Add `test: {commands:" in ended.output
