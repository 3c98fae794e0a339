"""Checks the references between sections: every name must exist, and no two names may clash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.config import check_values, composed, secrets, substitution
from kanmon.config.paths import is_api_path
from kanmon.config.section import MistakeError, choice
from kanmon.config.user_pool_triggers import user_trigger_references
from kanmon.language import deferred, phrase
from kanmon.stacks.grants import clashes, missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanmon.config.schema import Config


_THINGS = {
    "functions": deferred("function"),
    "state_machines": deferred("state machine"),
    "queues": deferred("queue"),
}
"""What the sections have, for people."""


def check_references(config: Config) -> None:
    """Check all references.

    Raises MistakeError with the first problem.
    """
    if config.api is None and config.web is None:
        raise MistakeError(
            phrase("The app has neither `api` nor `web`, so nobody could reach it."),
            phrase("Add one of them, such as `web: {directory: web/dist}`."),
        )
    for mistake in (
        *_missing(config),
        *_clashing(config),
        *_shadowed(config),
        *substitution.mistakes(config),
        *composed.mistakes(config),
        *check_values.mistakes(config),
        *secrets.mistakes(config),
    ):
        raise mistake


def _missing(config: Config) -> Iterator[MistakeError]:
    for user, place, section, name in _references(config):
        if name not in getattr(config, section):
            yield MistakeError(
                phrase(
                    "The {user} names the {thing} {name}, which is not under `{section}`.",
                    user=user,
                    thing=phrase(_THINGS[section]),
                    name=name,
                    section=section,
                ),
                choice(section, getattr(config, section), name),
                at=place,
            )
    for name, function in config.functions.items():
        for problem in missing(config, name, function):
            fix = phrase("Add it to the config, or remove it from the function.")
            yield MistakeError(problem, fix, at=("functions", name))


def _shadowed(config: Config) -> Iterator[MistakeError]:
    """A folder of the web app with the API's path: CloudFront would ask the API for its files."""
    answered, folders = config.api.answered if config.api else (), config.web.immutable if config.web else ()
    for folder in config.web.routes_in if config.web else ():
        if is_api_path(f"/{folder.removesuffix('*')}", answered):
            yield MistakeError(
                phrase("The paths in {folder} are the API's, by `api.prefix` or `api.paths`.", folder=folder),
                phrase("Remove the folder, or give the API other paths."),
                at=("web", "routes_in", folder),
            )
    for index, folder in enumerate(folders):
        if is_api_path(f"/{folder.removesuffix('*')}", answered):
            yield MistakeError(
                phrase(
                    "The folder {folder} of the web app has the same path as the API, `api.prefix` or "
                    "`api.paths`.",
                    folder=folder,
                ),
                phrase("Give the folder or the API another name."),
                at=("web", "immutable", index),
            )
        if folder in folders[:index]:
            problem = phrase("The folder {folder} is there twice.", folder=folder)
            yield MistakeError(problem, phrase("Remove one."), at=("web", "immutable", index))


def _watched(config: Config) -> Iterator[tuple[str, tuple[int | str, ...], str, str]]:
    """The things that the alarms watch, as in :func:`_references`."""
    for name, alarm in config.alarms.items():
        for section in ("functions", "state_machines", "queues"):
            key = section.removesuffix("s")
            watched = getattr(alarm, key)
            if watched and not (key == "queue" and _is_dead_letters(config, watched)):
                yield phrase("alarm {name}", name=name), ("alarms", name, key), section, watched


def _is_dead_letters(config: Config, name: str) -> bool:
    """Whether a name is that of a queue's own dead-letter queue."""
    queue = config.queues.get(name.removesuffix("-dead"))
    return name.endswith("-dead") and queue is not None and queue.function is not None


def _references(config: Config) -> Iterator[tuple[str, tuple[int | str, ...], str, str]]:
    """All references: the user, its place, the section and the name in it.

    Example: `("queue mail", ("queues", "mail", "function"), "functions", "send-mail")`.
    """
    for index, route in enumerate(config.routes):
        if route.function:
            user = phrase("route {path}", path=route.path)
            yield user, ("api", "routes", index, "function"), "functions", route.function
    for index, hook in enumerate(config.hooks):
        user = phrase("hook {name}", name=hook.name)
        yield user, ("hooks", index, "function"), "functions", hook.function
    for user, place, name in user_trigger_references(config):
        yield user, place, "functions", name
    yield from _watched(config)
    for name, queue in config.queues.items():
        if queue.function:
            user = phrase("queue {name}", name=name)
            yield user, ("queues", name, "function"), "functions", queue.function
    yield from _scheduled(config)


def _scheduled(config: Config) -> Iterator[tuple[str, tuple[int | str, ...], str, str]]:
    for name, schedule in config.schedules.items():
        user = phrase("schedule {name}", name=name)
        if schedule.function:
            yield user, ("schedules", name, "function"), "functions", schedule.function
        if schedule.state_machine:
            yield user, ("schedules", name, "state_machine"), "state_machines", schedule.state_machine


def _clashing(config: Config) -> Iterator[MistakeError]:
    names = [check.name for check in config.checks]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield MistakeError(
                phrase("Two checks have the name {name}.", name=name),
                phrase("Rename one of them, for example to `{name}-2`.", name=name),
                at=("checks", index, "name"),
            )
    yield from _nameless(config)
    for name, alarm in config.alarms.items():
        if alarm.database and config.database is None:
            yield MistakeError(
                phrase("The alarm {name} watches the database, but there is no `database`.", name=name),
                phrase("Add it to the config, or remove the alarm."),
                at=("alarms", name, "database"),
            )
    for problem in clashes(config):
        yield MistakeError(problem, phrase("Choose another name."))
    for name in config.queues:
        if f"{name}-dead" in config.queues:
            yield MistakeError(
                phrase(
                    "The queue {name} has a dead-letter queue {name}-dead of its own, so no other queue can "
                    "have this name.",
                    name=name,
                ),
                phrase("Rename the queue {name}-dead.", name=name),
                at=("queues", f"{name}-dead"),
            )


def _nameless(config: Config) -> Iterator[MistakeError]:
    """Checks of mocks: API Gateway's own answer names no release."""
    mocks = {(route.path, route.method) for route in config.routes if route.mock}
    for index, check in enumerate(config.checks):
        path = (check.path or "").partition("?")[0]
        if (path, check.method) in mocks and check.expect.release is not False:
            yield MistakeError(
                phrase(
                    "The check {name} asks the mock {path}. API Gateway answers it, and names no release.",
                    name=check.name,
                    path=path,
                ),
                phrase("Add `release: false` to its `expect`. Better, check a path of a function."),
                at=("checks", index, "path"),
            )
