"""Blobs in S3: named by their content, written once, compared before their first use (TRU-1, CD-6)."""

from __future__ import annotations

import hashlib
import io
import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Any, cast

import pytest

from kanmon.bundle import blobs as module
from kanmon.bundle import packs
from kanmon.bundle.blobs import Blobs
from kanmon.codes import Code
from kanmon.errors import KanmonError
from tests.fakes.objects import MemoryS3, StoredObject, refusal, sha256_in_s3
from tests.unit.bundle.project import build, make_project

if TYPE_CHECKING:
    from pathlib import Path

BUCKET = "artifacts"
SHA = hashlib.sha256(b"content").hexdigest()
KEY = f"test/blobs/{SHA}"


@pytest.fixture
def s3() -> MemoryS3:
    return MemoryS3()


@pytest.fixture
def blobs(s3: MemoryS3) -> Blobs:
    return Blobs(cast("Any", s3), BUCKET, "test")


def _code(caught: pytest.ExceptionInfo[KanmonError]) -> Code:
    return caught.value.code


def test_a_bundle_is_uploaded_once(blobs: Blobs, s3: MemoryS3, tmp_path: Path) -> None:
    """CD-6: its hashed assets are in a pack."""
    bundle = build(make_project(tmp_path))
    (pack,) = blobs.upload_bundle(bundle)
    stored = {blobs.key(sha256) for sha256 in (*bundle.manifest.uses(), pack)}
    assert s3.objects(BUCKET).keys() == stored
    assert dict(blobs.unpacked(pack)) == {bundle.manifest.web["assets/app-1.js"].sha256: b"1"}
    s3.writes.clear()
    assert blobs.upload_bundle(bundle) == (pack,)
    assert s3.writes == []


def test_only_new_assets_are_uploaded(blobs: Blobs, tmp_path: Path) -> None:
    """CD-6: the web bucket has the others."""
    project = make_project(tmp_path)
    live = build(project).manifest.web
    (project / "web/dist/assets/new-1.js").write_text("new")
    bundle = build(project)
    (pack,) = blobs.upload_bundle(bundle, (), live)
    assert dict(blobs.unpacked(pack)) == {bundle.manifest.web["assets/new-1.js"].sha256: b"new"}
    assert blobs.upload_bundle(bundle, (), bundle.manifest.web) == ()


def test_an_asset_with_a_fixed_name_in_the_live_release_is_a_blob(
    blobs: Blobs, s3: MemoryS3, tmp_path: Path
) -> None:
    """CD-8: the move writes it, from its blob."""
    bundle = build(make_project(tmp_path))
    name = "assets/app-1.js"
    asset = bundle.manifest.web[name]
    live = {name: asset.model_copy(update={"immutable": False, "sha256": "0" * 64})}
    assert blobs.upload_bundle(bundle, (), live) == (asset.sha256,)
    assert s3.objects(BUCKET)[blobs.key(asset.sha256)].body == b"1"


def test_a_large_asset_is_a_blob(
    blobs: Blobs, s3: MemoryS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(packs, "LARGEST_ASSET", 0)
    bundle = build(make_project(tmp_path))
    assert blobs.upload_bundle(bundle) == ()
    sha256 = bundle.manifest.web["assets/app-1.js"].sha256
    assert sha256 in bundle.manifest.uses()
    assert s3.objects(BUCKET)[blobs.key(sha256)].body == b"1"


class CountingS3(MemoryS3):
    """It keeps the keys of each look and of each write."""

    def __init__(self) -> None:
        super().__init__()
        self.looks: list[str] = []
        self.puts: list[str] = []

    def head_object(self, **request: Any) -> dict[str, Any]:
        self.looks.append(request["Key"])
        return super().head_object(**request)

    def put_object(self, **request: Any) -> dict[str, Any]:
        self.puts.append(request["Key"])
        return super().put_object(**request)


def test_an_upload_looks_only_at_files_that_nobody_compared(tmp_path: Path) -> None:
    """CD-6: one listing shows all that is there."""
    s3 = CountingS3()
    blobs, project = Blobs(cast("Any", s3), BUCKET, "test"), make_project(tmp_path)
    first = build(project)
    packed = blobs.upload_bundle(first)
    assert {blobs.key(sha256) for sha256 in (*first.manifest.uses(), *packed)} == set(s3.puts)
    assert s3.looks == []

    (project / "web/dist/new.txt").write_text("new")
    second, known = build(project), first.manifest.uses()
    s3.puts.clear()
    s3.looks.clear()
    assert blobs.upload_bundle(second, known, first.manifest.web) == ()
    new = {second.manifest.web["new.txt"].sha256, second.manifest.digest}
    assert set(s3.puts) == {blobs.key(sha256) for sha256 in new}
    s3.looks.clear()
    blobs.verify(second.manifest.uses(), known)
    assert set(s3.looks) == {blobs.key(sha256) for sha256 in new}


def test_a_compared_file_that_is_gone_is_uploaded_again(blobs: Blobs, s3: MemoryS3, tmp_path: Path) -> None:
    """CD-6: an administrator deleted it."""
    bundle = build(make_project(tmp_path))
    blobs.upload_bundle(bundle)
    known = bundle.manifest.uses()
    sha256 = bundle.manifest.web["sw.js"].sha256
    del s3.objects(BUCKET)[blobs.key(sha256)]
    with pytest.raises(KanmonError) as caught:
        blobs.verify(known, known)
    assert _code(caught) is Code.BUNDLE_MISSING
    blobs.upload_bundle(bundle, known)
    assert s3.objects(BUCKET)[blobs.key(sha256)].body == b"2"
    blobs.verify(known, known)


def test_a_planted_file_of_a_bundle_is_refused(blobs: Blobs, s3: MemoryS3, tmp_path: Path) -> None:
    """TRU-1"""
    bundle = build(make_project(tmp_path))
    sha256 = next(iter(bundle.manifest.files().values()))
    s3.objects(BUCKET)[blobs.key(sha256)] = StoredObject(b"other")
    with pytest.raises(KanmonError) as caught:
        blobs.upload_bundle(bundle)
    assert _code(caught) is Code.BLOB_REPLACED


def test_an_uploaded_bundle_can_be_read_again(blobs: Blobs, tmp_path: Path) -> None:
    bundle = build(make_project(tmp_path))
    blobs.upload_bundle(bundle)
    assert blobs.manifest(bundle.manifest.digest) == bundle.manifest
    blobs.verify(bundle.manifest.uses())


@pytest.mark.parametrize("size", [0, 9 * 1024 * 1024], ids=["empty", "above 8 MiB, in one call"])
def test_a_file_of_any_size_is_uploaded_whole(blobs: Blobs, tmp_path: Path, size: int) -> None:
    project, content = make_project(tmp_path), b"x" * size
    (project / "web/dist/file.bin").write_bytes(content)
    bundle = build(project)
    blobs.upload_bundle(bundle)
    assert blobs.get(bundle.manifest.web["file.bin"].sha256, size) == content


def test_a_file_above_the_limit_of_one_call_is_refused(
    blobs: Blobs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """TRU-1: a multipart upload has no SHA-256 of the whole content."""
    monkeypatch.setattr(module, "LARGEST", 8)
    with pytest.raises(KanmonError, match="One file may have 8") as caught:
        blobs.upload_bundle(build(make_project(tmp_path)))
    assert _code(caught) is Code.BUNDLE_TOO_BIG


def test_a_refused_upload_is_an_aws_error(blobs: Blobs, s3: MemoryS3) -> None:
    class Full(MemoryS3):
        def put_object(self, **_: Any) -> dict[str, Any]:
            raise refusal("NoSuchBucket", "PutObject")

    with pytest.raises(KanmonError, match="NoSuchBucket") as caught:
        replace(blobs, s3=cast("Any", Full(s3.buckets))).put(b"content")
    assert _code(caught) is Code.AWS_FAILED


def test_content_is_read_as_it_was_written(blobs: Blobs) -> None:
    assert blobs.get(blobs.put(b"content"), 7) == b"content"


def test_a_blob_is_written_with_its_digest_and_once(blobs: Blobs, s3: MemoryS3) -> None:
    """TRU-1: S3 compares the digest with the content, and refuses a second write."""
    blobs.put(b"content")
    assert s3.objects(BUCKET)[KEY].checksum == sha256_in_s3(b"content")
    with pytest.raises(Exception, match="PreconditionFailed"):
        s3.put_object(Bucket=BUCKET, Key=KEY, Body=b"other", IfNoneMatch="*")


@pytest.mark.parametrize("refused", ["PreconditionFailed", "ConditionalRequestConflict"])
def test_a_write_beside_another_one_finds_its_blob(blobs: Blobs, s3: MemoryS3, refused: str) -> None:
    """TRU-1, CD-14: S3 answers the loser with 412, or with 409 while the other one writes."""

    class Racing(MemoryS3):
        def put_object(self, **options: Any) -> dict[str, Any]:
            super().put_object(**options)
            raise refusal(refused, "PutObject")

    racing = replace(blobs, s3=cast("Any", Racing(s3.buckets)))
    assert racing.put(b"content") == SHA
    assert blobs.get(SHA, 7) == b"content"


def test_a_file_planted_just_before_the_write_is_refused(blobs: Blobs, s3: MemoryS3) -> None:
    """TRU-1: the write asks S3 that there is none, and then the present one is compared."""

    class Planting(MemoryS3):
        def put_object(self, **options: Any) -> dict[str, Any]:
            self.objects(BUCKET).setdefault(KEY, StoredObject(b"other"))
            return super().put_object(**options)

    with pytest.raises(KanmonError) as caught:
        replace(blobs, s3=cast("Any", Planting(s3.buckets))).put(b"content")
    assert _code(caught) is Code.BLOB_REPLACED


def test_a_write_refused_for_ever_is_an_error(blobs: Blobs) -> None:
    class Losing(MemoryS3):
        def put_object(self, **_: Any) -> dict[str, Any]:
            raise refusal("ConditionalRequestConflict", "PutObject")

    with pytest.raises(KanmonError, match="Other runs keep writing") as caught:
        replace(blobs, s3=cast("Any", Losing())).put(b"content")
    assert _code(caught) is Code.AWS_FAILED


PLANTED = {
    "with its own digest": StoredObject(b"other", checksum=sha256_in_s3(b"other")),
    "without a digest": StoredObject(b"content"),
    "in an archive": StoredObject(b"content", checksum=sha256_in_s3(b"content"), storage="DEEP_ARCHIVE"),
    "under a key of KMS": StoredObject(b"content", checksum=sha256_in_s3(b"content"), encryption="aws:kms"),
    "in several parts": StoredObject(b"other", checksum=sha256_in_s3(b"content"), checksum_type="COMPOSITE"),
}


@pytest.mark.parametrize("planted", PLANTED.values(), ids=PLANTED.keys())
def test_a_planted_blob_is_refused_and_named(blobs: Blobs, s3: MemoryS3, planted: StoredObject) -> None:
    """TRU-1: somebody wrote under the name before."""
    s3.objects(BUCKET)[KEY] = planted
    with pytest.raises(KanmonError) as uploaded:
        blobs.put(b"content")
    with pytest.raises(KanmonError, match="the template of shop-test-edge is stored") as verified:
        blobs.verify({SHA: "the template of shop-test-edge"})
    assert _code(uploaded) is _code(verified) is Code.BLOB_REPLACED
    assert verified.value.where == f"s3://{BUCKET}/{KEY}"


def test_the_fix_of_a_planted_blob_removes_its_version(blobs: Blobs, s3: MemoryS3) -> None:
    """TRU-1"""
    s3.objects(BUCKET)[KEY] = StoredObject(b"other")
    version = s3.head_object(Bucket=BUCKET, Key=KEY)["VersionId"]
    with pytest.raises(KanmonError) as caught:
        blobs.verify({SHA: "function api"})
    command = f"aws s3api delete-object --bucket {BUCKET} --key {KEY} --version-id {version}"
    assert f"`{command}`" in caught.value.fix


DENIED = "AccessDenied: User: arn:role is not authorized to perform: kms:Decrypt on the resource"
LOCKED = {
    "a customer's own key": StoredObject(b"content", unreadable=("400", "InvalidRequest")),
    "a disabled key of KMS": StoredObject(b"content", unreadable=("400", "KMS.DisabledException")),
    "a forbidden key of KMS": StoredObject(b"content", unreadable=("403", DENIED)),
}


@pytest.mark.parametrize("locked", LOCKED.values(), ids=LOCKED.keys())
def test_a_blob_under_a_strangers_key_is_refused(blobs: Blobs, s3: MemoryS3, locked: StoredObject) -> None:
    """TRU-1: nobody else can read its content, nor its version."""
    s3.objects(BUCKET)[KEY] = locked
    for use in (lambda: blobs.put(b"content"), lambda: blobs.verify({SHA: "a"}), lambda: blobs.get(SHA, 7)):
        with pytest.raises(KanmonError, match="withhold it from the deploy") as caught:
            use()
        assert _code(caught) is Code.BLOB_REPLACED
    find, remove = re.findall("`(aws .+?)`", caught.value.fix)
    assert find == f"aws s3api list-object-versions --bucket {BUCKET} --prefix {KEY}"
    assert remove == f"aws s3api delete-object --bucket {BUCKET} --key {KEY} --version-id VersionId"


@pytest.mark.parametrize(
    ("answers", "code"),
    [(("400", "ExpiredToken"), Code.CREDENTIALS_MISSING), (("403", "AccessDenied"), Code.AWS_DENIED)],
)
def test_the_own_credentials_are_not_taken_for_a_strangers_key(
    blobs: Blobs, s3: MemoryS3, answers: tuple[str, str], code: Code
) -> None:
    """S3 answers HeadObject with the same status and without a cause."""
    s3.objects(BUCKET)[KEY] = StoredObject(b"content", unreadable=answers)
    with pytest.raises(KanmonError) as caught:
        blobs.verify({SHA: "function api"})
    assert _code(caught) is code


def test_a_changed_blob_is_refused_when_it_is_read(blobs: Blobs, s3: MemoryS3) -> None:
    sha256 = blobs.put(b"content")
    s3.objects(BUCKET)[KEY] = StoredObject(b"other", checksum=sha256_in_s3(b"content"))
    with pytest.raises(KanmonError, match="A recorded file is stored with content") as caught:
        blobs.get(sha256, 7)
    assert _code(caught) is Code.BLOB_REPLACED


class _Unread(io.BytesIO):
    """A body too large for the memory."""

    def read(self, *_: Any) -> bytes:
        raise AssertionError("it was read")


class _HugeS3(MemoryS3):
    def get_object(self, **asked: Any) -> dict[str, Any]:
        return super().get_object(**asked) | {"Body": _Unread(), "ContentLength": 5 * 1024**3}


def test_a_planted_blob_of_any_size_is_not_read(s3: MemoryS3) -> None:
    """TRU-6: its size is known before its content."""
    s3.objects(BUCKET)[KEY] = StoredObject(b"other")
    blobs = Blobs(cast("Any", _HugeS3(s3.buckets)), BUCKET, "test")
    with pytest.raises(KanmonError) as read:
        blobs.get(SHA, 7)
    with pytest.raises(KanmonError) as manifest:
        blobs.manifest(SHA)
    assert _code(read) is _code(manifest) is Code.BLOB_REPLACED
    assert "delete-object" in read.value.fix


def test_a_missing_blob_is_an_error(blobs: Blobs) -> None:
    with pytest.raises(KanmonError) as caught:
        blobs.get("0" * 64, 7)
    assert _code(caught) is Code.BUNDLE_MISSING


def test_all_missing_blobs_are_named_by_their_uses(blobs: Blobs) -> None:
    """CD-6"""
    there = blobs.put(b"content")
    uses = {there: "function api", "0" * 64: "state machine quick", "1" * 64: "function migrate"}
    with pytest.raises(KanmonError, match=r"bucket: function migrate, state machine quick\.") as caught:
        blobs.verify(uses)
    assert _code(caught) is Code.BUNDLE_MISSING


def test_old_blobs_of_this_environment_can_be_deleted(blobs: Blobs, s3: MemoryS3) -> None:
    """AWS-2: those of another environment stay, and the ledger."""
    old, needed = blobs.put(b"old"), blobs.put(b"needed")
    others = {"production/blobs/" + old, "test/ledger/head.json", "test/blobsters"}
    for key in others:
        s3.put_object(Bucket=blobs.bucket, Key=key, Body=b"")
    s3.clock.move(timedelta(days=1))
    young = blobs.put(b"young")
    assert blobs.older_than(s3.clock.now()) == {old, needed}
    blobs.delete([old])
    assert set(s3.objects(blobs.bucket)) == others | {blobs.key(needed), blobs.key(young)}
    blobs.delete([old])


def test_each_environment_has_its_own_blobs(blobs: Blobs) -> None:
    """TRU-1: a role of another environment writes other keys."""
    sha256 = blobs.put(b"content")
    with pytest.raises(KanmonError) as caught:
        replace(blobs, environment="production").get(sha256, 7)
    assert _code(caught) is Code.BUNDLE_MISSING


def test_cloudformation_gets_an_s3_url(blobs: Blobs) -> None:
    assert blobs.url("ab") == "https://s3.ap-northeast-1.amazonaws.com/artifacts/test/blobs/ab"
