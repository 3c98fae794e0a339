"""The room of the config: its typed model, how it is read, and its published JSON schema."""

from kanmon.config.compute import Function, Schedule
from kanmon.config.entrance import Route, Throttle, Web
from kanmon.config.model import Config
from kanmon.config.source import load_config
from kanmon.config.trial import Check, Expect, Hook, Step, Traffic

__all__ = [
    "Check",
    "Config",
    "Expect",
    "Function",
    "Hook",
    "Route",
    "Schedule",
    "Step",
    "Throttle",
    "Traffic",
    "Web",
    "load_config",
]
