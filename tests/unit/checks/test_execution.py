"""Checks are tried until enough successes or failures in a row, or until their deadline (CD-7)."""

from __future__ import annotations

import socket
import threading
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from kanmon.checks.execution import Checks
from kanmon.checks.hidden_values import NoValueError
from kanmon.checks.probe import Edge, Target
from kanmon.clock import SYSTEM_CLOCK
from kanmon.config.checks import Check
from kanmon.model import Answer
from kanmon.naming import API_HEADER
from tests.fakes.clock import Clock
from tests.unit.checks.server import BROKEN, FROM_R1, FROM_R2, serving

if TYPE_CHECKING:
    from kanmon.checks.execution import CheckResult

LIVE = Target("live", "r2")


def _check(**content: Any) -> Check:
    return Check.model_validate({"name": "health", "path": "/api/health", "deadline": "5s", **content})


def _result(*script: tuple[int, str], **content: Any) -> CheckResult:
    """The result of one check against a server's script."""
    with serving(*script) as server:
        [result] = Checks(server.edge, Clock()).run([_check(**content)], LIVE)
    return result


def test_enough_successes_in_a_row_pass() -> None:
    result = _result(FROM_R2, successes=3)
    assert result.passed
    assert result.tries == 3
    assert result.release == "r2"
    assert result.failure == ""
    assert result.seconds > 0


def test_a_failure_restarts_the_count_of_successes() -> None:
    result = _result(FROM_R2, BROKEN, FROM_R2, successes=2)
    assert result.passed
    assert result.tries == 4


def test_enough_failures_in_a_row_end_a_check() -> None:
    """Long before the deadline."""
    result = _result(BROKEN, failures=3, deadline="60s")
    assert not result.passed
    assert result.tries == 3
    assert "500 instead of 200" in result.failure


def test_a_success_restarts_the_count_of_failures() -> None:
    result = _result(BROKEN, FROM_R2, BROKEN, failures=2)
    assert not result.passed
    assert result.tries == 4


def test_answers_of_another_release_do_not_count_as_failures() -> None:
    """CD-8: a moved pointer needs time to arrive everywhere."""
    result = _result(*[FROM_R1] * 8, FROM_R2, failures=2, deadline="30s")
    assert result.passed
    assert result.tries == 10


NEW = replace(LIVE, arrival=90.0, api=("/api/*",))
FORBIDDEN, GATEWAY_ERROR = (403, ""), (500, "")


def _on_new_stage(*script: tuple[int, str], **content: Any) -> CheckResult:
    with serving(*script) as server:
        [result] = Checks(server.edge, Clock()).run([_check(**content)], NEW)
    return result


@pytest.mark.parametrize("early", [FORBIDDEN, (404, ""), GATEWAY_ERROR, (502, "")])
def test_a_new_stage_may_be_unknown_at_first(early: tuple[int, str]) -> None:
    """AWS-1: it takes time to be everywhere in API Gateway."""
    result = _on_new_stage(*[early] * 20, FROM_R2, failures=1, deadline="1s")
    assert result.passed
    assert result.arrived


def test_the_first_answer_of_a_new_stage_does_not_count() -> None:
    """AWS-1: it may be a cold start."""
    result = _on_new_stage(FORBIDDEN, BROKEN, FROM_R2, failures=1)
    assert result.passed


def test_a_named_failure_on_a_new_stage_ends_early() -> None:
    """AWS-1: the release itself answers, so its stage is there."""
    result = _on_new_stage(BROKEN, failures=3)
    assert not result.passed
    assert result.arrived
    assert result.tries == 3


def test_a_stage_unknown_for_too_long_is_a_failure() -> None:
    """AWS-1"""
    result = _on_new_stage(FORBIDDEN)
    assert not result.passed
    assert not result.arrived
    assert "does not know its new stage after 90 s: status is 403 instead of 200" in result.failure


def test_an_error_of_api_gateway_itself_shows_the_stage() -> None:
    """AWS-1: a crashed function has no name, but API Gateway's error has its header."""
    with serving((502, "")) as server:
        server.headers = {API_HEADER: "error"}
        [result] = Checks(server.edge, Clock()).run([_check(failures=2)], NEW)
    assert result.arrived
    assert result.tries == 2


@pytest.mark.parametrize(
    ("answer", "header", "invoked"),
    [
        ((500, ""), API_HEADER, False),
        ((429, ""), API_HEADER, False),
        ((502, ""), API_HEADER, True),
        ((500, "r2"), "x-app", True),
        ((500, ""), "x-app", True),
    ],
)
def test_a_check_knows_when_the_function_did_not_run(
    answer: tuple[int, str], header: str, invoked: bool
) -> None:
    """AWS-1: API Gateway answers a throttle of Lambda with its own 500, and a crash with 502."""
    with serving(answer) as server:
        server.headers = {header: "error"}
        [result] = Checks(server.edge, Clock()).run([_check(failures=2)], LIVE)
    assert not result.passed
    assert result.invoked is invoked


def test_a_page_needs_no_stage() -> None:
    """CD-7: a page that nobody can read fails at once, also on the stable release."""
    result = _on_new_stage(FORBIDDEN, failures=2, path="/")
    assert result.arrived
    assert result.tries == 2


def test_an_expected_403_needs_no_wait() -> None:
    with serving(FORBIDDEN) as server:
        check = _check(successes=1, expect={"status": 403, "release": False})
        [result] = Checks(server.edge, Clock()).run([check], NEW)
    assert result.passed
    assert len(server.requests) == 2


def test_answers_of_another_release_fail_at_the_deadline() -> None:
    result = _result(FROM_R1, failures=1, deadline="500ms")
    assert not result.passed
    assert result.tries > 1
    assert result.failure == "answered by r1 instead of r2"
    assert result.release == "r1"


def test_too_few_successes_at_the_deadline_fail() -> None:
    clock = Clock()
    with serving(FROM_R2) as server:
        server.before = lambda: clock.move(timedelta(seconds=2))
        [result] = Checks(server.edge, clock).run([_check(successes=20)], LIVE)
    assert not result.passed
    assert "successes in a row in time" in result.failure


def test_a_redirect_is_an_answer_of_its_own() -> None:
    with serving((302, "r2")) as server:
        [result] = Checks(server.edge, Clock()).run([_check(successes=1, expect={"status": 302})], LIVE)
    assert result.passed
    assert len(server.requests) == 1


def test_a_refused_connection_is_a_failed_check() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    edge = Edge("shop.example", f"http://127.0.0.1:{port}")
    [result] = Checks(edge, Clock()).run([_check(failures=2)], LIVE)
    assert not result.passed
    assert result.tries == 2
    assert result.release == ""
    assert result.failure.startswith("no answer: ")


def test_a_broken_answer_is_a_failed_check() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def hang_up() -> None:
            for _ in range(2):
                connection, _address = listening.accept()
                with connection:
                    connection.recv(1000)
                    connection.sendall(b"nonsense\r\n\r\n")

        thread = threading.Thread(target=hang_up)
        thread.start()
        edge = Edge("shop.example", f"http://127.0.0.1:{listening.getsockname()[1]}")
        [result] = Checks(edge, Clock()).run([_check(failures=2)], LIVE)
        thread.join()
    assert not result.passed
    assert result.failure.startswith("no answer: ")


def test_checks_run_side_by_side() -> None:
    """Each request waits for the other one: one after the other would break the barrier."""
    both = threading.Barrier(2, timeout=5)
    with serving(FROM_R2) as server:
        server.before = both.wait
        checks = [_check(name="first", successes=1), _check(name="second", successes=1)]
        results = Checks(server.edge, Clock()).run(checks, LIVE)
    assert all(result.passed for result in results)


def test_results_come_in_the_order_of_the_checks() -> None:
    names = [f"check-{number}" for number in range(8)]
    with serving(FROM_R2) as server:
        results = Checks(server.edge, Clock()).run([_check(name=name, successes=1) for name in names], LIVE)
    assert [result.check.name for result in results] == names


def test_no_checks_are_no_results() -> None:
    assert Checks(Edge("shop.example", "http://127.0.0.1:1"), Clock()).run([], LIVE) == []


class _RaisingEdge:
    """One check raises an unforeseen error; the others wait for their release in vain."""

    def ask(self, check: Check, target: Target, timeout: float) -> Answer:
        del target, timeout
        if check.name == "bad":
            raise KeyboardInterrupt
        return Answer(200, {"x-kanmon-release": "r1"}, b"", 0.0)


@pytest.mark.parametrize("names", [["bad", "patient"], ["patient", "bad"]], ids=["first", "last"])
def test_an_interruption_does_not_wait_for_other_checks(names: list[str]) -> None:
    """CD-13: that would be ten minutes."""
    checks = [_check(name=name, deadline="10m") for name in names]
    with pytest.raises(KeyboardInterrupt):
        Checks(cast("Any", _RaisingEdge()), SYSTEM_CLOCK).run(checks, LIVE)


class _Shop:
    """An app with a login. Its errors repeat all that they got."""

    def __init__(self, password: str = "canary-password", token: str = "canary-token") -> None:
        self.password, self.token = password, token
        self.asked: list[str] = []

    def ask(self, check: Check, target: Target, timeout: float) -> Answer:
        del timeout
        self.asked.append(check.name)
        headers = {"x-kanmon-release": target.release}
        if check.path == "/api/login":
            right = check.body == f'{{"password": "{self.password}"}}'
            body = f'{{"token": "{self.token}"}}' if right else f"wrong: {check.body}"
            cookies = {"sid": "canary-sid"} if right else {}
            return Answer(200 if right else 401, headers, body.encode(), 0.1, cookies=cookies)
        sent = check.headers.get("authorization"), check.headers.get("cookie")
        right = sent == ("Bearer canary-token", "sid=canary-sid")
        return Answer(200 if right else 403, headers, f"{sent}".encode(), 0.1)


LOGIN: dict[str, Any] = {
    "name": "login", "path": "/api/login", "method": "POST", "failures": 1,
    "body": '{"password": "${secrets.shopper.password}"}',
    "capture": {"json": {"token": "token"}, "cookies": ["sid"]},
}  # fmt: skip
MINE: dict[str, Any] = {
    "name": "mine", "path": "/api/mine", "failures": 1,
    "headers": {"authorization": "Bearer ${login.token}", "cookie": "sid=${login.sid}"},
}  # fmt: skip
CANARIES = '{"password": "canary-password"}'


def _logged_in(shop: _Shop, *checks: dict[str, Any]) -> list[CheckResult]:
    run = Checks(shop, Clock(), lambda name: {"shopper": CANARIES}[name]).run
    return run([Check.model_validate(check) for check in checks or (LOGIN, MINE)], LIVE)


def test_a_check_waits_for_the_login_that_it_needs() -> None:
    """CD-7: a page behind a login, by a token and by a cookie."""
    shop = _Shop()
    results = _logged_in(shop)
    assert [result.passed for result in results] == [True, True]
    assert shop.asked == ["login", "login", "mine", "mine"]


def test_a_failed_login_fails_all_that_needs_it_without_a_request() -> None:
    """Inconclusive never passes."""
    shop = _Shop(password="another")
    login, mine = _logged_in(shop)
    assert not login.passed
    assert not mine.passed
    assert mine.failure == "it needs login, which did not pass"
    assert shop.asked == ["login"]


def test_a_login_without_its_token_fails() -> None:
    login, mine = _logged_in(_Shop(token=""))
    assert login.failure == "token is no text and no number, so token can't be captured"
    assert not mine.passed


def test_a_login_that_is_not_among_the_checks_fails_what_needs_it() -> None:
    [mine] = _logged_in(_Shop(), MINE)
    assert not mine.passed


def test_an_app_that_repeats_a_value_leaks_none() -> None:
    """TRU-3: results are in the log and in the ledger."""
    wrong = MINE | {"headers": MINE["headers"] | {"cookie": "sid=${login.sid}x"}}
    expecting = MINE | {"name": "other", "expect": {"body": "nothing of it", "status": 403}}
    results = _logged_in(_Shop(), LOGIN, wrong, expecting | {"headers": wrong["headers"]})
    results += _logged_in(_Shop(password="another"))
    failures = [result.failure for result in results if not result.passed]
    assert len(failures) == 4
    assert "status is 403 instead of 200: \"('Bearer ***', 'sid=***x')\"" in failures
    assert "canary" not in repr(results)


def test_a_secret_that_nobody_can_read_fails_its_check_alone() -> None:
    def read(name: str) -> str:
        raise NoValueError(f"the secret {name} has no text")

    page = Check.model_validate({"name": "page", "path": "/api/mine", "expect": {"status": 403}})
    results = Checks(_Shop(), Clock(), read).run([Check.model_validate(LOGIN), page], LIVE)
    assert [result.passed for result in results] == [False, True]
    assert results[0].failure == "the secret shopper has no text"
    assert results[0].tries == 0
