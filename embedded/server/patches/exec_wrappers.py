"""AWS_LAMBDA_EXEC_WRAPPER: a program of the package starts a Python or Node.js runtime, as on AWS.

It gets the runtime's command, and AWS_LAMBDA_RUNTIME_API
(https://docs.aws.amazon.com/lambda/latest/dg/runtimes-modify.html#runtime-wrapper). ministack ignores the
variable: it talks to its worker by lines. So such a function runs as one of `provided`, for which ministack
has the Runtime API, and a client of it hands the events to the same worker.
"""

from __future__ import annotations

import io
import os
import shlex
import sys
import zipfile
from pathlib import Path
from typing import Any

from embedded.server.modules import lambda_runtime, lambda_service

VARIABLE = "AWS_LAMBDA_EXEC_WRAPPER"
OWN = ".embedded"
CLIENTS = Path(__file__).parents[1] / "runtimes"
LANGUAGES = {
    "python": (sys.executable, "client.py", "worker.py", lambda_runtime._PYTHON_WORKER_SCRIPT),
    "nodejs": ("node", "client.cjs", "worker.cjs", lambda_runtime._NODEJS_WORKER_SCRIPT),
}
# Its exit statuses are those of Lambda's own bootstrap.
BOOTSTRAP = """#!/bin/sh
export AWS_ENDPOINT_URL="${{AWS_ENDPOINT_URL:-{endpoint}}}" _LAMBDA_TIMEOUT={timeout}
export _LAMBDA_LAYERS_DIRS={layers} NODE_PATH={modules}"${{NODE_PATH-}}"
wrapper=$LAMBDA_TASK_ROOT/${{AWS_LAMBDA_EXEC_WRAPPER#/var/task/}}
[ -f "$wrapper" ] || {{ echo "$AWS_LAMBDA_EXEC_WRAPPER: does not exist"; exit 127; }}
[ -x "$wrapper" ] || {{ echo "$AWS_LAMBDA_EXEC_WRAPPER: is not an executable"; exit 126; }}
exec "$wrapper" {program} "$LAMBDA_TASK_ROOT/{own}/{client}"
"""
_worker_class, _extract = lambda_runtime._worker_class_for, lambda_service._extract_zip_preserving_mode


def apply() -> None:
    """Choose the worker by the function's variables."""
    lambda_runtime._worker_class_for = worker_class
    lambda_service._extract_zip_preserving_mode = extract


def worker_class(config: dict[str, Any]) -> Any:
    """The class of a function's worker."""
    variables = (config.get("Environment") or {}).get("Variables") or {}
    return WrappedWorker if variables.get(VARIABLE) and _language(config) else _worker_class(config)


def extract(package: zipfile.ZipFile, folder: str) -> None:
    """Unpack with modes, and with links as links."""
    _extract(package, folder)
    for entry in package.infolist():
        if entry.external_attr >> 28 == 0o12:
            link = Path(folder, entry.filename)
            link.unlink()
            link.symlink_to(package.read(entry).decode())


class WrappedWorker(lambda_runtime.ProvidedWorker):
    """An environment of a function whose runtime is started by a program of its package."""

    def __init__(self, func_name: str, config: dict[str, Any], code_zip: bytes) -> None:
        super().__init__(func_name, config, with_bootstrap(config, code_zip))

    def invoke(self, event: Any, request_id: str, **facts: Any) -> Any:
        """One invocation. What only ministack's own workers take stays out."""
        known = {key: facts[key] for key in ("trace_id", "invoked_function_arn") if key in facts}
        return super().invoke(event, request_id, **known)


def with_bootstrap(config: dict[str, Any], code_zip: bytes) -> bytes:
    """The package with the runtime that Lambda has beside it, and with its layers."""
    program, client, worker, script = LANGUAGES[_language(config)]
    attached = [lambda_service._resolve_layer_zip(one) for one in config.get("Layers") or []]
    layers = {f"{OWN}/layers/{number}": content for number, content in enumerate(attached) if content}
    bootstrap = BOOTSTRAP.format(
        endpoint=f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}",
        timeout=int(config.get("Timeout") or 3),
        layers=os.pathsep.join(f"$LAMBDA_TASK_ROOT/{folder}" for folder in layers),
        modules="".join(f"$LAMBDA_TASK_ROOT/{folder}/nodejs/node_modules:" for folder in layers),
        program=shlex.quote(program),
        own=OWN,
        client=client,
    )
    target = io.BytesIO(code_zip)
    with zipfile.ZipFile(target, "a") as package:
        for folder, content in layers.items():
            _add_layer(package, folder, content)
        added = {
            f"{OWN}/{client}": (CLIENTS / client).read_bytes(),
            f"{OWN}/{worker}": script,
            "bootstrap": bootstrap,
        }
        for name, text in added.items():
            package.writestr(zipfile.ZipInfo(name), text)
    return target.getvalue()


def _add_layer(package: zipfile.ZipFile, folder: str, content: bytes) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as layer:
        for entry in layer.infolist():
            held = layer.read(entry)
            entry.filename = f"{folder}/{entry.filename}"
            package.writestr(entry, held)


def _language(config: dict[str, Any]) -> str:
    runtime = str(config.get("Runtime", ""))
    return next((name for name in LANGUAGES if runtime.startswith(name)), "")
