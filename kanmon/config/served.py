"""The config of a stored release, read for its service alone: to roll back to it, recover it, check it.

Another version of Kanmon may have written it, with keys and values unknown to this one. They never stop a
rollback: this view reads only what such a run needs, and ignores the rest. :class:`Config` is for the build,
the plan and the deploy.
"""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from kanmon.config.api import Throttle, answered_by
from kanmon.config.checks import Check
from kanmon.config.paths import APP, Paths
from kanmon.config.web import CHANGEABLE, FOLDER, own_headers
from kanmon.language import deferred, phrase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic_core import ErrorDetails


_FOLDER = re.compile(FOLDER)


class ServedApi(BaseModel):
    """The place of the API, and the settings of its stage."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    prefix: str = "/api"
    paths: JsonValue = None
    routes: JsonValue = None
    throttle: Throttle = Field(default_factory=Throttle)

    @property
    def answered(self) -> tuple[str, ...]:
        """The patterns of its paths: see :attr:`kanmon.config.api.Api.answered`."""
        paths = self.paths if isinstance(self.paths, list) else []
        routes = self.routes if isinstance(self.routes, list) else []
        named = (str(one.get("path")) for one in routes if isinstance(one, dict))
        return answered_by(self.prefix, named, (one for one in paths if isinstance(one, str)))


class ServedWeb(BaseModel):
    """What the pages of a release are served with."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    content_security_policy: str = ""
    settings: dict[str, str] = Field(default_factory=dict)
    immutable: JsonValue = None
    routes: JsonValue = APP
    routes_in: JsonValue = None
    response_headers: JsonValue = None

    @property
    def paths(self) -> Paths:
        """The files that its paths show, as far as this version can read it."""
        given = self.routes_in if isinstance(self.routes_in, dict) else {}
        folders = {folder: shown for folder, shown in given.items() if isinstance(shown, str)}
        return Paths(self.routes if isinstance(self.routes, str) else APP, folders)

    @property
    def headers(self) -> dict[str, str]:
        """The response headers of the release's own files."""
        return own_headers(self.content_security_policy, self.others)

    @property
    def others(self) -> dict[str, str]:
        """The response headers besides the policy: those that this version knows."""
        given = self.response_headers if isinstance(self.response_headers, dict) else {}
        return {name: value for name, value in given.items() if name in CHANGEABLE and isinstance(value, str)}

    @property
    def folders(self) -> frozenset[str]:
        """The folders of its hashed assets, such as `assets/`. What this version can't read names none."""
        given = self.immutable if isinstance(self.immutable, list) else []
        return frozenset(one[:-1] for one in given if isinstance(one, str) and _FOLDER.fullmatch(one))


class ServedConfig(BaseModel):
    """What Kanmon needs to bring users to a stored release."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    app: str
    environment: str
    api: ServedApi | None = None
    web: ServedWeb | None = None
    stacks: dict[str, JsonValue] = Field(default_factory=dict)
    stored_checks: tuple[dict[str, JsonValue], ...] = Field((), alias="checks")

    @property
    def stateful_stacks(self) -> frozenset[str]:
        """The stacks of the team's own with data."""
        found = self.stacks.items()
        return frozenset(name for name, one in found if isinstance(one, dict) and one.get("stateful") is True)

    @property
    def prefix(self) -> str:
        """The beginning of every resource's name, `<app>-<environment>`."""
        return f"{self.app}-{self.environment}"

    @cached_property
    def checks(self) -> tuple[Check, ...]:
        """The smoke checks, as far as this version can run them."""
        return tuple(check for check, _ in self._read if check)

    @cached_property
    def unchecked(self) -> tuple[str, ...]:
        """Everything in the checks that this version can't run, in words. A run reports it."""
        return tuple(note for _, note in self._read if note)

    @cached_property
    def _read(self) -> tuple[tuple[Check | None, str], ...]:
        read: list[tuple[Check | None, str]] = []
        names: set[str] = set()
        for check, note in map(_read_check, self.stored_checks):
            if check and (lost := check.needs - names):
                needs = deferred("the check {name} does not run: it needs {check}")
                read.append((None, phrase(needs, name=check.name, check=min(lost))))
                continue
            names |= {check.name} if check else set()
            read.append((check, note))
        return tuple(read)


def read_served(config: Mapping[str, JsonValue]) -> ServedConfig:
    """The view of a stored config. Raises pydantic's ValidationError when it isn't one."""
    # The argument counts for nested sections too, and those of the strict config refuse unknown keys.
    return ServedConfig.model_validate(config, extra="ignore")


def _read_check(stored: Mapping[str, JsonValue]) -> tuple[Check | None, str]:
    """A check, and what of it does not run.

    A check without its unknown assertion is still a check, only a weaker one: all assertions must hold. Any
    other unknown key may give the request another meaning. Such a check could fail on a good release, and
    then it would stop a rollback.
    """
    try:
        return Check.model_validate(stored), ""
    except ValidationError as error:
        errors = error.errors()
    name, keys = stored.get("name"), ", ".join(dict.fromkeys(_place(one) for one in errors))
    if all(one["type"] == "extra_forbidden" and one["loc"][0] == "expect" for one in errors):
        note = phrase(
            "the check {name} runs without {keys}: this Kanmon does not know it", name=name, keys=keys
        )
        return Check.model_validate(stored, extra="ignore"), note
    note = phrase("the check {name} does not run: this Kanmon can't read its {keys}", name=name, keys=keys)
    return None, note


def _place(error: ErrorDetails) -> str:
    return "`" + ".".join(map(str, error["loc"])) + "`"
