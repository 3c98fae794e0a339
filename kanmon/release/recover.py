"""Finishes or undoes what a run that died left behind, knowing nothing but the ledger (CD-13)."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kanmon.errors import Code, KanmonError
from kanmon.ledger import Attempt, Result, State
from kanmon.release.background import follow
from kanmon.release.blueprint import API, EDGE, parts
from kanmon.release.deploy import take_back
from kanmon.release.events import Event, Kind
from kanmon.release.journal import Journal
from kanmon.release.lease import holder_of, lease
from kanmon.release.plan import outputs_of
from kanmon.release.rollback import carry_out
from kanmon.release.session import Edition, Outcome, Session

if TYPE_CHECKING:
    from kanmon.config import Config
    from kanmon.ledger import Head
    from kanmon.release.events import Observer
    from kanmon.release.ports import World

_LOOK_EVERY = 2.0


def recover(
    world: World, config: Config, observer: Observer, *, keep: bool | None = None, patience: float = 0.0
) -> Outcome | None:
    """Bring the last attempt to its end; None when it had one.

    A dead deploy is undone, unless it had passed everything, when it is finished; a dead rollback is done
    again. What is held is decided by `keep`: the live release stays, or is taken back; undecided it raises
    HELD. What had passed everything is taken back, too, by `keep=False`: it may be that it can't be finished.
    Raises LOCKED when the run is still alive after `patience` seconds.
    """
    head = _await_end(world, observer, patience)
    if head.attempt is None:
        return None
    if head.held and keep is None:
        raise KanmonError(Code.HELD, f"The attempt {head.attempt} waits for a decision.")
    with lease(world.ledger, world.actor) as held:
        attempt = world.ledger.attempt(world.ledger.head().attempt or 0)
        if attempt is None:
            # It died before its first record: nothing was done.
            world.ledger.amend_head(lambda now: now.model_copy(update={"attempt": None}))
            return None
        session = Session(world, Journal(world.ledger, held, attempt, observer))
        session.journal.tell(Kind.NOTE, f"the attempt {attempt.number} of {attempt.actor} did not end")
        return _end(session, config, attempt, keep=keep)


def _await_end(world: World, observer: Observer, patience: float) -> Head:
    """The head when the attempt has ended, or its run has lost the lease, or patience is over.

    A lease is never taken from its holder, not even by the same job's last step: what a runner kills is only
    its own child, and a container, or a process on a lost machine, may be moving users at this moment.
    """
    head = world.ledger.head()
    if head.attempt is not None and patience and (holder := holder_of(head)):
        told = f"the attempt {head.attempt} has not ended; waiting for {holder}, who holds the lock"
        observer(Event(Kind.NOTE, told))
    end = time.monotonic() + patience
    while head.attempt is not None and holder_of(head) and time.monotonic() < end:
        world.pause(_LOOK_EVERY)
        head = world.ledger.head()
    return head


def _end(session: Session, config: Config, attempt: Attempt, *, keep: bool | None) -> Outcome:
    if attempt.result not in {None, Result.HELD}:
        session.journal.close(attempt.result or Result.FAILED)
        return Outcome(attempt.result or Result.FAILED, attempt.release, session.journal.attempt)
    if attempt.kind == "rollback":
        return carry_out(session, config)
    outputs = outputs_of(session.world, config, attempt.slot)
    if {API, EDGE} & set(parts(config)) <= outputs.keys():
        session.entrance = session.world.entrance(config, outputs)
    passed = attempt.state is State.STABLE
    if (passed and keep is not False) or (keep and attempt.result is Result.HELD):
        return _finish(session, attempt)
    if passed or attempt.state.takes_traffic:
        return _undo(session, attempt)
    return _abort(session, attempt)


def _finish(session: Session, attempt: Attempt) -> Outcome:
    edition, base = _edition(session, attempt), session.edition(attempt.base)
    with session.journal.step(State.STABLE, f"{attempt.release} is stable"):
        # What was held as a canary has most of its way still before it; else nothing moves here.
        session.settle_api(edition)
        session.move_api(edition.release.pointer, frozenset({attempt.origin}))
        session.move_page(edition, base)
        session.close_trial()
        session.open_entrance.web.settle(edition.manifest, base.manifest if base else None)
        follow(session, edition.release.slot, edition, base)
        release = session.world.ledger.amend_release(
            attempt.release, state=State.STABLE, stable_at=datetime.now(UTC)
        )

        def settled(head: Head) -> Head:
            stable = (*(known for known in head.stable if known != attempt.release), attempt.release)
            changes = {"live": release.id, "pointer": release.pointer, "stable": stable, "freeze": None}
            return head.model_copy(update=changes)

        session.world.ledger.amend_head(settled)
    session.journal.close(Result.STABLE)
    return Outcome(Result.STABLE, attempt.release, session.journal.attempt)


def _undo(session: Session, attempt: Attempt) -> Outcome:
    take_back(session, session.edition(attempt.base), _edition(session, attempt), time.monotonic())
    session.journal.close(Result.ROLLED_BACK, _died(attempt))
    return Outcome(Result.ROLLED_BACK, attempt.release, session.journal.attempt)


def _abort(session: Session, attempt: Attempt) -> Outcome:
    with session.journal.step(State.ABORTED, f"{attempt.release} is given up; nobody saw it"):
        session.close_trial()
        session.world.ledger.amend_release(attempt.release, state=State.ABORTED)
    session.journal.close(Result.ABORTED, _died(attempt))
    return Outcome(Result.ABORTED, attempt.release, session.journal.attempt)


def _edition(session: Session, attempt: Attempt) -> Edition:
    edition = session.edition(attempt.release)
    if edition is None:
        raise KanmonError(Code.UNKNOWN_RELEASE, f"There is no release {attempt.release}.")
    return edition


def _died(attempt: Attempt) -> KanmonError:
    return KanmonError(Code.UNFINISHED, f"The run of {attempt.actor} ended as it was {attempt.state.value}.")
