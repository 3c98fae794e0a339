"""Lambda's runtime for Python, between the Runtime API and ministack's worker, which runs the handler.

The API: https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html. `client.cjs` is the same for Node.js.
"""

import json
import os
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

_API = f"http://{os.environ['AWS_LAMBDA_RUNTIME_API']}/2018-06-01/runtime"


def main() -> None:
    """Start the worker, and hand it one event after the other."""
    script = Path(__file__).with_name("worker.py")
    worker = subprocess.Popen([sys.executable, script], stdin=-1, stdout=-1, text=True, bufsize=1)
    module, _, handler = os.environ["_HANDLER"].rpartition(".")
    code = {
        "code_dir": os.environ["LAMBDA_TASK_ROOT"],
        "module": module.replace("/", "."),
        "handler": handler,
    }
    name, memory = (os.environ[f"AWS_LAMBDA_FUNCTION_{key}"] for key in ("NAME", "MEMORY_SIZE"))
    ready = _answer(worker, code | {"function_name": name, "memory": memory})
    if ready["status"] != "ready":
        _call("/init/error", {"errorMessage": ready["error"], "errorType": "Runtime.ImportModuleError"})
        sys.exit(1)
    while True:
        with _call("/invocation/next") as event:
            headers, content = event.headers, json.load(event)
        context = {
            "request_id": headers["Lambda-Runtime-Aws-Request-Id"],
            "invoked_function_arn": headers["Lambda-Runtime-Invoked-Function-Arn"],
            "trace_id": headers["Lambda-Runtime-Trace-Id"],
        }
        answer = _answer(worker, {"event": content, "ctx": context})
        path = f"/invocation/{context['request_id']}"
        if answer["status"] == "ok":
            _call(f"{path}/response", answer["result"])
            continue
        print(answer.get("trace") or answer["error"], file=sys.stderr, flush=True)  # noqa: T201
        _call(f"{path}/error", {"errorMessage": answer["error"], "errorType": "Runtime.HandlerError"})


def _answer(worker: subprocess.Popen[str], message: object) -> dict:
    worker.stdin.write(json.dumps(message) + "\n")
    for line in worker.stdout:
        if line.startswith('{"status"'):
            return json.loads(line)
    sys.exit(worker.wait() or 1)


def _call(path: str, content: object = ...) -> Any:
    body = None if content is ... else json.dumps(content).encode()
    return urllib.request.urlopen(urllib.request.Request(_API + path, body))


main()
