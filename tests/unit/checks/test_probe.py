"""One request of a smoke check through the edge (CD-7)."""

from __future__ import annotations

import gzip
import socket
import time
from dataclasses import replace
from functools import partial
from itertools import repeat
from threading import Timer
from typing import TYPE_CHECKING, Any

import pytest
from urllib3.connection import HTTPSConnection

from kanmon.checks import probe
from kanmon.checks.probe import LARGEST, Edge, NoAnswerError, Target, preview_address
from kanmon.config.checks import Check
from tests.unit.checks.server import FROM_R2, Request, sending, serving

if TYPE_CHECKING:
    from collections.abc import Iterable

    from kanmon.model import Answer

LIVE = Target("live", "r2")
CANDIDATE = Target("candidate", "r2", "r2-secret")


def _request(target: Target, **content: Any) -> Request:
    """The request that the server gets of a check."""
    check = Check.model_validate({"name": "health", "path": "/api/health", **content})
    with serving(FROM_R2) as server:
        server.edge.ask(check, target, 5)
    [request] = server.requests
    return request


def test_a_request_is_as_its_check_says() -> None:
    request = _request(LIVE, method="POST", path="/api/goals?a=1", body='{"a": 1}', headers={"X-Test": "yes"})
    assert request.method == "POST"
    assert request.path == "/api/goals?a=1"
    assert request.body == b'{"a": 1}'
    assert request.headers["x-test"] == "yes"


def test_a_request_names_the_apps_domain() -> None:
    assert _request(LIVE).headers["host"] == "shop.example"


def test_a_request_to_the_live_release_has_no_cookie() -> None:
    assert "cookie" not in _request(LIVE).headers


def test_a_request_to_a_candidate_has_the_previews_cookie() -> None:
    """CD-7, CD-8: the candidate, through the real edge, before any user."""
    assert _request(CANDIDATE).headers["cookie"] == "kanmon-preview=r2-secret"


@pytest.mark.parametrize("name", ["cookie", "Cookie"])
def test_a_checks_own_cookie_is_sent_to_a_candidate_too(name: str) -> None:
    cookie = _request(CANDIDATE, headers={name: "session=1"}).headers["cookie"]
    assert set(cookie.split("; ")) == {"session=1", "kanmon-preview=r2-secret"}


def test_a_domain_name_of_ones_own_is_asked_for_at_the_distribution() -> None:
    """ADP-3, CD-7: before the DNS points there, and with a cookie that no host beside it can set."""
    check = Check.model_validate({"name": "health", "path": "/api/health"})
    with serving(FROM_R2) as server:
        replace(server.edge, own_name="shop.example.com").ask(check, CANDIDATE, 5)
    [request] = server.requests
    assert request.headers["host"] == "shop.example.com"
    assert request.headers["cookie"] == "__Host-kanmon-preview=r2-secret"
    edge = Edge("d1.cloudfront.net", own_name="shop.example.com")
    assert edge.url == "https://shop.example.com"
    connection = edge._connection(5)
    assert isinstance(connection, HTTPSConnection)
    assert (connection.host, connection.server_hostname) == ("d1.cloudfront.net", "shop.example.com")


def test_a_preview_has_an_address_for_browsers() -> None:
    assert preview_address("https://shop.example", "r2-secret") == (
        "https://shop.example/?kanmon-preview=r2-secret"
    )


BEGIN = b"HTTP/1.1 200 OK\r\n"


def _answer(sent: Iterable[bytes], every: float = 0.0, timeout: float = 5) -> Answer:
    with sending(sent, every) as edge:
        return edge.ask(Check.model_validate({"name": "health", "path": "/"}), LIVE, timeout)


def _failure(sent: Iterable[bytes], every: float = 0.0, timeout: float = 5) -> str:
    with pytest.raises(NoAnswerError) as failed:
        _answer(sent, every, timeout)
    return str(failed.value)


def test_a_path_of_any_language_is_encoded() -> None:
    assert _request(LIVE, path="/検索?q=ü%20").path == "/%E6%A4%9C%E7%B4%A2?q=%C3%BC%20"


@pytest.mark.parametrize(
    "drip",
    [
        [b"H"],
        [BEGIN, *repeat(b"a", 100)],
        [BEGIN, b"content-length: 5000\r\n\r\n", *repeat(b"a", 100)],
        [BEGIN, b"transfer-encoding: chunked\r\n\r\n", *repeat(b"1", 100)],
        [BEGIN, b"transfer-encoding: chunked\r\n\r\n", *repeat(b"1\r\na\r\n", 100)],
    ],
)
def test_a_dripping_answer_ends_at_the_timeout(drip: list[bytes]) -> None:
    """TRU-6: a socket's timeout begins anew with every byte."""
    began = time.monotonic()
    assert _failure([*drip, *repeat(b"", 100)], every=0.05, timeout=0.3) == "none within 0.3 s"
    assert time.monotonic() - began < 2


@pytest.mark.parametrize("sent", [[], [BEGIN], [BEGIN, b"content-length: 5000\r\n\r\n", b"a"]])
def test_a_silent_answer_reads_as_a_dripping_one(monkeypatch: pytest.MonkeyPatch, sent: list[bytes]) -> None:
    """Which of the two timers ends first is chance: here the socket's own."""
    monkeypatch.setattr(probe, "Timer", partial(_timer, Timer))
    assert _failure([*sent, *repeat(b"", 100)], every=0.05, timeout=0.2) == "none within 0.2 s"


def test_a_refused_connection_is_not_a_late_answer() -> None:
    """CD-7: the reason leads to the network, and not to the app."""
    with socket.socket() as unheard:
        unheard.bind(("127.0.0.1", 0))
        edge = Edge("d1.cloudfront.net", endpoint_url=f"http://127.0.0.1:{unheard.getsockname()[1]}")
        with pytest.raises(NoAnswerError, match="Connection refused"):
            edge.ask(Check.model_validate({"name": "health", "path": "/"}), LIVE, 5)


def test_an_unknown_name_is_not_a_late_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """CD-7: the reason leads to the DNS."""

    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(NoAnswerError, match=r"Failed to resolve 'd1\.cloudfront\.net'"):
        Edge("d1.cloudfront.net").ask(Check.model_validate({"name": "health", "path": "/"}), LIVE, 5)


def _timer(timer: type[Timer], interval: float, *given: Any) -> Timer:
    return timer(interval + 60, *given)


def test_a_body_without_end_is_cut() -> None:
    """TRU-6: it must not fill the memory."""
    answer = _answer([BEGIN, b"\r\n", *repeat(b"a" * 65536, 100)])
    assert len(answer.body) == LARGEST
    assert answer.cut


def test_a_body_of_the_greatest_size_is_whole() -> None:
    answer = _answer([BEGIN, b"content-length: %d\r\n\r\n" % LARGEST, b"a" * LARGEST])
    assert len(answer.body) == LARGEST
    assert not answer.cut


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_a_packed_body_is_cut_unpacked(layers: int) -> None:
    """TRU-6: some kilobytes may stand for gigabytes."""
    body = bytes(5 * LARGEST)
    for _ in range(layers):
        body = gzip.compress(body)
    encodings = ", ".join(["gzip"] * layers).encode()
    answer = _answer(
        [BEGIN, b"content-encoding: %b\r\ncontent-length: %d\r\n\r\n" % (encodings, len(body)), body]
    )
    assert len(answer.body) == LARGEST
    assert answer.cut


@pytest.mark.parametrize(
    "sent",
    [
        [],
        [b"\x00" * 100],
        [b"HTTP/9.9 abc\r\n\r\n"],
        [BEGIN, *repeat(b"a: b\r\n", 200), b"\r\n"],
        [BEGIN, b"a: " + b"b" * 70_000 + b"\r\n\r\n"],
        [BEGIN, b"content-encoding: gzip\r\n\r\nno gzip"],
        [BEGIN, b"content-length: 10\r\n\r\nshort"],
        [BEGIN, b"transfer-encoding: chunked\r\n\r\nxyz\r\n"],
        [BEGIN, b"transfer-encoding: chunked\r\n\r\nfffffffffffffffffffffff\r\n" + b"a" * 1000],
        [BEGIN, b"content-encoding: " + b"gzip, " * 20 + b"gzip\r\n\r\n"],
    ],
)
def test_what_is_no_answer_says_so(sent: list[bytes]) -> None:
    assert _failure(sent)
