"""The package's own rules: directions of imports, names and words, makers of clients, lengths."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from kanmon.cli.commands import NAMES, load
from kanmon.codes import Code
from kanmon.config.schema import Config

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "kanmon"
MODULES = sorted(PACKAGE.rglob("*.py"))

TIERS = [
    {"cli"},
    {"report"},
    {"release"},
    {"templates"},
    {"stacks", "bundle", "traffic", "checks", "approval", "ledger", "notify", "apptest"},
    {"config", "aws", "github"},
    {"model", "appcommand"},
    {"naming", "errors", "text", "regular_file", "clock", "media", "plain_yaml"},
    {"codes"},
    {"documentation", "language"},
]
"""Each room may import the rooms below its own tier."""
ALLOWED = {
    # The config refuses what no grant could give, and the grants are one table for everybody. That module
    # imports names alone.
    ("config", "stacks.grants"),
    # A message about a release is written from the ledger's record of it: another form would only copy it.
    ("notify", "ledger.records"),
}


def _name(path: Path) -> str:
    return path.relative_to(PACKAGE).with_suffix("").as_posix().replace("/", ".").removesuffix(".__init__")


@cache
def _tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"))


def _imports(path: Path) -> set[str]:
    """The project's modules imported by a module, for types too."""
    found = set()
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found.add(node.module or "")
            found |= {f"kanmon.{alias.name}" for alias in node.names if node.module == "kanmon"}
        elif isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
    return found - {"kanmon.__version__"}


def _tier(room: str) -> int:
    return next(number for number, rooms in enumerate(TIERS) if room in rooms)


def _arrows(path: Path) -> Iterator[tuple[str, str]]:
    """Each import of another room: the room, and the module without the package's name."""
    room = _name(path).partition(".")[0]
    for imported in _imports(path):
        package, _, rest = imported.partition(".")
        if package == "kanmon" and rest and rest.partition(".")[0] != room:
            yield room, rest


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_imports_point_one_way(path: Path) -> None:
    if _name(path) in {"__init__", "__main__"}:
        return
    for room, imported in _arrows(path):
        below = _tier(imported.partition(".")[0]) > _tier(room)
        assert below or (room, imported) in ALLOWED, f"{_name(path)} may not import {imported}"


def test_every_exception_is_used() -> None:
    assert {arrow for path in MODULES for arrow in _arrows(path)} >= ALLOWED


def test_there_are_at_most_two_exceptions() -> None:
    assert len(ALLOWED) <= 2


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_the_package_knows_neither_tests_nor_emulators(path: Path) -> None:
    roots = {imported.partition(".")[0] for imported in _imports(path)}
    assert not roots & {
        *("tests", "embedded", "demo", "verification", "scripts", "examples", "moto", "ministack", "pytest")
    }


CONSOLE = PACKAGE / "report/console.py"


def _is_constant(node: ast.expr) -> bool:
    """A text of the code, whether or not it is there in other languages: the console looks for these."""
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "deferred":
        return _is_constant(node.args[0])
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


@pytest.mark.parametrize("path", [path for path in MODULES if path != CONSOLE], ids=_name)
def test_only_constants_are_read_as_markup(path: Path) -> None:
    """Foreign text goes to the terminal as a value: no template is made from it (TRU-5)."""
    calls = [node for node in ast.walk(_tree(path)) if isinstance(node, ast.Call)]
    templates = [
        call
        for call in calls
        if (isinstance(call.func, ast.Name) and call.func.id == "markup")
        or (isinstance(call.func, ast.Attribute) and ast.unparse(call.func).endswith("console.print"))
    ]
    assert [ast.unparse(call) for call in templates if not (call.args and _is_constant(call.args[0]))] == []
    assert [ast.unparse(call) for call in calls if ast.unparse(call.func) == "print"] == []


@pytest.mark.parametrize("path", [path for path in MODULES if path != CONSOLE], ids=_name)
def test_only_the_console_writes_to_the_terminal(path: Path) -> None:
    """It has the filter (TRU-5)."""
    imported = [
        node
        for node in _tree(path).body + [one for top in _tree(path).body for one in ast.walk(top)]
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("rich")
    ]
    types = [
        node
        for top in _tree(path).body
        if isinstance(top, ast.If) and ast.unparse(top.test) == "TYPE_CHECKING"
        for node in top.body
    ]
    assert [ast.unparse(node) for node in imported if node not in types] == []


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_only_json_goes_past_the_console(path: Path) -> None:
    """JSON has escapes of its own (TRU-5)."""
    written = [
        node.attr
        for node in ast.walk(_tree(path))
        if isinstance(node, ast.Attribute) and ast.unparse(node.value) in {"sys.stdout", "sys.stderr"}
    ]
    assert "write" not in written or path == PACKAGE / "cli/context.py"


MAKERS = {
    PACKAGE / "aws/clients.py",
    # It runs on Lambda, where nothing of Kanmon but the chat channels is.
    PACKAGE / "notify/notifier.py",
}


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_clients_are_made_in_one_place(path: Path) -> None:
    makers = {
        name for name in _imports(path) if name.startswith(("boto3", "botocore.session", "botocore.client"))
    }
    assert not makers or path in MAKERS


@pytest.mark.parametrize("path", MODULES, ids=_name)
def test_modules_are_short(path: Path) -> None:
    """The table of codes has a row for each refusal, and nothing to read through."""
    assert path.name == "codes.py" or len(path.read_text("utf-8").splitlines()) <= 400


@pytest.mark.parametrize("path", sorted((PACKAGE / "release").glob("*.py")), ids=_name)
def test_the_state_machine_talks_to_no_service(path: Path) -> None:
    imported = {name.partition(".")[0] for name in _imports(path)}
    assert not imported & {"boto3", "botocore", "urllib3", "requests", "subprocess"}


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("__init__.py")), ids=_name)
def test_a_package_exports_nothing(path: Path) -> None:
    """A name is imported from its own module."""
    own = {node.name for node in _tree(path).body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    imported = [
        alias.name
        for node in _tree(path).body
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("kanmon")
        for alias in node.names
    ]
    used = {node.id for node in ast.walk(_tree(path)) if isinstance(node, ast.Name)}
    assert set(imported) <= used | own


MIRRORED = (
    "approval", "aws", "checks", "cli/commands", "github", "ledger", "notify", "notify/channels", "release",
    "traffic",
)  # fmt: skip
"""Rooms with a test file for each module, of the same name."""
UNTESTED = {
    "ledger/records.py": "data alone; the ledger's tests write and read it",
    "release/events.py": "data alone; the journal's tests send it",
    "release/loaded.py": "data alone; the steps' tests load it",
    "release/ports.py": "contracts alone; each adapter has its own tests",
}


@pytest.mark.parametrize("room", MIRRORED)
def test_each_module_has_a_test_file_of_its_name(room: str) -> None:
    modules = {path.name for path in (PACKAGE / room).glob("*.py") if path.name != "__init__.py"}
    tested = {path.name.removeprefix("test_") for path in (ROOT / "tests/unit" / room).glob("test_*.py")}
    assert modules - tested == {Path(name).name for name in UNTESTED if Path(name).parent == Path(room)}


SECTIONS = {field.replace("-", "_") for field in Config.model_fields}
TEMPLATES = {path.name.partition(".")[0].replace("-", "_") for path in (ROOT / "infra").rglob("*.j2")}
GIVEN_NAMES = {"config": SECTIONS, "templates": TEMPLATES, "cli/commands": set(NAMES)}
"""In these rooms a module may be named like a section of the config, a file in `infra/`, a command."""


def test_module_names_are_unique() -> None:
    named = defaultdict(list)
    for path in MODULES:
        given = GIVEN_NAMES.get(path.parent.relative_to(PACKAGE).as_posix(), set())
        if path.name not in {"__init__.py", "__main__.py"} and path.stem not in given:
            named[path.stem].append(_name(path))
    assert [names for names in named.values() if len(names) > 1] == []


def _types(path: Path) -> Iterator[str]:
    """The classes of a module, and its aliases of types."""
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.ClassDef):
            yield node.name
    for node in _tree(path).body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        targets = [node.target] if isinstance(node, ast.AnnAssign) else targets
        names = [target.id for target in targets if isinstance(target, ast.Name)]
        yield from (name for name in names if re.fullmatch(r"_?[A-Z][a-z]\w*", name))


def test_no_type_name_exists_twice() -> None:
    named = defaultdict(list)
    for path in MODULES:
        for name in _types(path):
            named[name].append(_name(path))
    assert {name: paths for name, paths in named.items() if len(paths) > 1} == {}


RETIRED = {
    "attempt", "attempts", "background", "blueprint", "edition", "editions", "entrance", "entrances",
    "explained", "follow", "follows", "marks", "mend", "mended", "mends", "moments", "parts", "proposal",
    "propose", "proposed", "proposes", "said", "say", "says", "session", "sessions", "settle", "settled",
    "settles", "tell", "tells", "told", "trial", "trials", "world",
}  # fmt: skip
RETIRED_IN_A_ROW = {"take_back", "taken_back", "takes_back", "go_back", "goes_back"}
HONEST = {
    "attempt": "GitHub's run attempt",
    "RunAttempt": "GitHub's run attempt",
    "_run_attempt": "GitHub's run attempt",
    "get_run_attempt": "GitHub's run attempt",
    "list_run_attempt_jobs": "GitHub's run attempt",
    "run_attempt": "GitHub's run attempt",
    "run_attempts": "GitHub's run attempt",
    "session": "boto3's Session",
    "_session": "boto3's Session",
    "settled": "the state of a step, for `actions/post`",
}


def _identifiers(path: Path) -> Iterator[str]:
    """Every name given in a module, and its own."""
    yield path.stem
    for node in ast.walk(_tree(path)):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name
            case ast.arg(arg=name) | ast.Name(id=name, ctx=ast.Store()):
                yield name
            case ast.Attribute(attr=name, ctx=ast.Store()):
                yield name


def _retired(name: str) -> bool:
    words = [word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name)]
    plain = "_".join(words)
    in_a_row = any(phrase in plain for phrase in RETIRED_IN_A_ROW)
    return bool(set(words) & RETIRED) or in_a_row or plain.startswith("note_")


@pytest.mark.parametrize("name", ["note_check", "TrialStage", "_told", "taken_back", "marks", "Blueprint"])
def test_a_retired_word_is_found_in_any_form(name: str) -> None:
    assert _retired(name)


@pytest.mark.parametrize("folder", ["kanmon", "embedded", "demo", "verification", "scripts", "actions"])
def test_no_retired_word_is_an_identifier(folder: str) -> None:
    """`docs/concepts.md` has the words for these things."""
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in (ROOT / folder).rglob("*.py")
        if not {"node_modules", "tests"} & set(path.relative_to(ROOT).parts)
        for name in _identifiers(path)
        if _retired(name) and name not in HONEST
    }
    assert found == set()


@pytest.mark.parametrize("name", NAMES)
def test_no_retired_word_is_an_input_or_an_output(name: str) -> None:
    command = load(name)
    given = {option.name.replace("-", "_") for option in command.inputs} | command.outputs.keys()
    assert {one for one in given if _retired(one)} == set()


RETIRED_IN_TEXT = re.compile(
    r"\b(trials?|blueprints?|told|tells?|entrances?|editions?|propos(e[sd]?|al)|settles?|mend(s|ed)?|moments|"
    r"explain(s|ed)|said|says|world|"
    r"(take[ns]?|go(es)?) back)\b",
    re.IGNORECASE,
)
TEXTS = (
    "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "SECURITY.md", ".github/workflows", "actions",
    "benchmarks", "demo", "docs", "embedded", "examples", "infra", "kanmon", "scripts", "tests",
    "verification", "workflows",
)  # fmt: skip
KINDS = {".md", ".j2", ".yml", ".py", ".sh", ".ts", ".js", ""}
"""Words with another honest use are no matter of a search: attempt, background, follow, part, session."""


def _texts() -> Iterator[Path]:
    for name in TEXTS:
        root = ROOT / name
        for path in [root] if root.is_file() else root.rglob("*"):
            # The example's goals are a person's own words.
            foreign = {"node_modules", "__pycache__", "example.ts"} & set(path.relative_to(ROOT).parts)
            if path.is_file() and path.suffix in KINDS and not foreign and path != Path(__file__).resolve():
                yield path


def test_no_retired_word_is_in_a_text() -> None:
    """`docs/concepts.md` has the words. Docs, templates, workflows, docstrings, comments and messages."""
    found = {
        f"{path.relative_to(ROOT)}:{number}: {match.group()}"
        for path in _texts()
        for number, line in enumerate(path.read_text("utf-8", errors="replace").splitlines(), 1)
        for match in RETIRED_IN_TEXT.finditer(line)
    }
    assert found == set()


@pytest.mark.parametrize(
    "text", ["is on trial", "Slack is told", "a blueprint", "is taken back", "It goes back"]
)
def test_a_retired_word_in_a_text_is_found(text: str) -> None:
    assert RETIRED_IN_TEXT.search(text)


def test_every_error_code_is_unique() -> None:
    numbers = [code.number for code in Code]
    assert len(numbers) == len(set(numbers))
    assert len(Code.__members__) == len(list(Code))


@pytest.mark.parametrize("code", Code, ids=lambda code: code.id)
def test_every_error_code_is_used_and_has_a_fix(code: Code) -> None:
    users = [
        path for path in MODULES if path.name != "codes.py" and f"Code.{code.name}" in path.read_text("utf-8")
    ]
    assert users
    assert code.meaning.endswith(".")
    assert code.fix
