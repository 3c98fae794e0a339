"""The meanings of Kanmon's own alarms, for people who get a message (MON-2).

CloudFormation stores them in English, as the alarms' descriptions. The notifier finds them again there, and
shows them in the chosen language.
"""

from __future__ import annotations

import re
from string import Formatter

from kanmon.language import deferred, phrase

_MEANINGS = {
    "api-errors": deferred(
        "More than {percent} % of the API's answers are the server's errors: users see failures. "
        "Look at the dashboard's last errors. If it began with a release, roll back."
    ),
    "api-p95": deferred(
        "One request in twenty takes longer than {seconds} s: users wait. Look at the dashboard's slots and "
        "database, and at the saved query of slowest requests. If it began with a release, roll back."
    ),
    "canary-errors": deferred(
        "More than {percent} % of the canary's answers are the server's errors: the release in progress "
        "fails, and Kanmon rolls it back. Look at the dashboard's last errors."
    ),
    "canary-p95": deferred(
        "One request in twenty to the canary takes longer than {seconds} s: the release in progress is slow, "
        "and Kanmon rolls it back. Look at the dashboard's slots, and at the saved query of slowest requests."
    ),
    "edge-errors": deferred(
        "More than {percent} % of what CloudFront answers are errors of the server: pages or API fail. If "
        "the API is well, look at the web bucket and the distribution. If it began with a release, roll back."
    ),
    "throttles": deferred(
        "Lambda turns invocations away: the account's concurrency is used up. Look which functions run most "
        "at once; ask AWS for a higher limit."
    ),
    "database-connections": deferred(
        "More than {number} connections to the database at once: before long it refuses new ones. Look which "
        "slot's functions run most at once, and whether they close what they open. If it began with a "
        "release, roll back."
    ),
    "database-errors": deferred(
        "The database refuses or ends connections. Look at FATAL in its log: too many connections, a "
        "password that changed, or a failover. If it began with a release, roll back."
    ),
    "database-capacity": deferred(
        "The database is at the limit of its capacity: queries wait. Look at its processor and its "
        "connections; raise database.capacity.max, or find the query."
    ),
    "notifier-undelivered": deferred(
        "A chat channel did not take an alarm, which waits in a queue. Look at the notifier's log: the "
        "secret, or the channel itself."
    ),
    "rollback": deferred(
        "Something in the slot fails more than the app's targets allow. Look at the dashboard's last errors, "
        "and at the alarm that the reason names. If users are on the slot, roll back."
    ),
    "alarms-of-your-own": deferred(
        "The app's own alarm {name} fires. Look at `alarms.{name}` in its config."
    ),
}
"""By the alarm's runbook. Only alarms that send messages are here: another one sends for the others."""


def meaning_of(runbook: str, **values: str | int) -> str:
    """What an alarm means, in English."""
    return _MEANINGS[runbook].format(**values)


def in_chosen_language(description: str) -> str:
    """An alarm's description for its reader. Any other one than Kanmon's own stays as it is."""
    for english in _MEANINGS.values():
        if found := re.fullmatch(_pattern(english), description):
            return phrase(english, **found.groupdict())
    return description


def _pattern(english: str) -> str:
    """A pattern for a meaning with its values. A value that stands twice is the same there."""
    pattern, known = "", set()
    for text, name, _, _ in Formatter().parse(english):
        pattern += re.escape(text)
        if name:
            pattern += f"(?P={name})" if name in known else rf"(?P<{name}>[\w.-]+)"
            known.add(name)
    return pattern
