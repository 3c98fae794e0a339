"""The ages of objects in S3."""

from __future__ import annotations

from datetime import datetime, timedelta

from .modules import s3


def make_older(bucket: str, days: int) -> int:
    """Set the time of the last write of all present objects back, in every account; their number."""
    # ministack scopes its data by the account of a request, and this is none.
    found = [
        item
        for (_, name), content in s3._buckets._data.items()
        if name == bucket
        for item in content["objects"].values()
    ]
    for item in found:
        written = datetime.fromisoformat(item["last_modified"]) - timedelta(days=days)
        item["last_modified"] = written.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return len(found)
