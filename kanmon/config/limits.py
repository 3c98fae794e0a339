"""How long names may be, so that every resource's name of them fits, and what else AWS limits."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kanmon.config.model import Config

_ACCOUNT = "0" * 12
# What is made of the app's name alone: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = 63
# The longest that is made of both names is a bucket's, `<app>-<environment>-trail-<account>`; a role's 64
# (https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html) leave as much or more.
_LONGEST_SUFFIX = f"-trail-{_ACCOUNT}"
# Section of the config, what a name under it becomes, and how long that may be:
# https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
# https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
_NAMED = {
    "functions": ("{prefix}-green-{name}", 64),
    "schedules": ("{prefix}-green-{name}", 64),
    "workflows": ("{prefix}-green-{name}", 80),
    "queues": ("{prefix}-{name}-dead", 80),
}
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 4 KB, of which Kanmon and the
# ARNs that a function is given take a part.
_VARIABLES = 3072
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-console-add-tags.html: 50, and three are
# Kanmon's.
_TAGS = 47
_TAG = re.compile(r"[\w\s.:/=+@-]*")
_TAG_KEY, _TAG_VALUE = 128, 256


def check_limits(config: Config) -> None:
    """Raise ValueError with one sentence when something of the config is longer than AWS takes."""
    for problem in _problems(config):
        raise ValueError(problem)


def _problems(config: Config) -> Iterator[str]:
    yield from _app(config)
    yield from _named(config)
    for name, function in config.functions.items():
        size = sum(len(f"{key}{value}".encode()) for key, value in function.environment.items())
        if size > _VARIABLES:
            yield f"function {name} sets {size} bytes of environment; {_VARIABLES} are left of Lambda's 4 KB"
    yield from _resolved(config)
    yield from _tags(config.tags)


def _resolved(config: Config) -> Iterator[str]:
    """CloudFormation would put a secret's value in its place, for all to read who may read the function.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
    """
    texts = {
        f"{key} of function {name}": value
        for name, function in config.functions.items()
        for key, value in function.environment.items()
    }
    texts |= {f"description of secret {name}": secret.description for name, secret in config.secrets.items()}
    texts |= {
        f"payload of schedule {name}": json.dumps(schedule.payload)
        for name, schedule in config.schedules.items()
    }
    for where, text in texts.items():
        if "{{resolve:" in text:
            yield f"{where} is a dynamic reference; name the secret under the function's `secrets` instead"


def _app(config: Config) -> Iterator[str]:
    room = _BUCKET - len(f"-kanmon-{_ACCOUNT}-{config.region}")
    if len(config.app) > room:
        yield (
            f"app {config.app} has {len(config.app)} characters; the artifact bucket's name leaves it {room} "
            f"in {config.region}"
        )
    room = _BUCKET - len(_LONGEST_SUFFIX) - len("-")
    for environment in config.environments:
        length = len(config.app) + len(environment)
        if length > room:
            yield (
                f"app {config.app} and environment {environment} have {length} characters together; names of "
                f"resources leave them {room}"
            )


def _named(config: Config) -> Iterator[str]:
    for section, (form, longest) in _NAMED.items():
        for name in getattr(config, section):
            made = form.format(prefix=config.prefix, name=name)
            if len(made) > longest:
                yield (
                    f"{name} under `{section}` is {len(made) - longest} characters too long: its resource is "
                    f"named {made}, and AWS takes {longest} characters"
                )


def _tags(tags: Mapping[str, str]) -> Iterator[str]:
    """https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html."""
    if len(tags) > _TAGS:
        yield f"there are {len(tags)} tags; a stack takes {_TAGS} beside Kanmon's own"
    for key, value in tags.items():
        if not 1 <= len(key) <= _TAG_KEY or len(value) > _TAG_VALUE:
            yield f"tag {key!r} is too long: a key has 1 to {_TAG_KEY} characters, a value up to {_TAG_VALUE}"
        if key.lower().startswith("aws:"):
            yield f"tag {key!r} begins with `aws:`, which is AWS's own"
        if not _TAG.fullmatch(key) or not _TAG.fullmatch(value):
            yield f"tag {key!r} has more than letters, digits, spaces and _ . : / = + - @"
