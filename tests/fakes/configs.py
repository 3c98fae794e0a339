"""The configs in place of all: every check of rendered templates goes through them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

from kanmon.config.schema import Config
from kanmon.config.source import load_config
from kanmon.templates.offline import render_offline, unbuilt
from tests.fakes.app import STATE_MACHINE_STEPS, make_config, make_full_config, make_tuned_config
from tests.fakes.existing import EXISTING

MANDALA = Path(__file__).resolve().parents[2] / "examples/mandala/kanmon.yml"
GITHUB: dict[str, Any] = {
    "repository": "octo/shop", "repository_id": 456, "owner_id": 123, "environments": ["staging", "test"]
}  # fmt: skip
_ALONE: dict[str, Any] = {
    "functions": {"api": {"handler": "shop.api", "artifact": "build/api"}},
    "hooks": None,
    "database": None,
}
_CHECKED_PAGE: dict[str, Any] = {"checks": [{"name": "page", "path": "/"}]}
_CHECKED_API: dict[str, Any] = {"checks": [{"name": "health", "path": "/api/health"}]}
MANY = 200
"""Functions, with a route each, that fit into one app."""


@cache
def matrix() -> dict[str, Config]:
    """Every config by its name; those with a part left out only where the config's model lets it."""
    fields = Config.model_fields
    configs = {"minimal": make_config(**_ALONE), "database": make_config()}
    if not fields["api"].is_required():
        configs["web only"] = make_config(**{**_ALONE, "functions": None}, **_CHECKED_PAGE, api=None)
    if not fields["web"].is_required():
        configs["api only"] = make_config(**_ALONE, **_CHECKED_API, web=None)
    return configs | {
        "everything on": make_full_config(
            github=GITHUB,
            costs={},
            notifications={"channels": {"slack": "shop-slack"}},
            tags={"team": "shop"},
            existing={"domain": EXISTING["domain"], "web_acl": EXISTING["web_acl"]},
        ),
        "tuned": make_tuned_config(github=GITHUB),
        "existing": make_full_config(
            database=None, network=None, user_pool=None, existing=EXISTING, github=GITHUB
        ),
        "existing network": make_config(existing={"network": EXISTING["network"]}, github=GITHUB),
        "reference app": load_config(MANDALA),
        f"{MANY} functions": many_functions(),
    }


def templates(config: Config) -> dict[str, str]:
    """Every stack's template, looked through, as a bundle would have it."""
    rendered = render_offline(config, unbuilt(config, STATE_MACHINE_STEPS))
    return {kind: body for kind, (body, _) in rendered.items()}


def many_functions(count: int = MANY) -> Config:
    """A config of so many functions, each with a route."""
    names = [f"function-{number}" for number in range(count)]
    function = {"handler": "shop.api", "artifact": "build/api", "database": True}
    return make_config(
        functions=dict.fromkeys(names, function),
        api={"routes": [{"path": f"/api/{name}", "function": name} for name in names]},
        hooks=None,
        github=GITHUB,
    )
