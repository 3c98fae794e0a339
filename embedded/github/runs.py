"""Workflow runs, their jobs, and their reviews. https://docs.github.com/en/rest/actions/workflow-runs"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .commits import signature
from .deployments import deployment_view
from .environments import environment_link, reviewers_view
from .gates import Gates
from .repositories import node_id, repository_view, user_view
from .routing import Answer, Call, RefusedError, Route, found, listed, newest, stamp

if TYPE_CHECKING:
    from .workflows import Approval, Job, Run, RunAttempt


def run_view(call: Call, run: Run, run_attempt: RunAttempt | None = None) -> dict[str, Any]:
    """A run, with the jobs and the result of one run attempt: the last one by default."""
    shown = run_attempt or run.latest
    api, page = f"{call.api}/actions/runs/{run.id}", f"{call.page}/actions/runs/{run.id}"
    workflow = call.repository.workflows[run.workflow_file]
    commit = call.repository.commits.get(run.sha)
    repository = repository_view(call)
    head = commit and {
        "id": run.sha,
        "tree_id": run.sha,
        "message": commit.message,
        "timestamp": stamp(commit.created),
        **{
            role: {key: signature(commit)[key] for key in ("name", "email")}
            for role in ("author", "committer")
        },
    }
    suffixes = {
        "jobs": "jobs",
        "logs": "logs",
        "artifacts": "artifacts",
        "cancel": "cancel",
        "rerun": "rerun",
    }
    return {
        "id": run.id,
        "node_id": node_id("WorkflowRun", run.id),
        "name": run.workflow_file,
        "display_title": commit.message.splitlines()[0] if commit else run.workflow_file,
        "path": f".github/workflows/{run.workflow_file}",
        "workflow_id": workflow,
        "workflow_url": f"{call.api}/actions/workflows/{workflow}",
        "run_number": run.number,
        "run_attempt": shown.number,
        "event": run.event,
        "status": shown.status,
        "conclusion": shown.conclusion,
        "head_branch": run.branch,
        "head_sha": run.sha,
        "head_commit": head,
        "actor": user_view(call, run.actor),
        "triggering_actor": user_view(call, shown.actor),
        "pull_requests": [],
        "repository": repository,
        "head_repository": repository,
        "url": api,
        "html_url": page,
        **{f"{name}_url": f"{api}/{suffix}" for name, suffix in suffixes.items()},
        "check_suite_url": f"{call.api}/check-suites/{run.id}",
        "previous_attempt_url": f"{api}/attempts/{shown.number - 1}" if shown.number > 1 else None,
        "created_at": stamp(run.created),
        "run_started_at": stamp(shown.started),
        "updated_at": stamp(shown.updated),
    }


def job_view(call: Call, run: Run, run_attempt: RunAttempt, job: Job) -> dict[str, Any]:
    """A job; its steps are the runner's affair."""
    on_runner = {"runner_id": job.id, "runner_name": job.runner} if job.started else {}
    return {
        "id": job.id,
        "node_id": node_id("Job", job.id),
        "run_id": run.id,
        "run_attempt": run_attempt.number,
        "run_url": f"{call.api}/actions/runs/{run.id}",
        "url": f"{call.api}/actions/jobs/{job.id}",
        "html_url": f"{call.page}/actions/runs/{run.id}/job/{job.id}",
        "check_run_url": f"{call.api}/check-runs/{job.id}",
        "head_sha": run.sha,
        "head_branch": run.branch,
        "workflow_name": run.workflow_file,
        "name": job.name,
        "status": job.status,
        "conclusion": job.conclusion,
        "created_at": stamp(job.created),
        "started_at": stamp(job.started or job.created),
        "completed_at": stamp(job.completed),
        "labels": ["ubuntu-latest"],
        **dict.fromkeys(("runner_id", "runner_name", "runner_group_id", "runner_group_name")),
        **on_runner,
    }


def _run(call: Call) -> Run:
    return call.find(call.repository.runs, "run_id")


def _run_attempt(call: Call) -> RunAttempt:
    number = int(call.path["attempt_number"])
    return found(next((each for each in _run(call).run_attempts if each.number == number), None))


def _list(call: Call, runs: list[Run]) -> Answer:
    wanted = call.query.get("status")
    fields = {"actor": "actor", "branch": "branch", "event": "event", "head_sha": "sha"}
    chosen = [
        run
        for run in runs
        if wanted in {None, run.latest.status, run.latest.conclusion}
        and all(
            getattr(run, name) == call.query.get(query, getattr(run, name)) for query, name in fields.items()
        )
    ]
    return listed(call, chosen, lambda run: run_view(call, run), "workflow_runs")


def list_runs(call: Call) -> Answer:
    """https://docs.github.com/en/rest/actions/workflow-runs#list-workflow-runs-for-a-repository"""
    return _list(call, newest(call.repository.runs))


def list_workflow_runs(call: Call) -> Answer:
    """https://docs.github.com/en/rest/actions/workflow-runs#list-workflow-runs-for-a-workflow"""
    workflows, asked = call.repository.workflows, call.path["workflow_id"]
    file = found(next((name for name, number in workflows.items() if asked in {name, str(number)}), None))
    return _list(call, [run for run in newest(call.repository.runs) if run.workflow_file == file])


def get_run(call: Call) -> Answer:
    """https://docs.github.com/en/rest/actions/workflow-runs#get-a-workflow-run"""
    return Answer(run_view(call, _run(call)))


def get_run_attempt(call: Call) -> Answer:
    """https://docs.github.com/en/rest/actions/workflow-runs#get-a-workflow-run-attempt"""
    return Answer(run_view(call, _run(call), _run_attempt(call)))


def list_jobs(call: Call) -> Answer:
    """https://docs.github.com/en/rest/actions/workflow-jobs#list-jobs-for-a-workflow-run"""
    run = _run(call)
    run_attempts = run.run_attempts if call.query.get("filter") == "all" else [run.latest]
    jobs = [(run_attempt, job) for run_attempt in run_attempts for job in run_attempt.jobs]
    return listed(call, jobs, lambda pair: job_view(call, run, *pair), "jobs")


def list_run_attempt_jobs(call: Call) -> Answer:
    """https://docs.github.com/en/rest/actions/workflow-jobs#list-jobs-for-a-workflow-run-attempt"""
    run, run_attempt = _run(call), _run_attempt(call)
    return listed(call, run_attempt.jobs, lambda job: job_view(call, run, run_attempt, job), "jobs")


def cancel_run(call: Call) -> Answer:
    """https://docs.github.com/en/rest/actions/workflow-runs#cancel-a-workflow-run"""
    Gates(call.state, call.repository).cancel(_run(call))
    return Answer({}, 202)


def list_approvals(call: Call) -> Answer:
    """Of all run attempts, without times.

    https://docs.github.com/en/rest/actions/workflow-runs#get-the-review-history-for-a-workflow-run
    """

    def view(approval: Approval) -> dict[str, Any]:
        environment = call.state.environment(call.repository, approval.environment)
        times = {"created_at": stamp(environment.created), "updated_at": stamp(environment.updated)}
        return {
            "environments": [{**environment_link(call, environment), **times}],
            "state": approval.state,
            "user": user_view(call, approval.by),
            "comment": approval.comment,
        }

    return Answer([view(approval) for approval in _run(call).approvals])


def list_pending(call: Call) -> Answer:
    """https://docs.github.com/en/rest/actions/workflow-runs#get-pending-deployments-for-a-workflow-run"""
    run, gates = _run(call), Gates(call.state, call.repository)
    environments = [call.state.environment(call.repository, name) for name in gates.waiting(run)]
    return Answer(
        [
            {
                "environment": environment_link(call, environment),
                "wait_timer": environment.wait_timer,
                "wait_timer_started_at": None,
                "current_user_can_approve": gates.may_review(run, environment, call.actor),
                "reviewers": reviewers_view(call, environment),
            }
            for environment in environments
        ]
    )


def review_pending(call: Call) -> Answer:
    """https://docs.github.com/en/rest/actions/workflow-runs#review-pending-deployments-for-a-workflow-run"""
    wanted = set(call.body["environment_ids"])
    environments = [item for item in call.repository.environments.values() if item.id in wanted]
    if len(environments) != len(wanted):
        raise RefusedError(422, "Validation Failed", "There is no such environment")
    gates = Gates(call.state, call.repository)
    let_go = gates.review(_run(call), environments, call.actor, call.body["state"], call.body["comment"])
    return Answer([deployment_view(call, deployment) for deployment in let_go])


_RUN = "/actions/runs/{run_id}"
_FILTERS = "status actor branch event head_sha"
ROUTES = (
    Route("GET", "/actions/runs", "actions: read", list_runs, _FILTERS),
    Route("GET", "/actions/workflows/{workflow_id}/runs", "actions: read", list_workflow_runs, _FILTERS),
    Route("GET", _RUN, "actions: read", get_run),
    Route("GET", f"{_RUN}/attempts/{{attempt_number}}", "actions: read", get_run_attempt),
    Route("GET", f"{_RUN}/attempts/{{attempt_number}}/jobs", "actions: read", list_run_attempt_jobs),
    Route("GET", f"{_RUN}/jobs", "actions: read", list_jobs, "filter"),
    Route("POST", f"{_RUN}/cancel", "actions: write", cancel_run),
    Route("GET", f"{_RUN}/approvals", "actions: read", list_approvals),
    Route("GET", f"{_RUN}/pending_deployments", "actions: read", list_pending),
    Route("POST", f"{_RUN}/pending_deployments", "deployments: write", review_pending),
)
