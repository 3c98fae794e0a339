"""`${…}` in texts: a name for a value that is known later, as in CloudFormation's `Fn::Sub`.

`${!name}` stands for the text `${name}`
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/intrinsic-function-reference-sub.html).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

SECRETS = "secrets"
"""The owner of a secret's value: `${secrets.shopper}`, or `${secrets.shopper.password}`."""
_NAME = re.compile(r"\$\{(!?)([^{}]*)\}")


def names_in(text: str) -> list[str]:
    """The names in a text, in their order."""
    return [name for escaped, name in _NAME.findall(text) if not escaped]


def is_one_name(text: str) -> bool:
    """Whether the text is one name, with nothing around it."""
    found = _NAME.fullmatch(text)
    return found is not None and not found[1]


def is_unclosed(text: str) -> bool:
    """Whether a `${` has no end, or stands in another one."""
    return "${" in _NAME.sub("", text)


def secrets_in(texts: Iterable[str]) -> frozenset[str]:
    """The names of the secrets in some texts."""
    names = [name.split(".") for text in texts for name in names_in(text)]
    return frozenset(path[1] for path in names if path[0] == SECRETS and len(path) > 1)


def substitute(text: str, value: Callable[[str], str]) -> str:
    """The text with the value of each name. Of `${!name}`, the exclamation mark goes."""
    return _NAME.sub(lambda found: f"${{{found[2]}}}" if found[1] else value(found[2]), text)
