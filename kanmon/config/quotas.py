"""AWS's limits for the config: lengths of names, environment variables, tags."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from kanmon.naming import artifact_bucket, function_name, schedule_name, trail_bucket
from kanmon.stacks.grants import GRANTS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from kanmon.config.schema import Config

_ACCOUNT = "0" * 12
# The artifact bucket's name has the app's name alone: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = 63
# The longest name with both app and environment is a bucket's: `<app>-<environment>-trail-<account>`.
# A role's name may have 64 characters, and leaves at least as much room:
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_LONGEST_SUFFIX = trail_bucket("", _ACCOUNT)
# For each section: the name of the resource, and its greatest length. The grants have rows of their own.
# https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
# https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
_NAMED = {
    "functions": (function_name("{prefix}", "green", "{name}"), 64),
    "schedules": (schedule_name("{prefix}", "green", "{name}"), 64),
    **{grant.section: grant.names for grant in GRANTS if grant.names},
}
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 4 KB. Kanmon's own
# variables and the ARNs for the function need a share of it.
_VARIABLES = 3072
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-console-add-tags.html: 50. Three are
# Kanmon's own.
_TAGS = 47
_TAG = re.compile(r"[\w\s.:/=+@-]*")
_TAG_KEY, _TAG_VALUE = 128, 256


def check_quotas(config: Config) -> None:
    """Check the config against AWS's limits.

    Raises ValueError with the first problem, as one sentence.
    """
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
    """Refuse dynamic references: CloudFormation would replace them by the secret's value.

    Everybody with read access to the function could then read the secret.
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
    room = _BUCKET - len(artifact_bucket("", _ACCOUNT, config.region))
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
    """Check the tags.

    https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
    """
    if len(tags) > _TAGS:
        yield f"there are {len(tags)} tags; a stack takes {_TAGS} beside Kanmon's own"
    for key, value in tags.items():
        if not 1 <= len(key) <= _TAG_KEY or len(value) > _TAG_VALUE:
            yield f"tag {key!r} is too long: a key has 1 to {_TAG_KEY} characters, a value up to {_TAG_VALUE}"
        if key.lower().startswith("aws:"):
            yield f"tag {key!r} begins with `aws:`, which is AWS's own"
        if not _TAG.fullmatch(key) or not _TAG.fullmatch(value):
            yield f"tag {key!r} has more than letters, digits, spaces and _ . : / = + - @"
