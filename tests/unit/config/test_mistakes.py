"""Every mistake in a config has words for its writer, at every key."""

from __future__ import annotations

import datetime as dt
import re
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import jsonschema
import pytest
from pydantic import ValidationError

from kanmon.config.forms import as_yaml, example, form_of, keys_of
from kanmon.config.mistakes import causes, explanation
from kanmon.config.schema import Config
from kanmon.language import sentences

if TYPE_CHECKING:
    from kanmon.config.document import Location

FOREIGN = re.compile(
    r"(Input|String|Tuple|Dictionary) should|should (have|be|match)|Value error|Field required|Extra inputs|"
    r"\[key\]|validation|dictionary|instance of|unable to|valid (string|integer|tuple)|"
    r"datetime|None|True|False|\^"
)
"""Words of pydantic, of Python and of regular expressions."""

STATEMENT = {
    "actions": ["ses:SendEmail"],
    "resources": ["arn:aws:ses:*:*:identity/shop.example"],
    "conditions": {"StringEquals": {"ses:FromAddress": ["a@shop.example"]}},
}
FULL: dict[str, Any] = {
    "app": "shop",
    "environment": "test",
    "region": "eu-central-1",
    "tags": {"team": "shop"},
    "language": "ja",
    "test": {
        "commands": ["pytest"],
        "results": ["a.xml"],
        "coverage": {"reports": ["c.xml"], "minimum": 80, "branches": 70},
    },
    "build": {"commands": ["make"]},
    "functions": {
        "api": {
            "handler": "shop.api",
            "artifact": "build/api",
            "runtime": "python3.12",
            "architecture": "arm64",
            "memory": 512,
            "timeout": 30,
            "ephemeral_storage": 2048,
            "layers": ["arn:aws:lambda:eu-central-1:111122223333:layer:fonts:3"],
            "reserved_concurrency": 5,
            "dead_letters": "mail",
            "maximum_retries": 1,
            "maximum_event_age": "1h",
            "tracing": False,
            "log_level": "debug",
            "environment": {"LOG_LEVEL": "info"},
            "database": True,
            "network": True,
            "secrets": ["jwt"],
            "starts": ["report"],
            "sends": ["mail"],
            "user_pool": True,
            "permissions": [dict(STATEMENT)],
        }
    },
    "api": {
        "prefix": "/api",
        "paths": ["/auth/*"],
        "authorizers": {
            "users": {"user_pool": True},
            "others": {
                "user_pool_arns": ["arn:aws:cognito-idp:eu-central-1:123456789012:userpool/eu-central-1_A"]
            },
            "partners": {
                "function": "api",
                "type": "request",
                "identity_sources": ["method.request.header.X-Key"],
                "ttl": "5m",
            },
        },
        "authorizer": "users",
        "routes": [
            {"path": "/api/{proxy+}", "method": "ANY", "function": "api", "scopes": ["orders/write"]},
            {"path": "/api/a", "function": "api", "authorizer": "others"},
            {"path": "/api/b", "function": "api", "authorizer": "partners"},
            {
                "path": "/auth/old",
                "method": "GET",
                "mock": {"status": 301, "headers": {"location": "/new"}, "body": "moved"},
            },
        ],
        "throttle": {"rate": 100, "burst": 200},
        "binary": ["image/*"],
        "cors": {
            "origins": ["https://admin.example.com"],
            "methods": ["GET"],
            "headers": ["content-type"],
            "credentials": True,
            "max_age": "5m",
        },
    },
    "web": {
        "directory": "dist",
        "entry": "index.html",
        "immutable": ["assets/*"],
        "routes": "app",
        "routes_in": {"docs/*": "files"},
        "response_headers": {"Permissions-Policy": "camera=(self)"},
        "content_security_policy": "default-src 'self'",
        "settings": {"MAPS": "on"},
    },
    "database": {
        "name": "shop",
        "engine_version": "17.6",
        "capacity": {"min": 1, "max": 2},
        "backup_days": 7,
        "snapshots": 20,
        "rotation_days": 30,
        "logs": {"min_duration_statement": "1s", "connections": True, "days": 90},
    },
    "network": {"endpoints": ["kms"]},
    "secrets": {"jwt": {"value": "generated", "description": "Signs the logins."}},
    "trail": {"days": 90, "data_events": "all", "cloudwatch_logs": {"days": 90}},
    "logs": {"days": 30},
    "user_pool": {
        "sign_up": "anybody",
        "mfa": "off",
        "attributes": {"plan": {"type": "string", "mutable": True, "writable": True, "min": 1, "max": 20}},
        "required": ["given_name"],
        "password": {
            "minimum_length": 12,
            "require_lowercase": True,
            "require_uppercase": True,
            "require_numbers": True,
            "require_symbols": True,
            "history": 5,
            "temporary_days": 3,
        },
        "mail": {
            "sender": "no-reply@example.com",
            "identity": "arn:aws:ses:eu-central-1:123456789012:identity/example.com",
            "reply_to": "help@example.com",
            "configuration_set": "users",
        },
        "messages": {
            "verification": {"subject": "Code", "body": "Code {####}"},
            "invitation": {"subject": "Welcome", "body": "{username} {####}"},
        },
        "tokens": {"access": "1h", "id": "1h", "refresh_days": 30},
        "hosted_login": {
            "domain": "shop-login",
            "callback_urls": ["https://example.com/in"],
            "logout_urls": ["https://example.com/"],
            "flows": ["code"],
            "scopes": ["openid"],
        },
        "resource_servers": {"orders": {"write": "Change orders"}},
        # Without `pre_token_generation`: it is the same trigger in another version.
        "triggers": {
            "pre_sign_up": "api",
            "post_confirmation": "api",
            "pre_authentication": "api",
            "post_authentication": "api",
            "pre_token_generation_v2": "api",
            "custom_message": "api",
            "define_auth_challenge": "api",
            "create_auth_challenge": "api",
            "verify_auth_challenge_response": "api",
            "user_migration": "api",
        },
    },
    "state_machines": {
        "report": {"definition": "report.json", "type": "express", "permissions": [dict(STATEMENT)]}
    },
    "queues": {"mail": {"function": "api", "batch_size": 10, "retries": 3, "retention_days": 4}},
    "schedules": {
        "nightly": {
            "expression": "rate(1 day)",
            "timezone": "UTC",
            "function": "api",
            "payload": {"kind": "daily"},
        },
        "weekly": {"expression": "rate(7 days)", "state_machine": "report"},
    },
    "hooks": [{"name": "migrate", "function": "api", "payload": {"step": "expand"}}],
    "checks": [
        {
            "name": "health",
            "path": "/api/health",
            "method": "GET",
            "headers": {"accept": "x"},
            "body": "x",
            "expect": {
                "status": 200,
                "release": True,
                "headers": {"content-type": "json"},
                "body": "ok",
                "json": {"status": "ok"},
                "latency": "1s",
            },
            "successes": 2,
            "failures": 5,
            "deadline": "5s",
            "capture": {"json": {"token": "access_token"}, "cookies": ["session"]},
        },
        {
            "name": "member",
            "sign_in": {"username": "a@example.com", "password": "${secrets.jwt}"},
            "capture": {"json": {"token": "IdToken"}},
        },
        {"name": "report", "function": "api", "payload": {"dry_run": True}},
    ],
    "verify": {
        "image": "registry.example.com/e2e:1.2@sha256:" + "0" * 64,
        "commands": ["npx playwright test"],
        "results": ["junit.xml"],
        "environment": {"E2E_USER": "kim"},
        "timeout": "15m",
    },
    "traffic": {"strategy": "canary", "steps": [{"percent": 10, "bake": "5m"}], "bake": "1m"},
    "approval": {"prevent_self_review": True, "reviewers": True},
    "thresholds": {
        "api_error_percent": 5,
        "function_error_percent": 5,
        "state_machine_failure_percent": 10,
        "api_p95": "2s",
        "database_connections": 45,
    },
    "notifications": {"sns": True, "channels": {"slack": "shop/slack"}, "emails": ["team@example.com"]},
    "alarms": {
        "slow": {"function": "api", "metric": "Duration", "threshold": 1000},
        "late": {"state_machine": "report", "metric": "ExecutionTime", "threshold": 1000},
        "unsent": {"queue": "mail-dead", "metric": "NumberOfMessagesSent", "threshold": 0},
        "busy": {"database": True, "metric": "CPUUtilization", "threshold": 90},
        "refused": {"log_pattern": "refused", "threshold": 5},
        "orders": {
            "description": "Nobody buys.",
            "namespace": "Shop",
            "metric": "Orders",
            "dimensions": {"Shop": "berlin"},
            "statistic": "Sum",
            "threshold": 1,
            "comparison_operator": "LessThanThreshold",
            "period": "5m",
            "evaluation_periods": 3,
            "datapoints_to_alarm": 2,
            "treat_missing_data": "ignore",
            "rollback": True,
        },
    },
    "github": {
        "repository": "octo/shop",
        "repository_id": 456,
        "owner_id": 123,
        "environments": ["test"],
        "branch": "main",
        "workflows": ["octo/shop/.github/workflows/a.yml@refs/heads/main"],
        "existing_provider": True,
    },
    "costs": {"monthly_usd": 100, "email": "team@example.com"},
    "releases": {"kept": 20},
    "stacks": {
        "orders": {
            "template": "infra/orders.yml",
            "parameters": {"KeyArn": "${foundation.KeyArn}"},
            "stateful": True,
            "capabilities": ["CAPABILITY_NAMED_IAM"],
        }
    },
    "boundary": {"allow": [dict(STATEMENT)]},
    "allow_destroy": ["MailQueue"],
    "requires": "staging",
}
"""A config with every key but `existing`."""
OTHER: dict[str, Any] = {
    **{
        key: value for key, value in FULL.items() if key not in {"database", "user_pool", "network", "alarms"}
    },
    "existing": {
        "network": {
            "vpc": "vpc-0a1b2c3d",
            "subnets": ["subnet-0a1b2c3d", "subnet-0a1b2c3e"],
            "security_groups": ["sg-0a1b2c3d"],
        },
        "database": {
            "cluster": "team-data",
            "host": "team-data.cluster-abc.eu-central-1.rds.amazonaws.com",
            "port": 5432,
            "name": "shop",
            "secret": "arn:aws:secretsmanager:eu-central-1:111122223333:secret:team-data-Ab12Cd",
            "secret_key": "arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab",
        },
        "user_pool": {"id": "eu-central-1_Ab12Cd34E", "client": "1h57kf5cpq17m0eml12"},
        "domain": {
            "names": ["shop.example.com"],
            "certificate": "arn:aws:acm:us-east-1:111122223333:certificate/12345678-1234",
        },
        "web_acl": "arn:aws:wafv2:us-east-1:111122223333:global/webacl/shop/12345678-1234",
    },
}
"""With what exists already in place of Kanmon's own."""


def _places(value: Any, location: Location = ()) -> list[Location]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [location, *(place for key, child in inner for place in _places(child, (*location, key)))]


PLACES = [place for place in _places(FULL) if place]
PLACES += [("user_pool", "triggers", "pre_token_generation")]
PLACES += [("existing", *place) for place in _places(OTHER["existing"])]
MAPPINGS = [
    place
    for place in PLACES
    if not isinstance(place[-1], int)
    and form_of(place).get("type") == "object"
    and not keys_of(form_of(place))
]
_WRONG = [
    None, True, 0, -1, 10**30, 1.5, float("inf"), float("nan"), "", " ", "wrong value", "UPPER", "ü", "\n",
    "x" * 5000, "(", "a[", "**a", "../x", "/", [], {}, [None], ["wrong value"], {"wrong": None},
    {1: 2}, {"": ""}, dt.date(2026, 1, 1), "rate(1 weeks)", "cron(0)", "cron(99 0 1 1 ? *)", "at(now)",
    "{{resolve:ssm:x}}",
]  # fmt: skip


SHARED = {"app", "region", "test", "build", "verify", "traffic", "notifications", "github", "stacks"}
JAPANESE = [place for place in PLACES if place[0] in SHARED and "emails" not in place]
ENGLISH = re.compile(r"[A-Za-z]{2,} [a-z]{2,}|[a-z]\.( |$)")
GIVEN = re.compile(r"`[^`]*`|'[^']*'|https://\S+|Secrets Manager|wrong value…?", re.DOTALL)
"""What stands in an explanation as it is: values, keys, lines of YAML and names of AWS."""


def _changed(place: Location, value: object) -> dict[str, Any]:
    config = deepcopy(OTHER if place[0] == "existing" else FULL)
    inner: Any = config
    for part in place[:-1]:
        inner = inner[part]
    inner[place[-1]] = value
    return config


def _without(place: Location) -> dict[str, Any]:
    config = _changed(place, None)
    inner: Any = config
    for part in place[:-1]:
        inner = inner[part]
    del inner[place[-1]]
    return config


def _explained(config: dict[str, Any]) -> list[str]:
    try:
        Config.model_validate(config)
    except ValidationError as error:
        return [sentences(*explanation(one)) for one in causes(error.errors(include_url=False))]
    return []


def _foreign(config: dict[str, Any], given: object = "") -> list[str]:
    """The explanations with foreign words, the given value left out."""
    texts = _explained(config)
    return [text for text in texts if FOREIGN.search(text.replace(str(given), ""))]


def test_the_config_with_every_key_is_right() -> None:
    assert _explained(FULL) == _explained(OTHER) == []


def test_the_config_with_every_key_has_every_key() -> None:
    sections = [place for place in [(), *PLACES] if keys_of(form_of(place))]
    known = {(*place, key)[-1] for place in sections for key in keys_of(form_of(place))}
    assert known - {place[-1] for place in PLACES} == set()


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_wrong_value_is_explained_in_words(place: Location) -> None:
    for value in _WRONG:
        assert _foreign(_changed(place, value), value) == []


@pytest.mark.usefixtures("japanese")
@pytest.mark.parametrize("place", JAPANESE, ids=str)
def test_a_wrong_value_is_explained_in_japanese(place: Location) -> None:
    """DOC-1"""
    texts = [text for value in _WRONG for text in _explained(_changed(place, value))]
    assert texts
    assert [text for text in texts if ENGLISH.search(GIVEN.sub("", text))] == []


@pytest.mark.usefixtures("japanese")
def test_a_missing_and_an_unknown_key_are_explained_in_japanese() -> None:
    """DOC-1"""
    [missing] = _explained(_without(("app",)))
    assert missing == "`app` がありません。たとえば `app: shop` をファイルに追加してください。"
    [unknown] = _explained(_changed(("traffic", "xyzzy"), 1))
    assert not ENGLISH.search(GIVEN.sub("", unknown))


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_a_missing_key_is_explained_in_words(place: Location) -> None:
    assert _foreign(_without(place)) == []


@pytest.mark.parametrize("place", [place for place in PLACES if keys_of(form_of(place))], ids=str)
def test_an_unknown_key_is_explained_in_words(place: Location) -> None:
    [text] = _explained(_changed((*place, "xyzzy"), 1))
    assert "is not a key of Kanmon. Remove it. The keys here are `" in text


@pytest.mark.parametrize("place", MAPPINGS, ids=str)
@pytest.mark.parametrize("name", [1, "", "wrong name", "x" * 600, "(", "a["], ids=repr)
def test_a_wrong_name_is_explained_in_words(place: Location, name: Any) -> None:
    inner: Any = FULL
    for part in place:
        inner = inner[part]
    value = next(iter(inner.values()), "x")
    assert _foreign(_changed((*place, name), value)) == []


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_an_explanation_has_a_fix_at_its_end(place: Location) -> None:
    """Whatever is wrong, a list or a mapping is never right in the place of the other."""
    wrong = [] if form_of(place).get("type") in {"object", None} else {"wrong": "value"}
    found = _explained(_changed(place, wrong))
    assert [text for text in found if not text.endswith(".")] == []


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_an_example_is_right_by_the_schema(place: Location) -> None:
    form = form_of(place)
    schema = {**form, "$defs": Config.model_json_schema(by_alias=True)["$defs"]}
    jsonschema.validate(example(form), schema)


@pytest.mark.parametrize("place", [place for place in PLACES if form_of(place).get("pattern")], ids=str)
def test_every_pattern_has_words_and_an_example(place: Location) -> None:
    form = form_of(place)
    assert form["patternErrorMessage"].endswith(".")
    assert re.search(form["pattern"], form["examples"][0])


@pytest.mark.parametrize(
    ("key", "value", "line"),
    [
        ("memory", 512, "memory: 512"),
        ("engine_version", "17.6", "engine_version: '17.6'"),
        ("database", True, "database: true"),
        ("origins", ["https://a.example"], "origins: [https://a.example]"),
        (0, {"name": "health", "path": "/"}, "- {name: health, path: /}"),
    ],
)
def test_a_fix_is_a_line_of_yaml(key: str | int, value: object, line: str) -> None:
    assert as_yaml(key, value) == line


@pytest.mark.parametrize(
    ("location", "way"),
    [
        (("api", "authorizers", "users", "jwt"), "For those of another issuer, write `function: NAME`"),
        (("api", "authorizers", "users", "issuer"), "For those of another issuer, write `function: NAME`"),
        (("existing", "user_pool", "triggers"), "Set the trigger there, to a function outside of the app"),
        (("user_pool", "triggers", "custom_email_sender"), "Write `mail` for a sender of your own"),
        (("user_pool", "triggers", "custom_sms_sender"), "sends mails only, no text messages"),
        (("user_pool", "triggers", "pre_signup"), "Write `pre_sign_up` instead."),
        (("web", "triggers"), "The keys here are"),
    ],
)
def test_a_key_that_does_not_exist_for_a_reason_has_another_way(location: tuple[str, ...], way: str) -> None:
    """INF-9, ADP: people know it from elsewhere."""
    error: Any = {"type": "extra_forbidden", "loc": location, "input": {}}
    assert way in explanation(error)[1]
