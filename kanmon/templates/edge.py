"""The template of the edge: CloudFront, the web bucket and the functions at the edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.config.paths import FILES
from kanmon.config.web import CHANGEABLE, DEFAULT_POLICY
from kanmon.media import FILE_ENDINGS
from kanmon.naming import preview_cookie
from kanmon.templates.rendering import render

if TYPE_CHECKING:
    from kanmon.config.schema import Config


_FLOOR = "default-src 'none'; frame-ancestors 'none'"


def edge_template(config: Config) -> str:
    """Render CloudFront with its headers and caches, the web bucket and the functions."""
    origins = [name for name, found in (("the web bucket", config.web), ("the API", config.api)) if found]
    error_page = _error_page(config)
    return render(
        "edge.yml",
        prefix=config.prefix,
        before=" and ".join(origins),
        api=config.api,
        web=config.web,
        error_page=error_page,
        floor=DEFAULT_POLICY if error_page else _FLOOR,
        path_function=path_function(config),
        headers_function=headers_function(config),
        domain=config.existing.domain,
        web_acl=config.existing.web_acl,
    )


def _error_page(config: Config) -> str:
    """The page for a path without a file; empty without one.

    CloudFront has one for all origins, and would also replace an API's own errors. A release without this
    page gives the plain error: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/custom-error-pages.html
    """
    return "404.html" if config.web and config.web.routes == FILES and not config.api else ""


def path_function(config: Config) -> str:
    """The JavaScript of the path function. It rewrites each request's path to a stage or a file."""
    return render(
        "edge/path-function.js",
        api=config.api,
        web=config.web,
        files=FILES,
        file_endings=FILE_ENDINGS,
        cookie=_cookie(config),
    )


def headers_function(config: Config) -> str:
    """The JavaScript of the headers function. It gives each web file the headers of its release."""
    changeable = [name.lower() for name in CHANGEABLE]
    return render("edge/headers-function.js", changeable=changeable, cookie=_cookie(config))


def _cookie(config: Config) -> str:
    return preview_cookie(own_name=config.existing.domain is not None)
