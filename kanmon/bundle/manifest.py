"""The bundle's manifest: every file with its digest, the commit, the tools, the build's keys of the config.

The rest of the config is beside the bundle (:mod:`kanmon.config.stored`): it may change without a build, and
differs by environment. A rollback reads manifests of other versions of Kanmon. So unknown fields are ignored,
and the digest is that of the stored bytes.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, JsonValue, PrivateAttr, ValidationError

from kanmon.bundle.packs import is_packed
from kanmon.bundle.tree import safe_name
from kanmon.codes import Code
from kanmon.config.built import build_inputs
from kanmon.config.changed import changed_keys
from kanmon.config.extremes import dotted
from kanmon.config.served import read_served
from kanmon.errors import KanmonError
from kanmon.language import deferred, phrase
from kanmon.model import Record, WebFile
from kanmon.naming import ENTRY_PAGE
from kanmon.regular_file import RefusedFileError, read_regular
from kanmon.text import cut

if TYPE_CHECKING:
    from pathlib import Path

    from kanmon.config.schema import Config

MANIFEST = "manifest.json"
_SHOWN = 80
_NAMED = 5
"""The most changed keys in a message."""
LARGEST = 32 * 1024 * 1024
"""Bytes of a manifest. A file has about 150: 200,000 files fit."""
_CHUNK = 64 * 1024
VERSION = 2
"""The version of the manifest's format. A change that an older Kanmon would misread gives it the next one.

Version 1 had the whole config inside.
"""
_FUNCTION, _STATE_MACHINE = deferred("function {name}"), deferred("state machine {name}")
_WEB_FILE = deferred("web file {name}")
_WRONG = deferred("The manifest has no right `{key}`.")
_CHANGED = deferred("{keys} changed since the bundle was built.")
_MORE_CHANGED = deferred("{keys} and {number} more keys changed since the bundle was built.")


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content, in hexadecimal."""
    digest = hashlib.sha256()
    # hashlib's own `file_digest` clears 256 KiB for each file: a third of the time of a small one.
    with path.open("rb", buffering=0) as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


class FunctionPackage(Record):
    """One function's zip."""

    sha256: str
    size: int
    files: dict[str, str]
    """Each file inside the zip, with its SHA-256. A link has that of its target's name."""

    @property
    def path(self) -> str:
        """Its path in the bundle; functions with the same artifact share one file."""
        return f"functions/{self.sha256}.zip"


class StateMachineDefinition(Record):
    """One state machine's definition.

    Placeholders such as `${charge}` stand for functions.
    """

    sha256: str
    size: int
    functions: tuple[str, ...]
    """The functions in its placeholders."""
    values: tuple[str, ...] = ()
    """The other names in them, such as `foundation.MailQueueUrl`."""

    @property
    def path(self) -> str:
        """Its path in the bundle."""
        return f"state-machines/{self.sha256}.json"


class StackTemplate(Record):
    """The template of one of the team's own stacks, in Kanmon's form."""

    body: str
    parameters: tuple[str, ...]
    """The parameters that the team declared."""
    outputs: tuple[str, ...]
    roles: bool
    """It makes roles, so it takes their path and their boundary."""
    types: tuple[str, ...]
    defaults: dict[str, str] = Field(default_factory=dict, exclude_if=lambda value: not value)
    """The parameters with a default, and its text."""


class _ManifestVersion(BaseModel):
    """What a manifest of every version has."""

    version: int


class Manifest(Record):
    """The contents of a bundle; the manifest's digest is the bundle's name."""

    version: int = VERSION
    app: str
    commit: str
    tools: dict[str, str]
    functions: dict[str, FunctionPackage]
    state_machines: dict[str, StateMachineDefinition] = Field(default_factory=dict)
    stacks: dict[str, StackTemplate] = Field(default_factory=dict)
    """The team's own stacks."""
    web: dict[str, WebFile]
    built: dict[str, JsonValue] = Field(default_factory=dict)
    """The keys of the config that the build used: :func:`kanmon.config.built.build_inputs`."""
    config: dict[str, JsonValue] | None = Field(None, exclude_if=lambda value: value is None)
    """Of version 1: the whole config, by the schema of the Kanmon that built the bundle."""
    _stored: bytes = PrivateAttr()

    def model_post_init(self, context: Any, /) -> None:  # noqa: ANN401 - pydantic's signature
        """Keep the stored bytes. A new manifest has them from its content, the same for the same content."""
        self._stored = context or self._written()

    def _written(self) -> bytes:
        return f"{json.dumps(self.model_dump(mode='json'), indent=1, sort_keys=True)}\n".encode()

    @property
    def stored(self) -> bytes:
        """The bytes of the manifest's file."""
        return self._stored

    @property
    def digest(self) -> str:
        """The SHA-256 of the manifest: the bundle's name."""
        return hashlib.sha256(self.stored).hexdigest()

    def files(self) -> dict[str, str]:
        """Every file of the bundle besides the manifest: its path and SHA-256."""
        packed = {package.path: package.sha256 for package in self.functions.values()}
        packed |= {definition.path: definition.sha256 for definition in self.state_machines.values()}
        return packed | {f"web/{file.source or name}": file.sha256 for name, file in self.web.items()}

    def uses(self) -> dict[str, str]:
        """Each blob's SHA-256, the manifest's too, and its uses in words. Functions may share a file.

        Hashed assets are not among them: they come in packs (:mod:`kanmon.bundle.packs`).
        """
        files = [(one.sha256, _FUNCTION, name) for name, one in self.functions.items()]
        files += [(one.sha256, _STATE_MACHINE, name) for name, one in self.state_machines.items()]
        files += [(one.sha256, _WEB_FILE, name) for name, one in self.web.items() if not is_packed(one)]
        uses: dict[str, list[str]] = {}
        for sha256, use, name in files:
            uses.setdefault(sha256, []).append(phrase(use, name=name))
        uses.setdefault(self.digest, []).append(phrase("the bundle's manifest"))
        return {sha256: ", ".join(found) for sha256, found in uses.items()}

    @property
    def inputs(self) -> dict[str, JsonValue]:
        """The keys of the config that the build used, in every version."""
        return self.built if self.config is None else build_inputs(self.config)

    @staticmethod
    def parse(content: bytes, where: str) -> Manifest:
        """Read a manifest of this version, or of an older one.

        Raises BUNDLE_DAMAGED, UNSAFE_PATH, or BUNDLE_OTHER_VERSION for one of a newer version.
        """
        try:
            # The version comes first. Otherwise a newer format would look like a damaged one.
            _refuse_newer(_ManifestVersion.model_validate_json(content).version, where)
            manifest = Manifest.model_validate_json(content, extra="ignore", context=content)
            if manifest.config is not None:
                # Read now: an error here is a damaged bundle, and no operation has begun.
                read_served(manifest.config)
        except ValidationError as error:
            key = ".".join(map(str, error.errors()[0]["loc"]))
            problem = phrase(_WRONG, key=cut(key, _SHOWN)) if key else phrase("The manifest is no JSON.")
            raise KanmonError(Code.BUNDLE_DAMAGED, problem, where=where) from None
        if not manifest.inputs:
            raise KanmonError(Code.BUNDLE_DAMAGED, phrase(_WRONG, key="built"), where=where)
        for name in (*manifest.web, *manifest.files()):
            safe_name(name)
        return manifest


def _refuse_incomplete(manifest: Manifest, where: str) -> None:
    """Raise BUNDLE_DAMAGED if a part of the config has no files."""
    inputs = manifest.inputs
    given = (
        ("functions", manifest.functions),
        ("state_machines", manifest.state_machines),
        ("stacks", manifest.stacks),
    )
    for section, found in given:
        named = inputs.get(section)
        if missing := sorted(set(named if isinstance(named, dict) else ()) - set(found)):
            problem = phrase("The manifest has no `{key}`.", key=f"{section}.{cut(missing[0], _SHOWN)}")
            raise KanmonError(Code.BUNDLE_DAMAGED, problem, where=where)
    if inputs.get("web") and ENTRY_PAGE not in manifest.web:
        problem = phrase("The manifest has no {file}.", file=ENTRY_PAGE)
        raise KanmonError(Code.BUNDLE_DAMAGED, problem, where=where)


def _refuse_newer(version: int, where: str) -> None:
    if version > VERSION:
        problem = phrase(
            "A newer Kanmon built the bundle: its manifest has version {version}, not {known}.",
            version=version,
            known=VERSION,
        )
        fix = phrase("Update Kanmon: the pinned commits of the workflows, or the command line.")
        raise KanmonError(Code.BUNDLE_OTHER_VERSION, problem, where=where, fix=fix)


@dataclass(frozen=True)
class Bundle:
    """A bundle on disk."""

    folder: Path
    manifest: Manifest

    def path(self, name: str) -> Path:
        """The path on disk of one file of the bundle."""
        return self.folder / safe_name(name)


def load_bundle(folder: Path, *, digest: str = "") -> Bundle:
    """Read a bundle and verify every file against its manifest.

    With `digest`, the manifest must have this digest. Raises BUNDLE_MISSING, BUNDLE_DAMAGED or UNSAFE_PATH.
    """
    path = folder / MANIFEST
    try:
        content = read_regular(path, LARGEST)
    except FileNotFoundError:
        problem = phrase("There is no bundle.")
        raise KanmonError(Code.BUNDLE_MISSING, problem, where=str(folder)) from None
    except RefusedFileError as error:
        problem = phrase("The manifest {reason}.", reason=error)
        raise KanmonError(Code.BUNDLE_DAMAGED, problem, where=str(path)) from None
    manifest = Manifest.parse(content, str(path))
    _refuse_incomplete(manifest, str(path))
    if digest not in {"", manifest.digest}:
        problem = phrase(
            "The bundle is {digest}, not {built} as was built.",
            digest=manifest.digest[:12],
            built=digest[:12],
        )
        raise KanmonError(Code.BUNDLE_DAMAGED, problem, where=str(path))
    bundle = Bundle(folder, manifest)
    for name, expected in manifest.files().items():
        file = bundle.path(name)
        if not file.is_file() or sha256_of(file) != expected:
            problem = phrase("{name} is missing or differs from the manifest.", name=name)
            raise KanmonError(Code.BUNDLE_DAMAGED, problem, where=str(file))
    return bundle


def built_from(config: Config, folder: Path, digest: str = "") -> Bundle:
    """Read a bundle that fits this config: all keys that the build used have the same values.

    Raises BUNDLE_MISSING, UNSAFE_PATH, BUNDLE_OTHER_VERSION, or BUNDLE_DAMAGED (also when such a key has
    another value now).
    """
    bundle = load_bundle(folder, digest=digest)
    changed = [*changed_keys(bundle.manifest.inputs, build_inputs(config.as_json()))]
    if changed:
        keys = ", ".join(f"`{cut(dotted(place), _SHOWN)}`" for place in changed[:_NAMED])
        more = len(changed) - _NAMED
        problem = phrase(_MORE_CHANGED if more > 0 else _CHANGED, keys=keys, number=more)
        raise KanmonError(Code.BUNDLE_DAMAGED, problem, fix=phrase("Run `kanmon build` again."))
    return bundle
