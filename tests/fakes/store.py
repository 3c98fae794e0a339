"""The ledger's store in memory."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field

from kanmon.aws.objects import Conflict

_LOCK = threading.Lock()


@dataclass
class MemoryStore:
    """Objects with tags; a write whose condition doesn't hold raises Conflict, as S3's does."""

    objects: dict[str, bytes] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)

    def get(self, key: str) -> tuple[bytes, str] | None:
        body = self.objects.get(key)
        return None if body is None else (body, _tag(body))

    def put(self, key: str, body: bytes, *, expected: str | None) -> str:
        with _LOCK:
            present = self.objects.get(key)
            if (None if present is None else _tag(present)) != expected and present != body:
                raise Conflict(key)
            self.objects[key] = body
            self.writes.append(key)
            return _tag(body)

    def keys(self, prefix: str) -> list[str]:
        return sorted(key for key in self.objects if key.startswith(prefix))


class AlwaysLosing(MemoryStore):
    """Another writer always comes first."""

    def put(self, key: str, body: bytes, *, expected: str | None) -> str:
        del body, expected
        raise Conflict(key)


def _tag(body: bytes) -> str:
    return hashlib.md5(body, usedforsecurity=False).hexdigest()
