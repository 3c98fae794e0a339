"""The template of the edge: CloudFront, the web bucket and the path function."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.templates.rendering import render

if TYPE_CHECKING:
    from kanmon.config.schema import Config

_NO_DOCUMENT = "default-src 'none'; frame-ancestors 'none'"
"""The content security policy of an app without pages."""


def edge_template(config: Config) -> str:
    """Render CloudFront with its headers and caches, the web bucket and the path function."""
    origins = [name for name, found in (("the web bucket", config.web), ("the API", config.api)) if found]
    return render(
        "edge.yml",
        prefix=config.prefix,
        before=" and ".join(origins),
        api=config.api,
        web=config.web,
        content_security_policy=config.web.content_security_policy if config.web else _NO_DOCUMENT,
        path_function=path_function(config),
    )


def path_function(config: Config) -> str:
    """The JavaScript of the path function. It rewrites each request's path to a stage or a file."""
    return render("edge/path-function.js", api=config.api, web=config.web)
