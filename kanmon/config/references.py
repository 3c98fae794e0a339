"""Checks the references between sections: every name must exist, and no two names may clash."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.config import check_values, composed, secrets, substitution
from kanmon.config.paths import is_api_path
from kanmon.config.section import MistakeError, choice
from kanmon.config.user_pool_triggers import user_trigger_references
from kanmon.stacks.grants import clashes, missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kanmon.config.schema import Config


def check_references(config: Config) -> None:
    """Check all references.

    Raises MistakeError with the first problem.
    """
    if config.api is None and config.web is None:
        raise MistakeError(
            "The app has neither `api` nor `web`, so nobody could reach it.",
            "Add one of them, such as `web: {directory: web/dist}`.",
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
            thing = section.removesuffix("s").replace("_", " ")
            yield MistakeError(
                f"The {user} names the {thing} {name}, which is not under `{section}`.",
                choice(section, getattr(config, section), name),
                at=place,
            )
    for name, function in config.functions.items():
        for problem in missing(config, name, function):
            yield MistakeError(
                problem, "Add it to the config, or remove it from the function.", at=("functions", name)
            )


def _shadowed(config: Config) -> Iterator[MistakeError]:
    """A folder of the web app with the API's path: CloudFront would ask the API for its files."""
    answered, folders = config.api.answered if config.api else (), config.web.immutable if config.web else ()
    for folder in config.web.routes_in if config.web else ():
        if is_api_path(f"/{folder.removesuffix('*')}", answered):
            yield MistakeError(
                f"The paths in {folder} are the API's, by `api.prefix` or `api.paths`.",
                "Remove the folder, or give the API other paths.",
                at=("web", "routes_in", folder),
            )
    for index, folder in enumerate(folders):
        if is_api_path(f"/{folder.removesuffix('*')}", answered):
            yield MistakeError(
                f"The folder {folder} of the web app has the same path as the API, `api.prefix` or "
                "`api.paths`.",
                "Give the folder or the API another name.",
                at=("web", "immutable", index),
            )
        if folder in folders[:index]:
            yield MistakeError(
                f"The folder {folder} is there twice.", "Remove one.", at=("web", "immutable", index)
            )


def _watched(config: Config) -> Iterator[tuple[str, tuple[int | str, ...], str, str]]:
    """The things that the alarms watch, as in :func:`_references`."""
    for name, alarm in config.alarms.items():
        for section in ("functions", "state_machines", "queues"):
            key = section.removesuffix("s")
            watched = getattr(alarm, key)
            if watched and not (key == "queue" and _is_dead_letters(config, watched)):
                yield f"alarm {name}", ("alarms", name, key), section, watched


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
            yield f"route {route.path}", ("api", "routes", index, "function"), "functions", route.function
    for index, hook in enumerate(config.hooks):
        yield f"hook {hook.name}", ("hooks", index, "function"), "functions", hook.function
    for user, place, name in user_trigger_references(config):
        yield user, place, "functions", name
    yield from _watched(config)
    for name, queue in config.queues.items():
        if queue.function:
            yield f"queue {name}", ("queues", name, "function"), "functions", queue.function
    yield from _scheduled(config)


def _scheduled(config: Config) -> Iterator[tuple[str, tuple[int | str, ...], str, str]]:
    for name, schedule in config.schedules.items():
        user = f"schedule {name}"
        if schedule.function:
            yield user, ("schedules", name, "function"), "functions", schedule.function
        if schedule.state_machine:
            yield user, ("schedules", name, "state_machine"), "state_machines", schedule.state_machine


def _clashing(config: Config) -> Iterator[MistakeError]:
    names = [check.name for check in config.checks]
    for index, name in enumerate(names):
        if name in names[:index]:
            yield MistakeError(
                f"Two checks have the name {name}.",
                f"Rename one of them, for example to `{name}-2`.",
                at=("checks", index, "name"),
            )
    yield from _nameless(config)
    for name, alarm in config.alarms.items():
        if alarm.database and config.database is None:
            yield MistakeError(
                f"The alarm {name} watches the database, but there is no `database`.",
                "Add it to the config, or remove the alarm.",
                at=("alarms", name, "database"),
            )
    for problem in clashes(config):
        yield MistakeError(problem, "Choose another name.")
    for name in config.queues:
        if f"{name}-dead" in config.queues:
            yield MistakeError(
                f"The queue {name} has a dead-letter queue {name}-dead of its own, so no other queue can "
                "have this name.",
                f"Rename the queue {name}-dead.",
                at=("queues", f"{name}-dead"),
            )


def _nameless(config: Config) -> Iterator[MistakeError]:
    """Checks of mocks: API Gateway's own answer names no release."""
    mocks = {(route.path, route.method) for route in config.routes if route.mock}
    for index, check in enumerate(config.checks):
        path = (check.path or "").partition("?")[0]
        if (path, check.method) in mocks and check.expect.release is not False:
            yield MistakeError(
                f"The check {check.name} asks the mock {path}. API Gateway answers it, and names no release.",
                "Add `release: false` to its `expect`. Better, check a path of a function.",
                at=("checks", index, "path"),
            )
