"""What the sections of the config name of each other must be there, and must not clash."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kanmon.config.values import variable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanmon.config.model import Config

# Names that functions are given anyway, by Kanmon or by Lambda.
_TAKEN = re.compile(r"KANMON_|AWS_|DATABASE_SECRET_ARN$")
# How AWS names end, and how long they may be:
# https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
# https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
# https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
_LONGEST = {
    "functions": ("{prefix}-green-{name}", 64),
    "schedules": ("{prefix}-green-{name}", 64),
    "workflows": ("{prefix}-green-{name}", 80),
    "queues": ("{prefix}-{name}-dead", 80),
}


def check_references(config: Config) -> None:
    """Raises ValueError with the first thing that can't be."""
    for problem in (*_missing(config), *_clashing(config), *_too_long(config)):
        raise ValueError(problem)


def _missing(config: Config) -> Iterator[str]:
    for user, section, name in _references(config):
        if name not in getattr(config, section):
            yield f"{user} names {name}, which is not under `{section}`"
    for name, function in config.functions.items():
        if function.users and config.users is None:
            yield f"function {name} wants the users, but there is no `users`"


def _references(config: Config) -> Iterator[tuple[str, str, str]]:
    """Who names what: the one who does, the section, and the name."""
    for name, function in config.functions.items():
        yield from ((f"function {name}", "workflows", workflow) for workflow in function.starts)
        yield from ((f"function {name}", "queues", queue) for queue in function.sends)
    for name, queue in config.queues.items():
        yield f"queue {name}", "functions", queue.function
    for name, schedule in config.schedules.items():
        if schedule.function:
            yield f"schedule {name}", "functions", schedule.function
        if schedule.workflow:
            yield f"schedule {name}", "workflows", schedule.workflow


def _clashing(config: Config) -> Iterator[str]:
    # Each kind of variable has an ending of its own, so that two of them never clash.
    variables = [
        *(variable(name, "SECRET_ARN") for name in config.secrets),
        *(variable(name, "WORKFLOW_ARN") for name in config.workflows),
        *(variable(name, "QUEUE_URL") for name in config.queues),
    ]
    yield from (
        f"{name}, which functions would be given, belongs to Kanmon or AWS: choose another name"
        for name in variables
        if _TAKEN.match(name)
    )
    yield from (
        f"the queue {name}-dead comes with the queue {name}: choose another name"
        for name in config.queues
        if f"{name}-dead" in config.queues
    )


def _too_long(config: Config) -> Iterator[str]:
    for section, (pattern, longest) in _LONGEST.items():
        for name in getattr(config, section):
            full = pattern.format(prefix=config.prefix, name=name)
            if len(full) > longest:
                yield f"{full}, of `{section}`, has {len(full)} characters, and AWS allows {longest}"
