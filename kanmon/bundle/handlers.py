"""Looks for a function's handler among its files, as its runtime would.

A runtime looks for it at the first call. A typo is found here. What only a run of the code shows, passes.
"""

from __future__ import annotations

import zipfile
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING

from kanmon.bundle.exports import javascript_lacks, python_lacks
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.regular_file import RefusedFileError, read_regular

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from kanmon.bundle.tree import TreeFile
    from kanmon.config.functions import Function

_SOURCE = 512 * 1024
"""Bytes of a source file that is read for a name. Reading a larger one takes a second and more."""


def refuse_missing_handler(name: str, function: Function, folder: Path, files: Sequence[TreeFile]) -> None:
    """Raise HANDLER_MISSING if the runtime can't find the function's handler among the files.

    The files of a layer are not known, and a layer may have the handler: monitoring tools do so.
    """
    if function.layers:
        return
    language = next(key for key in _LANGUAGES if function.runtime.startswith(key))
    package = _Package(folder, {file.name: file for file in files})
    if problem := _LANGUAGES[language](function.handler, package):
        where = f"functions.{name}.handler: {function.handler}"
        raise KanmonError(Code.HANDLER_MISSING, problem, where=where)


class _Package:
    """The files of a package, found by their path below it."""

    def __init__(self, folder: Path, files: dict[str, TreeFile]) -> None:
        self.files = files
        self._folder = folder
        self._root = folder.resolve()

    def first(self, *names: str) -> TreeFile | None:
        """The first file that is there, also behind links. Case counts, as it does on Lambda."""
        for name in names:
            if name in self.files and self.files[name].target is None:
                return self.files[name]
            real = (self._folder / name).resolve()
            if real.is_relative_to(self._root):
                found = self.files.get(real.relative_to(self._root).as_posix())
                if found:
                    return found
        return None

    def missing(self, *names: str) -> str:
        """The problem that none of these files is there."""
        suffix = names[0].rpartition(".")[2]
        others = [name for name in self.files if name.endswith(suffix) and "node_modules/" not in name]
        alike = get_close_matches(names[0], others, 1)
        missing = phrase(" and no ").join(names)
        if alike:
            return phrase("The artifact has no {names}. It has {alike}.", names=missing, alike=alike[0])
        return phrase("The artifact has no {names}.", names=missing)


def _python(handler: str, package: _Package) -> str | None:
    # https://docs.aws.amazon.com/lambda/latest/dg/python-handler.html
    module, dot, name = handler.rpartition(".")
    if not dot or not module:
        return phrase("The handler has no module and function, such as `app.handle` for `handle` in app.py.")
    path = module.replace(".", "/")
    source = package.first(f"{path}/__init__.py", f"{path}.py")
    if source:
        return _lacks(source, name, python_lacks)
    stems = (f"{path}.", f"{path}/__init__.")
    if any(file.startswith(stems) and file.endswith((".pyc", ".so")) for file in package.files):
        return None
    return package.missing(f"{path}.py")


def _node(handler: str, package: _Package) -> str | None:
    # https://github.com/aws/aws-lambda-nodejs-runtime-interface-client/blob/main/src/UserFunction.js
    if ".." in handler:
        return phrase("Lambda takes no `..` in a handler.")
    folder, slash, last = handler.removeprefix("./").removeprefix("/var/task/").rpartition("/")
    module, dot, name = last.partition(".")
    if not dot or not module or not name:
        return phrase("The handler has no file and export, such as `app.handle` for `handle` in app.js.")
    if folder.startswith("/"):
        return None
    path = f"{folder}{slash}{module}"
    source = package.first(path, f"{path}.js", f"{path}.mjs", f"{path}.cjs")
    if source:
        return _lacks(source, name.partition(".")[0], javascript_lacks)
    # `require` finds a folder, and a module of `node_modules`.
    installed = [f"{place}node_modules/{module}" for place in ("", f"{folder}{slash}")]
    found = (f"{path}/", *(f"{place}{end}" for place in installed for end in "/."))
    if any(f"{file}/".startswith(found) for file in package.files):
        return None
    return package.missing(f"{path}.js", f"{path}.mjs", f"{path}.cjs")


def _ruby(handler: str, package: _Package) -> str | None:
    # https://docs.aws.amazon.com/lambda/latest/dg/ruby-handler.html
    file, dot, name = handler.partition(".")
    if not dot or not file or not name:
        return phrase("The handler has no file and method, such as `app.handle` for `handle` in app.rb.")
    return None if package.first(f"{file}.rb", f"{file}.so") else package.missing(f"{file}.rb")


def _java(handler: str, package: _Package) -> str | None:
    # https://docs.aws.amazon.com/lambda/latest/dg/java-package.html: classes, and jars in `lib`.
    name = f"{handler.partition('::')[0].replace('.', '/')}.class"
    jars = [file for key, file in package.files.items() if key.startswith("lib/") and key.endswith(".jar")]
    if package.first(name) or any(_holds(jar.path, name) for jar in jars):
        return None
    return phrase(
        "{missing} No jar in its folder `lib` has it. Lambda reads no jar elsewhere.",
        missing=package.missing(name),
    )


def _holds(jar: str, name: str) -> bool:
    """Whether a jar has a file. A jar that can't be read may have it."""
    try:
        with zipfile.ZipFile(jar) as content:
            return name in content.NameToInfo
    except (OSError, ValueError, NotImplementedError, zipfile.BadZipFile):
        return True


def _dotnet(handler: str, package: _Package) -> str | None:
    # https://docs.aws.amazon.com/lambda/latest/dg/csharp-handler.html
    name = f"{handler.partition('::')[0]}.dll"
    return None if package.first(name, "bootstrap") else package.missing(name)


def _provided(_: str, package: _Package) -> str | None:
    # https://docs.aws.amazon.com/lambda/latest/dg/runtimes-custom.html
    found = package.first("bootstrap")
    if not found:
        return phrase("The artifact has no bootstrap: the file that this runtime starts.")
    if found.executable:
        return None
    return phrase("The file bootstrap is not executable. Run `chmod +x` in the build.")


def _lacks(source: TreeFile, name: str, lacks: Callable[[bytes, str], bool]) -> str | None:
    try:
        content = read_regular(Path(source.path), _SOURCE)
    except RefusedFileError:
        return None
    if not lacks(content, name):
        return None
    return phrase("{file} has no `{name}`.", file=source.name, name=name)


_LANGUAGES: dict[str, Callable[[str, _Package], str | None]] = {
    "python": _python,
    "nodejs": _node,
    "ruby": _ruby,
    "java": _java,
    "dotnet": _dotnet,
    "provided": _provided,
}
