"""Runs the team's own tests against a candidate's preview, in a container, and judges them (CD-7)."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from kanmon.appcommand.container import (
    PREVIEW,
    RESULTS,
    Container,
    refuse_without_commit,
    refuse_without_image,
)
from kanmon.apptest.run import CommandResult, judge
from kanmon.checks.hidden_values import NoValueError, Values
from kanmon.checks.probe import preview_address
from kanmon.cli.docker_action import refuse_docker_action
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.naming import PREVIEW_COOKIE
from kanmon.report.step import folded
from kanmon.text import duration

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanmon.apptest.run import Verdict
    from kanmon.checks.probe import Target
    from kanmon.clock import Clock
    from kanmon.config.verify import Verify

_EVERY = 5.0
"""Seconds between two looks for a person's decision."""
_SPARE = 120.0
"""Seconds that the container outlives its time: a run that died leaves it for no longer."""
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}


@dataclass(frozen=True)
class PreviewTests:
    """The tests of one app and environment."""

    project: Path
    owner: str
    """`<app>-<environment>`."""
    read_secret: Callable[[str], str]
    clock: Clock
    on_command: Callable[[str], None]
    on_line: Callable[[str], None]
    show: Callable[[Verdict], None]

    def prepare(self, verify: Verify, commit: str) -> None:
        """See :class:`kanmon.release.ports.PreviewTestsPort`."""
        refuse_docker_action()
        refuse_without_commit(self.project, commit)
        refuse_without_image(verify.image)

    def run(
        self, verify: Verify, commit: str, target: Target, url: str, watch: Callable[[], object]
    ) -> Verdict:
        """See :class:`kanmon.release.ports.PreviewTestsPort`."""
        kept = results_folder(self.project)
        values = Values(self.read_secret)
        try:
            given = {name: values.text(text) for name, text in verify.environment.items()}
        except NoValueError as error:
            raise KanmonError(
                Code.CANDIDATE_REFUSED, phrase("The tests can't run: {error}.", error=error)
            ) from None
        variables = given | _variables(target, url)
        on_host = urlsplit(url).hostname in _LOOPBACK
        lifetime = verify.timeout + _SPARE
        with (
            Container.started(self.owner, verify.image, variables, lifetime, on_host=on_host) as container,
            folded(phrase("Your own tests")),
        ):
            folder = container.copy_commit(self.project, commit)
            container.copy_files({PREVIEW: _browser_state(target, url)})
            tick = _Tick(self.clock, verify.timeout, watch)
            ended: list[CommandResult] = []
            try:
                for command in verify.commands:
                    self.on_command(command)
                    began = self.clock.monotonic()
                    status = container.run(
                        command, folder, lambda line: self.on_line(values.hide(line)), tick
                    )
                    ended.append(CommandResult(command, status, self.clock.monotonic() - began))
            except KanmonError:
                # What they left shows where they stood.
                with suppress(KanmonError):
                    container.take_results(kept)
                raise
            container.take_results(kept)
        verdict = judge(tuple(ended), verify.results, kept)
        self.show(verdict)
        return verdict


@dataclass
class _Tick:
    """Ends the commands after their time, and looks for decisions."""

    clock: Clock
    limit: float
    watch: Callable[[], object]
    began: float = field(init=False)
    looked: float = field(init=False)

    def __post_init__(self) -> None:
        self.began = self.looked = self.clock.monotonic()

    def __call__(self) -> None:
        now = self.clock.monotonic()
        if now - self.began > self.limit:
            raise KanmonError(
                Code.CANDIDATE_REFUSED,
                phrase("The tests did not end within {limit}.", limit=duration(self.limit)),
                fix=phrase("Make them faster, or raise `verify.timeout`."),
            )
        if now - self.looked > _EVERY:
            self.looked = now
            self.watch()


def results_folder(project: Path) -> Path:
    """The folder of this machine for what the tests leave. The workflow files keep it as an artifact."""
    runner = os.environ.get("RUNNER_TEMP")
    return Path(runner) / "kanmon-verify" if runner else project / "build/verify"


def _variables(target: Target, url: str) -> dict[str, str]:
    return {
        "CI": "true",
        "KANMON_PREVIEW_URL": url,
        "KANMON_PREVIEW_LINK": preview_address(url, target.preview),
        "KANMON_PREVIEW_COOKIE": f"{PREVIEW_COOKIE}={target.preview}",
        "KANMON_PREVIEW_STATE": PREVIEW,
        "KANMON_RELEASE": target.release,
        "KANMON_RESULTS": RESULTS,
    }


def _browser_state(target: Target, url: str) -> bytes:
    """The preview's cookie as Playwright's `storageState`: https://playwright.dev/docs/auth."""
    address = urlsplit(url)
    cookie = {
        "name": PREVIEW_COOKIE,
        "value": target.preview,
        "domain": address.hostname,
        "path": "/",
        "expires": -1,
        "httpOnly": True,
        "secure": address.scheme == "https",
        "sameSite": "Lax",
    }
    return json.dumps({"cookies": [cookie], "origins": []}).encode()
