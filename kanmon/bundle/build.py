"""Builds the bundle: runs the app's build commands, then packs their output (CD-6)."""

from __future__ import annotations

import fnmatch
import os
import platform
import shutil
import subprocess
import tempfile
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

from kanmon import __version__
from kanmon.appcommand.process import run_command
from kanmon.appcommand.scrub import app_environment
from kanmon.bundle.definitions import copy_state_machines
from kanmon.bundle.handlers import refuse_missing_handler
from kanmon.bundle.hoisted_modules import lacking_modules
from kanmon.bundle.lambda_package import refuse_unfit_package
from kanmon.bundle.manifest import MANIFEST, Bundle, FunctionPackage, Manifest, sha256_of
from kanmon.bundle.native_code import foreign_code
from kanmon.bundle.own_stacks import read_stacks
from kanmon.bundle.pack import compressor, pack
from kanmon.bundle.starter import starter, with_starter
from kanmon.bundle.tree import refuse_larger, shown, tree_files
from kanmon.bundle.web_files import (
    is_tools_own,
    refuse_assets,
    refuse_compressed_page,
    refuse_web_files,
    refuse_web_folder,
    some_of,
)
from kanmon.bundle.web_routes import refuse_missing_pages, with_routes
from kanmon.codes import Code
from kanmon.config.built import build_inputs
from kanmon.config.paths import is_api_path
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.media import BEGINNING, media_of
from kanmon.model import WebFile

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanmon.bundle.tree import TreeFile
    from kanmon.config.api import Api
    from kanmon.config.schema import Config
    from kanmon.config.web import Web

_SHOWN_LINES = 20
_DIRECTORY = "web.directory"
_WEB = 1024**3
"""Bytes of all web files. Each build copies them, and each release compares them."""


def build_bundle(
    config: Config,
    project: Path,
    target: Path,
    *,
    commit: str,
    on_command: Callable[[str], None],
    on_line: Callable[[str], None],
    on_warning: Callable[[KanmonError], None] = lambda _: None,
) -> Bundle:
    """Run the build commands in `project` and write the bundle to `target`.

    `on_command` gets every command before it runs. `on_line` gets every printed line at once. `on_warning`
    gets NATIVE_CODE_FOREIGN for compiled code that some function can't load.
    It replaces an older bundle. It appears at `target` whole or not at all.
    Raises BUILD_FAILED, ARTIFACT_MISSING, UNSAFE_PATH, WEB_FILE_REFUSED, BUNDLE_TOO_BIG, HANDLER_MISSING,
    NATIVE_CODE_FOREIGN, STATE_MACHINE_INVALID or STACK_TEMPLATE_INVALID.
    """
    for command in config.build.commands:
        on_command(command)
        _run(command, project, on_line)
    if config.web:
        refuse_web_folder(project / config.web.directory, _private(config, project, target), _DIRECTORY)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".bundle-") as folder:
        staged = Path(folder, "bundle")
        functions = _pack_functions(config, project, staged, target, on_warning)
        manifest = _assemble(config, project, staged, commit, functions)
        (staged / MANIFEST).write_bytes(manifest.stored)
        if target.is_symlink():
            target.unlink()
        elif target.exists():
            shutil.rmtree(target)
        staged.rename(target)
    return Bundle(target, manifest)


UNVERSIONED, DIRTY = "unversioned", "-dirty"
"""The commit of a folder without git, and the end of one whose files differ from it."""


def head_of(project: Path) -> str:
    """The commit of a folder: GITHUB_SHA in a workflow, else git's HEAD. Without git it is `unversioned`."""
    return os.environ.get("GITHUB_SHA") or _git(project, "rev-parse", "HEAD") or UNVERSIONED


def commit_of(project: Path) -> str:
    """The commit of the build: see :func:`head_of`. HEAD gets the suffix `-dirty` when files differ."""
    head = head_of(project)
    if os.environ.get("GITHUB_SHA") or head == UNVERSIONED:
        return head
    return head + (DIRTY if _git(project, "status", "--porcelain", "--", ".") else "")


def _git(project: Path, *arguments: str) -> str | None:
    # The repository's own settings can name programs for git to start.
    environment = app_environment(os.environ)
    try:
        answer = subprocess.run(
            ["git", *arguments], cwd=project, env=environment, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    return answer.stdout.strip()


def _run(command: str, project: Path, on_line: Callable[[str], None]) -> None:
    last: deque[str] = deque(maxlen=_SHOWN_LINES)

    def keep(line: str) -> None:
        last.append(line)
        on_line(line)

    status = run_command(command, project, keep)
    if status != 0:
        lines = "\n".join(f"  | {line}" for line in last) or phrase("  | (it printed nothing)")
        problem = phrase(
            "`{command}` ended with status {status}. Its last lines:\n{lines}\n",
            command=command,
            status=status,
            lines=lines,
        )
        raise KanmonError(Code.BUILD_FAILED, problem, where=str(project))


def _assemble(
    config: Config, project: Path, staged: Path, commit: str, functions: dict[str, FunctionPackage]
) -> Manifest:
    return Manifest(
        app=config.app,
        commit=commit,
        tools={
            "kanmon": __version__,
            "python": platform.python_version(),
            "compressor": compressor(),
        },
        functions=functions,
        state_machines=copy_state_machines(config, project, staged),
        stacks=read_stacks(config, project),
        web=_copy_web(config.web, config.api, project, staged) if config.web else {},
        built=build_inputs(config.as_json()),
    )


def _pack_functions(
    config: Config, project: Path, staged: Path, target: Path, on_warning: Callable[[KanmonError], None]
) -> dict[str, FunctionPackage]:
    """The package of each function. Functions with one artifact and one way to start share it."""
    (staged / "functions").mkdir(parents=True)
    artifacts: dict[str, list[TreeFile]] = {}
    packages: dict[tuple[str, str], list[TreeFile]] = {}
    seen = set()
    for name, function in config.functions.items():
        folder = project / function.artifact
        if function.artifact not in artifacts:
            key = f"functions.{name}.artifact"
            artifacts[function.artifact] = _files(
                project, function.artifact, key, keep_links=True, without=target
            )
        package = (function.artifact, starter(function))
        if package not in packages:
            packages[package] = with_starter(name, function, artifacts[function.artifact])
            refuse_unfit_package(name, function, packages[package])
        refuse_missing_handler(name, function, folder, artifacts[function.artifact])
        machine = (function.artifact, function.runtime, function.architecture)
        if machine not in seen and (foreign := foreign_code(name, function, artifacts[function.artifact])):
            on_warning(foreign)
        if machine not in seen and (lacking := lacking_modules(name, function, artifacts[function.artifact])):
            on_warning(lacking)
        seen.add(machine)
    packed = {package: _pack_function(files, staged) for package, files in packages.items()}
    return {name: packed[function.artifact, starter(function)] for name, function in config.functions.items()}


def _pack_function(files: list[TreeFile], staged: Path) -> FunctionPackage:
    draft = staged / "functions" / "draft.zip"
    digests = pack(files, draft)
    package = FunctionPackage(sha256=sha256_of(draft), size=draft.stat().st_size, files=digests)
    draft.rename(staged / package.path)
    return package


def _private(config: Config, project: Path, target: Path) -> dict[str, Path]:
    """Everything that nobody may get from the web directory, by its name."""
    artifacts = {f"functions.{name}.artifact": one.artifact for name, one in config.functions.items()}
    return {
        phrase("the project with its config file"): project,
        phrase("the bundle"): target,
        **{key: project / artifact for key, artifact in artifacts.items()},
    }


def _copy_web(app: Web, api: Api | None, project: Path, staged: Path) -> dict[str, WebFile]:
    found = _files(project, app.directory, _DIRECTORY)
    files = [file for file in found if not is_tools_own(file.name)]
    refuse_web_files([file.name for file in files], api.prefix if api else None, _DIRECTORY)
    if lost := [file.name for file in files if api and is_api_path(f"/{file.name}", api.paths)]:
        problem = phrase("Nobody could reach files at paths of `api.paths`: {names}.", names=some_of(lost))
        raise KanmonError(Code.WEB_FILE_REFUSED, problem, where=_DIRECTORY)
    reason = phrase("Kanmon releases {limit:,} bytes.", limit=_WEB)
    refuse_larger(files, _WEB, phrase("The web directory"), reason, _DIRECTORY)
    web = {}
    for file in files:
        copy = staged / "web" / file.name
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file.path, copy)
        web[file.name] = _web_file(app, file.name, copy)
    refuse_assets([name for name, file in web.items() if file.immutable], _DIRECTORY)
    refuse_missing_pages(web, app.paths, f"{_DIRECTORY}: {app.directory}")
    return with_routes(web, app.paths)


def _web_file(app: Web, name: str, copy: Path) -> WebFile:
    immutable = any(fnmatch.fnmatchcase(name, pattern) for pattern in app.immutable)
    with copy.open("rb") as content:
        media = media_of(name, content.read(BEGINNING))
    refuse_compressed_page(name, media, _DIRECTORY)
    return WebFile(
        sha256=sha256_of(copy),
        size=copy.stat().st_size,
        immutable=immutable,
        type=media.type,
        encoding=media.encoding,
    )


def _files(
    project: Path, path: str, key: str, *, keep_links: bool = False, without: Path | None = None
) -> list[TreeFile]:
    folder = project / path
    if not folder.is_dir():
        missing, fix = phrase("`{path}` is not there after the build.", path=path), None
        if folder.is_file():
            missing = phrase("`{path}` is a file, not a folder.", path=path)
            fix = phrase("Name the folder: Kanmon packs it itself.")
        elif folder.is_symlink():
            target = shown(folder.readlink())
            missing = phrase("`{path}` is a symbolic link to nothing, {target}.", path=path, target=target)
        raise KanmonError(Code.ARTIFACT_MISSING, missing, where=f"{key}: {shown(folder)}", fix=fix)
    files = tree_files(folder, keep_links=keep_links, without=without)
    if not files:
        empty = phrase("`{path}` is empty after the build.", path=path)
        raise KanmonError(Code.ARTIFACT_MISSING, empty, where=f"{key}: {shown(folder)}")
    return files
