"""Packs: the new hashed assets of a release in a few blobs (CD-6)."""

from __future__ import annotations

import hashlib
import io
from typing import TYPE_CHECKING

import pytest

from kanmon.bundle.packs import LARGEST, LARGEST_ASSET, is_packed, packs_of, unpacked
from kanmon.model import WebFile

if TYPE_CHECKING:
    from pathlib import Path

SIZES = {
    "none": [],
    "an empty one": [0],
    "small ones": [1, 5, 300],
    "more than one pack": [LARGEST_ASSET] * 15,
}


@pytest.mark.parametrize("sizes", SIZES.values(), ids=SIZES.keys())
def test_what_goes_into_packs_comes_out(tmp_path: Path, sizes: list[int]) -> None:
    files = {tmp_path / f"{number}": bytes([number]) * size for number, size in enumerate(sizes)}
    for path, content in files.items():
        path.write_bytes(content)
    packs = [*packs_of(files)]
    found = [one for pack in packs for one in unpacked(io.BytesIO(pack))]
    assert found == [(hashlib.sha256(content).hexdigest(), content) for content in files.values()]
    assert all(len(pack) <= LARGEST for pack in packs)
    assert packs == [*packs_of(files)]


@pytest.mark.parametrize("damaged", [b"\0", b"\0\0\0\x05abc", b"\xff\xff\xff\xffabc", b"no pack at all"])
def test_a_damaged_pack_has_nothing_that_was_asked_for(damaged: bytes) -> None:
    """TRU-1: anybody with the plan's role can write one."""
    wanted = hashlib.sha256(b"the asset").hexdigest()
    assert wanted not in dict(unpacked(io.BytesIO(damaged)))


def test_a_damaged_size_takes_no_memory() -> None:
    class Measured(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            assert size is not None
            assert size <= LARGEST_ASSET
            return super().read(size)

    assert [content for _, content in unpacked(Measured(b"\xff\xff\xff\xffabc"))] == [b"abc"]


def test_a_large_asset_and_a_page_are_blobs_of_their_own() -> None:
    asset = WebFile(sha256="a" * 64, size=LARGEST_ASSET, immutable=True)
    assert is_packed(asset)
    assert not is_packed(asset.model_copy(update={"size": LARGEST_ASSET + 1}))
    assert not is_packed(asset.model_copy(update={"immutable": False}))
