"""The promises that hold after every single call of any run (CD-13, CD-14): to users, and of the ledger."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, cast

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.ledger.ledger import HEAD
from kanmon.ledger.records import Head, Operation, Release
from kanmon.model import OperationKind, Result
from kanmon.naming import SLOT, stack_name
from kanmon.release.lease import LARGEST_DRIFT
from tests.fakes.cloud import ARTIFACTS
from tests.fakes.process import ProcessDied, only_reads

if TYPE_CHECKING:
    from kanmon.bundle.manifest import Manifest
    from kanmon.ledger.records import Fenced
    from tests.fakes.cloud import Cloud
    from tests.fakes.interleaving import Run

_KINDS: dict[str, type[Fenced]] = {"head": Head, "deployed": Release, "operations": Operation}


class BrokenPromiseError(AssertionError):
    """A promise does not hold."""


def promise(kept: object, problem: str) -> None:
    if not kept:
        raise BrokenPromiseError(problem)


@dataclass
class Promises:
    """Compares each state of a cloud with the one before it."""

    cloud: Cloud
    records: dict[str, Fenced] = field(default_factory=dict)
    """The ledger's records, by key."""
    aws: dict[str, Any] = field(default_factory=dict)
    objects: dict[str, bytes] = field(default_factory=dict)
    manifests: dict[str, Manifest] = field(default_factory=dict)
    """The manifests of bundles, by digest. A name never has another content."""

    def __post_init__(self) -> None:
        self.begin()

    @property
    def head(self) -> Head:
        return cast("Head", self.records.get(HEAD, Head()))

    @property
    def releases(self) -> dict[str, Release]:
        return {record.id: record for record in self.records.values() if isinstance(record, Release)}

    @property
    def operations(self) -> dict[int, Operation]:
        """The operations that began. A record with a higher number than the head's has begun nothing."""
        found = (record for record in self.records.values() if isinstance(record, Operation))
        return {one.number: one for one in found if one.number <= self.head.operations}

    @property
    def open(self) -> Operation | None:
        return self.operations[self.head.operation] if self.head.operation else None

    def begin(self) -> None:
        """Start from the present state, after a change that belongs to no run: a plan."""
        self.aws = self._aws()
        self._read(self.records)

    def after_call(self, run: Run) -> None:
        """Raise BrokenPromiseError or UsersHarmedError when the last call of a run broke a promise."""
        if only_reads(run.process.calls[-1] if run.process.calls else "get") and not run.ended:
            return
        aws, records = self._aws(), dict(self.records)
        if self.cloud.store.objects != self.objects:
            self._read(records)
            self._ledger_grows(run, records)
            self._ledger_is_sound()
        if aws != self.aws:
            run.changes += 1
            self._has_the_lease(run)
        self.aws = aws
        self.cloud.look()
        self._users_are_on_a_release()
        self._slots_are_as_recorded()
        if run.ended:
            self._end_is_true(run)

    def _aws(self) -> dict[str, Any]:
        return {key: value for key, value in self.cloud.state.items() if key not in self.cloud.store.objects}

    def _read(self, known: dict[str, Fenced]) -> None:
        before, self.objects = self.objects, dict(self.cloud.store.objects)
        self.records = {
            key: known[key] if key in known and before.get(key) == body else kind.model_validate_json(body)
            for key, body in self.objects.items()
            if (kind := _KINDS.get(key.replace(".", "/").partition("/")[0]))
        }

    def _ledger_grows(self, run: Run, before: dict[str, Fenced]) -> None:
        for key, old in before.items():
            promise(key in self.records, f"{key} is gone")
            now, then = self.records[key].token, old.token
            promise(now >= then, f"{run.name} wrote {key} with the token {now} after another run with {then}")
        old_head = cast("Head", before.get(HEAD, Head()))
        promise(self.head.operations >= old_head.operations, "the number of operations fell")
        if self.head.token > old_head.token:
            run.token = self.head.token

    def _has_the_lease(self, run: Run) -> None:
        call, lease = run.process.calls[-1], self.head.lease
        promise(run.token == self.head.token, f"{run.name} did {call} after another run took the lease")
        promise(lease, f"{run.name} did {call} without a lease")
        first_expired = self.cloud.clock.now() + LARGEST_DRIFT / 2
        promise(lease and lease.expires >= first_expired, f"{run.name} did {call} after its lease")

    def _users_are_on_a_release(self) -> None:
        head, operation = self.head, self.open
        page, api = self.cloud.users
        canary = self.cloud.canary_release()
        if operation is None:
            promise(page == api == head.live, f"{head.live} is live; users have {page} and {api}")
            promise(canary is None, f"{canary} has a canary outside of an operation")
            return
        neighbours = {operation.release, operation.base}
        promise({page, api} <= neighbours, f"users have {page} and {api} of {neighbours}")
        promise(canary in {None, operation.release}, f"{canary} is the canary of {operation.release}")
        promise(_number(page) <= _number(api), f"the page of {page} is on the API of {api}")

    def _slots_are_as_recorded(self) -> None:
        for slot, release in self.head.slots.items():
            stack = self.cloud.stacks.stacks[stack_name(self.cloud.prefix, SLOT, slot)]
            held = stack.outputs.get("Release")
            promise(held == release, f"the {slot} slot has {held}, not {release}")

    def _ledger_is_sound(self) -> None:
        for release in self.releases.values():
            self._bases_have_no_cycle(release)
        for kept in {*self.head.kept, *self.head.slots.values()} & self.releases.keys():
            if self.releases[kept].stable_at:
                self._can_be_returned_to(self.releases[kept])
        for operation in self.operations.values():
            promise(operation.ended is None or operation.result, f"{operation.number} ended without a result")
            if operation.number != self.head.operation:
                promise(operation.result and operation.ended, f"{operation.number} is closed, but has no end")
        self._flags_agree()

    def _bases_have_no_cycle(self, release: Release) -> None:
        seen, base = {release.id}, release.base
        while base:
            promise(base not in seen, f"{base} is a base of itself")
            seen.add(base)
            base = self.releases[base].base if base in self.releases else None

    def _can_be_returned_to(self, release: Release) -> None:
        kept = self.cloud.s3.objects(ARTIFACTS)
        key = self.cloud.blobs.key
        promise(release.stable_at, f"{release.id} is stable since never")
        deployment = release.pointer.deployment
        promise(deployment in self.cloud.gateway.deployments, f"the routes of {release.id} are gone")
        promise(key(release.stacks[SLOT].template) in kept, f"the template of {release.id} is gone")
        if release.bundle not in self.manifests:
            self.manifests[release.bundle] = self.cloud.blobs.manifest(release.bundle)
        needed = {*self.manifests[release.bundle].uses(), *release.own_files}
        promise(kept.keys() >= {key(sha256) for sha256 in needed}, f"files of {release.id} are gone")

    def _flags_agree(self) -> None:
        head, operation = self.head, self.open
        if operation:
            return
        decided = [
            one for one in self.operations.values() if one.result in {Result.STABLE, Result.ROLLED_BACK}
        ]
        last = max(decided, key=lambda one: one.number, default=None)
        frozen = last is not None and last.result is Result.ROLLED_BACK
        promise(
            (head.freeze is not None) is frozen, f"{head.freeze}, but {last and last.ending} was the last"
        )
        promise(
            not head.freeze or (last and head.freeze.operation == last.number), "another operation froze it"
        )
        if last and last.result is Result.STABLE:
            promise(head.live == last.release, f"{head.live} is live, not the stable {last.release}")
        if last and last.kind is OperationKind.ROLLBACK:
            promise(head.live == last.release, f"{head.live} is live, not {last.release}")

    def _end_is_true(self, run: Run) -> None:
        """A result is that of the ledger, and a refusal changed nothing."""
        outcome = run.outcome
        if outcome is None:
            promise(run.died or not run.changes, f"{run.name} changed AWS, then {run.error!r}")
            known = run.error is None or isinstance(run.error, KanmonError | KeyboardInterrupt | ProcessDied)
            promise(known, f"{run.name} ended with {run.error!r}")
            return
        failure = outcome.failure
        promise(not failure or failure.code is not Code.INTERNAL, f"{run.name} ended with {failure!r}")
        if outcome.operation and not outcome.open:
            recorded = self.operations[outcome.operation.number].result
            decided = outcome.result is Result.HELD
            promise(
                decided or recorded is outcome.result, f"{run.name}: {outcome.result}, but it is {recorded}"
            )


def _number(release: str | None) -> int:
    return int(release[1:]) if release else 0
