"""Checks the references between sections: every name must exist, and no two names may clash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.stacks.grants import clashes, missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanmon.config.schema import Config


def check_references(config: Config) -> None:
    """Check all references.

    Raises ValueError with the first problem.
    """
    if config.api is None and config.web is None:
        raise ValueError("there is neither an `api` nor a `web` app: nobody could reach anything")
    for problem in (*_missing(config), *_clashing(config)):
        raise ValueError(problem)


def _missing(config: Config) -> Iterator[str]:
    for user, section, name in _references(config):
        if name not in getattr(config, section):
            thing = section.removesuffix("s").replace("_", " ")
            yield f"{user} names the {thing} {name}, which is not under `{section}`"
    for name, function in config.functions.items():
        yield from missing(config, name, function)


def _references(config: Config) -> Iterator[tuple[str, str, str]]:
    """All references: the user, the section and the name in it.

    Example: `("queue mail", "functions", "send-mail")`.
    """
    yield from ((f"route {route.path}", "functions", route.function) for route in config.routes)
    yield from ((f"hook {hook.name}", "functions", hook.function) for hook in config.hooks)
    for name, queue in config.queues.items():
        yield f"queue {name}", "functions", queue.function
    for name, schedule in config.schedules.items():
        if schedule.function:
            yield f"schedule {name}", "functions", schedule.function
        if schedule.state_machine:
            yield f"schedule {name}", "state_machines", schedule.state_machine


def _clashing(config: Config) -> Iterator[str]:
    names = [check.name for check in config.checks]
    if len(names) != len(set(names)):
        yield "two checks have the same name"
    yield from clashes(config)
    yield from (
        f"the queue {name}-dead comes with the queue {name}: choose another name"
        for name in config.queues
        if f"{name}-dead" in config.queues
    )
