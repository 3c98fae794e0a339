"""Lambda as a started function sees it: the Runtime API and Secrets Manager on one address of loopback."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from kanmon.bundle import starter

if TYPE_CHECKING:
    from types import TracebackType

SECRET = 'p@ss/w:rd ?#%&"é'
ENCODED = "p%40ss%2Fw%3Ard%20%3F%23%25%26%22%C3%A9"
ARN = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:{}-Ab12Cd"
KEYS = Credentials("AKID", "key", "token")
VARIABLES = {
    "DATABASE_SECRET_ARN": ARN.format("database"),
    "JWT_SECRET_ARN": ARN.format("jwt"),
    "DATABASE_URL": "postgresql://${secrets.database.username}:${secrets.database.password}@h:5432/shop?a=b",
    "PGPASSWORD": "${secrets.database.password}",
    "JWT_SECRET": "${secrets.jwt}",
    "PLAIN": "as ${it} is",
}
_PYTHON = """
import json, os, sys, urllib.request
def call(path, body=None):
    made = urllib.request.Request("http://" + os.environ["AWS_LAMBDA_RUNTIME_API"] + path, body)
    return urllib.request.urlopen(made)
run = "/2018-06-01/runtime/invocation/"
while True:
    event = call(run + "next")
    asked, headers = json.load(event), dict(event.headers)
    if "exit" in asked: sys.exit(asked["exit"])
    if "log" in asked: os.write(int(os.environ["_LAMBDA_TELEMETRY_LOG_FD"]), b"framed")
    found = {"pid": os.getpid(), "env": dict(os.environ), "headers": headers, **asked}
    kind = "error" if "error" in asked else "response"
    call(run + headers["Lambda-Runtime-Aws-Request-Id"] + "/" + kind, json.dumps(found).encode())
"""
_NODE = """
const run = `http://${process.env.AWS_LAMBDA_RUNTIME_API}/2018-06-01/runtime/invocation/`;
(async () => {
  for (;;) {
    const event = await fetch(run + "next");
    const asked = await event.json();
    const headers = {};
    event.headers.forEach((value, name) => {
      headers[name.replace(/(^|-)[a-z]/g, (one) => one.toUpperCase())] = value;
    });
    if ("exit" in asked) process.exit(asked.exit);
    if ("log" in asked) require("fs").writeSync(Number(process.env._LAMBDA_TELEMETRY_LOG_FD), "framed");
    const found = { pid: process.pid, env: process.env, headers, ...asked };
    const kind = "error" in asked ? "error" : "response";
    const path = `${headers["Lambda-Runtime-Aws-Request-Id"]}/${kind}`;
    await fetch(run + path, { method: "POST", body: JSON.stringify(found) });
  }
})().catch(() => process.exit(9));
"""
_COMMANDS = {"python": [sys.executable, "-c", _PYTHON], "nodejs": ["node", "-e", _NODE]}


@dataclass
class Lambda:
    """One environment of a function. Leaving it ends its process."""

    language: str
    variables: dict[str, str] = field(default_factory=lambda: dict(VARIABLES))
    descriptors: tuple[int, ...] = ()
    secrets: dict[str, str] = field(default_factory=dict)
    """By the name inside of the ARN. A missing one is refused."""
    reads: list[str] = field(default_factory=list)
    reports: list[Any] = field(default_factory=list)
    """What came to /init/error."""
    _events: queue.Queue[dict[str, Any]] = field(default_factory=queue.Queue)
    _answers: queue.Queue[tuple[str, Any]] = field(default_factory=queue.Queue)
    _polls: int = 0

    def __enter__(self) -> Lambda:
        self.rotate("first")
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._process.kill()
        self._process.communicate()

    def rotate(self, username: str) -> None:
        """Give the database's secret another user."""
        self.secrets |= {"database": json.dumps({"username": username, "password": SECRET}), "jwt": "token"}

    def start(self, **variables: str) -> Lambda:
        """Start it as Lambda does: the file of the package, with the runtime's command."""
        folder = Path(starter.__file__).parent
        file = {"python": "python.sh", "nodejs": "node.sh"}[self.language]
        return self.run(["/bin/sh", str(folder / file), *self.command(self.language)], **variables)

    @staticmethod
    def command(language: str) -> list[str]:
        """The runtime's own command."""
        return _COMMANDS[language]

    def run(self, command: list[str], **variables: str) -> Lambda:
        """Start it by another command."""
        here = f"127.0.0.1:{self._server.server_address[1]}"
        given = {
            "PATH": os.environ["PATH"],
            "AWS_LAMBDA_RUNTIME_API": here,
            "AWS_ENDPOINT_URL_SECRETS_MANAGER": f"http://{here}",
            "AWS_ACCESS_KEY_ID": KEYS.access_key,
            "AWS_SECRET_ACCESS_KEY": KEYS.secret_key,
            "AWS_SESSION_TOKEN": str(KEYS.token),
        }
        self._process = subprocess.Popen(
            command,
            env=given | self.variables | variables,
            stderr=subprocess.PIPE,
            text=True,
            pass_fds=self.descriptors,
        )
        return self

    def invoke(self, **event: Any) -> Any:
        """The function's answer to an event."""
        self._events.put(event)
        kind, answer = self._answers.get(timeout=20)
        assert kind == ("error" if "error" in event else "response")
        return answer

    def end(self, *, send: bool = False, **event: Any) -> tuple[int, str]:
        """The exit status and the log, after an event or a signal for the end."""
        if event:
            self._events.put(event)
        if send:
            self._process.send_signal(signal.SIGTERM)
        _, log = self._process.communicate(timeout=20)
        return self._process.returncode, log

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        cloud = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                event = cloud._events.get()
                cloud._polls += 1
                named = {
                    "Lambda-Runtime-Aws-Request-Id": f"id-{cloud._polls}",
                    "Lambda-Runtime-Trace-Id": "t-1",
                    "Lambda-Runtime-Deadline-Ms": "99",
                    "Lambda-Runtime-Invoked-Function-Arn": "arn:x",
                    "Content-Type": "application/json",
                }
                self._send(200, event, named)

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if self.path == "/":
                    self._send(*cloud._secret(dict(self.headers.items()), body))
                elif self.path.endswith("/init/error"):
                    cloud.reports.append(json.loads(body))
                    self._send(202, {})
                else:
                    *_, number, kind = self.path.split("/")
                    assert number == f"id-{cloud._polls}"
                    self._send(202, {})
                    cloud._answers.put((kind, json.loads(body)))

            def _send(self, status: int, content: Any, headers: dict[str, str] | None = None) -> None:
                body = json.dumps(content).encode()
                self.send_response(status)
                for name, value in ((headers or {}) | {"Content-Length": str(len(body))}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        return Handler

    def _secret(self, headers: dict[str, str], body: bytes) -> tuple[int, Any]:
        if headers["authorization"] != _signature(headers, body):
            return 403, {"__type": "InvalidSignatureException", "message": "The request signature differs."}
        arn = json.loads(body)["SecretId"]
        name = arn.split(":")[-1].rpartition("-")[0]
        self.reads.append(name)
        if name not in self.secrets:
            return 400, {"__type": "ResourceNotFoundException", "Message": f"No value of {name}."}
        return 200, {"ARN": arn, "SecretString": self.secrets[name]}


def _signature(headers: dict[str, str], body: bytes) -> str:
    """What the AWS SDK would sign: the second witness."""
    kept = ("content-type", "host", "x-amz-target")
    request = AWSRequest("POST", f"http://{headers['host']}/", {name: headers[name] for name in kept}, body)
    request.context["timestamp"] = headers["x-amz-date"]
    auth = SigV4Auth(KEYS, "secretsmanager", "eu-central-1")
    request.headers["X-Amz-Date"] = headers["x-amz-date"]
    request.headers["X-Amz-Security-Token"] = str(KEYS.token)
    scope = auth.scope(request)
    signature = auth.signature(auth.string_to_sign(request, auth.canonical_request(request)), request)
    names = auth.signed_headers(auth.headers_to_sign(request))
    return f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders={names}, Signature={signature}"
