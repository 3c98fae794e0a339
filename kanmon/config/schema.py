"""The config's JSON schema, published as `schema/kanmon.schema.json` for editors and linters (INF-9)."""

from __future__ import annotations

import json

from kanmon.config.model import Config


def schema_text() -> str:
    """The schema as the published file holds it, deterministic to the byte."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **Config.model_json_schema(by_alias=True),
        "title": "kanmon.yml",
    }
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"
