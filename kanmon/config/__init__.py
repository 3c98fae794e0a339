"""The room of the config: its typed model, how it is read, and its published JSON schema."""

from kanmon.config.model import Check, Config, Expect, Function, Hook, Route, Step, Traffic
from kanmon.config.source import load_config

__all__ = [
    "Check",
    "Config",
    "Expect",
    "Function",
    "Hook",
    "Route",
    "Step",
    "Traffic",
    "load_config",
]
