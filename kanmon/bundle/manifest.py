"""The bundle's manifest: every file with its digest, the commit, the tools, the config."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import Field, ValidationError

from kanmon.bundle.pack import sha256_of
from kanmon.bundle.tree import safe_name
from kanmon.config.schema import Config
from kanmon.errors import Code, KanmonError
from kanmon.model import Record, WebFile

if TYPE_CHECKING:
    from pathlib import Path

MANIFEST = "manifest.json"


class FunctionPackage(Record):
    """One function's zip."""

    sha256: str
    size: int
    files: dict[str, str]
    """Each file inside the zip, with its SHA-256."""

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

    @property
    def path(self) -> str:
        """Its path in the bundle."""
        return f"state-machines/{self.sha256}.json"


class Manifest(Record):
    """The contents of a bundle; the manifest's digest is the bundle's name."""

    app: str
    commit: str
    tools: dict[str, str]
    functions: dict[str, FunctionPackage]
    state_machines: dict[str, StateMachineDefinition] = Field(default_factory=dict)
    web: dict[str, WebFile]
    config: Config

    def text(self) -> str:
        """The text of the manifest's file, the same for the same content."""
        return json.dumps(self.model_dump(mode="json", by_alias=True), indent=1, sort_keys=True) + "\n"

    @property
    def digest(self) -> str:
        """The SHA-256 of the manifest: the bundle's name."""
        return hashlib.sha256(self.text().encode()).hexdigest()

    def files(self) -> dict[str, str]:
        """Every file of the bundle besides the manifest: its path and SHA-256."""
        packed = {package.path: package.sha256 for package in self.functions.values()}
        packed |= {definition.path: definition.sha256 for definition in self.state_machines.values()}
        return packed | {f"web/{name}": file.sha256 for name, file in self.web.items()}

    @staticmethod
    def parse(text: str | bytes, where: str) -> Manifest:
        """Read a manifest.

        Raises BUNDLE_DAMAGED or UNSAFE_PATH.
        """
        try:
            manifest = Manifest.model_validate_json(text)
        except ValidationError as error:
            reason = error.errors()[0]["msg"]
            raise KanmonError(
                Code.BUNDLE_DAMAGED, f"The manifest is not one: {reason}.", where=where
            ) from None
        for name in manifest.web:
            safe_name(name)
        return manifest


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
        text = path.read_bytes()
    except FileNotFoundError:
        raise KanmonError(Code.BUNDLE_MISSING, "There is no bundle.", where=str(folder)) from None
    manifest = Manifest.parse(text, str(path))
    if digest not in {"", manifest.digest}:
        problem = f"The bundle is {manifest.digest[:12]}, not {digest[:12]} as was built."
        raise KanmonError(Code.BUNDLE_DAMAGED, problem, where=str(path))
    bundle = Bundle(folder, manifest)
    for name, expected in manifest.files().items():
        file = bundle.path(name)
        if not file.is_file() or sha256_of(file) != expected:
            problem = f"{name} is missing or differs from the manifest."
            raise KanmonError(Code.BUNDLE_DAMAGED, problem, where=str(file))
    return bundle


def built_from(config: Config, folder: Path, digest: str = "") -> Bundle:
    """Read a bundle built from this config.

    Raises BUNDLE_MISSING, UNSAFE_PATH, or BUNDLE_DAMAGED (also for a bundle from another config).
    """
    bundle = load_bundle(folder, digest=digest)
    if bundle.manifest.config != config:
        problem = "The config changed since the bundle was built."
        raise KanmonError(Code.BUNDLE_DAMAGED, problem, fix="Run `kanmon build` again.")
    return bundle
