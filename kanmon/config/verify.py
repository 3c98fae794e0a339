"""The team's own tests of a candidate, before any user gets it (CD-7)."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from kanmon.config.durations import Duration
from kanmon.config.placeholders import secrets_in
from kanmon.config.section import MistakeError, Section, written
from kanmon.config.test import Glob
from kanmon.config.values import ShellCommand
from kanmon.language import deferred, phrase

_LONGEST = 3600.0
_CLIENTS = ("HOME", "PATH")
_CLIENTS_BEGIN = ("DOCKER_", "KANMON_")


def _free(name: str) -> str:
    if name in _CLIENTS or name.startswith(_CLIENTS_BEGIN):
        problem = phrase("{name} belongs to the image, to Docker or to Kanmon.", name=name)
        raise MistakeError(problem, phrase("Choose another name, such as `{name}`.", name="E2E_PASSWORD"))
    return name


def _short(seconds: float) -> float:
    if not 0 < seconds <= _LONGEST:
        problem = phrase("It must be above 0 and at most one hour.")
        raise MistakeError(problem, phrase("Write, for example, `{line}`.", line="15m"))
    return seconds


class Verify(Section):
    """The team's own tests against the candidate's preview, in a container."""

    image: Annotated[
        str,
        written(
            r"^([a-z0-9][a-z0-9._/:-]*(:[\w.-]+)?@)?sha256:[0-9a-f]{64}$",
            deferred("Name the image with its digest: `docker buildx imagetools inspect IMAGE` shows it."),
            "mcr.microsoft.com/playwright:v1.55.0-noble@sha256:" + "0" * 64,
        ),
    ] = Field(
        max_length=512,
        description="The container image for the commands, by its digest, because a tag can move; or the id "
        "of an image on this machine. It has the tools of your tests, such as browsers.",
    )
    commands: tuple[ShellCommand, ...] = Field(
        min_length=1,
        max_length=50,
        examples=[["npm ci", "npx playwright test"]],
        description="Commands for the image's `sh -e`, one after the other in a copy of your repository at "
        "the bundle's commit, in the config's folder. All of them run. They see nothing of the deploy's job: "
        "no credentials, no token, no files.",
    )
    results: tuple[Glob, ...] = Field(
        ("*.xml",),
        min_length=1,
        examples=[["junit.xml"]],
        description="The JUnit XML files that the commands write to the folder `$KANMON_RESULTS`. They count "
        "as those of `test.results`: each test must pass, and at least one must run. Everything in the "
        "folder is kept: screenshots, traces.",
    )
    environment: dict[
        Annotated[
            str,
            written(
                r"^[A-Za-z_][A-Za-z0-9_]*$",
                deferred("Use letters, digits and `_`. Begin with a letter or `_`."),
                "E2E_USER",
            ),
            AfterValidator(_free),
        ],
        Annotated[str, Field(max_length=4096)],
    ] = Field(
        default_factory=dict,
        max_length=50,
        examples=[{"E2E_PASSWORD": "${secrets.shopper.password}"}],
        description="Further environment variables of the commands. `${secrets.name}` is the value of a "
        "secret, `${secrets.name.key}` one key of a secret with JSON. The commands can do with it what they "
        "like: name only a test user's.",
    )
    timeout: Annotated[Duration, AfterValidator(_short)] = Field(
        "15m",
        validate_default=True,
        description="The longest time for all commands together, at most `1h`. Then the candidate is "
        "refused.",
    )

    @property
    def secrets(self) -> frozenset[str]:
        """The names of the secrets that it uses."""
        return secrets_in(self.environment.values())
