"""The template of the edge: CloudFront, the web bucket and the functions at the edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.config.web import CHANGEABLE
from kanmon.naming import preview_cookie
from kanmon.templates.rendering import render

if TYPE_CHECKING:
    from kanmon.config.schema import Config


def edge_template(config: Config) -> str:
    """Render CloudFront with its headers and caches, the web bucket and the functions."""
    origins = [name for name, found in (("the web bucket", config.web), ("the API", config.api)) if found]
    return render(
        "edge.yml",
        prefix=config.prefix,
        before=" and ".join(origins),
        api=config.api,
        web=config.web,
        path_function=path_function(config),
        headers_function=headers_function(config),
        domain=config.existing.domain,
        web_acl=config.existing.web_acl,
    )


def path_function(config: Config) -> str:
    """The JavaScript of the path function. It rewrites each request's path to a stage or a file."""
    return render("edge/path-function.js", api=config.api, web=config.web, cookie=_cookie(config))


def headers_function(config: Config) -> str:
    """The JavaScript of the headers function. It gives each web file the headers of its release."""
    changeable = [name.lower() for name in CHANGEABLE]
    return render("edge/headers-function.js", changeable=changeable, cookie=_cookie(config))


def _cookie(config: Config) -> str:
    return preview_cookie(own_name=config.existing.domain is not None)
