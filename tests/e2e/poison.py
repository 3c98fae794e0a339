"""An attacker's version of content: it works, and it shows where it ran or is served."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

MARK = "taken-by-an-attacker"
SHA256 = re.compile(r"\b[0-9a-f]{64}\b")
_DEEP = 2
"""Deeper modules are other people's: a package with all of them changed would start slowly."""


@dataclass(frozen=True)
class Poison:
    """The attacker's version of any content: it works, and it shows where it ran."""

    ran: Path
    """A file that appears when the attacker's code runs."""
    role: str
    """The properties of a role that CloudFormation may make, as YAML."""

    def of(self, content: bytes, forged: Mapping[str, str]) -> bytes:
        """Its kind is seen by its first bytes. `forged` has the attacker's digest for each known one."""
        if content[:2] == b"PK":
            return self._package(content)
        text = content.decode(errors="replace")
        changed = SHA256.sub(lambda found: forged.get(found[0], found[0]), text)
        if text.startswith("{"):
            return changed.encode()
        if "\nResources:\n" in text:
            return changed.replace("\nResources:\n", f"\nResources:\n  Attacker:\n{self.role}", 1).encode()
        return f"{text}\n<!-- {MARK} -->".encode()

    def _package(self, content: bytes) -> bytes:
        """Every module ends with the attacker's line."""
        line = f"\nimport pathlib; pathlib.Path({str(self.ran)!r}).write_text({MARK!r})\n".encode()
        out = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w") as new:
            for info in old.infolist():
                own = line if info.filename.endswith(".py") and info.filename.count("/") < _DEEP else b""
                new.writestr(info, old.read(info) + own)
        return out.getvalue()


def role_within(boundary: str) -> str:
    """A role within all that CloudFormation's own role may make in production."""
    return f"""\
    Type: AWS::IAM::Role
    Properties:
      Path: /mandala/besieged/
      Description: {MARK}
      PermissionsBoundary: {boundary}
      AssumeRolePolicyDocument:
        Version: "2012-10-17"
        Statement:
          - {{Effect: Allow, Principal: {{AWS: "arn:aws:iam::666666666666:root"}}, Action: sts:AssumeRole}}
"""
