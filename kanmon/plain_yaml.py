"""YAML without aliases: some lines of them can stand for gigabytes. And YAML 1.1 without warnings."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ruamel.yaml.composer import Composer, ComposerError
from ruamel.yaml.error import MantissaNoDotYAML1_1Warning
from ruamel.yaml.events import AliasEvent

from kanmon.language import phrase

if TYPE_CHECKING:
    from collections.abc import Iterator


@contextmanager
def numbers_without_dot() -> Iterator[None]:
    """Take `1e6` for a number: YAML 1.2 and JSON do.

    The library does so in YAML 1.1, too, but prints a warning: there, a number should have a dot.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MantissaNoDotYAML1_1Warning)
        yield


class NoAliases(Composer):
    """Refuses aliases. CloudFormation has none either.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
    """

    def compose_node(self, parent: Any, index: Any) -> Any:  # noqa: ANN401 - the library has no types here
        """The next node. Raises ComposerError for an alias."""
        if self.parser.check_event(AliasEvent):
            raise ComposerError(problem=phrase("an alias"))
        return super().compose_node(parent, index)
