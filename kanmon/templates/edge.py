"""The template of the edge: CloudFront, the web bucket and the functions at the edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.config.paths import FILES
from kanmon.config.web import CHANGEABLE
from kanmon.media import FILE_ENDINGS
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
        headers_function=headers_function(),
    )


def path_function(config: Config) -> str:
    """The JavaScript of the path function. It rewrites each request's path to a stage or a file."""
    return render(
        "edge/path-function.js", api=config.api, web=config.web, files=FILES, file_endings=FILE_ENDINGS
    )


def headers_function() -> str:
    """The JavaScript of the headers function. It gives each web file the headers of its release."""
    return render("edge/headers-function.js", changeable=[name.lower() for name in CHANGEABLE])
