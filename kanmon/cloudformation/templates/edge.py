"""The one way in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.cloudformation.rendering import Template, render

if TYPE_CHECKING:
    from kanmon.config import Config

LIVE_STAGE = "live"


def edge_template(config: Config) -> Template:
    """CloudFront, the web bucket and the path function."""
    script = render("path-function.js", api_prefix=config.api.prefix, live_stage=LIVE_STAGE)
    return Template(
        render(
            "edge.yml",
            prefix=config.prefix,
            api_prefix=config.api.prefix,
            immutable=config.web.immutable,
            path_function=script,
        )
    )
