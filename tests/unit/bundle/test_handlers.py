"""A handler that its package lacks is found at build time, for each runtime (CD-6, AWS-1)."""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING

import pytest

from kanmon.bundle.handlers import refuse_missing_handler
from kanmon.bundle.tree import tree_files
from kanmon.codes import Code
from kanmon.config.functions import Function
from kanmon.errors import KanmonError
from tests.fakes.app import LAYER

if TYPE_CHECKING:
    from pathlib import Path

PYTHON, NODE, RUBY, JAVA, DOTNET, OWN = (
    "python3.12", "nodejs22.x", "ruby3.4", "java21", "dotnet10", "provided.al2023"
)  # fmt: skip
HANDLE = "def handle(event, context): ..."


def _problem(folder: Path, runtime: str, handler: str, files: dict[str, str]) -> str:
    """Why the handler isn't found; empty if it may be there."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".jar"):
            with zipfile.ZipFile(folder / name, "w") as jar:
                jar.writestr(text, "")
        else:
            (folder / name).write_text(text)
    function = Function.model_validate({"handler": handler, "artifact": "fn", "runtime": runtime})
    try:
        refuse_missing_handler("api", function, folder, tree_files(folder, keep_links=True))
    except KanmonError as error:
        refused = error
    else:
        return ""
    assert refused.code is Code.HANDLER_MISSING
    assert refused.where == f"functions.api.handler: {handler}"
    return refused.message


def test_a_layer_may_have_the_handler(tmp_path: Path) -> None:
    """CD-6: nobody knows its files."""
    given = {"handler": "datadog_lambda.handler.handler", "artifact": "fn", "layers": [LAYER]}
    refuse_missing_handler("api", Function.model_validate(given), tmp_path, [])


@pytest.mark.parametrize(
    ("runtime", "handler", "files"),
    [
        (PYTHON, "app.handle", {"app.py": HANDLE}),
        (PYTHON, "shop/api.handle", {"shop/api.py": HANDLE}),
        (PYTHON, "shop.api.handle", {"shop/api.py": HANDLE}),
        (PYTHON, "shop.handle", {"shop/__init__.py": HANDLE}),
        (PYTHON, "shop.handle", {"shop/__init__.py": HANDLE, "shop.py": "other = 1"}),
        (PYTHON, "app.handle", {"app.pyc": ""}),
        (PYTHON, "app.handle", {"app.cpython-312-aarch64-linux-gnu.so": ""}),
        (PYTHON, "app.handle", {"app/__init__.abi3.so": ""}),
        (NODE, "app.handle", {"app.js": "exports.handle = 1"}),
        (NODE, "app.handle", {"app.mjs": "export const handle = 1"}),
        (NODE, "app.handle", {"app.cjs": "exports.handle = 1"}),
        (NODE, "app.handle", {"app": "exports.handle = 1"}),
        (NODE, "./src/app.handle", {"src/app.js": "exports.handle = 1"}),
        (NODE, "/var/task/src/app.handle", {"src/app.js": "exports.handle = 1"}),
        (NODE, "/opt/nodejs/app.handle", {"app.js": ""}),
        (NODE, "src/app.routes.handle", {"src/app.js": "exports.routes = {}"}),
        (NODE, "app.handle", {"app/index.js": ""}),
        (NODE, "app.handle", {"node_modules/app/package.json": ""}),
        (NODE, "src/app.handle", {"src/node_modules/app.js": ""}),
        (RUBY, "app.handle", {"app.rb": ""}),
        (RUBY, "lib/app.Shop::Api.handle", {"lib/app.rb": ""}),
        (JAVA, "shop.Api::handle", {"shop/Api.class": ""}),
        (JAVA, "shop.Api", {"lib/shop.jar": "shop/Api.class"}),
        (DOTNET, "Shop::Shop.Api::Handle", {"Shop.dll": ""}),
        (DOTNET, "Shop.Api", {"Shop.Api.dll": ""}),
        (DOTNET, "Shop", {"bootstrap": ""}),
    ],
)
def test_a_handler_is_found(tmp_path: Path, runtime: str, handler: str, files: dict[str, str]) -> None:
    assert _problem(tmp_path, runtime, handler, files) == ""


@pytest.mark.parametrize(
    ("runtime", "handler", "files", "message"),
    [
        (PYTHON, "ap.handle", {"app.py": HANDLE}, "The artifact has no ap.py. It has app.py."),
        (PYTHON, "app.handle", {"src/app.py": HANDLE}, "no app.py. It has src/app.py."),
        (PYTHON, "app.handle", {"App.py": HANDLE}, "no app.py. It has App.py."),
        (PYTHON, "shop.api.handle", {"shop.py": HANDLE}, "no shop/api.py"),
        (PYTHON, "app.handle", {"app.js": ""}, "no app.py."),
        (PYTHON, "app.handle", {"app/other.py": ""}, "no app.py"),
        (PYTHON, "app.handel", {"app.py": HANDLE}, "app.py has no `handel`"),
        (PYTHON, "app", {"app.py": HANDLE}, "no module and function"),
        (NODE, "app.handle", {"app.ts": ""}, "no app.js and no app.mjs and no app.cjs"),
        (NODE, "app.handle", {"dist/app.js": ""}, "It has dist/app.js."),
        (NODE, "app.handle", {"node_modules/application/index.js": ""}, "no app.js"),
        (NODE, "app.handel", {"app.mjs": "export const handle = 1"}, "app.mjs has no `handel`"),
        (NODE, "../app.handle", {"app.js": ""}, "no `..`"),
        (NODE, "app", {"app.js": ""}, "no file and export"),
        (RUBY, "ap.handle", {"app.rb": ""}, "no ap.rb. It has app.rb."),
        (RUBY, "app", {"app.rb": ""}, "no file and method"),
        (JAVA, "shop.Api::handle", {"shop.jar": "shop/Api.class"}, "Lambda reads no jar elsewhere"),
        (JAVA, "shop.Api", {"lib/shop.jar": "shop/Other.class"}, "no shop/Api.class"),
        (DOTNET, "Shop::Shop.Api::Handle", {"Shop.Api.dll": ""}, "no Shop.dll. It has Shop.Api.dll."),
        (OWN, "any", {"main": ""}, "no bootstrap"),
        (OWN, "any", {"bootstrap": ""}, "not executable"),
    ],
)  # fmt: skip
def test_a_missing_handler_is_refused(
    tmp_path: Path, runtime: str, handler: str, files: dict[str, str], message: str
) -> None:
    assert message in _problem(tmp_path, runtime, handler, files)


def test_an_executable_bootstrap_is_found(tmp_path: Path) -> None:
    (tmp_path / "bootstrap").write_text("#!/bin/sh")
    (tmp_path / "bootstrap").chmod(0o755)
    assert _problem(tmp_path, OWN, "any", {}) == ""


def test_a_handler_behind_links_is_found(tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to("releases")
    (tmp_path / "main.py").symlink_to("releases/app.py")
    assert _problem(tmp_path, PYTHON, "current.app.handle", {"releases/app.py": HANDLE}) == ""
    assert _problem(tmp_path, PYTHON, "main.handle", {}) == ""
    assert "releases/app.py has no `handel`" in _problem(tmp_path, PYTHON, "main.handel", {})


def test_a_broken_jar_may_have_the_class(tmp_path: Path) -> None:
    (tmp_path / "lib").mkdir()
    (tmp_path / "lib/a.jar").write_text("no zip")
    assert _problem(tmp_path, JAVA, "shop.Api", {"other": ""}) == ""


def test_a_large_file_may_have_the_name(tmp_path: Path) -> None:
    assert _problem(tmp_path, PYTHON, "app.handle", {"app.py": "#" * 600_000}) == ""


@pytest.mark.parametrize(
    "source",
    [
        "handle = make()",
        "async def handle(event, context): ...",
        "class handle: ...",
        "from shop import handle",
        "from shop import main as handle",
        "import shop.api as handle",
        "import handle.more",
        "from shop import *",
        "if True:\n  for handle in [1]: ...",
        "try:\n  import x\nexcept ImportError:\n  handle = None",
        "def later():\n  global handle\n  handle = 1\nlater()",
        "a, (b, *handle) = 1, (2, 3)",
        "(handle := 1)",
        "match x:\n  case {'a': handle}: ...\n  case [*handle]: ...",
        "globals()['han' + 'dle'] = 1",
        "import sys; setattr(sys.modules[__name__], 'x', 1)",
        "def __getattr__(name): ...",
        "exec(code)",
        "type handle = int; x: = ",
        "\0",
        "(" * 5000,
    ],
)
def test_a_python_name_that_may_be_there_passes(tmp_path: Path, source: str) -> None:
    assert _problem(tmp_path, PYTHON, "app.handle", {"app.py": source}) == ""


@pytest.mark.parametrize(
    "source", ["", "def main(event, context): ...", "import handler", "x = 'handle'", "# handle"]
)
def test_a_python_name_that_is_not_there_is_refused(tmp_path: Path, source: str) -> None:
    assert "has no `handle`" in _problem(tmp_path, PYTHON, "app.handle", {"app.py": source})


@pytest.mark.parametrize(
    "source",
    [
        "exports.handle = async () => 1",
        "module.exports = require('./dist/app')",
        "module.exports = {...require('./app')}",
        "export * from './app.js'",
        "export*from'./app.js'",
        'Object.defineProperty(exports, "__esModule", {value: true}); __exportStar(require("./a"), exports);',
        "const e = exports; e['han' + 'dle'] = 1",
        "exports['han' + 'dle'] = 1",
        "Object.assign(this, {})",
        "export { main as h\\u0061ndle }",
        "eval(code)",
    ],
)
def test_a_javascript_export_that_may_be_there_passes(tmp_path: Path, source: str) -> None:
    assert _problem(tmp_path, NODE, "app.handle", {"app.js": source}) == ""


@pytest.mark.parametrize(
    "source",
    [
        "",
        "exports.main = async () => 1",
        "export const main = async () => 1",
        'Object.defineProperty(exports, "__esModule", { value: true });\nexports.main = main;',
        "class A { a() { return this.b } }\nexport default A",
    ],
)
def test_a_javascript_export_that_is_not_there_is_refused(tmp_path: Path, source: str) -> None:
    assert "has no `handle`" in _problem(tmp_path, NODE, "app.handle", {"app.js": source})
