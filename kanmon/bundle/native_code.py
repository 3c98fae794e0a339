"""Finds compiled code for another system, processor, C library or Python than the function's.

Such a library can't be loaded: the first call fails, with "invalid ELF header" or "No module named". Packages
may have a library for each of several systems; so one counts only if none beside it fits.
"""

from __future__ import annotations

import re
from mmap import ACCESS_READ, mmap
from typing import TYPE_CHECKING, BinaryIO

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import deferred, phrase

if TYPE_CHECKING:
    from collections.abc import Sequence

    from kanmon.bundle.tree import TreeFile
    from kanmon.config.functions import Function

_LIBRARY = re.compile(r"\.(so(\.[\d.]+)?|node|pyd)$")
# https://peps.python.org/pep-3149/, and `EXTENSION_SUFFIXES` of importlib.machinery.
_EXTENSION = re.compile(r"\.(?:(?P<python>cpython-\w+|cp\d\w*)(?:-(?P<system>[\w-]+))?|abi3)\.(?:so|pyd)$")
_SYSTEMS = re.compile(
    r"(?<![a-z0-9])(linux(musl)?|darwin|macos(x)?|osx|win(32|64|dows)|android|freebsd|x86([_-]64)?|x64|amd64|i?[36]86"
    r"|ia32|arm(64|v[678]l?|hf)?|aarch64|universal2?|gnu(eabihf)?|glibc|musl(eabihf)?|msvc)(?![a-z0-9])",
    re.IGNORECASE,
)
"""The words for systems and processors in names, such as `prebuilds/linux-x64/node.napi.node`."""
# https://refspecs.linuxfoundation.org/elf/gabi4+/ch4.eheader.html
_ELF, _HEAD = b"\x7fELF", 20
_MACHINES = {3: deferred("32-bit x86"), 40: deferred("32-bit arm"), 62: "x86_64", 183: "arm64"}
_MACH_O = frozenset(map(bytes.fromhex, ("feedface", "feedfacf", "cefaedfe", "cffaedfe", "cafebabe")))
_MUSL = "Alpine Linux (musl)"
_GLIBC = b"\0libc.so.6\0"
_MUSL_LIBRARY = re.compile(rb"\0libc\.(?:musl-\w+\.so\.1|so)\0")
"""The C library that a library asks for, in its table of names. Rust's compiler asks for `libc.so`."""
_MUSL_PROGRAM = re.compile(rb"(?<![\w/.])/lib/ld-musl-")
"""The loader that a program asks for. A static one asks for none, and runs everywhere."""
_FASTER = frozenset(
    {
        *("aiohttp", "bson", "coverage", "frozenlist", "markupsafe", "msgpack", "multidict", "propcache"),
        *(
            "_upb",
            "greenlet",
            "pymongo",
            "simplejson",
            "sqlalchemy",
            "tornado",
            "websockets",
            "wrapt",
            "yaml",
            "_yaml",
            "yarl",
        ),
        "zope",
    }
)
"""Python packages whose compiled modules are only faster: without these, they take Python."""
_BOOTSTRAP = "bootstrap"
_ONE_FOREIGN = deferred(
    "{file} is compiled for {made_for}, and the function runs {runtime} on Linux and {architecture}."
)
_SEVERAL_FOREIGN = deferred(
    "{file} is compiled for {made_for}, and the function runs {runtime} on Linux and {architecture}. "
    "So are {number} more files."
)
_MANYLINUX = {"x86_64": "x86_64", "arm64": "aarch64"}
_NPM = {"x86_64": "x64", "arm64": "arm64"}


def foreign_code(name: str, function: Function, files: Sequence[TreeFile]) -> KanmonError | None:
    """NATIVE_CODE_FOREIGN for libraries that the function can't load, and that no other stands for.

    Nobody but the package knows if it needs them: many take their own Python or JavaScript instead. Raises it
    for a foreign `bootstrap`: without this file, no call works.
    """
    names = {file.name for file in files}
    foreign: dict[str, tuple[TreeFile, str]] = {}
    fitting = set()
    for file in files:
        if file.target is not None or not _is_loaded(file.name, function):
            continue
        if _is_only_faster(file.name):
            continue
        purpose = _purpose(file.name)
        made_for = _made_for(file, function)
        if made_for is None or f"{purpose}.py" in names or _is_one_of_many(file.name):
            fitting.add(purpose)
        else:
            foreign.setdefault(purpose, (file, made_for))
    wrong = [found for purpose, found in foreign.items() if purpose not in fitting]
    if not wrong:
        return None
    file, made_for = wrong[0]
    problem = phrase(
        _SEVERAL_FOREIGN if len(wrong) > 1 else _ONE_FOREIGN,
        file=file.name,
        made_for=made_for,
        runtime=function.runtime,
        architecture=function.architecture,
        number=len(wrong) - 1,
    )
    where, fix = f"functions.{name}.artifact: {function.artifact}", _fix(file.name, made_for, function)
    found = KanmonError(Code.NATIVE_CODE_FOREIGN, problem, where=where, fix=fix)
    if _BOOTSTRAP in foreign:
        raise found
    return found


def _is_loaded(name: str, function: Function) -> bool:
    return bool(_LIBRARY.search(name)) or (name == _BOOTSTRAP and function.runtime.startswith("provided"))


def _is_only_faster(name: str) -> bool:
    *folders, last = name.lower().split("/")
    # mypyc compiles a copy of modules that are there in Python, too.
    return bool(_FASTER.intersection(folders)) or "__mypyc." in last


def _purpose(name: str) -> str:
    """What libraries for several systems have in common: their path, without the words for systems."""
    if extension := _EXTENSION.search(name):
        return name[: extension.start()]
    if "prebuilds/" in name:
        # node-gyp-build chooses one of them: https://github.com/prebuild/node-gyp-build
        return name.rpartition("prebuilds/")[0] + "prebuilds"
    return _SYSTEMS.sub("*", name)


def _is_one_of_many(name: str) -> bool:
    """Whether a library names its system itself, but for Node. The package looks at the name to load one."""
    return not name.endswith(".node") and not _EXTENSION.search(name) and bool(_SYSTEMS.search(name))


def _made_for(file: TreeFile, function: Function) -> str | None:
    """The system, processor or Python that a library is made for, if it isn't the function's."""
    python = re.fullmatch(r"python(\d)\.(\d+)", function.runtime)
    extension = _EXTENSION.search(file.name)
    if python and extension and extension["python"]:
        if file.name.endswith(".pyd"):
            return "Windows"
        version = extension["python"].removeprefix("cpython-")
        if version != f"{python[1]}{python[2]}":
            return f"Python {version[:1]}.{version[1:]}"
        if (system := extension["system"]) and system != f"{_MANYLINUX[function.architecture]}-linux-gnu":
            return "macOS" if system == "darwin" else system
    with open(file.path, "rb") as content:  # noqa: PTH123
        head = content.read(_HEAD)
        if foreign := _foreign_head(head, function.architecture):
            return foreign
        return _MUSL if head[:4] == _ELF and _needs_musl(file.name, content) else None


def _needs_musl(name: str, content: BinaryIO) -> bool:
    """Whether a program or a library for Linux needs musl. Lambda has glibc in its place."""
    with mmap(content.fileno(), 0, access=ACCESS_READ) as whole:
        if name == _BOOTSTRAP:
            return bool(_MUSL_PROGRAM.search(whole))
        return whole.find(_GLIBC) < 0 and bool(_MUSL_LIBRARY.search(whole))


def _foreign_head(head: bytes, architecture: str) -> str | None:
    """What a file with these first bytes is made for, if it isn't Linux on this processor."""
    if head[:2] == b"MZ":
        return "Windows"
    if head[:4] != _ELF or len(head) < _HEAD:
        return "macOS" if head[:4] in _MACH_O else None
    number = int.from_bytes(head[18:20], "big" if head[5] == 2 else "little")  # noqa: PLR2004
    if number not in _MACHINES:
        return phrase("another processor (ELF machine {number})", number=number)
    machine = _MACHINES[number]
    return None if machine == architecture else phrase(machine)


def _fix(name: str, made_for: str, function: Function) -> str:
    other = "x86_64" if function.architecture == "arm64" else "arm64"
    others = phrase(
        "Or set `architecture: {other}`, if you build for it, or remove a file that nothing loads.",
        other=other,
    )
    if made_for == _MUSL:
        others = phrase("Or remove a file that nothing loads.")
    if name.endswith(".node"):
        install = f"`npm ci --omit=dev --os=linux --cpu={_NPM[function.architecture]} --libc=glibc`"
    elif function.runtime.startswith("python"):
        install = (
            f"`pip install --platform manylinux2014_{_MANYLINUX[function.architecture]} --only-binary=:all: "
            f"--implementation cp --python-version {function.runtime.removeprefix('python')} --target FOLDER`"
        )
    else:
        return phrase(
            "Compile it for Linux on {architecture}, with glibc or statically. {others}",
            architecture=function.architecture,
            others=others,
        )
    return phrase(
        "Install the packages for Lambda, such as by {install}. {others}", install=install, others=others
    )
