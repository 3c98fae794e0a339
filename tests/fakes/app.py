"""A small app to release: its config, and bundles of its versions."""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import zipfile
from typing import TYPE_CHECKING, Any, Protocol

from kanmon.bundle.manifest import FunctionPackage, Manifest, StackTemplate, StateMachineDefinition
from kanmon.config.built import build_inputs
from kanmon.config.schema import Config
from kanmon.model import WebFile
from kanmon.templates.state_machines import Definition

if TYPE_CHECKING:
    from collections.abc import Sequence


class Keeper(Protocol):
    """Where the files of bundles are kept."""

    configs: dict[str, Config]
    """The config beside each bundle, by the bundle's digest: that of the last one made."""

    def keep(self, content: bytes) -> str: ...


_CONFIG: dict[str, Any] = {
    "app": "shop",
    "environment": "test",
    "functions": {
        "api": {"handler": "shop.api", "artifact": "build/api", "database": True},
        "migrate": {"handler": "shop.migrate", "artifact": "build/api", "database": True},
    },
    "api": {"routes": [{"path": "/api/{proxy+}", "function": "api"}]},
    "web": {"directory": "web/dist"},
    "database": {"name": "shop"},
    "hooks": [{"name": "migrate", "function": "migrate"}],
    "checks": [{"name": "health", "path": "/api/health"}, {"name": "page", "path": "/"}],
    "traffic": {"strategy": "all-at-once"},
}
SECRETS: dict[str, Any] = {
    "jwt": {"value": "generated", "description": "Signs the sessions."},
    "slack": {"description": "URL of a webhook."},
    "ai-provider": {},
}
USER_POOL: dict[str, Any] = {
    "sign_up": "anybody",
    "attributes": {
        "plan": {"max": 20},
        "seats": {"type": "number", "min": 1, "mutable": False},
        "theme": {"writable": True},
    },
    "required": ["given_name"],
    "password": {"minimum_length": 16, "require_symbols": False},
    "mail": {
        "sender": "Shop <no-reply@mail.shop.example.com>",
        "identity": "arn:aws:ses:ap-northeast-1:123456789012:identity/shop.example.com",
        "reply_to": "help@shop.example.com",
        "configuration_set": "users",
    },
    "messages": {
        "verification": {"subject": "Your c\u00f6de", "body": "<b>{####}</b>"},
        "invitation": {"subject": "Welcome", "body": "{username}: {####}"},
    },
    "tokens": {"access": "15m", "id": "2h", "refresh_days": 7},
    "hosted_login": {
        "domain": "shop-login",
        "callback_urls": ["https://shop.example.com/in", "http://localhost:5173/in", "com.example.shop://in"],
        "logout_urls": ["https://shop.example.com/"],
        "scopes": ["openid", "orders/write"],
    },
    "resource_servers": {"orders": {"write": "Change orders", "read": "Read orders"}},
}
_EVERYTHING: dict[str, Any] = {
    "network": {"endpoints": ["secretsmanager", "kms", "bedrock-runtime"]},
    "secrets": SECRETS,
    "trail": {"data_events": "all"},
    "functions": {
        "api": {
            "handler": "shop.api", "artifact": "build/api", "database": True,
            "secrets": ["jwt", "ai-provider"],
        },
        "migrate": {"handler": "shop.migrate", "artifact": "build/api", "database": True},
        "notify": {"handler": "shop.notify", "artifact": "build/api", "secrets": ["slack"]},
        "plain": {
            "handler": "shop.plain", "artifact": "build/api",
            "starts": ["report"], "sends": ["mail"], "user_pool": True,
        },
        "charge": {"handler": "shop.charge", "artifact": "build/api", "starts": ["report"]},
    },
    "user_pool": USER_POOL,
    "state_machines": {
        "report": {"definition": "definitions/report.json"},
        "quick": {"definition": "definitions/quick.json", "type": "express"},
    },
    "queues": {"mail": {"function": "notify"}, "bulk": {"function": "plain", "batch_size": 100}},
    "schedules": {
        "nightly": {
            "expression": "cron(0 18 ? * MON-FRI *)", "timezone": "Asia/Tokyo", "state_machine": "report",
            "payload": {"kind": "daily"},
        },
        "tidy": {"expression": "rate(5 minutes)", "function": "plain"},
    },
    "checks": [
        {"name": "health", "path": "/api/health"},
        {"name": "page", "path": "/"},
        {
            "name": "member", "sign_in": {"username": "a@b.example", "password": "${secrets.slack.password}"},
            "capture": {"json": {"token": "IdToken"}},
        },
        {"name": "mine", "path": "/api/mine", "headers": {"authorization": "Bearer ${member.token}"}},
        {"name": "dry", "function": "plain", "payload": {"dry_run": True}},
    ],
}  # fmt: skip
LAYER = "arn:aws:lambda:ap-northeast-1:444455556666:layer:fonts:3"
FUNCTION_SETTINGS: dict[str, Any] = {
    "layers": [LAYER], "ephemeral_storage": 2048, "reserved_concurrency": 5, "dead_letters": "failed",
    "maximum_retries": 0, "maximum_event_age": "1h", "tracing": False, "log_level": "debug",
}  # fmt: skip
"""Every setting of a function that has a default in AWS."""
ALARMS: dict[str, Any] = {
    "slow": {"function": "api", "metric": "Duration", "statistic": "p95", "threshold": 800, "rollback": True},
    "late": {"state_machine": "report", "metric": "ExecutionTime", "statistic": "Maximum", "threshold": 6e4},
    "refused": {"log_pattern": '{ $.message = "payment refused" }', "threshold": 5, "rollback": True,
                "description": "Payments fail. Look at the provider's page."},
    "unsent": {"queue": "mail-dead", "metric": "ApproximateNumberOfMessagesVisible", "statistic": "Maximum",
               "threshold": 0, "period": "5m"},
    "busy": {"database": True, "metric": "CPUUtilization", "statistic": "Average", "threshold": 90,
             "evaluation_periods": 5, "datapoints_to_alarm": 3},
    "orders": {"namespace": "Shop", "metric": "Orders", "dimensions": {"Shop": "berlin: 1"}, "threshold": 0.5,
               "comparison_operator": "LessThanThreshold", "treat_missing_data": "ignore", "rollback": True},
}  # fmt: skip
"""An alarm of each source."""
STATE_MACHINE_STEPS = {"report": ("charge", "notify"), "quick": ()}
"""The functions that the state machines' definitions name."""
NIGHTLY = {"nightly": {"expression": "cron(0 18 * * ? *)", "function": "api"}}
"""A schedule: a trigger."""
GREETING: dict[str, Any] = {"triggers": {"post_confirmation": "api"}}
"""A user pool that calls a function."""
CANARY = {"strategy": "canary", "steps": [{"percent": 10, "bake": 0}, {"percent": 50, "bake": 0}], "bake": 0}


def make_config(**changes: Any) -> Config:
    """The app's config, with some top-level keys changed; None takes a key away."""
    content = {key: value for key, value in (_CONFIG | changes).items() if value is not None}
    return Config.model_validate(content)


def user_pool_of(name: str) -> dict[str, Any]:
    """The full app's user pool, with a sign-in address that no other app of the region has."""
    return USER_POOL | {"hosted_login": USER_POOL["hosted_login"] | {"domain": f"shop-{name}"}}


def make_full_config(**changes: Any) -> Config:
    """The app's config with every optional part of it."""
    return make_config(**_EVERYTHING | changes)


def make_tuned_config(**changes: Any) -> Config:
    """The full app with every setting that most apps leave out."""
    functions, queues = _EVERYTHING["functions"], _EVERYTHING["queues"]
    tuned = {
        "functions": {**functions, "notify": functions["notify"] | FUNCTION_SETTINGS},
        "queues": {**queues, "failed": {"retention_days": 14}},
        "user_pool": USER_POOL | GREETING,
        "database": {
            "name": "shop",
            "logs": {"min_duration_statement": "1s", "connections": True, "days": 90},
        },
        "trail": {"cloudwatch_logs": {}},
        "notifications": {"emails": ["team@example.com"]},
        "alarms": ALARMS,
    }
    return make_full_config(**tuned | changes)


def make_definitions(config: Config) -> dict[str, Definition]:
    """The definitions of a config's state machines, in the artifact bucket."""
    return {
        name: Definition("test/blobs/" + "d" * 64, STATE_MACHINE_STEPS[name])
        for name in config.state_machines
    }


def make_bundle(
    cloud: Keeper,
    version: str,
    *,
    config: Config | None = None,
    pages: dict[str, str] | None = None,
    fixed: tuple[str, ...] = (),
    stacks: dict[str, StackTemplate] | None = None,
) -> Manifest:
    """A version of the app, with its files in the artifact bucket.

    `fixed` has further files with fixed names, `stacks` the templates of the team's own stacks.
    """
    asset = f"assets/app-{hashlib.sha256(version.encode()).hexdigest()[:8]}.js"
    files = {
        "index.html": f"<script src={asset}></script>{version}",
        asset: f"console.log('{version}')",
        "sw.js": f"// {version}",
        "robots.txt": "User-agent: *",
        **(pages or {}),
        **dict.fromkeys(fixed, version),
    }
    config = config or make_config()
    web = {}
    for name, text in files.items() if config.web else ():
        sha256 = cloud.keep(text.encode())
        web[name] = WebFile(
            sha256=sha256, size=len(text), immutable=name.startswith("assets/") and name not in fixed
        )
    package = cloud.keep(_package(version))
    manifest = Manifest(
        app=config.app,
        commit=f"{version:0<40}",
        tools={},
        functions={
            name: FunctionPackage(sha256=package, size=9, files={"shop.py": package})
            for name in config.functions
        },
        state_machines={
            name: StateMachineDefinition(
                sha256=cloud.keep(_definition(STATE_MACHINE_STEPS[name])),
                size=9,
                functions=STATE_MACHINE_STEPS[name],
            )
            for name in config.state_machines
        },
        stacks=stacks or {},
        web=web,
        built=build_inputs(config.as_json()),
    )
    cloud.keep(manifest.stored)
    cloud.configs[manifest.digest] = config
    return manifest


def _package(version: str) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        # Without the time of day: the same version is the same bytes.
        archive.writestr(zipfile.ZipInfo("shop.py"), f"VERSION = {version!r}\n")
    return packed.getvalue()


def _definition(steps: Sequence[str]) -> bytes:
    states: dict[str, dict[str, str]] = {"Done": {"Type": "Succeed"}}
    order = [*steps, "Done"]
    for name, then in itertools.pairwise(order):
        states[name] = {"Type": "Task", "Resource": f"${{{name}}}", "Next": then}
    return json.dumps({"StartAt": order[0], "States": states}).encode()
