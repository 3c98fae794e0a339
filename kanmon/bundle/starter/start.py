"""Starts a Python function with values of secrets in its variables, and again when a secret changed.

`python.sh` runs this in place of Lambda's runtime. The values are in the memory of the function alone. It
stands between the runtime and Lambda's Runtime API (https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html):
an event goes to the app only after a look at the secrets, at most one a minute and one after each failure.
If a value changed, the runtime starts again, and then gets the event. So no code of the app has to know.

A package has a copy of this file. It uses the standard library alone: an import of the AWS SDK would take
longer than all of this, and the app may bring an SDK of any version. `start.cjs` is the same for Node.js.
"""

from __future__ import annotations

import hashlib
import hmac
import http.client
import http.server
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from urllib.parse import quote, urlsplit

TYPE_CHECKING = False  # the module `typing` is not loaded for it
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    Headers = Sequence[tuple[str, str]]
    Answer = tuple[int, Headers, bytes]
    """Status, headers and body of an answer of the Runtime API."""

REFERENCE = re.compile(r"\$\{secrets\.([^.{}]+)(?:\.([^{}]+))?\}")
FAILED = re.compile(rb'"statusCode"\s*:\s*5\d\d')
"""In the answer of a function to API Gateway: it failed, and caught the error itself."""
LOOK = 60
"""Seconds between two looks at the secrets."""
TRIES, TIMEOUT = 3, 2
"""Calls of Secrets Manager before the function starts, and the seconds of each. Later there is one call."""
SERVICE = "secretsmanager"
OWN_HEADERS = frozenset({"connection", "content-length", "host", "keep-alive", "transfer-encoding"})
"""Headers of one connection alone."""


class NoSecretError(Exception):
    """A secret could not be read, or has not what is asked of it. Its text has no value of a secret."""


def compose(variables: Mapping[str, str], read: Callable[[str], str]) -> dict[str, str]:
    """The variables with references to secrets, and their values. `read` gets a secret's ARN."""
    texts: dict[str, str] = {}

    def value(found: re.Match[str]) -> str:
        name, key = found[1], found[2]
        arn = variables.get(f"{name.upper().replace('-', '_')}_SECRET_ARN", "")
        if arn not in texts:
            texts[arn] = read(arn)
        text = of_key(name, key, texts[arn]) if key else texts[arn]
        if not is_variable(text):
            raise NoSecretError(f"The value of the secret {name} has a character that no variable can have.")
        # A value inside of an address is percent-encoded: https://www.rfc-editor.org/rfc/rfc3986#section-2.1
        return quote(text, safe="") if "://" in found.string[: found.start()] else text

    return {name: REFERENCE.sub(value, text) for name, text in variables.items() if REFERENCE.search(text)}


def is_variable(text: str) -> bool:
    """Whether a text can be the value of a variable: it is UTF-8 without a NUL."""
    try:
        return b"\0" not in text.encode()
    except UnicodeEncodeError:
        return False


def of_key(name: str, key: str, text: str) -> str:
    """The text or the whole number under a key of a secret in JSON."""
    try:
        found = json.loads(text)[key]
    except (ValueError, KeyError, TypeError, RecursionError):
        found = None
    if isinstance(found, bool) or not isinstance(found, (str, int)):
        raise NoSecretError(f"The secret {name} is not JSON with a text under the key {key}.")
    return str(found)


def signed(arn: str, variables: Mapping[str, str], moment: float) -> tuple[str, dict[str, str], bytes]:
    """The request for a secret: the endpoint, the headers and the body.

    It is signed with the function's own credentials:
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
    """
    region = arn.split(":")[3]
    endpoint = variables.get("AWS_ENDPOINT_URL_SECRETS_MANAGER") or variables.get("AWS_ENDPOINT_URL")
    endpoint = endpoint or f"https://{SERVICE}.{region}.amazonaws.com"
    body = json.dumps({"SecretId": arn}).encode()
    date = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(moment))
    headers = {
        "content-type": "application/x-amz-json-1.1",
        "host": urlsplit(endpoint).netloc,
        "x-amz-date": date,
        "x-amz-security-token": variables.get("AWS_SESSION_TOKEN", ""),
        "x-amz-target": f"{SERVICE}.GetSecretValue",
    }
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{date[:8]}/{region}/{SERVICE}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{variables.get('AWS_SECRET_ACCESS_KEY', '')}".encode()
    for piece in (*scope.split("/"), text):
        key = hmac.digest(key, piece.encode(), "sha256")
    credential = f"{variables.get('AWS_ACCESS_KEY_ID', '')}/{scope}"
    headers["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders={names}, Signature={key.hex()}"
    )
    return endpoint, headers, body


def read_secret(arn: str) -> str:
    """The text of a secret now. Raises NoSecretError and OSError."""
    endpoint, headers, body = signed(arn, os.environ, time.time())
    url = urlsplit(endpoint)
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    connection = kind(url.netloc, timeout=TIMEOUT)
    try:
        connection.request("POST", "/", body, headers)
        answer = connection.getresponse()
        content = answer.read()
    finally:
        connection.close()
    try:
        found = json.loads(content)
    except ValueError:
        found = {}
    if answer.status != http.client.OK:
        raise NoSecretError(
            f"{found.get('__type', answer.status)} {found.get('message') or found.get('Message')}"
        )
    if "SecretString" not in found:
        raise NoSecretError("The secret has no text.")
    return str(found["SecretString"])


def at_the_start(variables: Mapping[str, str], read: Callable[[str], str]) -> dict[str, str]:
    """The first values. A call that fails is repeated."""
    for number in range(TRIES):
        try:
            return compose(variables, read)
        except (NoSecretError, OSError, http.client.HTTPException):
            if number == TRIES - 1:
                raise
    raise AssertionError


def log(level: str, text: str) -> None:
    """One entry in the function's log: https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-advanced.html."""
    entry = {"timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), "level": level}
    os.write(2, f"{json.dumps({**entry, 'message': f'Kanmon: {text}'})}\n".encode())


def forward(api: str, method: str, path: str, headers: Headers, body: bytes) -> Answer:
    """Pass a request to Lambda's Runtime API. The next event may take hours."""
    connection = http.client.HTTPConnection(api)
    try:
        kept = {name: value for name, value in headers if name.lower() not in OWN_HEADERS}
        connection.request(method, path, body or None, kept)
        answer = connection.getresponse()
        content = answer.read()
        passed = [one for one in answer.getheaders() if one[0].lower() not in OWN_HEADERS]
        return answer.status, passed, content
    finally:
        connection.close()


class StartedFunction:
    """The app's runtime, a process of its own that gets its events from here."""

    def __init__(
        self,
        start: Callable[[Mapping[str, str]], subprocess.Popen[bytes]],
        compose_now: Callable[[], dict[str, str]],
        ask: Callable[..., Answer],
        now: Callable[[], float] = time.time,
    ) -> None:
        self._start, self._compose, self._ask, self._now = start, compose_now, ask, now
        self._values: dict[str, str] = {}
        self._looked, self._failed = 0.0, False
        self._held: Answer | None = None
        self._lock = threading.Lock()
        self.runtime: subprocess.Popen[bytes]

    def begin(self, values: dict[str, str]) -> None:
        """Start the runtime with the first values."""
        self._values, self._looked = values, self._now()
        self.runtime = self._start(values)

    def answer(self, method: str, path: str, headers: Headers, body: bytes) -> Answer | None:
        """Lambda's answer to a request of the runtime. None to a runtime that has ended."""
        if path.endswith("/invocation/next"):
            return self._next(method, path, headers)
        if path.endswith("/error") or (path.endswith("/response") and FAILED.search(body)):
            self._failed = True
        return self._ask(method, path, headers, body)

    def _next(self, method: str, path: str, headers: Headers) -> Answer | None:
        if self._held is None:
            self._held = self._ask(method, path, headers, b"")
        if self._is_due() and self._changed():
            self._restart()
            return None
        event, self._held = self._held, None
        return event

    def _is_due(self) -> bool:
        # The time of day: the monotonic clock may stand still while Lambda keeps the environment frozen.
        return self._failed or not 0 <= self._now() - self._looked < LOOK

    def _changed(self) -> bool:
        before = self._values
        try:
            self._values = self._compose()
        except (NoSecretError, OSError, http.client.HTTPException) as error:
            log("WARN", f"the secrets could not be read again, so the known values stay. {error}")
        self._looked, self._failed = self._now(), False
        return self._values != before

    def _restart(self) -> None:
        log("INFO", "a secret changed, so the function starts again.")
        with self._lock:
            self.runtime.kill()
            self.runtime.wait()
            self.runtime = self._start(self._values)

    def terminate(self, *_: object) -> None:
        """Pass Lambda's signal for the end on to the runtime."""
        self.runtime.terminate()

    def wait(self) -> int:
        """The exit status of the runtime, when it ends by itself."""
        while True:
            runtime = self.runtime
            status = runtime.wait()
            with self._lock:
                if runtime is self.runtime:
                    return status if status >= 0 else 128 - status


def server(function: StartedFunction) -> http.server.ThreadingHTTPServer:
    """The Runtime API for the runtime, on a free port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle_request(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            answer = function.answer(self.command, self.path, self.headers.items(), body)
            if answer is None:
                self.close_connection = True
                return
            status, headers, content = answer
            self.send_response_only(status)
            for name, value in headers:
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_PUT = do_DELETE = handle_request  # noqa: N815 - named by http.server

    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.daemon_threads = True
    return made


def main() -> int:
    """Run the function until its runtime ends. Returns the runtime's exit status."""
    api, command = os.environ["AWS_LAMBDA_RUNTIME_API"], sys.argv[1:]

    def ask(method: str, path: str, headers: Headers, body: bytes) -> Answer:
        return forward(api, method, path, headers, body)

    def start(values: Mapping[str, str]) -> subprocess.Popen[bytes]:
        here = f"127.0.0.1:{proxy.server_address[1]}"
        # Lambda hands the runtime a descriptor for its log.
        return subprocess.Popen(
            command, close_fds=False, env={**os.environ, **values, "AWS_LAMBDA_RUNTIME_API": here}
        )

    function = StartedFunction(start, lambda: compose(os.environ, read_secret), ask)
    proxy = server(function)
    try:
        values = at_the_start(os.environ, read_secret)
    except (NoSecretError, OSError, http.client.HTTPException) as error:
        log("ERROR", f"the function can't start without its secrets. {error}")
        report = {
            "errorMessage": f"Kanmon could not read the secrets. {error}",
            "errorType": "Kanmon.Secrets",
        }
        ask("POST", "/2018-06-01/runtime/init/error", [], json.dumps(report).encode())
        return 1
    threading.Thread(target=proxy.serve_forever, daemon=True).start()
    function.begin(values)
    signal.signal(signal.SIGTERM, function.terminate)
    return function.wait()


if __name__ == "__main__":
    sys.exit(main())
