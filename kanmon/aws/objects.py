"""Bounded reads and conditional writes of objects in S3.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
"""

from __future__ import annotations

import hashlib
from base64 import b64encode
from contextlib import closing, contextmanager
from tempfile import SpooledTemporaryFile, gettempdir
from typing import IO, TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from kanmon.aws.calls import write_was_refused
from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from datetime import datetime

    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import GetObjectOutputTypeDef

AT_ONCE = 32
"""Requests to S3 at once: each waits for 20 to 100 ms, and needs a connection."""
_CHUNK = 1024 * 1024
_MOST = 1000
"""Objects of one DeleteObjects."""


@contextmanager
def spooled() -> Iterator[IO[bytes]]:
    """A temporary file. Up to 1 MiB is in memory, and more on the disk. Raises FILE_REFUSED for a full disk.

    AWS's errors are no errors of the file: translate them inside the `with` block.
    """
    with SpooledTemporaryFile(_CHUNK) as file:
        try:
            yield file
        except OSError as error:
            raise KanmonError(
                Code.FILE_REFUSED,
                phrase("A temporary file can't be written: {reason}.", reason=error.strerror or error),
                where=gettempdir(),
                fix=phrase("Make room on that disk, or name a folder on another one in the variable TMPDIR."),
            ) from error


def store(answer: GetObjectOutputTypeDef, largest: int, file: IO[bytes]) -> str | None:
    """Write the content of GetObject's answer to a file, and return its SHA-256.

    None when it has more than `largest` bytes. See :func:`content_of`.
    """
    digest = hashlib.sha256()
    with closing(answer["Body"]) as body:
        if answer["ContentLength"] > largest:
            return None
        while chunk := body.read(_CHUNK):
            digest.update(chunk)
            file.write(chunk)
    file.seek(0)
    return digest.hexdigest()


def content_of(answer: GetObjectOutputTypeDef, largest: int) -> bytes | None:
    """The content of GetObject's answer. None when it has more than `largest` bytes: then it is not read.

    S3 gives the size before the content. So no object can take the memory of the process.
    https://docs.aws.amazon.com/AmazonS3/latest/API/API_GetObject.html#API_GetObject_ResponseElements
    """
    with closing(answer["Body"]) as body:
        return body.read() if answer["ContentLength"] <= largest else None


class Conflict(Exception):  # noqa: N818 - the usual name for a lost conditional write
    """Another writer changed the object first."""


def put_if_unchanged(
    s3: S3Client,
    bucket: str,
    key: str,
    body: bytes | IO[bytes],
    *,
    expected: str | None,
    own_tag: Callable[[], str | None],
    **options: Any,  # noqa: ANN401 - more of PutObject's parameters
) -> str:
    """Write an object and return its new tag. Its present tag must be `expected`; None means no object.

    The answer to a write may get lost. The client then repeats the call, and S3 refuses the repetition.
    So `own_tag` reads the present object. It returns the tag if this call wrote the object, otherwise None.
    Raises Conflict when somebody else wrote the object.
    """
    condition: Any = {"IfNoneMatch": "*"} if expected is None else {"IfMatch": expected}
    try:
        return s3.put_object(Bucket=bucket, Key=key, Body=body, **condition, **options)["ETag"]
    except ClientError as error:
        if not write_was_refused(error):
            raise
        tag = own_tag()
        if tag is None:
            raise Conflict(key) from error
        return tag


def keys_below(s3: S3Client, bucket: str, prefix: str, before: datetime | None = None) -> list[str]:
    """The keys below a prefix; with `before`, of the objects written before this time."""
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix)
    found = (item for page in pages for item in page.get("Contents", []))
    return [item["Key"] for item in found if before is None or item["LastModified"] < before]


def delete_all(s3: S3Client, bucket: str, keys: Sequence[str]) -> None:
    """Delete any number of objects. You can repeat the call. Raises AWS_FAILED.

    The answer names the failures: https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html
    """
    for begin in range(0, len(keys), _MOST):
        names: Any = [{"Key": key} for key in keys[begin : begin + _MOST]]
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": names, "Quiet": True})
        if failed := answer.get("Errors"):
            # A key may be secret: that of a preview has its token.
            problem = phrase("S3 did not delete all objects: {code}.", code=failed[0].get("Code"))
            raise KanmonError(Code.AWS_FAILED, problem, where=f"s3://{bucket}")


def as_aws_writes(sha256: str) -> str:
    """A SHA-256 as S3 and Lambda write it: Base64 of its bytes."""
    return b64encode(bytes.fromhex(sha256)).decode()
