"""Packs: the new hashed assets of a release in a few blobs, on their way to the web bucket.

A deploy copies an asset from a pack once, and only content with the digest of the manifest. From then on it
lies in the web bucket alone: other releases find it there, and a rollback needs no copy. An asset of its own
would take a request to write it, one to compare it and one to read it.

A pack is one asset after the other: the size in four bytes, the content.
"""

from __future__ import annotations

import hashlib
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from kanmon.model import WebFile

LARGEST_ASSET = 1024 * 1024
"""Bytes. A larger asset is a blob of its own."""
FULL = 7 * 1024 * 1024
"""Bytes. No more assets come into a pack of this size."""
LARGEST = FULL + LARGEST_ASSET + 4
"""Bytes of a pack."""


def is_packed(file: WebFile) -> bool:
    """Whether a file of the web app comes in a pack: a hashed asset that is not large."""
    return file.immutable and file.size <= LARGEST_ASSET


def packs_of(paths: Iterable[Path]) -> Iterator[bytes]:
    """Files in packs, the same for the same files in the same order."""
    pack = bytearray()
    for path in paths:
        content = path.read_bytes()
        pack += len(content).to_bytes(4)
        pack += content
        if len(pack) >= FULL:
            yield bytes(pack)
            pack.clear()
    if pack:
        yield bytes(pack)


def unpacked(pack: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    """The contents of a pack with their SHA-256. A damaged pack has contents that nobody asks for."""
    while size := pack.read(4):
        # A damaged size could take the memory: a file's `read` makes room for all of it.
        content = pack.read(min(int.from_bytes(size), LARGEST_ASSET))
        yield hashlib.sha256(content).hexdigest(), content
