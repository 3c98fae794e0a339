"""The schema of the database, and the releases that run on it, as the hooks answer (CD-9).

A hook that migrates answers `{"schema": 7, "compatible_with": 5}`: the database has schema 7 now, and code
for schema 5 or later runs on it. No rollback undoes a migration. So a release that was made for schema 4
would fail, and a rollback to it is refused.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, TypeGuard

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.language import phrase
from kanmon.ledger.ledger import release_key
from kanmon.ledger.records import DatabaseSchema
from kanmon.model import ReleaseState

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from kanmon.ledger.records import Head, Release
    from kanmon.release.journal import Journal


def record_schema(journal: Journal, release: str, base: Release | None, answers: Sequence[str]) -> None:
    """Keep what the release's hooks answered. Raises HOOK_FAILED, SCHEMA_TOO_NEW.

    The base is refused here, before any user moves: an automatic rollback returns to it at any moment.
    """
    known = journal.writer.head.database_schema
    present = _after(known, _stated(answers))
    if present is None:
        return
    # The head comes before the refusal. Otherwise nobody would know of a migration that was done.
    journal.writer.amend_head(lambda head: head.model_copy(update={"database_schema": present}))
    # Without a hook of its own, a release was made for the schema that it met.
    journal.writer.amend_release(release, database_schema=present.number)
    if base and _is_too_old(base, present):
        problem = phrase(
            "After the migration of {release}, the database needs releases for schema {oldest} or later. "
            "Users are on {base}, which is for schema {number}.",
            release=release,
            oldest=present.compatible_with,
            base=base.id,
            number=base.database_schema,
        )
        fix = phrase(
            "Run `kanmon smoke`: does {base} still work? If not, release code that does. Next time, release "
            "code that works without the old form first, and the migration that removes it afterwards.",
            base=base.id,
        )
        raise KanmonError(Code.SCHEMA_TOO_NEW, problem, fix=fix)


def refuse_older_schema(read: Callable[[str], Release | None], head: Head, target: Release) -> None:
    """Raise SCHEMA_TOO_NEW for a release that can't run on the present schema, with the nearest that can.

    A release from before the first answer is not refused: nobody stated what it runs on.
    """
    present = head.database_schema
    if present is None or not _is_too_old(target, present):
        return
    problem = phrase(
        "{release} is for schema {number} of the database. The present schema is {present}, and it needs "
        "releases for schema {oldest} or later.",
        release=target.id,
        number=target.database_schema,
        present=present.number,
        oldest=present.compatible_with,
    )
    others = (read(kept) for kept in head.kept if kept != head.live)
    # Somebody rolled back from the others: they have another fault.
    stable = (other for other in others if other and other.state is ReleaseState.STABLE)
    fitting = [other for other in stable if not _is_too_old(other, present)]
    raise KanmonError(
        Code.SCHEMA_TOO_NEW, problem, where=release_key(target.id), fix=_nearest(target, fitting)
    )


def _nearest(target: Release, fitting: Iterable[Release]) -> str:
    later = [other for other in fitting if other.number > target.number]
    if not later:
        return phrase("No earlier release runs on it: repair the app, and release it with `kanmon deploy`.")
    nearest = min(later, key=lambda other: other.number)
    return phrase("The nearest one that runs on it: `kanmon rollback {release}`.", release=nearest.id)


def _is_too_old(release: Release, present: DatabaseSchema) -> bool:
    return release.database_schema is not None and release.database_schema < present.compatible_with


def _after(known: DatabaseSchema | None, stated: DatabaseSchema | None) -> DatabaseSchema | None:
    """The present schema, by what was known and what a release's hooks stated."""
    if known is None or stated is None or stated.number < known.number:
        # A lower number: somebody restored the database from before the later migrations.
        return stated or known
    oldest = max(known.compatible_with, stated.compatible_with)
    return stated.model_copy(update={"compatible_with": oldest})


def _stated(answers: Sequence[str]) -> DatabaseSchema | None:
    """The last answer with a schema. Raises HOOK_FAILED."""
    return next(filter(None, map(_read, reversed(answers))), None)


def _read(answer: str) -> DatabaseSchema | None:
    """None for an answer that is no JSON object with a number `schema`: it is the app's own."""
    try:
        content = json.loads(answer)
    except (ValueError, RecursionError):
        return None
    if not isinstance(content, dict) or not _is_number(number := content.get("schema")):
        return None
    oldest = content.get("compatible_with", 0)
    if _is_number(oldest) and oldest <= number:
        return DatabaseSchema(number=number, compatible_with=oldest)
    problem = phrase(
        "A hook answered `compatible_with` {oldest}. It must be a number of at most its `schema`, {number}.",
        oldest=json.dumps(oldest),
        number=number,
    )
    raise KanmonError(Code.HOOK_FAILED, problem, fix=phrase("Correct the hook's answer, and release again."))


def _is_number(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0
