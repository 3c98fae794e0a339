"""Hostile configs."""

from __future__ import annotations

import os
import random
import socket
from typing import TYPE_CHECKING

from tests.fuzz.case import CONFIG, Case, Make, cases, file, write

if TYPE_CHECKING:
    from pathlib import Path

_MB = 1024 * 1024


def _laughs(levels: int, width: int = 9) -> str:
    lines = ["l0: &l0 [" + ", ".join(["ha"] * width) + "]"]
    lines += [f"l{n}: &l{n} [" + ", ".join([f"*l{n - 1}"] * width) + "]" for n in range(1, levels)]
    return "\n".join(lines) + "\n"


def _hook(payload: str) -> str:
    return CONFIG + f"hooks: [{{name: migrate, function: api, payload: {payload}}}]\n"


def _expect(expect: str) -> str:
    return CONFIG.replace("path: /api/health}", f"path: /api/health, expect: {{{expect}}}}}")


def _check(key: str) -> str:
    return CONFIG.replace("path: /api/health}", f"path: /api/health, {key}}}")


def _function(key: str) -> str:
    return CONFIG.replace("artifact: build/api}", f"artifact: build/api, {key}}}")


def _many(section: str, count: int, value: str) -> str:
    return CONFIG + f"{section}:\n" + "".join(f"  n{n}: {value}\n" for n in range(count))


def _merges(keys: int, merges: int, value: str = "<<: *a") -> str:
    return (
        CONFIG + f"a: &a {{{', '.join(f'k{n}: 1' for n in range(keys))}}}\nx: [{f'{{{value}}}, ' * merges}]\n"
    )


_DAY = "2026-13-45"
_HEX = "0x" + "f" * 4000
_PAYLOADS = {
    "laughs in a payload": "{a: &a [x,x,x,x,x,x,x,x,x], b: &b [*a,*a,*a,*a,*a,*a,*a,*a], c: &c [*b,*b,*b,*b,*b,*b,*b,"
    "*b], d: &d [*c,*c,*c,*c,*c,*c,*c,*c], e: &e [*d,*d,*d,*d,*d,*d,*d,*d], f: [*e,*e,*e,*e,*e,*e,*e,*e]}",
    "not a number": "{a: .nan}",
    "infinity inside": "{a: [{b: -.inf}]}",
    "an infinite exponent": "{a: 1e999}",
    "a large integer": "{a: " + "9" * 4000 + "}",
    "an impossible integer": "{a: " + "9" * 5000 + "}",
    "a hexadecimal integer": f"{{a: {_HEX}}}",
    "an octal integer": f"{{a: [0o{'7' * 6000}]}}",
    "a binary integer": f"{{a: {{b: -0b{'1' * 16_000}}}}}",
    "an integer of 65 bits": f"{{a: {2**64}}}",
    "an integer of 64 bits": f"{{a: {2**64 - 1}}}",
    "a hexadecimal key": f"{{a: {{? {_HEX} : b}}}}",
    "binary as key": "{!!binary AAAA : b}",
    "a date": "{a: 2026-01-01}",
    "an impossible date": "{a: 2026-13-45}",
    "an impossible time": "{a: 2026-01-01T99:99:99Z}",
    "binary": "{a: !!binary AAAA}",
    "broken binary": "{a: !!binary '=!'}",
    "a set": "{a: !!set {x, y}}",
    "an ordered map": "{a: !!omap [x: 1]}",
    "pairs": "{a: !!pairs [x: 1]}",
    "an unknown tag": "{a: !secret x}",
    "a Python tag": "{a: !!python/object/apply:os.system [id]}",
    "a float tag": "{a: !!float x}",
    "an int tag": "{a: !!int x}",
    "a bool tag": "{a: !!bool x}",
    "a null tag": "{a: !!null x}",
    "a timestamp tag": "{a: !!timestamp x}",
    "a number as key": "{1: a}",
    "a list as key": "{? [a, b] : c}",
    "a map as key": "{? {a: b} : c}",
    "nothing as key": "{~: c}",
    "an octal": "{a: 0o999}",
    "sexagesimal": "{a: 190:20:30}",
    "deep": "{a: " + "[" * 60 + "]" * 60 + "}",
    "an alias into itself": "{a: &a [*a]}",
    "a map into itself": "{a: &a {b: *a}}",
    "a merge into itself": "{a: &a {<<: *a}}",
    "a merge of a list": "{a: &a {x: 1}, b: {<<: [*a, *a]}}",
    "a merge of a text": "{a: {<<: x}}",
    "NUL": '{a: "x\\0y"}',
    "a key with NUL": '{"x\\0y": 1}',
    "half a character": '{a: "\\ud800"}',
    "a key with half a character": '{"\\udfff": 1}',
    "terminal escapes": '{a: "\\e[2J\\e]52;c;aGk=\\a"}',
    "a million copies of a long text": "{a: &a " + "x" * 5000 + ", b: &b [*a,*a,*a,*a,*a,*a,*a,*a], c: &c [*b,*b,*b,*b,"
    "*b,*b,*b,*b], d: &d [*c,*c,*c,*c,*c,*c,*c,*c], e: [*d,*d,*d,*d]}",
}  # fmt: skip
_EXPECTATIONS = {
    "a pattern that explodes": "body: '^(a+)+$'",
    "looking ahead": "body: '(?=a)'",
    "looking behind": "body: '(?<!a)b'",
    "a backreference": "body: '(a)\\1'",
    "an open group": "body: '('",
    "a thousand groups": f"body: '{'(' * 490}{')' * 490}'",
    "a long pattern": f"body: '{'x' * 50_000}'",
    "repetitions of repetitions": "body: '((((a{100}){100}){100}){100}){100}'",
    "an impossible repetition": "body: 'a{99999999999999999999}'",
    "a repetition too large": "body: 'a{1001}'",
    "letters in numbers": "body: '\\pL{900}'",
    "a conditional": "body: '(a)?(?(1)b|c)'",
    "a pattern of a header": "headers: {a: '(?=x)'}",
    "a header with a line break": 'headers: {"a\\r\\nb": x}',
    "a query that is none": "json: {'a[': 1}",
    "a deep query": f"json: {{'{'(' * 900}': 1}}",
    "a query with half a character": "json: {'`\"\\ud800\"`': 1}",
    "a query that copies": "json: {'" + "|".join(["[@,@][]"] * 40) + "': 1}",
    "a query with a large number": f"json: {{'`{'9' * 900}`': 1}}",
    "a long query": f"json: {{'{'a.' * 30_000}a': 1}}",
    "a query with NUL": 'json: {"a\\0": 1}',
    "a value that is no number": "json: {a: .nan}",
    "a value in hexadecimal": f"json: {{a: {_HEX}}}",
    "an infinite value": "json: {a: [1e400, -.inf]}",
    "a hexadecimal status": f"status: {_HEX}",
    "laughs in a value": "json: {a: &a [x,x,x,x,x,x,x,x,x,x], b: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a], c: &c [*b,*b,*b,*b,"
    "*b,*b,*b,*b,*b,*b], d: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c,*c], e: [*d,*d,*d,*d,*d,*d,*d,*d,*d,*d]}",
    "a latency without end": "latency: 1e308",
    "a latency in digits": f"latency: '{'9' * 400}s'",
    "a negative latency": "latency: -1s",
    "a status in words": "status: ok",
}  # fmt: skip
_CHECKS = {
    "a header with CR": 'headers: {a: "x\\r\\ny: z"}',
    "a header outside of ASCII": "headers: {a: 日本}",
    "a header without a name": "headers: {'': x}",
    "a header of a megabyte": f"headers: {{a: {'x' * 100_000}}}",
    "a path with DEL": 'path: "/a\\x7f"',
    "two paths": "path: /b",
    "a body with NUL": 'body: "\\0"',
    "a deadline in years": "deadline: 999999h",
    "a deadline in other digits": "deadline: '٣s'",
    "no successes": "successes: 0",
    "a method of another kind": "method: BREW",
    "an unknown key": "retries: 3",
}
_FUNCTIONS = {
    "a handler with NUL": 'handler: "a\\0"',
    "a variable of a megabyte": f"environment: {{AB: {'x' * 100_000}}}",
    "a variable with a dynamic reference": "environment: {AB: '{{resolve:secretsmanager:x}}'}",
    "a variable of another kind": "environment: {AB: [1]}",
    "a memory in words": "memory: much",
    "a timeout of years": "timeout: " + "9" * 4200,
    "an unknown runtime": "runtime: cobol",
    "a template in a handler": "handler: '{{7*7}}'",
}
_TEXTS: dict[str, object] = {
    "nothing": "",
    "spaces": " \n" * 1000,
    "a comment": "# nothing\n",
    "a list": "- a\n",
    "a number": "42\n",
    "a text": "hello\n",
    "null": "~\n",
    "two documents": CONFIG + "---\n" + CONFIG,
    "a directive": "%YAML 9.9\n---\n" + CONFIG,
    "a tag directive": "%TAG ! tag:evil,2026:\n---\n" + CONFIG,
    "a tab": "app:\tshop\n\tb: c\n",
    "an open bracket": CONFIG + "tags: [",
    "an open quote": CONFIG + "tags: 'a",
    "an unknown alias": CONFIG + "tags: *nobody\n",
    "a key twice": CONFIG + "app: other\n",
    "a byte that is no UTF-8": b"app: \xff\n",
    "UTF-16": CONFIG.encode("utf-16"),
    "UTF-32": CONFIG.encode("utf-32"),
    "a byte order mark": "\ufeff" + CONFIG,
    "NUL bytes": b"app: sh\0op\n",
    "only NUL": bytes(1000),
    "control characters": CONFIG + "tags: {a: \x01}\n",
    "a line separator": CONFIG.replace("\n", "\u2028"),
    "carriage returns": CONFIG.replace("\n", "\r"),
    "random bytes": random.Random(1).randbytes(50_000),
    "a program": "#!/usr/bin/env python3\nimport os\n" * 100,
    "an XML file": "<?xml version='1.0'?><!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>",
    "JSON": '{"app": "shop", "checks": []}',
    "laughs": lambda: _laughs(9) + CONFIG,
    "more laughs": lambda: _laughs(40) + CONFIG,
    "many laughs": lambda: CONFIG + _laughs(9, 40),
    "laughs in tags": lambda: CONFIG + "tags:\n  " + _laughs(7).replace("\n", "\n  "),
    "merges of a large mapping": _merges(1000, 400),
    "more merges of a large mapping": _merges(5000, 8000),
    "merges of an empty mapping": _merges(0, 9900),
    "merges of a list": _merges(1, 2000, "<<: [*a,*a,*a]"),
    "a merge of a long list": lambda: CONFIG + "a: &a {b: 1}\nx: {<<: [" + "*a," * 30_000 + "]}\n",
    "merges written out": lambda: CONFIG + "x: [" + "{<<: {a: 1}}," * 5000 + "]\n",
    "merges of merges": lambda: CONFIG + "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: [*a{n - 1},*a{n - 1},*a{n - 1}]}}\n" for n in range(1, 900)),
    "two merges in a mapping": CONFIG + "a: &a {b: 1}\nx: {<<: *a, <<: *a}\n",
    "laughs under a key twice": lambda: CONFIG + _laughs(9) + "a: *l8\na: *l8\n",
    "laughs as a key": lambda: CONFIG + _laughs(40, 2) + "? *l39\n: 1\n",
    "laughs of maps as a key": lambda: CONFIG + "m0: &m0 {a: 1}\n" + "".join(f"m{n}: &m{n} {{a: *m{n - 1}, b: *m{n - 1}}}\n" for n in range(1, 40)) + "? *m39\n: 1\n",
    "1500 equal maps as keys": lambda: CONFIG + "m: &m {" + ",".join(f"k{n}: 1" for n in range(1000)) + "}\nx:\n" + "- {? *m : 1}\n" * 1500,
    "laughs in a set": lambda: CONFIG + _laughs(9) + "a: !!set {? *l8 , ? *l8 }\n",
    "a long ordered map": lambda: CONFIG + "x: !!omap [" + ",".join(f"k{n}: 1" for n in range(12_000)) + "]\n",
    "a root with a tag": "!!set {app, web}\n",
    "a root that is an ordered map": "!!omap [app: shop]\n",
    "keys of one hash": lambda: CONFIG + "x: {" + ",".join(f"{n * (2**61 - 1) + 5:#x}: 1" for n in range(4800)) + "}\n",
    "an impossible value after a list": lambda: CONFIG + "x: [" + "a," * 60_000 + f"{_DAY}]\n",
    "an impossible value after a block": lambda: CONFIG + "x:\n" + "- a\n" * 32_000 + f"- {_DAY}\n",
    "an impossible value after dates": lambda: CONFIG + "x: [" + "2026-01-01," * 11_000 + f"{_DAY}]\n",
    "only impossible values": lambda: CONFIG + "x: [" + f"{_DAY}," * 11_000 + "]\n",
    "an anchor 20,000 times": lambda: CONFIG + "x: [" + "&a [], " * 18_000 + "]\n",
    "lists in lists before a long one": lambda: CONFIG + "x: " + "[b," * 300 + "a," * 60_000,
    "questions in a list": lambda: CONFIG + "x: [" + "? a," * 30_000 + "]\n",
    "keys without a name": lambda: CONFIG + "x: {" + ": ," * 40_000 + "}\n",
    "integers of YAML 1.1 in base 60": lambda: "%YAML 1.1\n---\n" + CONFIG + "tags: {a: 1" + ":59" * 40_000 + "}\n",
    "floats of YAML 1.1": lambda: "%YAML 1.1\n---\n" + CONFIG + "x: [" + "1e5," * 20_000 + "]\n",
    "a hexadecimal app": CONFIG.replace("app: shop", f"app: {_HEX}"),
    "a hexadecimal tag": CONFIG + f"tags: {{a: {_HEX}}}\n",
    "127 kB of hexadecimal digits": lambda: CONFIG + "tags: {a: 0x" + "f" * 120_000 + "}\n",
    "a character beyond Unicode": CONFIG + 'tags: {a: "\\U00110000"}\n',
    "five megabytes": lambda: CONFIG + "# x\n" * (5 * _MB // 4),
    "five megabytes of values": lambda: CONFIG + "tags:\n" + "".join(f"  k{n}: v\n" for n in range(500_000)),
    "127 kB of values": lambda: CONFIG + "tags: [" + "a," * 65_000 + "]\n",
    "127 kB of keys": lambda: "".join(f"k{n}: {n}\n" for n in range(9_000)),
    "127 kB of brackets": "[" * 130_000,
    "127 kB of braces": "{a: " * 32_000,
    "127 kB of question marks": "? " * 65_000,
    "127 kB of dashes": "- " * 65_000,
    "127 kB of tags": lambda: CONFIG + "tags: [" + "!a x," * 25_000 + "]\n",
    "127 kB of anchors": lambda: CONFIG + "tags: [" + ",".join(f"&a{n} x" for n in range(9_000)) + "]\n",
    "127 kB of comments": lambda: CONFIG + "#\n" * 64_000,
    "127 kB of one word": lambda: CONFIG + "tags: {a: " + "x" * 120_000 + "}\n",
    "127 kB of quotes": lambda: CONFIG + 'tags: ["' + '","' * 42_000 + '"]\n',
    "127 kB of one unknown key": lambda: CONFIG + "k" * 120_000 + ": x\n",
    "127 kB of merges": lambda: "a0: &a0 {x: 1}\n" + "".join(f"a{n}: &a{n} {{<<: *a{n - 1}}}\n" for n in range(1, 5000)),
    "127 kB of wrong checks": lambda: CONFIG.replace("[{name", "[" + "{}, " * 30_000 + "{name"),
    "127 kB of lines in a text": lambda: CONFIG + "tags: {a: " + "b\n  " * 30_000 + "}\n",
    "a deep map": "\n".join(" " * n + "a:" for n in range(480)),
    "a chain of aliases": lambda: "a0: &a0 [x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}]\n" for n in range(1, 6000)),
    "3000 functions": lambda: _many("functions", 3000, "{handler: a.b, artifact: c}"),
    "5000 functions by an alias": lambda: CONFIG.replace("functions:", "functions: {") .replace("functions: { {", "x-f: &f {handler: a.b, artifact: c}\nfunctions: {" + ", ".join(f"n{n}: *f" for n in range(5000)) + ", "),
    "2000 routes": lambda: CONFIG.replace("routes: [", "routes: [" + "{path: /api/a, function: api}, " * 2000),
    "2000 checks": lambda: CONFIG.replace("checks: [", "checks: [" + "".join(f"{{name: c{n}, path: /a}}, " for n in range(2000))),
    "5000 environments": lambda: _many("environments", 5000, "{}"),
    "5000 wrong environments": lambda: _many("environments", 5000, "{x: 1}").replace("\n  n", "\n  N"),
    "1000 queues": lambda: _many("queues", 1000, "{function: api}"),
    "1000 schedules": lambda: _many("schedules", 1000, "{function: api, expression: rate(5 minutes)}"),
    "1000 secrets": lambda: _many("secrets", 1000, "{value: generated}"),
    "1000 state machines": lambda: _many("state_machines", 1000, "{definition: a.json}"),
    "1000 hooks": lambda: CONFIG + "hooks: [" + "{name: ab, function: api}," * 1000 + "]\n",
    "1000 steps": lambda: CONFIG + "traffic: {steps: [" + "{percent: 1}," * 1000 + "]}\n",
    "1000 tags": lambda: CONFIG + "tags: {" + ",".join(f"k{n}: v" for n in range(1000)) + "}\n",
    "an app without a name": CONFIG.replace("app: shop", "app: ''"),
    "an app with a list": CONFIG.replace("app: shop", "app: [shop]"),
    "a region of another kind": CONFIG + "region: the moon\n",
    "a region that leads away": CONFIG + "region: evil.example/a-b-1\n",
    "a schedule of digits": CONFIG + f"schedules: {{ab: {{function: api, expression: rate({'9' * 5000} minutes)}}}}\n",
    "a cron of digits": CONFIG + f"schedules: {{ab: {{function: api, expression: 'cron({'9' * 200} * * * ? *)'}}}}\n",
    "a schedule at no time": CONFIG + "schedules: {ab: {function: api, expression: at(9999-99-99T99:99:99)}}\n",
    "a time zone that leads away": CONFIG + "schedules: {ab: {function: api, expression: rate(1 day), timezone: ../x}}\n",
    "an artifact that leads away": CONFIG.replace("build/api", "../../etc"),
    "an artifact with NUL": CONFIG.replace("artifact: build/api", 'artifact: "build\\0api"'),
    "a web folder that leads away": CONFIG.replace("web/dist", "/etc"),
    "a policy of a megabyte": CONFIG.replace("web/dist}", f"web/dist, content_security_policy: '{'x' * 100_000}'}}"),
    "a policy with CR": CONFIG.replace("web/dist}", 'web/dist, content_security_policy: "a\\r\\nb: c"}'),
    "a setting with half a tag": CONFIG.replace("web/dist}", "web/dist, settings: {A: '</script><script>'}}"),
    "everybody may come": CONFIG.replace("function: api}]", "function: api}], cors: {origins: ['*']}"),
}  # fmt: skip


def _folder(folder: Path) -> None:
    (folder / "kanmon.yml").unlink()
    (folder / "kanmon.yml").mkdir()


def _pipe(folder: Path) -> None:
    (folder / "kanmon.yml").unlink()
    os.mkfifo(folder / "kanmon.yml")


def _socket(folder: Path) -> None:
    (folder / "kanmon.yml").unlink()
    with socket.socket(socket.AF_UNIX) as server:
        os.chdir(folder)
        server.bind("kanmon.yml")


def _link(target: str) -> Make:
    def make(folder: Path) -> None:
        (folder / "kanmon.yml").unlink()
        (folder / "kanmon.yml").symlink_to(target)

    return make


def _sparse(folder: Path) -> None:
    with (folder / "kanmon.yml").open("r+b") as config:
        config.truncate(5 * 1024**3)


_FILES: dict[str, Make] = {
    "a folder": _folder,
    "a pipe": _pipe,
    "a socket": _socket,
    "zeros without end": _link("/dev/zero"),
    "a device without content": _link("/dev/null"),
    "random bytes without end": _link("/dev/urandom"),
    "a link to itself": _link("kanmon.yml"),
    "a link to nothing": _link("missing"),
    "a sparse file": _sparse,
    "no file": lambda folder: (folder / "kanmon.yml").unlink(),
    "no permission": lambda folder: (folder / "kanmon.yml").chmod(0),
}


def _mutated(seed: int) -> Make:
    """A valid config with some bytes removed, doubled, changed, or exchanged."""

    def make(folder: Path) -> None:
        chance = random.Random(seed)
        text = bytearray(CONFIG.encode())
        for _ in range(chance.randint(1, 6)):
            at, length = chance.randrange(len(text)), chance.randint(1, 12)
            piece = bytes(text[at : at + length])
            replacement = [b"", piece * 2, chance.randbytes(length), chance.choice(_TOKENS), b"\n" + piece]
            text[at : at + length] = chance.choice(replacement)
        write(folder / "kanmon.yml", bytes(text))

    return make


_TOKENS = [
    b"{",
    b"}",
    b"[",
    b"]",
    b": ",
    b"- ",
    b"&a ",
    b"*a",
    b"!!",
    b"|\n",
    b">\n",
    b"#",
    b"'",
    b'"',
    b"%",
    b"\t",
]
_RENDER = ("render", "--output", "out")


def config_cases() -> list[Case]:
    """All of them."""
    texts: dict[str, Make] = {
        **{name: file("kanmon.yml", content) for name, content in _TEXTS.items()},  # type: ignore[arg-type]
        **{f"payload: {name}": file("kanmon.yml", _hook(text)) for name, text in _PAYLOADS.items()},
        **{f"expect: {name}": file("kanmon.yml", _expect(text)) for name, text in _EXPECTATIONS.items()},
        **{f"check: {name}": file("kanmon.yml", _check(text)) for name, text in _CHECKS.items()},
        **{f"function: {name}": file("kanmon.yml", _function(text)) for name, text in _FUNCTIONS.items()},
    }
    mutated = {f"mutation {seed}": _mutated(seed) for seed in range(60)}
    return [*cases("config", _RENDER, texts | _FILES), *cases("config, mutated", _RENDER, mutated)]
