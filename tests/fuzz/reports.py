"""Hostile test and coverage reports, and output of test commands."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from tests.fuzz.case import CONFIG, Case, Make, cases, file, write

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_JUNIT = (
    '<testsuites><testsuite name="s"><testcase classname="a.b" name="c" time="1"/></testsuite></testsuites>'
)
_TESTS = "test: {commands: [%s], results: [out/junit.xml]%s}\n"
_COVERAGE = ", coverage: {reports: [out/coverage]}"
_LINE = '<line number="{}" hits="1" condition-coverage="50% (1/2)"/>'


def _cobertura(lines: str, name: str = "build/api/shop.py") -> str:
    return (
        f'<coverage><packages><package><classes><class filename="{name}"><lines>{lines}</lines></class></classes>'
        "</package></packages></coverage>"
    )


def _cases(inner: str, count: int) -> Callable[[], str]:
    return lambda: (
        "<testsuite>" + "".join(inner.replace("#", str(number)) for number in range(count)) + "</testsuite>"
    )


_RESULTS: dict[str, str | bytes | Callable[[], str | bytes]] = {
    "nothing": "",
    "a text": "all passed",
    "an unknown root": "<html/>",
    "an open element": "<testsuite>",
    "two roots": "<testsuite/><testsuite/>",
    "NUL": "<testsuite>\0</testsuite>",
    "an external entity": '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><testsuite>&x;</testsuite>',
    "an external document type": '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x"><testsuite/>',
    "parameter entities": '<!DOCTYPE a [<!ENTITY % x "y"> %x;]><testsuite/>',
    "laughs": '<!DOCTYPE a [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><testsuite>&b;</testsuite>',
    "an unknown encoding": '<?xml version="1.0" encoding="klingon"?><testsuite/>',
    "escape characters": lambda: '<testsuite><testcase name="a"><failure>' + "\x1b[31m" * 5_000_000 + "</failure></testcase></testsuite>",
    "references to escape characters": lambda: '<testsuite><testcase name="a"><failure>' + "&#27;" * 9_000_000 + "</failure></testcase></testsuite>",
    "ampersands": lambda: "<testsuite>" + "&" * 40_000_000,
    "a reference without end": lambda: "<testsuite>&#" + "0" * 40_000_000,
    "counts without end": f'<testsuite failures="{"9" * 5000}" errors="{"9" * 9}"><testcase name="a"/></testsuite>',
    "100,000 suites that count errors": lambda: "<testsuites>" + '<testsuite name="a.b#" errors="9"/>' * 100_000 + "</testsuites>",
    "100,000 cases in 10,000 suites": lambda: "<testsuites>" + ("<testsuite>" + '<testcase classname="a.b" name="c"/>' * 10 + "</testsuite>") * 10_000 + "</testsuites>",
    "500,000 cases": _cases('<testcase name="#"/>', 500_000),
    "cases in cases": lambda: "<testsuite>" + '<testcase name="a">' * 90 + "</testcase>" * 90 + "</testsuite>",
    "UTF-16 of 40 MB": lambda: ("<testsuite>" + " " * 20_000_000 + "</testsuite>").encode("utf-16"),
    "UTF-8 called UTF-16": '<?xml version="1.0" encoding="utf-16"?><testsuite><testcase name="ü"/></testsuite>',
    "a slow encoding": lambda: b'<?xml version="1.0" encoding="punycode"?><testsuite>' + b"a-" * 1_000_000,
    "another kind": '<TestRun><Results/></TestRun>',
    "UTF-7": '<?xml version="1.0" encoding="utf-7"?><testsuite/>',
    "UTF-16": _JUNIT.encode("utf-16"),
    "half a byte order mark": b"\xff" + _JUNIT.encode(),
    "an invalid character": "<testsuite>&#0;</testsuite>",
    "half of a character": "<testsuite>&#xD800;</testsuite>",
    "deep elements": lambda: "<testsuite>" * 5000,
    "deep suites": lambda: "<testsuite>" * 99 + "</testsuite>" * 99,
    "1M cases": _cases('<testcase name="#"/>', 1_000_000),
    "100,000 cases": _cases('<testcase classname="a.b#" name="c"/>', 100_000),
    "200,000 failures": _cases('<testcase name="#"><failure message="m">x</failure></testcase>', 200_000),
    "20,000 class names": _cases('<testcase classname="a.b.c.d#" name="x"><failure/></testcase>', 20_000),
    "20,000 mentions": _cases('<testcase name="#"><failure>File "a#.py", line 1</failure></testcase>', 20_000),
    "a failure of 40 MB": lambda: f'<testsuite><testcase name="a"><failure>{"x" * 40_000_000}</failure></testcase></testsuite>',
    "mentions without end": lambda: f'<testsuite><testcase name="a"><failure>{"a.b:1 " * 1_000_000}</failure></testcase></testsuite>',
    "an attribute of 40 MB": lambda: f'<testsuite><testcase name="{"x" * 40_000_000}"/></testsuite>',
    "100,000 attributes": lambda: "<testsuite " + " ".join(f'a{n}="1"' for n in range(100_000)) + "/>",
    "60 MB": lambda: "<testsuite>" + " " * 60_000_000 + "</testsuite>",
    "comments": lambda: "<testsuite>" + "<!-- x -->" * 1_000_000 + "</testsuite>",
    "instructions": lambda: "<testsuite>" + "<?x y?>" * 1_000_000 + "</testsuite>",
    "a time that is none": '<testsuite><testcase name="a" time="nan"/><testcase name="b" time="1e999"/></testsuite>',
    "a time in words": '<testsuite><testcase name="a" time="long"/></testsuite>',
    "a line that is none": '<testsuite><testcase name="a" file="x" line="-1"><failure/></testcase></testsuite>',
    "a file that leads away": '<testsuite><testcase name="a" file="/etc/passwd"><failure/></testcase></testsuite>',
    "a file with NUL": '<testsuite><testcase name="a" file="a&#1;"/></testsuite>',
    "a name of a command": '<testsuite><testcase name="::error::x"><failure message="##[error]"/></testcase></testsuite>',
    "namespaces": '<a:testsuite xmlns:a="b"><a:testcase name="x"/></a:testsuite>',
}  # fmt: skip
_LCOV = "TN:\nSF:build/api/shop.py\nDA:1,1\nend_of_record\n"
_COVERAGES: dict[str, str | bytes | Callable[[], str | bytes]] = {
    "comments of LCOV without an end": "# " * 2000 + "x",
    "coverage.py's JSON with Istanbul's words": '{"files": {"a": {"executed_lines": [1], "missing_lines": []}}, "pct": 1}',
    "nothing": "",
    "zeros": bytes(1000),
    "an unknown root": "<html/>",
    "an open element": "<coverage><packages>",
    "an external entity": '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><coverage><packages/></coverage>',
    "numbers in words": _cobertura('<line number="one" hits="x"/>'),
    "numbers without end": _cobertura(f'<line number="{"9" * 5000}" hits="1"/>'),
    "infinite hits": _cobertura('<line number="1" hits="1e9"/>'),
    "9999 branches in 20,000 lines": lambda: _cobertura(
        "".join(f'<line number="{n}" hits="1" condition-coverage="(9999/9999)"/>' for n in range(20_000))
    ),
    "999 branches in 20,000 lines": lambda: _cobertura(
        "".join(f'<line number="{n}" hits="1" condition-coverage="(9/999)"/>' for n in range(20_000))
    ),
    "200,000 lines": lambda: _cobertura("".join(_LINE.format(n) for n in range(200_000))),
    "1M lines": lambda: _cobertura("".join(_LINE.format(n) for n in range(700_000))),
    "40,000 classes": lambda: '<coverage><packages>' + "".join(f'<class filename="f{n}"/>' for n in range(40_000)) + "</packages></coverage>",
    "20,000 sources": lambda: '<coverage><sources>' + "<source>/a</source>" * 20_000 + '</sources><packages><class filename="a"/><class filename="b"/></packages></coverage>',
    "a file that leads away": _cobertura('<line number="1" hits="1"/>', "../../etc/passwd"),
    "a file of 1 MB": lambda: _cobertura('<line number="1" hits="1"/>', "x" * 1_000_000),
    "LCOV of 200,000 files": lambda: "".join(f"SF:f{n}.py\nDA:1,1\nend_of_record\n" for n in range(200_000)),
    "LCOV of 20,000 files": lambda: "".join(f"SF:f{n}.py\nDA:1,1\nend_of_record\n" for n in range(20_000)),
    "LCOV of 3M lines": lambda: "SF:a\n" + "".join(f"DA:{n},1\n" for n in range(3_000_000)) + "end_of_record\n",
    "LCOV of 1M branches": lambda: "SF:a\n" + "".join(f"BRDA:1,0,{n},1\n" for n in range(1_000_000)) + "end_of_record\n",
    "LCOV of totals": lambda: "".join(f"SF:f{n}\nLF:99\nLH:1\nend_of_record\n" for n in range(20_000)),
    "LCOV of a great total": f"SF:a\nLF:{10**18}\nLH:{10**18}\nend_of_record\n",
    "LCOV of a total of digits": f"SF:a\nLF:{'9' * 5000}\nend_of_record\n",
    "LCOV of comments": lambda: "# a\n" * 1000 + "TN:\nSF:a\nDA:1,1\nend_of_record\n",
    "Clover": '<coverage clover="3"><project/></coverage>',
    "JSON of Istanbul": lambda: '{"a": {"path": "' + "a" * 1_000_000 + '", "statementMap": {}}}',
    "200,000 lines of methods": lambda: _cobertura("", "a").replace("<lines></lines>", "<methods><method><lines>" + "".join(_LINE.format(n) for n in range(200_000)) + "</lines></method></methods>"),
    "LCOV without an end": "SF:a\nDA:1,1\n",
    "LCOV without a file": "TN:\nDA:1,1\n",
    "LCOV in words": "SF:a\nDA:one,two\nend_of_record\n",
    "LCOV of digits": f"SF:a\nDA:{'9' * 5000},1\nend_of_record\n",
    "LCOV in no text": b"SF:\xff\nDA:1,1\nend_of_record\n",
    "LCOV below nothing": "SF:a\nDA:-1,1\nend_of_record\n",
    "JSON of nothing": "{}",
    "JSON of a list": '{"files": []}',
    "JSON in depth": lambda: '{"files": ' + "[" * 200_000,
    "JSON of infinity": '{"files": {"a": {"executed_lines": [1e999], "missing_lines": []}}}',
    "JSON of digits": '{"files": {"a": {"executed_lines": [' + "9" * 5000 + '], "missing_lines": []}}}',
    "JSON of 5M lines": lambda: '{"files": {"a": {"missing_lines": [], "executed_lines": [' + ",".join(map(str, range(5_000_000))) + "]}}}",
    "JSON of 100,000 files": lambda: '{"files": {' + ",".join(f'"f{n}": {{"executed_lines": [], "missing_lines": []}}' for n in range(100_000)) + "}}",
    "JSON of wrong lines": lambda: '{"files": {"a": {"missing_lines": [], "executed_lines": [' + '"x",' * 900_000 + '"x"]}}}',
    "JSON of wrong files": lambda: '{"files": {' + ",".join(f'"{n}": 0' for n in range(3_500_000)) + "}}",
    "JSON of empty files": lambda: '{"files": {' + ",".join(f'"{n}": {{}}' for n in range(1_900_000)) + "}}",
    "JSON of 2M lists": lambda: '{"files": {}, "meta": [' + ",".join(["[0]"] * 1_990_000) + "]}",
    "JSON of a list of numbers": lambda: '{"files": [' + ",".join(map(str, range(3_990_000))) + "]}",
    "JSON of 25M numbers": lambda: '{"files": {}, "meta": [' + "0," * 25_000_000 + "0]}",
    "60 MB": lambda: _LCOV + " " * 60_000_000,
}  # fmt: skip
_OUTPUTS = {
    "1M lines": "yes hello | head -n 1000000",
    "a line of 100 MB": "head -c 100000000 /dev/zero | tr '\\\\0' x",
    "bytes that are no text": "head -c 3000000 /dev/urandom",
    "commands of the runner": "yes '::error::x' | head -n 100000",
    "escapes": "printf '\\\\033[2J\\\\033]52;c;aGk=\\\\007'",
    "carriage returns": "yes $'a\\\\r' | head -n 100000",
    "NUL bytes": "head -c 1000000 /dev/zero",
    "a process that stays": "sleep 300 &",
    "a closed output": "exec >&- 2>&-",
    "its own end": "kill -9 $$",
    "a status of its own": "exit 255",
}


def _with(command: str, others: str = "") -> str:
    return CONFIG + _TESTS % (f'"mkdir -p out; cp junit.xml out; {command}"', others)


def _result(content: str | bytes | Callable[[], str | bytes]) -> Make:
    def make(folder: Path) -> None:
        write(folder / "kanmon.yml", _with("true"))
        write(folder / "junit.xml", content() if callable(content) else content)

    return make


def _coverage(content: str | bytes | Callable[[], str | bytes]) -> Make:
    def make(folder: Path) -> None:
        write(folder / "kanmon.yml", _with("cp coverage out", _COVERAGE))
        write(folder / "junit.xml", _JUNIT)
        write(folder / "coverage", content() if callable(content) else content)

    return make


def _output(command: str) -> Make:
    def make(folder: Path) -> None:
        write(folder / "kanmon.yml", _with(command))
        write(folder / "junit.xml", _JUNIT)

    return make


_SPECIAL = {
    "a pipe": "mkfifo out/x; ln -sf x out/junit.xml",
    "zeros without end": "ln -sf /dev/zero out/junit.xml",
    "a folder": "rm out/junit.xml; mkdir out/junit.xml",
    "a link to itself": "ln -sf junit.xml out/junit.xml",
    "a sparse file": "truncate -s 5G out/junit.xml",
    "no permission": "chmod 0 out/junit.xml",
}


def _mutated(seed: int, text: str) -> str:
    chance = random.Random(seed)
    signs = list(text)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(signs))
        signs[at] = chance.choice(
            ["", "<", ">", '"', "&", "\0", "9" * 30, signs[at] * 50, "<!--", "]]>", "\u202e", ","]
        )
    return "".join(signs)


_PATTERNS = (
    ".",
    "./",
    "./.",
    "[",
    "[!]",
    "**a",
    "x" * 200,
    "x" * 5000,
    "*/" * 99 + "x",
    "*/" * 2000,
    "**/" * 66 + "x",
    "~",
)


def _pattern(pattern: str) -> Make:
    text = f"{CONFIG}test: {{commands: [mkdir -p out], results: ['{pattern}']}}\n"
    return file("kanmon.yml", text)


def report_cases() -> list[Case]:
    """All of them."""
    whole = [
        _cobertura(_LINE.format(1)),
        _LCOV,
        '{"files": {"a": {"executed_lines": [1], "missing_lines": [2]}}}',
    ]
    test = ("test",)
    return [
        *cases("results", test, {name: _result(content) for name, content in _RESULTS.items()}),
        *cases("results", test, {name: _output(command) for name, command in _SPECIAL.items()}),
        *cases("results", test, {f"pattern {one[:9]} {len(one)}": _pattern(one) for one in _PATTERNS}),
        *cases("output", test, {name: _output(command) for name, command in _OUTPUTS.items()}),
        *cases("coverage", test, {name: _coverage(content) for name, content in _COVERAGES.items()}),
        *cases("results, mutated", test, {f"mutation {n}": _result(_mutated(n, _JUNIT)) for n in range(30)}),
        *cases(
            "coverage, mutated",
            test,
            {f"mutation {n}": _coverage(_mutated(n, whole[n % 3])) for n in range(30)},
        ),
    ]
