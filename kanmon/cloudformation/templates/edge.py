"""The one way in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.cloudformation.rendering import Template, render

if TYPE_CHECKING:
    from kanmon.config import Config

LIVE_STAGE = "live"
_NO_DOCUMENT = "default-src 'none'; frame-ancestors 'none'"
"""The content security policy of what is no page."""


def edge_template(config: Config) -> Template:
    """CloudFront with its headers and caches, the web bucket and the path function."""
    parts = [name for name, part in (("the web bucket", config.web), ("the API", config.api)) if part]
    return Template(
        render(
            "edge.yml",
            prefix=config.prefix,
            before=" and ".join(parts),
            api=config.api,
            web=config.web,
            content_security_policy=config.web.content_security_policy if config.web else _NO_DOCUMENT,
            path_function=path_function(config),
        )
    )


def path_function(config: Config) -> str:
    """The JavaScript that gives each request its place."""
    return render("edge/path-function.js", api=config.api, web=config.web, live_stage=LIVE_STAGE)
