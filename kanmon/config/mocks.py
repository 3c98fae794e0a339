"""Fixed answers of API Gateway's own: mock integrations."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from kanmon.config.section import MistakeError, Section, written
from kanmon.config.values import HeaderName
from kanmon.language import deferred, phrase

# API Gateway and CloudFront set these by themselves, refuse them or give them another name:
# https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-known-issues.html
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/edge-function-restrictions-all.html
_KEPT = frozenset(
    {
        *("connection", "content-encoding", "content-length", "date", "expect", "host", "keep-alive"),
        *("proxy-authenticate", "server", "te", "trailer", "transfer-encoding", "upgrade", "via"),
        *("www-authenticate", "x-kanmon-api", "x-kanmon-release"),
    }
)


def _free(name: str) -> str:
    if name.lower() in _KEPT or name.lower().startswith(("x-amz", "x-edge-", "x-cache")):
        raise MistakeError(
            phrase("API Gateway, CloudFront or Kanmon sets this header."),
            phrase("Remove it, or use a function."),
        )
    return name


class Mock(Section):
    """A fixed answer of API Gateway's own, without a function."""

    status: int = Field(
        200,
        ge=200,
        le=599,
        examples=[301],
        description="The HTTP status of the answer, such as `301` for a redirect.",
    )
    headers: dict[
        Annotated[HeaderName, AfterValidator(_free)],
        Annotated[
            str,
            # A static value stands in single quotes, and has no way to contain one:
            # https://docs.aws.amazon.com/apigateway/latest/developerguide/request-response-data-mappings.html
            Field(max_length=2048),
            written(
                r"^[!-&(-~]([ -&(-~]*[!-&(-~])?$",
                deferred(
                    "Use plain ASCII characters in one line, without `'` and without spaces around them."
                ),
                "https://www.example.com/",
            ),
        ],
    ] = Field(
        default_factory=dict,
        max_length=20,
        examples=[{"location": "https://www.example.com/"}],
        description="The headers of the answer: `{location: https://www.example.com/}` for a redirect. "
        "Without `content-type` the answer is `application/json`.",
    )
    body: str = Field(
        "",
        max_length=10_000,
        examples=['{"status": "ok"}'],
        description="The text of the answer, as it is: `$` and `#` have no special meaning.",
    )

    @property
    def content_type(self) -> str:
        """The media type of the body."""
        given = (value for name, value in self.headers.items() if name.lower() == "content-type")
        return next(given, "application/json")
