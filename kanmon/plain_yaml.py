"""YAML without aliases: some lines of them can stand for gigabytes."""

from __future__ import annotations

from typing import Any

from ruamel.yaml.composer import Composer, ComposerError
from ruamel.yaml.events import AliasEvent

from kanmon.language import phrase


class NoAliases(Composer):
    """Refuses aliases. CloudFormation has none either.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/template-formats.html
    """

    def compose_node(self, parent: Any, index: Any) -> Any:  # noqa: ANN401 - the library has no types here
        """The next node. Raises ComposerError for an alias."""
        if self.parser.check_event(AliasEvent):
            raise ComposerError(problem=phrase("an alias"))
        return super().compose_node(parent, index)
