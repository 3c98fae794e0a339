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
    names = {file.name: Path(file.path).read_text() for file in tree_files(folder)}
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


@pytest.mark.parametrize("name", [b"caf\xe9.txt", b"sub/a\xff", b"\x83\x65\x83\x58\x83\x67", b"\xed\xa0\x80"])
def test_a_name_that_is_not_in_utf_8_is_refused(folder: Path, name: bytes) -> None:
    """TRU-6: Latin-1, Shift JIS, a half of a character. The message has the bytes escaped, and the place."""
    (folder / os.fsdecode(name)).touch()
    refused = _refusal(folder)
    escaped = name.decode("utf-8", "backslashreplace")
    assert f"The name {escaped} is not in UTF-8" in refused.message
    assert refused.where == f"{folder}/{escaped}"


def test_a_link_with_a_name_that_is_not_in_utf_8_is_refused(folder: Path) -> None:
    (folder / os.fsdecode(b"caf\xe9")).symlink_to("real.txt")
    for keep in (False, True):
        with pytest.raises(KanmonError, match="not in UTF-8"):
            tree_files(folder, keep_links=keep)


@pytest.mark.parametrize("name", ["caf\u00e9.txt", "cafe\u0301.txt", "\u65e5\u672c\u8a9e"])
def test_names_in_utf_8_are_kept_as_they_are(tmp_path: Path, name: str) -> None:
    (tmp_path / name).touch()
    assert [file.name for file in tree_files(tmp_path)] == [name]


@pytest.mark.parametrize(
    ("target", "kept"),
    [
        ("sub/deep.txt", "sub/deep.txt"),
        ("sub", "sub"),
        (".", "."),
        ("self", "sub/deep.txt"),
        ("sub/../sub", "sub"),
        ("../build/sub", "sub"),
        ("{folder}/sub", "sub"),
    ],
)
def test_kept_links_lead_to_the_same_place_wherever_the_package_is(
    folder: Path, target: str, kept: str
) -> None:
    (folder / "self").symlink_to("sub/deep.txt")
    (folder / "link").symlink_to(target.format(folder=folder))
    (link,) = [file for file in tree_files(folder, keep_links=True) if file.name == "link"]
    assert link.target == kept
    assert link.size == len(kept)


def test_a_kept_link_in_a_folder_leads_up(folder: Path) -> None:
    (folder / "sub/up").symlink_to("../real.txt")
    assert [file.target for file in tree_files(folder, keep_links=True)] == [None, None, "../real.txt"]


@pytest.mark.parametrize(
    "target", ["../outside/secret", "/etc/passwd", "../outside", "..", "nothing", "self"]
)
def test_kept_links_never_lead_out(folder: Path, target: str) -> None:
    """SEC-5"""
    (folder / "self").symlink_to(target)
    with pytest.raises(KanmonError) as caught:
        tree_files(folder, keep_links=True)
    assert caught.value.code is Code.UNSAFE_PATH
    assert caught.value.where == str(folder / "self")


def test_too_many_bytes_name_the_largest_files(tmp_path: Path) -> None:
    """TRU-6: a sparse file of five gigabytes took as much memory."""
    for number in range(5):
        (tmp_path / f"small{number}").write_bytes(b"1" * number)
    with (tmp_path / "large").open("wb") as file:
        file.truncate(5 * 1024**3)
    with pytest.raises(KanmonError) as refused:
        refuse_larger(tree_files(tmp_path), 1024, "The function api", "Lambda takes less.", "here")
    assert refused.value.code is Code.BUNDLE_TOO_BIG
    assert refused.value.message == (
        "The function api has files of 5,368,709,130 bytes together. Lambda takes less. "
        "The largest: large (5,368,709,120), small4 (4), small3 (3)."
    )
    assert refused.value.where == "here"


@pytest.mark.parametrize("inside", ["", "deep"])
def test_a_kept_link_to_a_folder_without_files_is_refused(tmp_path: Path, inside: str) -> None:
    """A zip has files only: on Lambda, the link would lead to nothing."""
    (tmp_path / "empty" / inside).mkdir(parents=True)
    (tmp_path / "a").symlink_to("empty")
    with pytest.raises(KanmonError, match="leads to a folder without files, empty"):
        tree_files(tmp_path, keep_links=True)


def test_a_kept_link_may_lead_to_a_link_or_to_the_folder_itself(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real/a.py").write_text("a")
    (tmp_path / "one").symlink_to("real")
    (tmp_path / "two").symlink_to("one")
    (tmp_path / "real/up").symlink_to("..")
    names = [file.name for file in tree_files(tmp_path, keep_links=True)]
    assert names == ["one", "real/a.py", "real/up", "two"]
