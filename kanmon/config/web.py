"""The web app."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field, model_validator

from kanmon.config.paths import APP, FILES, Paths
from kanmon.config.section import InsidePath, MistakeError, Section, written
from kanmon.language import deferred, phrase
from kanmon.naming import (
    DIGEST_METADATA,
    HEADER_METADATA,
    PREVIEW_METADATA,
    RELEASE_METADATA,
    preview_token,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

# Enough for a page from Vite. Vite puts small images and fonts into its files as `data:`.
DEFAULT_POLICY = (
    "default-src 'self'; base-uri 'self'; connect-src 'self'; font-src 'self' data:; form-action 'self'; "
    "frame-ancestors 'none'; img-src 'self' data:; object-src 'none'; upgrade-insecure-requests"
)
# A file's metadata in S3, names and values together:
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingMetadata.html. The guide does not say whether the
# names count with their prefix. So they do here.
_METADATA = 2048
FOLDER = r"([A-Za-z0-9_-][A-Za-z0-9._-]*/)+\*"
"""A folder of hashed assets, as a pattern."""
_METADATA_PREFIX = "x-amz-meta-"
_RELEASE = "r" + "9" * 9
_LONGEST = {
    RELEASE_METADATA: _RELEASE,
    DIGEST_METADATA: "0" * 64,
    PREVIEW_METADATA: preview_token(_RELEASE, "0" * 32),
}


CHANGEABLE = (
    "Access-Control-Allow-Origin",
    "Cross-Origin-Embedder-Policy",
    "Cross-Origin-Opener-Policy",
    "Cross-Origin-Resource-Policy",
    "Permissions-Policy",
    "Referrer-Policy",
    "Service-Worker-Allowed",
    "X-Frame-Options",
    "X-Robots-Tag",
)
"""The response headers that an app may set for its files."""


def own_headers(content_security_policy: str, others: Mapping[str, str]) -> dict[str, str]:
    """The response headers of a release's own files, beside the fixed ones of the edge."""
    policy = {"content-security-policy": content_security_policy} if content_security_policy else {}
    return policy | {name.lower(): value for name, value in others.items()}


Folder = Annotated[
    str,
    written(
        rf"^{FOLDER}$",
        deferred("Write one folder with `/*` at its end. No step of it may begin with a dot."),
        "assets/*",
    ),
]
Shown = Annotated[
    str,
    Field(max_length=64),
    written(
        r"^(app|files|([A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*\.html)$",
        deferred("Write `app`, `files`, or the name of a page in `directory`."),
        FILES,
    ),
]


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
    routes: Shown = Field(
        APP,
        description="What a path shows that is not a file's, such as `/about`. `app`: always `entry`, and "
        "the app in it chooses the page. `files`: the file of that path, which is `about/index.html`, "
        "`about.html` or `about`, and 404 without one. Write `files` for a site with a file for each page. A "
        "page such as `200.html`: always this page, but `/` shows `entry`. A path is a file's if it ends "
        "like one, such as `.png`: `/users/jane.doe` is the app's own. With `files`, any dot in the last "
        "step makes it a file's. Below `.well-known/`, each path is a file.",
    )
    routes_in: dict[Annotated[Folder, Field(max_length=64)], Shown] = Field(
        default_factory=dict,
        # The path function has at most 10 KB, and them inside.
        max_length=30,
        examples=[{"docs/*": FILES, "app/*": "app/index.html"}],
        description="What the paths of some folders show, in place of `routes`. Does an app have a section "
        "with a file for each page? Write `{docs/*: files}`. Does a site have a section whose routes its "
        "page chooses in the browser? Write `routes: files` and `{app/*: app/index.html}`. The deepest "
        "folder wins.",
    )
    immutable: tuple[
        Folder,
        ...,
    ] = Field(
        ("assets/*",),
        description="Folders with files that carry a hash of their content in their name, such as "
        "`assets/app-1a2b3c.js`. Browsers keep these files for a year, and Kanmon keeps them for open pages "
        "of older releases (`releases.kept`). Never list a folder with fixed file names, or with files that "
        "are not part of the build: Kanmon deletes old ones.",
    )
    content_security_policy: Annotated[
        str,
        written(
            r"^[!-~]([ -~]*[!-~])?$",
            deferred("Use plain ASCII characters in one line, without spaces around them."),
            "default-src 'self'; img-src 'self' https://images.example.com",
        ),
    ] = Field(
        DEFAULT_POLICY,
        description="The header `Content-Security-Policy` of the web app's files: the allowed sources of "
        "scripts, images and requests. The default allows the app's own domain only. Does a page load "
        "something from elsewhere? Copy the default and add the source. With `user_pool`, the default allows "
        "Cognito's hosts, too: `https://cognito-idp.REGION.amazonaws.com` and that of `hosted_login`. The "
        "header belongs to the release: it is previewed, goes live and is rolled back with the pages.",
    )
    response_headers: dict[
        Annotated[
            str,
            written(
                f"^({'|'.join(CHANGEABLE)})$",
                deferred(
                    "Use one of Access-Control-Allow-Origin, Cross-Origin-Embedder-Policy, "
                    "Cross-Origin-Opener-Policy, Cross-Origin-Resource-Policy, Permissions-Policy, "
                    "Referrer-Policy, Service-Worker-Allowed, X-Frame-Options, X-Robots-Tag."
                ),
                "Permissions-Policy",
            ),
        ],
        Annotated[
            str,
            written(
                r"^[!-~]([ -~]*[!-~])?$",
                deferred("Use plain ASCII characters in one line, without spaces around them."),
                "camera=(self)",
            ),
        ],
    ] = Field(
        default_factory=dict,
        examples=[{"Permissions-Policy": "camera=(self)"}],
        description="Response headers of the web app's files, in place of Kanmon's strict ones. An app with "
        "a camera needs `Permissions-Policy`, one with a sign-in window of another site "
        "`Cross-Origin-Opener-Policy: same-origin-allow-popups`, one with threads in WebAssembly "
        "`Cross-Origin-Embedder-Policy: require-corp`. They belong to the release, like "
        "`content_security_policy`.",
    )
    settings: dict[
        Annotated[
            str,
            Field(max_length=64),
            written(
                r"^[A-Za-z][A-Za-z0-9_]*$",
                deferred("Use letters, digits and underscores. Begin with a letter."),
                "API_URL",
            ),
        ],
        Annotated[str, Field(max_length=1024)],
    ] = Field(
        default_factory=dict,
        examples=[{"SUPPORT_EMAIL": "help@example.com"}],
        description="Settings for the pages: plain text, or a stack's output, such as "
        "`{POOL: '${foundation.UserPoolId}'}`. **Everybody can read them**: never put a secret here. A page "
        'reads them with `JSON.parse(document.getElementById("kanmon").textContent).settings`. They belong '
        "to the release, like `content_security_policy`.",
    )

    @property
    def paths(self) -> Paths:
        """The files that its paths show."""
        return Paths(self.routes, self.routes_in)

    @property
    def headers(self) -> dict[str, str]:
        """The response headers of the release's own files."""
        return own_headers(self.content_security_policy, self.response_headers)

    @model_validator(mode="after")
    def _headers_fit(self) -> Self:
        self.check_headers()
        return self

    def check_headers(self) -> None:
        """Check that S3 takes the headers of a page. Raises MistakeError."""
        metadata = _LONGEST | {f"{HEADER_METADATA}{name}": value for name, value in self.headers.items()}
        size = sum(len(f"{_METADATA_PREFIX}{name}{value}") for name, value in metadata.items())
        if size > _METADATA:
            others = {("response_headers", name): value for name, value in self.response_headers.items()}
            given = {("content_security_policy",): self.content_security_policy} | others
            longest = max(given, key=lambda place: len(given[place]))
            raise MistakeError(
                phrase(
                    "It has {number} characters. S3 keeps the policy and `response_headers` as metadata of "
                    "the pages, and takes {limit} bytes of it in all.",
                    number=len(given[longest]),
                    limit=_METADATA,
                ),
                phrase(
                    "Make it shorter by {excess}. In a policy, for example, write `https://*.example.com` in "
                    "place of several hosts.",
                    excess=size - _METADATA,
                ),
                at=longest,
            )
