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


def check_references(config: Config) -> None:
    """Raises ValueError with the first thing that can't be."""
    if config.api is None and config.web is None:
        raise ValueError("there is neither an `api` nor a `web` app: nobody could reach anything")
    for problem in (*_missing(config), *_clashing(config)):
        raise ValueError(problem)


def _missing(config: Config) -> Iterator[str]:
    for user, section, name in _references(config):
        if name not in getattr(config, section):
            yield f"{user} names the {section.removesuffix('s')} {name}, which is not under `{section}`"
    for name, function in config.functions.items():
        if function.database and config.database is None:
            yield f"function {name} wants the database, but there is no `database`"
        if function.users and config.users is None:
            yield f"function {name} wants the users, but there is no `users`"


def _references(config: Config) -> Iterator[tuple[str, str, str]]:
    """Who names what: the one who does, the section, and the name."""
    yield from ((f"route {route.path}", "functions", route.function) for route in config.routes)
    yield from ((f"hook {hook.name}", "functions", hook.function) for hook in config.hooks)
    for name, function in config.functions.items():
        yield from ((f"function {name}", "secrets", secret) for secret in sorted(function.secrets))
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
    names = [check.name for check in config.checks]
    if len(names) != len(set(names)):
        yield "two checks have the same name"
    if "database" in config.secrets:
        yield "the secret `database` comes with the database: choose another name"
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
