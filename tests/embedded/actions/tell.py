"""What a job's first and last step tell the local GitHub. Run by itself, with the standard library alone."""

import json
import os
import sys
import urllib.parse
import urllib.request


def call(what: str, **content: object) -> dict[str, object]:
    """Ask the control side about this job."""
    job = urllib.parse.quote(os.environ["JOB"], safe="")
    url = f"{os.environ['LOCAL_ACTIONS_CONTROL']}/runs/{os.environ['GITHUB_RUN_ID']}/jobs/{job}/{what}"
    request = urllib.request.Request(url, json.dumps(content).encode(), method="POST")
    with urllib.request.urlopen(request) as answer:
        told: dict[str, object] = json.loads(answer.read())
        return told


def begin() -> int:
    """Begin, when the job may; 1 when it may not."""
    facts = os.environ
    while True:
        told = call(
            "begin",
            attempt=int(facts["GITHUB_RUN_ATTEMPT"]),
            runner=facts["RUNNER"],
            environment=facts["ENVIRONMENT"] or None,
            deployment=facts["DEPLOYMENT"] == "true",
            group=facts["GROUP"],
        )
        if told["state"] != "waiting":
            return 0 if told["state"] == "approved" else 1


if __name__ == "__main__":
    if sys.argv[1] == "begin":
        sys.exit(begin())
    call("end", conclusion=os.environ["STATUS"])
