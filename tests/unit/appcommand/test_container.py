"""What a container's commands leave can do nothing on this machine (TRU-3)."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING

import pytest

from kanmon.appcommand import container
from kanmon.appcommand.container import unpack
from kanmon.errors import KanmonError

if TYPE_CHECKING:
    from pathlib import Path


def _tar(*entries: tuple[str, bytes, bytes]) -> io.BytesIO:
    """A tar of names, kinds and contents; of a link, the content is its target."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for name, kind, content in entries:
            entry = tarfile.TarInfo(name)
            entry.type = kind
            if kind == tarfile.REGTYPE:
                entry.size = len(content)
            entry.linkname = content.decode() if kind in {tarfile.SYMTYPE, tarfile.LNKTYPE} else ""
            archive.addfile(entry, io.BytesIO(content))
    return io.BytesIO(packed.getvalue())


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("results/../outside", tarfile.REGTYPE),
        ("results/a/../../outside", tarfile.REGTYPE),
        ("results/link", tarfile.SYMTYPE),
        ("results/link", tarfile.LNKTYPE),
        ("results/pipe", tarfile.FIFOTYPE),
        ("results/device", tarfile.CHRTYPE),
    ],
)
def test_only_files_and_folders_inside_come_out(tmp_path: Path, name: str, kind: bytes) -> None:
    target = tmp_path / "kept"
    target.mkdir()
    source = _tar(
        ("results", tarfile.DIRTYPE, b""), (name, kind, b"/etc/passwd"), ("results/b", tarfile.REGTYPE, b"1")
    )
    unpack(source, target)
    assert [path.name for path in tmp_path.rglob("*")] == ["kept", "b"]


def test_a_file_does_not_come_through_a_link(tmp_path: Path) -> None:
    """A link is never made, so nothing below its name leads elsewhere."""
    unpack(_tar(("results/up", tarfile.SYMTYPE, b"/tmp"), ("results/up/a", tarfile.REGTYPE, b"1")), tmp_path)
    assert (tmp_path / "up/a").read_bytes() == b"1"
    assert not (tmp_path / "up").is_symlink()


def test_results_have_a_limit(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(container, "_MOST_BYTES", 3)
    with pytest.raises(KanmonError, match="more than 50000 files, or 1 GB"):
        unpack(_tar(("results/a", tarfile.REGTYPE, b"1234")), tmp_path)
    assert list(tmp_path.iterdir()) == []
