"""GitHub on loopback, checked against its own description; see README.md."""

from .server import LocalGithub

__all__ = ["LocalGithub"]
