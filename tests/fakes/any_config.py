"""Any valid config, with what YAML, CloudFormation and AWS's limits would stumble over."""

from __future__ import annotations

import re
from typing import Any, get_args

from hypothesis import strategies as st

from kanmon.config.functions import Runtime
from kanmon.config.schema import Config
from tests.fakes.app import LAYER, USER_POOL

_POOL = "arn:aws:cognito-idp:ap-northeast-1:123456789012:userpool/ap-northeast-1_A"
_PATHS = st.sampled_from([[], ["/auth/*", "/.well-known/jwks.json"]])
_LETTERS, _INSIDE = "abcdefghijklmnopqrstuvwxyz", "abcxyz019"
_HOSTILE = [
    "a: b", "# x", "'", '"', "{{ x }}", "{% x %}", "${AWS::Region}", "${Nothing}", "!Ref x", "no", "0x1",
    "- a", "&a", "*a", "%", "</script>", "a\nb", "\t", "\\n", "{{resolve", "é", "日本語",
    "😀", "a  b ",
]  # fmt: skip
_TEXT = st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=8) | st.sampled_from(
    _HOSTILE
)
_PLAIN = _TEXT.map(lambda text: re.sub(r"\$\{([^{}]*)\}", r"${!\1}", text))
"""A text that names nothing."""
_QUOTED = _TEXT.map(lambda text: '"' + re.sub(r'(["\\])', r"\\\1", text) + '"')
"""A text as a filter pattern takes it: in double quotes."""
_WORD = _TEXT.map(lambda text: "".join(text.split())).filter(bool)


# What YAML takes for something else, what is alike as a logical id, and the endings of ids in one template.
_TRICKY = [
    "no", "on", "yes", "null", "true", "a1", "a-1", "a-b-1", "ab", "a-b", "v1", "v-1", "e1",
    "x-function", "x-role", "x-state-machine", "x-execution", "x-queue", "x-source", "x-schedule",
    "x-dead-letters",
]  # fmt: skip


@st.composite
def _names(draw: st.DrawFn, longest: int) -> str:
    """A name of any length up to `longest`, mostly at one of the ends, or a tricky one."""
    if tricky := draw(st.none() | st.sampled_from([name for name in _TRICKY if len(name) <= longest])):
        return tricky
    length = draw(st.sampled_from([2, 3, longest]) | st.integers(2, longest))
    name = draw(st.sampled_from(_LETTERS))
    while len(name) < length:
        hyphen = len(name) + 2 <= length and name[-1] != "-" and draw(st.integers(0, 3)) == 0
        name += "-" if hyphen else draw(st.sampled_from(_INSIDE))
    return name


@st.composite
def _functions(draw: st.DrawFn, longest: int, secrets: list[str], *, database: bool) -> dict[str, Any]:
    function = st.fixed_dictionaries(
        {"handler": _WORD, "artifact": st.just("build/a")},
        optional={
            "runtime": st.sampled_from(get_args(Runtime)),
            "database": st.booleans() if database else st.just(value=False),
            "secrets": st.lists(st.sampled_from(secrets), unique=True) if secrets else st.just([]),
            "environment": st.dictionaries(st.sampled_from(["NO", "Yes", "ON", "A_1", "URL"]), _PLAIN),
            "memory": st.sampled_from([128, 10240]),
            "layers": st.just([LAYER]),
            "ephemeral_storage": st.just(10240),
            "reserved_concurrency": st.just(1),
            "maximum_retries": st.just(0),
            "tracing": st.booleans(),
        },
    )
    return draw(st.dictionaries(_names(min(32, longest)), function, min_size=1, max_size=4))


_ROUTES = st.lists(
    st.sampled_from(
        ["/api", "/api/goals", "/api/GOALS", "/api/a-b", "/api/ab", "/api/a.b", "/api/a:b", "/api/{id}",
         "/api/{id}/x", "/api/goals/{proxy+}"]
    ),
    min_size=1, max_size=5, unique=True,
)  # fmt: skip
_FOLDERS = st.sampled_from([[], ["assets/*"], ["a.b-c_d/*", "x/*"]])
_CORS = {"origins": ["https://a.b:1"], "credentials": True}
_CSP = st.sampled_from(["default-src 'self'", "\"'; # {{ x }} ${AWS::Region} \\"])
_GITHUB = st.fixed_dictionaries(
    {"repository": st.sampled_from(["o/r", f"{'o' * 39}/{'r' * 100}"])},
    optional={"existing_provider": st.booleans(), "workflows": st.just([])},
)
_COSTS = st.fixed_dictionaries({}, optional={"email": st.just("a'${x}&b@c.d"), "monthly_usd": st.just(7)})
_ALARM = st.fixed_dictionaries(
    {"description": _TEXT, "threshold": st.floats(allow_nan=False, allow_infinity=False)}
)
_ALARMS = st.dictionaries(
    st.sampled_from(["no", "v1", "v-1", "x-app-alarm", "rollback"]),
    st.builds(
        lambda alarm, source: alarm | source,
        _ALARM,
        _QUOTED.map(lambda text: {"log_pattern": text})
        | st.just({"namespace": "no", "metric": "a: b", "dimensions": {"${AWS::Region}": "# {{ x }}"}}),
    ),
    max_size=3,
)
_EMAILS = st.sampled_from([[], ["a'${x}&b@c.d", "no@c.d"]])
_CHANNELS = st.sampled_from([{}, {"slack": "shop/slack+x"}, {"slack": "a@b.c"}])


@st.composite
def _triggers(draw: st.DrawFn, room: int, functions: st.SearchStrategy[str]) -> dict[str, Any]:
    """State machines, queues and schedules."""
    names = _names(max(2, min(32, room)))
    machine = st.fixed_dictionaries(
        {"definition": st.just("a.json"), "type": st.sampled_from(["standard", "express"])}
    )
    queue = st.fixed_dictionaries({"function": functions}, optional={"batch_size": st.just(11)})
    schedule = st.fixed_dictionaries(
        {
            "expression": st.sampled_from(["rate(5 minutes)", "cron(0 18 ? * MON-FRI *)"]),
            "function": functions,
            "payload": st.dictionaries(_TEXT, _TEXT, max_size=2),
        }
    )
    return {
        "state_machines": draw(st.dictionaries(names, machine, max_size=2)),
        "queues": draw(st.dictionaries(names.filter(lambda name: "dead" not in name), queue, max_size=2)),
        "schedules": draw(st.dictionaries(names, schedule, max_size=2)),
    }


def _authorizers(functions: st.SearchStrategy[str]) -> st.SearchStrategy[dict[str, Any]]:
    """No authorizer, or one for all routes."""
    asked = functions.map(lambda name: {"function": name, "ttl": "5m"})
    given = st.just({"user_pool_arns": [_POOL]}) | asked
    return st.just({}) | given.map(lambda one: {"authorizers": {"no": one}, "authorizer": "no"})


@st.composite
def configs(draw: st.DrawFn) -> Config:
    """Every section of the config, or not."""
    app = draw(_names(28))
    environment = draw(_names(min(32, 43 - len(app))))
    database = draw(st.none() | st.just({"name": "shop"}) | st.just({"name": "a" * 63, "backup_days": 35}))
    secrets = draw(
        st.dictionaries(
            _names(32).filter(lambda name: name != "database"),
            st.fixed_dictionaries(
                {"description": _TEXT}, optional={"value": st.sampled_from(["generated", "entered"])}
            ),
            max_size=3,
        )
    )
    room = 64 - len(f"{app}-{environment}-green-")
    functions = draw(_functions(room, sorted(secrets), database=database is not None))
    names = st.sampled_from(sorted(functions))
    routes = [{"path": path, "function": draw(names)} for path in draw(_ROUTES)]
    return Config.model_validate(
        {
            "app": app,
            "environment": environment,
            "functions": functions,
            "api": {
                "routes": routes,
                "paths": draw(_PATHS),
                "cors": draw(st.sampled_from([None, _CORS])),
                **draw(_authorizers(names)),
            },
            "web": {"directory": "web", "immutable": draw(_FOLDERS), "content_security_policy": draw(_CSP)},
            "database": database,
            "network": {"endpoints": draw(st.sampled_from([[], ["kms", "bedrock-runtime"]]))},
            "secrets": secrets,
            **draw(_triggers(room, names)),
            "user_pool": draw(st.sampled_from([None, {}, {"mfa": "off", "sign_up": "anybody"}, USER_POOL])),
            "logs": {"days": draw(st.sampled_from([1, 3653]))},
            "trail": draw(
                st.sampled_from([None, {}, {"days": 1, "data_events": "all", "cloudwatch_logs": {"days": 1}}])
            ),
            "checks": [{"name": "page", "path": "/"}],
            "github": draw(st.none() | _GITHUB),
            "costs": draw(st.none() | _COSTS),
            "notifications": {"channels": draw(_CHANNELS), "emails": draw(_EMAILS)},
            "alarms": draw(_ALARMS),
            "tags": draw(st.sampled_from([{}, {"Groesse": "1: a/b=c+d@e"}])),
        }
    )  # fmt: skip
