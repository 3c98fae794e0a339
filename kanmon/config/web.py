"""The web app."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kanmon.config.section import InsidePath, Section

# Enough for a page from Vite. Vite puts small images and fonts into its files as `data:`.
_CONTENT_SECURITY_POLICY = (
    "default-src 'self'; base-uri 'self'; connect-src 'self'; font-src 'self' data:; form-action 'self'; "
    "frame-ancestors 'none'; img-src 'self' data:; object-src 'none'; upgrade-insecure-requests"
)


class Web(Section):
    """The web app: the files from the front-end build."""

    directory: InsidePath = Field(description="The folder that the front-end build writes.")
    entry: Literal["index.html"] = Field("index.html", description="The page that is the web pointer.")
    immutable: tuple[Annotated[str, Field(pattern=r"^[A-Za-z0-9._-]+/\*$")], ...] = Field(
        ("assets/*",),
        description="Folders whose files have their content's hash in their name; kept append-only.",
    )
    # The limits of a header's value: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
    content_security_policy: Annotated[str, Field(pattern=r"^[ -~]+$", max_length=1783)] = Field(
        _CONTENT_SECURITY_POLICY,
        description="The `Content-Security-Policy` header of pages.",
    )
