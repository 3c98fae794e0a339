"""A function with values of secrets in its variables: its start, and what a rotation does (ADP-4)."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.bundle import starter
from kanmon.bundle.starter.start import NoSecretError, StartedFunction
from tests.unit.bundle.starting import ENCODED, SECRET, Lambda

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

CLOCK = "const n = Date.now; Date.now = () => n() + Number(require('fs').readFileSync(process.env.CLOCK));"


@pytest.fixture(params=["python", "nodejs"])
def function(request: pytest.FixtureRequest) -> Iterator[Lambda]:
    with Lambda(request.param) as made:
        yield made


def test_values_are_put_in_at_the_start(function: Lambda) -> None:
    """Percent-encoded inside of an address, and as they are elsewhere. Each secret is read once."""
    answer = function.start().invoke(n=1)
    variables = answer["env"]
    assert variables["DATABASE_URL"] == f"postgresql://first:{ENCODED}@h:5432/shop?a=b"
    assert (variables["PGPASSWORD"], variables["JWT_SECRET"]) == (SECRET, "token")
    assert variables["PLAIN"] == "as ${it} is"
    assert answer["headers"]["Lambda-Runtime-Trace-Id"] == "t-1"
    assert sorted(function.reads) == ["database", "jwt"]


def test_within_a_minute_there_is_no_other_look(function: Lambda) -> None:
    first = function.start().invoke()
    function.rotate("second")
    second = function.invoke()
    assert (second["pid"], second["env"]["DATABASE_URL"]) == (first["pid"], first["env"]["DATABASE_URL"])
    assert len(function.reads) == 2


@pytest.mark.parametrize("failure", [{"error": "login failed"}, {"statusCode": 500}])
def test_after_a_failure_the_new_value_is_there_at_once(function: Lambda, failure: dict[str, Any]) -> None:
    """The runtime starts again, and the next event is its first one: none is lost or comes twice."""
    first = function.start().invoke()
    function.rotate("second")
    function.invoke(**failure)
    later = [function.invoke(n=number) for number in range(3)]
    assert [one["n"] for one in later] == [0, 1, 2]
    assert {one["env"]["DATABASE_URL"] for one in later} == {f"postgresql://second:{ENCODED}@h:5432/shop?a=b"}
    assert len({first["pid"], *(one["pid"] for one in later)}) == 2
    status, log = function.end(exit=0)
    assert status == 0
    assert "a secret changed" in log


def test_after_a_failure_with_the_same_values_it_goes_on(function: Lambda) -> None:
    first = function.start().invoke()
    function.invoke(error="of the app")
    assert function.invoke()["pid"] == first["pid"]
    assert len(function.reads) == 4


def test_a_failed_look_leaves_the_known_values(function: Lambda) -> None:
    first = function.start().invoke()
    function.secrets.clear()
    function.invoke(error="login failed")
    assert function.invoke()["pid"] == first["pid"]
    _, log = function.end(exit=0)
    assert "ResourceNotFoundException No value of database." in log


def test_without_its_secrets_it_does_not_start(function: Lambda) -> None:
    """Lambda gets the reason, and the log has it; no value is in either."""
    function.secrets["database"] = f'{{"username": "{SECRET.replace(chr(34), "")}"}}'
    status, log = function.start().end()
    [report] = function.reports
    assert status == 1
    assert report["errorType"] == "Kanmon.Secrets"
    assert (
        "no text" in report["errorMessage"] or "with a text under the key password" in report["errorMessage"]
    )
    assert report["errorMessage"].removeprefix("Kanmon could not read the secrets. ") in log
    assert "p@ss" not in log + report["errorMessage"]


@pytest.mark.parametrize("character", ["\0", "\ud800"])
def test_a_value_that_no_variable_can_have_is_not_shown(function: Lambda, character: str) -> None:
    """TRU-3: the systems' own messages would show it."""
    function.secrets["database"] = json.dumps({"username": "first", "password": f"hidden{character}"})
    status, log = function.start().end()
    assert (status, len(function.reports)) == (1, 1)
    assert "no variable can have" in log
    assert "hidden" not in log


def test_a_passing_failure_at_the_start_is_repeated(function: Lambda) -> None:
    del function.secrets["jwt"]
    status, _ = function.start().end()
    assert (status, function.reads.count("jwt")) == (1, 3)


def test_it_ends_as_its_runtime_does(function: Lambda) -> None:
    """Lambda then makes a new environment."""
    assert function.start().end(exit=3)[0] == 3


def test_the_signal_for_the_end_goes_to_the_runtime(function: Lambda) -> None:
    function.start().invoke()
    assert function.end(send=True)[0] in {143, -15}


def test_the_runtime_has_lambdas_descriptor_for_its_log(function: Lambda) -> None:
    """https://github.com/aws/aws-lambda-python-runtime-interface-client: it writes frames into it."""
    reading, writing = os.pipe()
    function.descriptors = (writing,)
    function.start(_LAMBDA_TELEMETRY_LOG_FD=str(writing)).invoke(log=True)
    os.close(writing)
    assert os.read(reading, 100) == b"framed"
    os.close(reading)


def test_the_languages_own_variables_are_for_the_app() -> None:
    """An agent that these load would be there twice."""
    options = "--require=/nowhere/agent.cjs"
    with Lambda("nodejs") as node:
        status, log = node.start(NODE_OPTIONS=options).end()
        assert (status, "/nowhere/agent.cjs" in log, sorted(node.reads)) == (1, True, ["database", "jwt"])
    with Lambda("python") as python:
        assert python.start(PYTHONPATH="/nowhere").invoke()["env"]["PYTHONPATH"] == "/nowhere"


def test_node_looks_again_after_a_minute(tmp_path: Path) -> None:
    passed, clock = tmp_path / "passed", tmp_path / "clock.cjs"
    passed.write_text("0")
    clock.write_text(CLOCK)
    program = Path(starter.__file__).with_name("start.cjs")
    with Lambda("nodejs") as function:
        command = ["node", f"--require={clock}", str(program), *Lambda.command("nodejs")]
        first = function.run(command, CLOCK=str(passed)).invoke()
        function.rotate("second")
        passed.write_text("30000")
        assert function.invoke()["pid"] == first["pid"]
        passed.write_text("60001")
        assert function.invoke()["env"]["DATABASE_URL"].startswith("postgresql://second:")
        passed.write_text("0")
        function.rotate("third")
        assert function.invoke()["env"]["DATABASE_URL"].startswith("postgresql://third:")


class _Runtime:
    """A runtime's process in memory."""

    def kill(self) -> None: ...
    def wait(self) -> int:
        return 0


def _in_memory(values: list[dict[str, str]], clock: list[float]) -> tuple[StartedFunction, list[Any]]:
    started: list[Any] = []

    def start(given: Any) -> Any:
        started.append(dict(given))
        return _Runtime()

    def look() -> dict[str, str]:
        if not values:
            raise NoSecretError("refused")
        return values.pop(0)

    def ask(*_: object) -> Any:
        return 200, [], b"event"

    function = StartedFunction(start, look, ask, lambda: clock[0])
    function.begin({"URL": "a"})
    return function, started


def _next(function: StartedFunction) -> Any:
    return function.answer("GET", "/2018-06-01/runtime/invocation/next", [], b"")


@pytest.mark.parametrize(("later", "looks"), [(59.9, False), (60, True), (9999, True), (-1, True)])
def test_python_looks_again_after_a_minute(later: float, looks: bool) -> None:
    """Also when the clock was set back: nobody knows then how long ago the last look was."""
    clock = [1000.0]
    function, started = _in_memory([{"URL": "b"}], clock)
    clock[0] += later
    event: Callable[[], Any] = lambda: _next(function)  # noqa: E731
    assert (event() is None) == looks
    assert started == [{"URL": "a"}, *([{"URL": "b"}] if looks else [])]
    assert event()[2] == b"event"


def test_a_refused_look_waits_for_the_next_minute() -> None:
    clock = [0.0]
    function, started = _in_memory([], clock)
    clock[0] = 61
    assert _next(function)[2] == b"event"
    assert started == [{"URL": "a"}]
