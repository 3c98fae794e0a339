"""The web app."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from kanmon.config.section import InsidePath, Section, written

# Enough for a page from Vite. Vite puts small images and fonts into its files as `data:`.
_CONTENT_SECURITY_POLICY = (
    "default-src 'self'; base-uri 'self'; connect-src 'self'; font-src 'self' data:; form-action 'self'; "
    "frame-ancestors 'none'; img-src 'self' data:; object-src 'none'; upgrade-insecure-requests"
)


class Web(Section):
    """The web app: the files from the front-end build."""

    directory: InsidePath = Field(
        examples=["web/dist"],
        description="The folder with the finished web files after the build, such as `web/dist`.",
    )
    entry: Literal["index.html"] = Field(
        "index.html",
        description="The entry page in `directory`. Kanmon makes a release live by replacing this one file.",
    )
    immutable: tuple[
        Annotated[
            str, written(r"^[A-Za-z0-9._-]+/\*$", "Write one folder with `/*` at its end.", "assets/*")
        ],
        ...,
    ] = Field(
        ("assets/*",),
        description="Folders with files that carry a hash of their content in their name, such as "
        "`assets/app-1a2b3c.js`. Browsers keep these files for a year, and Kanmon keeps them for open pages "
        "of older releases. Never list a folder with fixed file names.",
    )
    # The limits of a header's value: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
    content_security_policy: Annotated[
        str,
        Field(max_length=1783),
        written(
            r"^[ -~]+$",
            "Use plain ASCII characters in one line.",
            "default-src 'self'; img-src 'self' https://images.example.com",
        ),
    ] = Field(
        _CONTENT_SECURITY_POLICY,
        description="The header `Content-Security-Policy` of all pages: the allowed sources of scripts, "
        "images and requests. The default allows the app's own domain only. Does a page load something from "
        "elsewhere? Copy the default and add the source. A change reaches users at once.",
    )
