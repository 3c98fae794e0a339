"""The context of a command: the config, the account and the console. Each is made at its first use."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING

from kanmon.aws.clients import Aws
from kanmon.config.document import language_in, parse_document, read_text
from kanmon.errors import KanmonError
from kanmon.language import speak

if TYPE_CHECKING:
    from pathlib import Path

    from kanmon.apptest.run import Verdict
    from kanmon.checks.in_aws import Secrets
    from kanmon.cli.account import Account
    from kanmon.cli.preview_tests import PreviewTests
    from kanmon.config.document import Document
    from kanmon.config.schema import Config
    from kanmon.release.ports import Services
    from kanmon.report.console import Screen
    from kanmon.report.step import WorkflowStep


@dataclass
class Context:
    """One run of a command."""

    config_file: Path
    verbose: bool = False
    environment: str = ""
    """The environment that somebody named with `--env`."""
    unfinished: bool = False
    """An operation has not ended: somebody has to recover it."""

    @cached_property
    def _document(self) -> Document:
        text = read_text(self.config_file)
        speak(os.environ, language_in(text))
        document = parse_document(text, self.config_file)
        speak(os.environ, document.tree.get("language"))
        return document

    @cached_property
    def configs(self) -> dict[str, Config]:
        """The config of each environment, by name. Raises the errors of `validate`."""
        from kanmon.config.source import validate

        return validate(self._document)

    @cached_property
    def config(self) -> Config:
        """The config of the environment. Raises the errors of :func:`kanmon.config.source.load_config`."""
        from kanmon.config.source import chosen

        return chosen(self.configs, self.environment)

    @property
    def hinted(self) -> str:
        """The environment that commands in hints have to name; empty when the config has only one."""
        with suppress(KanmonError):
            return self.config.environment if self.config.environments else ""
        return self.environment

    @cached_property
    def aws(self) -> Aws:
        """AWS in the environment's region."""
        region = self._written_region
        return Aws(region if isinstance(region, str) else self.config.region)

    @property
    def _written_region(self) -> object:
        """The region as it is written. Nothing is validated yet."""
        from kanmon.config.blocks import configs_of

        trees = configs_of(self._document)
        name = self.environment if self.environment in trees else next(iter(trees))
        return trees[name].get("region")

    def check_credentials(self) -> None:
        """Ask AWS for the account, before the config is validated and the work is imported.

        Both take as long as all that is needed to ask. Raises CREDENTIALS_MISSING, AWS_UNREACHABLE; for a
        wrong config its own errors, because they may be the cause.
        """
        try:
            self.aws.account  # noqa: B018 - its first use asks
        except KanmonError:
            self.config  # noqa: B018 - its first use validates
            raise

    @cached_property
    def account(self) -> Account:
        """The AWS account."""
        from kanmon.cli.account import Account

        return Account(self.config, self.aws)

    @cached_property
    def services(self) -> Services:
        """The services for deploy, rollback and recover. Raises CREDENTIALS_MISSING, NOT_BOOTSTRAPPED."""
        from kanmon.cli.wiring import services_of
        from kanmon.codes import Code

        @cache
        def warn(text: str) -> None:
            """Show each text once: a command may read the same records twice. JSON stays alone."""
            warning = KanmonError(Code.LEDGER_UNREADABLE, text)
            if self.step:
                self.warn([warning])
            else:
                self.show_error(warning)

        return services_of(self.account, warn, self._preview_tests)

    def _preview_tests(self, secrets: Secrets) -> PreviewTests:
        """The team's own tests: what they print comes to the console as it is."""
        from kanmon.cli.preview_tests import PreviewTests
        from kanmon.clock import SYSTEM_CLOCK
        from kanmon.report.verdict import print_verdict

        def show(verdict: Verdict) -> None:
            print_verdict(self.console, verdict)
            if self.step:
                self.step.preview_tests(verdict)

        return PreviewTests(
            self.project,
            self.config.prefix,
            secrets.read,
            SYSTEM_CLOCK,
            lambda command: self.console.print("[dim]$ {command}[/]", command=command),
            self.console.line,
            show,
        )

    @cached_property
    def console(self) -> Screen:
        """The terminal, or the log of a workflow's step."""
        from kanmon.report.step import make_log

        return make_log()

    @property
    def project(self) -> Path:
        """The app's folder: the config's."""
        return self.config_file.resolve().parent

    @property
    def step(self) -> WorkflowStep | None:
        """The present step of a workflow. None on a terminal."""
        from kanmon.report.step import current_step

        return current_step()

    def print(self, line: str) -> None:
        """Print a line of plain text."""
        self.console.line(line)

    def print_json(self, content: object) -> None:
        """Print JSON for a script. Foreign text is exact in it, and does nothing (TRU-5).

        JSON's own escapes hold it off the terminal: all but visible ASCII is escaped. A text never begins a
        line. So the runner finds one kind of command only, `##[…]`: its second sign is escaped, too.
        """
        text = json.dumps(content, indent=1).replace("##[", "#\\u0023[")
        sys.stdout.write(f"{text}\n")

    def warn(self, warnings: list[KanmonError]) -> None:
        """Show warnings: errors without effect on the release."""
        from kanmon.github.runner import Level
        from kanmon.report.terminal import print_error

        for warning in map(self.located, warnings):
            if self.step:
                self.step.error(warning, Level.WARNING)
            else:
                print_error(self.console, warning)

    def show_error(self, error: KanmonError) -> None:
        """Show an error where people look, with hints for the environment."""
        from kanmon.report.step import show_error

        show_error(self.located(error))

    def located(self, error: KanmonError) -> KanmonError:
        """An error with the line of its key in the config, and with hints for the environment."""
        from kanmon.config.blocks import with_line

        found = error.for_environment(self.hinted)
        with suppress(KanmonError):
            found.where = with_line(self._document, self.hinted, found.where or "") or None
        return found
