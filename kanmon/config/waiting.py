"""Functions that may run longer than their caller waits.

API Gateway waits 29 seconds (https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html).
An account may raise this quota for Regional APIs. But an integration waits longer only by its own setting,
and CloudFront waits 30 seconds (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/DownloadDistValuesOrigin.html).

Cognito waits 5 seconds for a trigger, and calls it again twice
(https://docs.aws.amazon.com/cognito/latest/developerguide/cognito-user-pools-working-with-lambda-triggers.html).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.codes import Code
from kanmon.config.section import MistakeError
from kanmon.errors import KanmonError
from kanmon.language import deferred, phrase

if TYPE_CHECKING:
    from kanmon.config.schema import Config

ANSWERING = 30
"""Seconds: the default timeout. One more than API Gateway waits, so a late answer still has its log."""


def check_waiting(config: Config) -> None:
    """Raise MistakeError for a long timeout of a function that only the API or Cognito calls."""
    others = {
        *(hook.function for hook in config.hooks),
        *(queue.function for queue in config.queues.values()),
        *(schedule.function for schedule in config.schedules.values()),
    }
    for name, timeout in _cut_off(config).items():
        # A state machine's definition is a file of the build: it may name the function.
        if name not in others and not config.state_machines:
            problem = (
                deferred(
                    "API Gateway ends a request after 29 seconds, and the function could run for {seconds}."
                )
                if name in _routed(config)
                else deferred(
                    "Cognito waits 5 seconds for a trigger, and the function could run for {seconds}."
                )
            )
            raise MistakeError(
                phrase(problem, seconds=timeout),
                phrase(
                    "Write {seconds} or less. Start a state machine or send to a queue, and answer at once.",
                    seconds=ANSWERING,
                ),
                at=("functions", name, "timeout"),
            )


def waiting_warnings(config: Config) -> list[KanmonError]:
    """REQUEST_CUT_OFF for functions with a long timeout that have other callers beside the API."""
    return [
        KanmonError(
            Code.REQUEST_CUT_OFF,
            phrase(
                "Requests to the function {name} end after 29 seconds. It could run for {seconds}.",
                name=name,
                seconds=timeout,
            ),
            where=f"functions.{name}.timeout",
        )
        for name, timeout in _cut_off(config).items()
        if name in _routed(config)
    ]


def _cut_off(config: Config) -> dict[str, int]:
    """The functions behind the API or the user pool with a longer timeout, in seconds."""
    triggers = config.user_pool.triggers.named.values() if config.user_pool else ()
    answering = {*_routed(config), *triggers}
    timeouts = {
        name: function.timeout or 0 for name, function in config.functions.items() if name in answering
    }
    return {name: timeout for name, timeout in timeouts.items() if timeout > ANSWERING}


def _routed(config: Config) -> set[str]:
    return {route.function for route in config.routes if route.function}
