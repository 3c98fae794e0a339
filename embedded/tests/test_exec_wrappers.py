"""AWS_LAMBDA_EXEC_WRAPPER: a program of the package starts the runtime by the Runtime API (AWS-4)."""

from __future__ import annotations

import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from .callers import Caller
from .stacks import make_role

if TYPE_CHECKING:
    from embedded.aws import EmbeddedAws

pytestmark = pytest.mark.emulator

WRAPPER = '#!/bin/sh\nexport ADDED="$# by $0"\nexec "$@"\n'
PYTHON = """
import os, boto3
count = 0
def handler(event, context):
    global count
    count += 1
    if "fail" in event:
        raise ValueError("no")
    print("a line of the log")
    account = boto3.client("sts").get_caller_identity()["Account"]
    return {"added": os.environ["ADDED"], "count": count, "id": context.aws_request_id, "account": account}
"""
NODE = """
let count = 0;
exports.handler = async (event, context) => {
  count += 1;
  if ("fail" in event) throw new Error("no");
  return { added: process.env.ADDED, count, id: context.awsRequestId, account: "111122223333" };
};
"""
RUNTIMES = {"python3.12": ("index.py", PYTHON), "nodejs22.x": ("index.js", NODE)}


def _package(name: str, code: str, mode: int) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as package:
        package.writestr(name, code)
        wrapper = zipfile.ZipInfo("bin/start")
        wrapper.external_attr = (0o100000 | mode) << 16
        package.writestr(wrapper, WRAPPER)
    return target.getvalue()


def _invoke(functions: Any, name: str, event: Any) -> tuple[str, Any]:
    answer = functions.invoke(FunctionName=name, Payload=json.dumps(event))
    return answer.get("FunctionError", ""), json.loads(answer["Payload"].read())


@pytest.mark.parametrize("runtime", RUNTIMES)
def test_a_program_of_the_package_starts_the_runtime(aws: EmbeddedAws, runtime: str) -> None:
    client = Caller.administrator(aws).client
    functions, name = client("lambda"), f"wrapped-{runtime[:6]}"
    role = make_role(client("iam"), name, "logs:*")
    made = {"FunctionName": name, "Runtime": runtime, "Handler": "index.handler", "Role": role, "Timeout": 30}
    made["Environment"] = {"Variables": {"AWS_LAMBDA_EXEC_WRAPPER": "/var/task/bin/start"}}
    functions.create_function(**made, Code={"ZipFile": _package(*RUNTIMES[runtime], 0o755)})
    _, first = _invoke(functions, name, {})
    assert first["added"].startswith("2 by /")
    assert first["added"].endswith("/bin/start")
    assert first["account"] == "111122223333"
    failed, error = _invoke(functions, name, {"fail": 1})
    assert (failed, error["errorMessage"]) == ("Unhandled", "no")
    functions.update_function_code(FunctionName=name, ZipFile=_package(*RUNTIMES[runtime], 0o644))
    failed, error = _invoke(functions, name, {})
    assert failed
    assert "is not an executable" in error["errorMessage"]
