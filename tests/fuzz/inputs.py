"""All hostile inputs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fuzz.bundles import bundle_cases
from tests.fuzz.commands import command_cases
from tests.fuzz.configs import config_cases
from tests.fuzz.reports import report_cases

if TYPE_CHECKING:
    from tests.fuzz.case import Case


def all_cases() -> list[Case]:
    """All of them, in groups."""
    return [*config_cases(), *report_cases(), *bundle_cases(), *command_cases()]
