"""One kind of AWS's messages about an account: how to know it, and what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property

from kanmon.language import deferred, phrase

QUOTAS = deferred(
    "Delete what nobody uses, or ask for a higher quota under `Service Quotas`. Find it with "
    "`aws service-quotas list-service-quotas --service-code {service}`."
)


def codes(names: str) -> str:
    """A pattern for AWS's error codes, at the places where AWS writes a code.

    An app's function may have the same name, and `throttling` may be a word of a sentence.
    """
    code = f"(?:{names})"
    before = "|".join(rf"(?<={place})" for place in ("with ", "Code: ", r"\(", ": "))
    return rf"(?-i:(?:{before}|^){code}(?=[:;,.)。]|$)|(?<![\w/:.-]){code}(?=: ))"


@dataclass(frozen=True)
class Refusal:
    """One kind of message, and the one thing to do."""

    when: str
    """The section of the config or the thing that needs it, for the documents."""
    message: str
    """AWS's words, from a real account."""
    pattern: str
    do: str
    """What to do, in whole sentences. The same call works afterwards. `{quotas}` stands for QUOTAS."""
    takes: str = ""
    """How long AWS needs for it, for the documents."""
    service: str = ""
    """The service of QUOTAS, by its code. Empty: the message names it."""
    region: str = ""
    """The one region with the quotas of a service without regions."""

    @cached_property
    def _search(self) -> re.Pattern[str]:
        return re.compile(self.pattern, re.IGNORECASE | re.DOTALL)

    def fits(self, text: str) -> bool:
        """Whether a text has this kind of message."""
        return self._search.search(text) is not None

    def advice(self, service: str = "SERVICE") -> str:
        """What to do, in the chosen language. `service` is the code of the message's service."""
        code = f"{self.service or service}{self.region and f' --region {self.region}'}"
        return phrase(self.do, quotas=phrase(QUOTAS, service=code), service=code)
