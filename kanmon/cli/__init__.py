"""The command line: `kanmon <command>`. Everything that an action does, a person can do here."""

from kanmon.cli.main import main

__all__ = ["main"]
