"""The context of a command: the config, the account and the console. Each is made at its first use."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from kanmon.cli.account import Account
from kanmon.cli.wiring import services_of
from kanmon.config.source import load_config
from kanmon.github.runner import Level
from kanmon.report.step import current_step, make_log
from kanmon.report.terminal import print_error

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from kanmon.config.schema import Config
    from kanmon.errors import KanmonError
    from kanmon.release.ports import Services
    from kanmon.report.step import WorkflowStep


@dataclass
class Context:
    """One run of a command."""

    config_file: Path
    verbose: bool = False

    @cached_property
    def config(self) -> Config:
        """The config. Raises the errors of :func:`kanmon.config.source.load_config`."""
        return load_config(self.config_file)

    @cached_property
    def account(self) -> Account:
        """The AWS account."""
        return Account(self.config)

    @cached_property
    def services(self) -> Services:
        """The services for deploy, rollback and recover. Raises CREDENTIALS_MISSING, NOT_BOOTSTRAPPED."""
        return services_of(self.account)

    @cached_property
    def console(self) -> Console:
        """The terminal, or the log of a workflow's step."""
        return make_log()

    @property
    def project(self) -> Path:
        """The app's folder: the config's."""
        return self.config_file.resolve().parent

    @property
    def step(self) -> WorkflowStep | None:
        """The present step of a workflow. None on a terminal."""
        return current_step()

    def print(self, line: str) -> None:
        """Print a line with its markup, without wrapping."""
        self.console.print(line, soft_wrap=True, highlight=False)

    def warn(self, warnings: list[KanmonError]) -> None:
        """Show warnings: errors without effect on the release."""
        for warning in warnings:
            if self.step:
                self.step.error(warning, Level.WARNING)
            else:
                print_error(self.console, warning)
