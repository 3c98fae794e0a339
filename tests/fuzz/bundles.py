"""Hostile trees of build output, state machines, bundles and plans."""

from __future__ import annotations

import json
import os
import random
from typing import TYPE_CHECKING, Any

from tests.fuzz.case import CONFIG, Case, Make, cases, file, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def _sparse(name: str) -> Make:
    def make(folder: Path) -> None:
        with (folder / name).open("wb") as content:
            content.truncate(5 * 1024**3)

    return make


def _link(name: str, target: str) -> Make:
    def make(folder: Path) -> None:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(target)

    return make


def _crossed(folder: Path) -> None:
    _link("build/api/a/x", "../b")(folder)
    _link("build/api/b/x", "../a")(folder)


def _locked(name: str) -> Make:
    def make(folder: Path) -> None:
        write(folder / name, "{}")
        (folder / name).chmod(0)

    return make


def _deep(name: str) -> Make:
    def make(folder: Path) -> None:
        at = os.open(folder / name, os.O_RDONLY)
        for _ in range(1500):
            os.mkdir("d", dir_fd=at)
            at, old = os.open("d", os.O_RDONLY, dir_fd=at), at
            os.close(old)
        os.close(at)

    return make


def _many(name: str, count: int) -> Make:
    def make(folder: Path) -> None:
        for number in range(count):
            (folder / name / f"f{number}").touch()

    return make


def _named(name: bytes) -> Make:
    return lambda folder: write(folder / "build/api" / os.fsdecode(name), "x")


_NAMES = [b"\xff", b"a\nb", b"a\rb", b"\x1b[2J", b"a\\b", b"-rf", b" ", b"a" * 255, "日本語".encode(), b"\xe2\x80\xae",
          b"...", b"a:b", b"CON", b"*", b"$(id)", b"::error::x", b"\xed\xa0\x80", b"'\"", b"{{x}}", b"%00"]  # fmt: skip
_TREES: dict[str, Make] = {
    "a sparse function": _sparse("build/api/large"),
    "a sparse page": _sparse("web/dist/large"),
    "a deep function": _deep("build/api"),
    "deep pages": _deep("web/dist"),
    "20,000 files": _many("build/api", 20_000),
    "a link out": _link("build/api/x", "/etc/passwd"),
    "a link up": _link("build/api/x", "../../kanmon.yml"),
    "a link to itself": _link("build/api/x", "x"),
    "a link to a folder": _link("build/api/x", "."),
    "a link to nothing": _link("build/api/x", "missing"),
    "a link to zeros": _link("build/api/x", "/dev/zero"),
    "a page that is a link": _link("web/dist/x", "/dev/zero"),
    "a pipe": lambda folder: os.mkfifo(folder / "build/api/x"),
    "a pipe among pages": lambda folder: os.mkfifo(folder / "web/dist/x"),
    "no page": lambda folder: (folder / "web/dist/index.html").unlink(),
    "no function": lambda folder: (folder / "build/api/shop.py").unlink(),
    "a link to another package": _link("build/api/node_modules/shared", "../../../web"),
    "links to each other's folders": _crossed,
    "a handler of brackets": file("build/api/shop.py", "(" * 100_000),
    "a handler of operators": file("build/api/shop.py", "-" * 400_000 + "1"),
    "a handler without text": file("build/api/shop.py", b"\0\xff" * 1000),
    "four bytes of a library": file("build/api/x.so", b"\x7fELF"),
    "a library without permission": _locked("build/api/x.so"),
    "a folder without permission": lambda folder: (folder / "build/api").chmod(0),
    "a bundle that is a link": _link("build/bundle", "/tmp"),
    "a bundle that is a file": file("build/bundle", "x"),
    "a bundle that is a link to nothing": _link("build/bundle", "missing"),
    "a build that is a link": _link("build/x", ".."),
    "a command with a failure": file("kanmon.yml", CONFIG + "build: {commands: ['exit 3']}\n"),
    "a command that prints no text": file("kanmon.yml", CONFIG + "build: {commands: ['head -c 9999 /dev/urandom; false']}\n"),
    "a command that does not exist": file("kanmon.yml", CONFIG + "build: {commands: ['nothing-of-this-name']}\n"),
    **{f"the name {name!r}": _named(name) for name in _NAMES},
}  # fmt: skip
_STATES: dict[str, str | bytes | Callable[[], str | bytes]] = {
    "nothing": "",
    "a text": "hello",
    "null": "null",
    "NUL": b"\0",
    "no UTF-8": b"\xff",
    "deep": "[" * 200_000,
    "deep machines": lambda: '{"StartAt": "a", "States": {"a": {"Type": "Map", "End": true, "ItemProcessor": ' * 200 + "{}" + "}}}" * 200,
    "deeper machines": lambda: '{"StartAt": "a", "States": {"a": {"Type": "Map", "End": true, "ItemProcessor": ' * 5000 + "{}" + "}}}" * 5000,
    "2 MB": " " * 2_000_000,
    "placeholders": lambda: '{"a": "' + "${" * 400_000 + '"}',
    "placeholders of a machine": lambda: '{"StartAt": "a", "States": {"a": {"Type": "Pass", "End": true, "Comment": "' + "${" * 400_000 + '"}}}',
    "a placeholder of 1 MB": lambda: '{"StartAt": "a", "States": {"a": {"Type": "Pass", "End": true, "Comment": "${' + "x" * 900_000 + '}"}}}',
    "12,000 states": lambda: json.dumps({"StartAt": "s0", "States": {f"s{n}": {"Type": "Pass", "Next": f"s{n + 1}"} for n in range(12_000)}}),
    "a start in a list": '{"StartAt": ["a"], "States": {"a": {"Type": "Pass", "End": true}}}',
    "a next in a map": '{"StartAt": "a", "States": {"a": {"Type": "Pass", "Next": {}}}}',
    "a type in a list": '{"StartAt": "a", "States": {"a": {"Type": []}}}',
    "choices in a text": '{"StartAt": "a", "States": {"a": {"Type": "Choice", "Choices": "x"}}}',
    "digits": '{"a": ' + "9" * 5000 + "}",
    "half of a character": '{"StartAt": "\\ud800", "States": {"\\ud800": {"Type": "Pass", "End": true}}}',
    "a key twice": '{"StartAt": "a", "StartAt": "b", "States": {"a": {"Type": "Pass", "End": true}}}',
}  # fmt: skip


def _state(content: str | bytes | Callable[[], str | bytes]) -> Make:
    def make(folder: Path) -> None:
        write(folder / "kanmon.yml", CONFIG + "state_machines: {report: {definition: a.json}}\n")
        write(folder / "a.json", content() if callable(content) else content)

    return make


_MANIFEST: dict[str, Any] = {
    "version": 1, "app": "shop", "commit": "c", "tools": {}, "state_machines": {},
    "functions": {"api": {"sha256": "0" * 64, "size": 1, "files": {}}},
    "web": {"index.html": {"sha256": "0" * 64, "size": 1, "immutable": False}},
    "config": {"app": "shop", "environment": "production", "functions": {"api": {}}, "web": {}, "checks": []},
}  # fmt: skip
_VALUES: list[Any] = [None, "", -1, 1e308, [], {}, "../x", "/etc", "x" * 100_000, "\0", "\ud800", [[[[]]]]]


def _changed(section: str, value: object) -> Make:
    return file("build/bundle/manifest.json", lambda: json.dumps({**_MANIFEST, section: value}))


_RAW: dict[str, Make] = {
    "a pipe": lambda folder: (folder / "build/bundle").mkdir() or os.mkfifo(folder / "build/bundle/manifest.json"),  # type: ignore[func-returns-value]
    "zeros without end": _link("build/bundle/manifest.json", "/dev/zero"),
    "a folder": lambda folder: (folder / "build/bundle/manifest.json").mkdir(parents=True),
    "nothing": file("build/bundle/manifest.json", ""),
    "deep": file("build/bundle/manifest.json", "[" * 500_000),
    "40 MB": file("build/bundle/manifest.json", lambda: " " * 40_000_000),
    "no UTF-8": file("build/bundle/manifest.json", b"\xff\xfe"),
    "100,000 pages": _changed("web", {f"p{n}": _MANIFEST["web"]["index.html"] for n in range(100_000)}),
    "a page that leads away": _changed("web", {"../../x": _MANIFEST["web"]["index.html"]}),
    "no function": _changed("functions", {}),
    "no page": _changed("web", {}),
    "a package that leads away": _changed("functions", {"api": {"sha256": "../../../x", "size": 1, "files": {}}}),
}  # fmt: skip
_PLANS: dict[str, Make] = {
    "a pipe": lambda folder: os.mkfifo(folder / "plan.json"),
    "zeros without end": _link("plan.json", "/dev/zero"),
    "a folder": lambda folder: (folder / "plan.json").mkdir(),
    "a link to itself": _link("plan.json", "plan.json"),
    "missing": lambda _: None,
    "sparse": _sparse("plan.json"),
    "no permission": _locked("plan.json"),
}
_PLAN_TEXTS: dict[str, str | bytes] = {
    "nothing": "", "null": "null", "a list": "[]", "a text": "plan", "deep": "[" * 500_000, "NUL": b"\0",
    "no UTF-8": b"\xff", "digits": "9" * 5000, "not a number": '{"plan": NaN, "digest": Infinity}',
    "no plan": '{"digest": ""}', "no digest": '{"plan": {}}', "a plan in a list": '{"plan": [], "digest": ""}',
    "half of a character": '{"plan": "\\ud800", "digest": "\\ud800"}', "a long text": '{"plan": "' + "x" * 9_000_000 + '"}',
    "deep in a plan": '{"digest": "", "plan": ' + '{"a":' * 50_000, "a key twice": '{"plan": {}, "plan": 1, "digest": 2}',
}  # fmt: skip


def _junk(seed: int) -> str:
    chance = random.Random(seed)
    text = list(json.dumps(_MANIFEST))
    for _ in range(chance.randint(1, 6)):
        text[chance.randrange(len(text))] = chance.choice(
            ["", "{", "}", '"', "\\u0000", "9" * 40, "null", "[", ",", "\\"]
        )
    return "".join(text)


def bundle_cases() -> list[Case]:
    """All of them."""
    values = {
        f"{section}: {str(value)[:9]!r}": _changed(section, value)
        for section in _MANIFEST
        for value in _VALUES[:4]
    }
    junk = {f"mutation {n}": file("build/bundle/manifest.json", _junk(n)) for n in range(30)}
    plans = _PLANS | {name: file("plan.json", text) for name, text in _PLAN_TEXTS.items()}
    render = ("render", "--output", "out")
    return [
        *cases("trees", ("build",), _TREES),
        *cases("state machines", ("build",), {name: _state(content) for name, content in _STATES.items()}),
        *cases("bundles", render, _RAW | values | junk),
        *cases("plans", ("deploy", "--plan", "plan.json", "--yes"), plans),
    ]
