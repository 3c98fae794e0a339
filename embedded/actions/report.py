"""A job's first and last step report to the local GitHub by this. It needs the standard library alone."""

import json
import os
import secrets
import sys
import urllib.parse
import urllib.request


def call(what: str, **facts: object) -> dict[str, object]:
    """Ask the control side about this job."""
    job = urllib.parse.quote(os.environ["JOB"], safe="")
    url = f"{os.environ['LOCAL_ACTIONS_CONTROL']}/runs/{os.environ['GITHUB_RUN_ID']}/jobs/{job}/{what}"
    request = urllib.request.Request(url, json.dumps(facts).encode(), method="POST")
    with urllib.request.urlopen(request) as answer:
        content: dict[str, object] = json.loads(answer.read())
        return content


def begin() -> int:
    """Begin, when the job may; 1 when it may not."""
    facts = os.environ
    while True:
        answer = call(
            "begin",
            run_attempt=int(facts["GITHUB_RUN_ATTEMPT"]),
            runner=facts["RUNNER"],
            environment=facts["ENVIRONMENT"] or None,
            deployment=facts["DEPLOYMENT"] == "true",
            group=facts["GROUP"],
        )
        if answer["state"] != "waiting":
            return 0 if answer["state"] == "approved" else 1


def pass_on_outputs() -> None:
    """Give the job its outputs. Without an error, a runner drops an empty one, and one with a masked value.

    https://github.com/actions/runner/blob/main/src/Runner.Worker/JobExtension.cs
    """
    keys = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "MASKED_TOKEN")
    masked = [os.environ.get(key, "") for key in keys]
    masked += json.loads(os.environ.get("LOCAL_ACTIONS_SECRETS", "[]"))
    with open(os.environ["GITHUB_OUTPUT"], "a", encoding="utf-8") as file:  # noqa: PTH123 - a file of the runner
        for number, name in enumerate(os.environ.get("OUTPUTS", "").split()):
            value = os.environ[f"OUTPUT_{number}"]
            if any(secret and secret in value for secret in masked):
                sys.stdout.write(f"::warning::Skip output '{name}' since it may contain secret.\n")
            elif value:
                end = secrets.token_hex(8)
                file.write(f"{name}<<{end}\n{value}\n{end}\n")


if __name__ == "__main__":
    if sys.argv[1] == "begin":
        sys.exit(begin())
    pass_on_outputs()
    call("end", conclusion=os.environ["STATUS"])
