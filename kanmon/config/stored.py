"""The config of a release as it is stored: a file of its own beside the bundle, named by its digest.

It has two views: :class:`kanmon.config.schema.Config` for a new release, and
:class:`kanmon.config.served.ServedConfig` for a stored one, of whatever version of Kanmon.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import BaseModel, JsonValue, ValidationError

from kanmon.codes import Code
from kanmon.config.mistakes import causes, explanation
from kanmon.config.schema import Config
from kanmon.config.served import ServedConfig, read_served
from kanmon.errors import KanmonError
from kanmon.language import phrase

if TYPE_CHECKING:
    from collections.abc import Mapping

LARGEST = 4 * 1024 * 1024
"""Bytes of a stored config. One of 20,000 values has a fifth of it."""
VERSION = 1
"""The version of the format. A change that an older Kanmon would misread gives it the next one."""


class _Envelope(BaseModel):
    version: int
    config: dict[str, JsonValue]


@dataclass(frozen=True)
class StoredConfig:
    """A config as JSON, by the schema of the Kanmon that stored it."""

    content: Mapping[str, JsonValue]

    @property
    def stored(self) -> bytes:
        """The bytes of its file, the same for the same content."""
        envelope = {"version": VERSION, "config": self.content}
        return f"{json.dumps(envelope, indent=1, sort_keys=True)}\n".encode()

    @property
    def digest(self) -> str:
        """The SHA-256 of its file: the name of its blob."""
        return hashlib.sha256(self.stored).hexdigest()

    def current(self) -> Config:
        """The config by the schema of this Kanmon, for a new release.

        Raises BUNDLE_OTHER_VERSION when the schema has changed too much since it was stored.
        """
        try:
            return Config.model_validate(self.content)
        except ValidationError as error:
            reason, _ = explanation(causes(error.errors(include_url=False))[0])
            problem = phrase("This Kanmon can't use the release's config. {reason}", reason=reason)
            fix = phrase("Run `kanmon plan` again with this Kanmon, and deploy that plan.")
            raise KanmonError(Code.BUNDLE_OTHER_VERSION, problem, fix=fix) from None

    @cached_property
    def served(self) -> ServedConfig:
        """The config of a stored release, for a rollback to it, its recovery and its checks."""
        return read_served(self.content)


def parse_config(content: bytes, where: str) -> StoredConfig:
    """Read a stored config of this version, or of an older one.

    Raises BUNDLE_DAMAGED, or BUNDLE_OTHER_VERSION for one of a newer version.
    """
    try:
        envelope = _Envelope.model_validate_json(content)
        found = StoredConfig(envelope.config)
        # Read now: an error here is a damaged file, and no operation has begun.
        found.served  # noqa: B018
    except ValidationError:
        problem = phrase("The stored config can't be read.")
        raise KanmonError(Code.BUNDLE_DAMAGED, problem, where=where) from None
    if envelope.version > VERSION:
        problem = phrase(
            "A newer Kanmon stored the config: it has version {version}, not {known}.",
            version=envelope.version,
            known=VERSION,
        )
        fix = phrase("Update Kanmon: the pinned commits of the workflows, or the command line.")
        raise KanmonError(Code.BUNDLE_OTHER_VERSION, problem, where=where, fix=fix)
    return found
