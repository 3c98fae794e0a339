"""A job's first and last step report to the local GitHub by this. It needs the standard library alone."""

import json
import os
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


if __name__ == "__main__":
    if sys.argv[1] == "begin":
        sys.exit(begin())
    call("end", conclusion=os.environ["STATUS"])
