"""Checks against a real server in this process: until they hold, fail for sure, or time is up (CD-7)."""

from __future__ import annotations

import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, cast

import pytest

from kanmon.checks import Answer, Checks, Edge, Target
from kanmon.config import Check

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LIVE = Target("live", "r2")
TRIAL = Target("candidate", "r2", "r2-secret")
FROM_R2, FROM_R1 = (200, "r2"), (200, "r1")
BROKEN = (500, "r2")
Script = list[tuple[int, str]]


@pytest.fixture(autouse=True)
def _hurry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kanmon.checks.runner._PAUSE", 0.001)
    monkeypatch.setattr("kanmon.checks.runner._LONGEST_PAUSE", 0.005)


class Server(ThreadingHTTPServer):
    """Answers from a script, the last line of it for ever; remembers the requests."""

    daemon_threads = True

    def __init__(self, script: Script) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = list(script)
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.before: Callable[[], object] = lambda: None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server = cast("Server", self.server)
        sent = self.rfile.read(int(self.headers.get("content-length", 0)))
        headers = {name.lower(): value for name, value in self.headers.items()}
        server.asked.append((self.command, self.path, headers, sent))
        server.before()
        status, release = server.script.pop(0) if len(server.script) > 1 else server.script[0]
        self.send_response(status)
        if release:
            self.send_header("X-Kanmon-Release", release)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_POST = do_GET  # noqa: N815

    def log_message(self, *_: object) -> None:
        pass


@contextmanager
def serving(*script: tuple[int, str]) -> Iterator[Server]:
    with Server(list(script)) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.005,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def check(**content: Any) -> Check:
    return Check.model_validate({"name": "health", "path": "/api/health", "deadline": "5s", **content})


def checks_on(server: Server) -> Checks:
    return Checks(Edge("shop.example", server.url))


def test_as_many_successes_in_a_row_as_were_asked_for_pass() -> None:
    with serving(FROM_R2) as server:
        [result] = checks_on(server).run([check(successes=3)], LIVE)
    assert (result.passed, result.attempts, result.release, result.failure) == (True, 3, "r2", "")
    assert result.seconds > 0


def test_a_failure_in_between_begins_the_count_of_successes_anew() -> None:
    with serving(FROM_R2, BROKEN, FROM_R2) as server:
        [result] = checks_on(server).run([check(successes=2)], LIVE)
    assert (result.passed, result.attempts) == (True, 4)


def test_failures_in_a_row_end_it_long_before_the_deadline() -> None:
    with serving(BROKEN) as server:
        [result] = checks_on(server).run([check(failures=3, deadline="60s")], LIVE)
    assert (result.passed, result.attempts) == (False, 3)
    assert "500 instead of 200" in result.failure


def test_a_success_in_between_begins_the_count_of_failures_anew() -> None:
    with serving(BROKEN, FROM_R2, BROKEN) as server:
        [result] = checks_on(server).run([check(failures=2)], LIVE)
    assert (result.passed, result.attempts) == (False, 4)


def test_another_release_s_answers_are_waited_out() -> None:
    """CD-8: a pointer that was just moved has not come everywhere yet."""
    with serving(*[FROM_R1] * 8, FROM_R2) as server:
        [result] = checks_on(server).run([check(failures=2)], LIVE)
    assert (result.passed, result.attempts) == (True, 10)


def test_another_release_s_answers_fail_at_the_deadline() -> None:
    with serving(FROM_R1) as server:
        [result] = checks_on(server).run([check(failures=1, deadline="500ms")], LIVE)
    assert not result.passed
    assert result.attempts > 1
    assert result.failure == "answered by r1 instead of r2"
    assert result.release == "r1"


def test_too_few_successes_at_the_deadline_are_no_pass() -> None:
    with serving(FROM_R2) as server:
        [result] = checks_on(server).run([check(successes=20, deadline="1ms")], LIVE)
    assert not result.passed
    assert "successes in a row in time" in result.failure


def test_the_request_is_as_the_check_says_and_names_the_app_s_domain() -> None:
    wanted = check(
        method="POST", path="/api/goals?a=1", body='{"a": 1}', headers={"X-Test": "yes"}, successes=1
    )
    with serving(FROM_R2) as server:
        checks_on(server).run([wanted], LIVE)
    [(method, path, headers, body)] = server.asked
    assert (method, path, body) == ("POST", "/api/goals?a=1", b'{"a": 1}')
    assert headers["host"] == "shop.example"
    assert headers["x-test"] == "yes"
    assert "cookie" not in headers


def test_a_trial_is_asked_for_by_its_cookie() -> None:
    """CD-7, CD-8: the candidate, through the real edge, before any user."""
    with serving(FROM_R2) as server:
        checks_on(server).run([check(successes=1)], TRIAL)
    assert server.asked[0][2]["cookie"] == "kanmon-preview=r2-secret"


def test_a_check_s_own_cookie_is_sent_to_a_trial_too() -> None:
    with serving(FROM_R2) as server:
        checks_on(server).run([check(successes=1, headers={"cookie": "session=1"})], TRIAL)
    assert set(server.asked[0][2]["cookie"].split("; ")) == {"session=1", "kanmon-preview=r2-secret"}


def test_a_redirect_is_an_answer_and_is_not_followed() -> None:
    with serving((302, "r2")) as server:
        [result] = checks_on(server).run([check(successes=1, expect={"status": 302})], LIVE)
    assert result.passed
    assert len(server.asked) == 1


def test_a_refused_connection_is_a_failure_and_not_an_exception() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    [result] = Checks(Edge("shop.example", f"http://127.0.0.1:{port}")).run([check(failures=2)], LIVE)
    assert (result.passed, result.attempts, result.release) == (False, 2, "")
    assert result.failure.startswith("no answer: ")


def test_a_broken_answer_is_a_failure_and_not_an_exception() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def hang_up() -> None:
            for _ in range(2):
                connection, _address = listening.accept()
                with connection:
                    connection.recv(1000)
                    connection.sendall(b"nonsense\r\n\r\n")

        thread = threading.Thread(target=hang_up)
        thread.start()
        url = f"http://127.0.0.1:{listening.getsockname()[1]}"
        [result] = Checks(Edge("shop.example", url)).run([check(failures=2)], LIVE)
        thread.join()
    assert result.failure.startswith("no answer: ")


def test_checks_run_side_by_side_and_come_in_their_order() -> None:
    """Each request waits until the other has come: one after the other would break the barrier."""
    both = threading.Barrier(2, timeout=5)
    with serving(FROM_R2) as server:
        server.before = both.wait
        wanted = [check(name="first", successes=1), check(name="second", successes=1)]
        results = checks_on(server).run(wanted, LIVE)
    assert [result.check.name for result in results] == ["first", "second"]
    assert all(result.passed for result in results)


def test_no_checks_are_no_results() -> None:
    assert Checks(Edge("shop.example", "http://127.0.0.1:1")).run([], LIVE) == []


class RaisingEdge:
    """One check raises what nobody foresaw; the others' release never comes."""

    def ask(self, check: Check, target: Target, timeout: float) -> Answer:
        del target, timeout
        if check.name == "bad":
            raise KeyboardInterrupt
        return Answer(200, {"x-kanmon-release": "r1"}, b"", 0.0)


@pytest.mark.parametrize(
    "names",
    [
        ["bad", "patient"],
        ["patient", "bad"],
    ],
    ids=["first", "last"],
)
def test_an_interruption_does_not_wait_for_the_other_checks_deadlines(names: list[str]) -> None:
    """CD-13: it would wait for ten minutes."""
    with pytest.raises(KeyboardInterrupt):
        Checks(cast("Any", RaisingEdge())).run([check(name=name, deadline="10m") for name in names], LIVE)
