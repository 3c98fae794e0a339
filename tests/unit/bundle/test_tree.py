"""Files allowed in a bundle, and forbidden ones."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kanmon.bundle.tree import refuse_larger, safe_name, tree_files
from kanmon.codes import Code
from kanmon.errors import KanmonError

_PARTS = st.sampled_from(["a", "b.js", "..", ".", "", "/", "\\", "\0", "~", " ", "-", "…", "c:"]) | st.text(
    max_size=3
)


@given(st.lists(_PARTS, max_size=6).map("/".join))
@settings(max_examples=200)
def test_an_accepted_name_stays_below_any_folder(name: str) -> None:
    """SEC-5"""
    try:
        safe_name(name)
    except KanmonError:
        return
    joined = PurePosixPath(os.path.normpath("/some/folder/" + name))
    assert joined.is_relative_to("/some/folder")
    assert joined != PurePosixPath("/some/folder")


@pytest.mark.parametrize(
    "name",
    ["", ".", "..", "/etc/passwd", "../x", "a/../../x", "a/..", "a\\b", "a//b", "a/", "./a", "a\0b", "//a"],
)
def test_unsafe_names_are_refused(name: str) -> None:
    with pytest.raises(KanmonError):
        safe_name(name)


def _refusal(folder: Path) -> KanmonError:
    with pytest.raises(KanmonError) as caught:
        tree_files(folder)
    assert caught.value.code is Code.UNSAFE_PATH
    assert caught.value.where
    return caught.value


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/secret").write_text("secret")
    made = tmp_path / "build"
    (made / "sub").mkdir(parents=True)
    (made / "real.txt").write_text("real")
    (made / "sub/deep.txt").write_text("deep")
    return made


def test_files_come_sorted_with_forward_slashes(folder: Path) -> None:
    assert [file.name for file in tree_files(folder)] == ["real.txt", "sub/deep.txt"]


def test_a_link_to_a_file_inside_counts_as_the_file(folder: Path) -> None:
    (folder / "link.txt").symlink_to("sub/deep.txt")
    names = {file.name: file.path.read_text() for file in tree_files(folder)}
    assert names["link.txt"] == "deep"


@pytest.mark.parametrize(
    "target", ["../outside/secret", "/etc/passwd", "../outside", "..", "sub", "nothing", "self"]
)
def test_other_links_are_refused(folder: Path, target: str) -> None:
    (folder / "self").symlink_to(target)
    _refusal(folder)


def test_a_link_out_of_the_folder_by_another_is_refused(folder: Path) -> None:
    (folder / "one").symlink_to("two")
    (folder / "two").symlink_to("../outside/secret")
    assert "out of its folder" in _refusal(folder).message


def test_a_pipe_is_refused(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    _refusal(folder)


def test_a_backslash_in_a_name_is_refused(folder: Path) -> None:
    (folder / "a\\b").write_text("x")
    with pytest.raises(KanmonError):
        tree_files(folder)


def test_a_name_that_is_not_in_utf_8_is_refused(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"a\xff")).touch()
    with pytest.raises(KanmonError, match="not in UTF-8"):
        tree_files(tmp_path)


def test_too_many_bytes_name_the_largest_file(tmp_path: Path) -> None:
    """TRU-6: a sparse file of five gigabytes took as much memory."""
    (tmp_path / "small").write_bytes(b"1")
    with (tmp_path / "large").open("wb") as file:
        file.truncate(5 * 1024**3)
    with pytest.raises(KanmonError, match="5120 MB") as refused:
        refuse_larger(tree_files(tmp_path), 1024, "Lambda takes less.")
    assert refused.value.code is Code.BUNDLE_TOO_BIG
    assert refused.value.where == str(tmp_path / "large")
