"""AWS's limits for the config: lengths of names, environment variables, tags."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from kanmon.config.section import MistakeError
from kanmon.language import phrase
from kanmon.naming import artifact_bucket, slot_resource_name, trail_bucket
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
    "functions": (slot_resource_name("{prefix}", "green", "{name}"), 64),
    "schedules": (slot_resource_name("{prefix}", "green", "{name}"), 64),
    **{grant.section: grant.names for grant in GRANTS if grant.names},
}
# https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html: 4 KB. Kanmon's own
# variables and the ARNs for the function need a share of it.
_VARIABLES = 3072
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cfn-console-add-tags.html: 50. Three are
# Kanmon's own.
_TAGS = 47
# CloudFormation answers `?` for every letter outside ASCII: each plan would find the tag changed
# (https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1220).
_TAG = re.compile(r"[\w\s.:/=+@-]*", re.ASCII)
_TAG_KEY, _TAG_VALUE = 128, 256


def check_quotas(config: Config) -> None:
    """Check the config against AWS's limits.

    Raises MistakeError with the first problem.
    """
    for mistake in _mistakes(config):
        raise mistake


def _mistakes(config: Config) -> Iterator[MistakeError]:
    yield from _app(config)
    yield from _named(config)
    for name, function in config.functions.items():
        size = sum(len(f"{key}{value}".encode()) for key, value in function.environment.items())
        if size > _VARIABLES:
            yield MistakeError(
                phrase(
                    "The function {name} sets {size} bytes of environment variables. Lambda takes 4 "
                    "KB, and Kanmon leaves {room} bytes of it.",
                    name=name,
                    size=size,
                    room=_VARIABLES,
                ),
                phrase("Put the large values into a file of the artifact."),
                at=("functions", name, "environment"),
            )
        for index, layer in enumerate(function.layers):
            if layer.split(":")[3] != config.region:
                yield MistakeError(
                    phrase(
                        "The layer {layer} lies in another region than the app. Lambda takes those of "
                        "{region} only.",
                        layer=layer,
                        region=config.region,
                    ),
                    phrase("Use the layer's ARN in {region}.", region=config.region),
                    at=("functions", name, "layers", index),
                )
    yield from _resolved(config)
    yield from _tags(config.tags)


def _resolved(config: Config) -> Iterator[MistakeError]:
    """Refuse dynamic references: CloudFormation would replace them by the secret's value.

    Everybody with read access to the function could then read the secret.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/dynamic-references.html
    """
    texts: dict[tuple[str, ...], str] = {
        ("functions", name, "environment", key): value
        for name, function in config.functions.items()
        for key, value in function.environment.items()
    }
    texts |= {("secrets", name, "description"): secret.description for name, secret in config.secrets.items()}
    texts |= {
        ("schedules", name, "payload"): json.dumps(schedule.payload)
        for name, schedule in config.schedules.items()
    }
    for name, alarm in config.alarms.items():
        named = {key: getattr(alarm, key) or "" for key in ("description", "log_pattern", "metric")}
        named["dimensions"] = json.dumps(alarm.dimensions)
        texts |= {("alarms", name, key): text for key, text in named.items()}
    for place, text in texts.items():
        if "{{resolve:" in text:
            yield MistakeError(
                phrase(
                    "`{place}` has a dynamic reference, `{{{{resolve:…}}}}`. Everybody with read "
                    "access to the resource could read the value.",
                    place=".".join(place),
                ),
                phrase(
                    "Remove it, and name the secret under `secrets` of the function, such as "
                    "`secrets: [jwt]`. A function's `environment` may then have `${secrets.jwt}`."
                ),
                at=place,
            )


def _app(config: Config) -> Iterator[MistakeError]:
    room = _BUCKET - len(artifact_bucket("", _ACCOUNT, config.region))
    if len(config.app) > room:
        yield MistakeError(
            phrase(
                "The app's name {app} has {length} characters. The name of the artifact bucket "
                "leaves it {room} in {region}.",
                app=config.app,
                length=len(config.app),
                room=room,
                region=config.region,
            ),
            phrase("Write `app: {name}`, for example.", name=config.app[:room].rstrip("-")),
            at=("app",),
        )
    room = _BUCKET - len(_LONGEST_SUFFIX) - len("-")
    for environment in config.every_environment:
        length = len(config.app) + len(environment)
        if length > room:
            yield MistakeError(
                phrase(
                    "The app's name {app} and the environment's name {environment} have {length} "
                    "characters together. Names of resources leave them {room}.",
                    app=config.app,
                    environment=environment,
                    length=length,
                    room=room,
                ),
                phrase("Make one of them shorter by {number}.", number=length - room),
                at=("app",),
            )


def _named(config: Config) -> Iterator[MistakeError]:
    for section, (form, longest) in _NAMED.items():
        for name in getattr(config, section):
            made = form.format(prefix=config.prefix, name=name)
            if len(made) > longest:
                yield MistakeError(
                    phrase(
                        "The name {name} under `{section}` is too long: its resource has the name {made} "
                        "with {length} characters, and AWS takes {longest}.",
                        name=name,
                        section=section,
                        made=made,
                        length=len(made),
                        longest=longest,
                    ),
                    phrase("Make it shorter by {number}.", number=len(made) - longest),
                    at=(section, name),
                )


def _tags(tags: Mapping[str, str]) -> Iterator[MistakeError]:
    """Check the tags.

    https://docs.aws.amazon.com/tag-editor/latest/userguide/best-practices-and-strats.html
    """
    if len(tags) > _TAGS:
        yield MistakeError(
            phrase(
                "There are {number} tags. A stack takes {most} besides Kanmon's own.",
                number=len(tags),
                most=_TAGS,
            ),
            phrase("Remove {number} of them.", number=len(tags) - _TAGS),
            at=("tags",),
        )
    for key, value in tags.items():
        if not 1 <= len(key) <= _TAG_KEY or len(value) > _TAG_VALUE:
            yield MistakeError(
                phrase(
                    "The tag {key} has a key of {length_of_key} characters and a value of {length_of_value}.",
                    key=repr(key),
                    length_of_key=len(key),
                    length_of_value=len(value),
                ),
                phrase(
                    "Use 1 to {key} characters for the key, and at most {value} for the value.",
                    key=_TAG_KEY,
                    value=_TAG_VALUE,
                ),
                at=("tags", key),
            )
        if key.lower().startswith("aws:"):
            yield MistakeError(
                phrase("The tag {key} begins with `aws:`. Such tags belong to AWS.", key=repr(key)),
                phrase("Choose another name, such as `cost-center`."),
                at=("tags", key),
            )
        if not _TAG.fullmatch(key) or not _TAG.fullmatch(value):
            yield MistakeError(
                phrase(
                    "The tag {key} has characters not allowed in AWS, or changed by CloudFormation.",
                    key=repr(key),
                ),
                phrase("Use letters from A to Z, digits, spaces and `_ . : / = + - @` only."),
                at=("tags", key),
            )
