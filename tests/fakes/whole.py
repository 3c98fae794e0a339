"""The end of every story: users are on exactly one whole release, the one of the ledger."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kanmon.model import Result, Slot
from kanmon.naming import SLOT, stack_name
from kanmon.release.loaded import Loader
from kanmon.stacks.policy import stack_policy
from kanmon.stacks.user_triggers import called
from tests.fakes.cloud import ARTIFACTS, WEB

if TYPE_CHECKING:
    from kanmon.ledger.records import Release
    from tests.fakes.cloud import Cloud


def expect_one_release(cloud: Cloud) -> None:
    """Users, stage, triggers and ledger are those of one release, and nothing else can be reached."""
    head = cloud.ledger.head()
    page, api = cloud.users
    assert page == head.live, f"the page is that of {page}, the ledger has {head.live}"
    assert api == head.live, f"the API is that of {api}, the ledger has {head.live}"
    assert head.operation is None, "an operation is left"
    assert not cloud.previews, f"previews are left: {cloud.previews}"
    assert cloud.canary_release() is None, "a canary is left"
    on = {head.live} if head.live and cloud.has_triggers(head.live) else set[str]()
    assert cloud.triggers_on == on, f"the triggers of {cloud.triggers_on} are on, not those of {on}"
    calls, live = cloud.pool_calls, cloud.ledger.release(head.live) if head.live else None
    expected = called(live.pool_triggers) if live else {}
    assert calls == (head.live if expected else None, expected), f"the user pool calls {calls}"
    if head.live is None:
        assert cloud.pages().get("index.html") is None
        return
    expect_kept_releases(cloud)
    assert cloud.pages() == cloud.pages_of(head.live), f"pages are {sorted(cloud.pages())}"
    _expect_record(cloud, head.live)


def expect_kept_releases(cloud: Cloud) -> None:
    """All that a rollback to each kept release needs is there, and the live one is kept."""
    head, stored = cloud.ledger.head(), cloud.s3.objects(ARTIFACTS)
    assert {head.live, *head.slots.values()} & _stable(cloud) <= {*head.kept}, f"kept are {head.kept}"
    for record in (cloud.ledger.release(one) for one in head.kept):
        assert record
        manifest = cloud.blobs.manifest(record.bundle)
        needed = {cloud.blobs.key(sha256) for sha256 in (*manifest.uses(), *record.own_files)}
        assert needed <= stored.keys(), f"files of {record.id} are gone"
        assets = {name for name, file in manifest.web.items() if file.immutable}
        assert assets <= cloud.s3.objects(WEB).keys(), f"assets of {record.id} are gone"
        assert record.pointer.deployment in cloud.gateway.deployments, f"routes of {record.id} are gone"


def _stable(cloud: Cloud) -> set[str]:
    return {record.id for record in cloud.ledger.releases() if record.stable_at}


def _expect_record(cloud: Cloud, live: str) -> None:
    head, record = cloud.ledger.head(), cloud.ledger.release(live)
    assert record
    settings = cloud.gateway.stages["live"]["methodSettings"]["*/*"]
    configured = Loader(cloud.blobs).load(record).config.api
    assert configured
    rate = settings["throttlingRateLimit"]
    assert rate == configured.throttle.rate, "the stage has another release's settings"
    assert record.state.value == "stable", f"{live} is live and {record.state.value}"
    assert record.pointer == head.pointer
    _expect_stacks(cloud, record)
    assert head.slots[head.pointer.slot] == live


def _expect_stacks(cloud: Cloud, record: Release) -> None:
    """The stacks outside of the slots are those of the release, or an operation names them.

    No policy is open for another release.
    """
    named = _named_stacks(cloud)
    policies = {stack_policy(()), stack_policy(_allowed(cloud, record))}
    for kind in record.stacks.keys() - {SLOT}:
        name, wanted = stack_name(cloud.prefix, kind, Slot.NONE), record.stacks[kind]
        if name in named:
            continue
        stack = cloud.stacks.stacks[name]
        body = cloud.blob(wanted.template).decode()
        there = (stack.parameters, stack.tags, cloud.stacks.bodies[name])
        assert there == (wanted.parameters, wanted.tags, body), f"{name} is another release's"
        policy = cloud.stacks.policies.get(name)
        assert policy is None or policy in policies, f"the policy of {name} is another release's"


def _named_stacks(cloud: Cloud) -> set[str]:
    """The stacks that operations since the last stable release could not restore."""
    named = set[str]()
    for operation in reversed(cloud.ledger.operations()):
        named |= {one.stack for one in operation.kept}
        if operation.result is Result.STABLE:
            break
    return named


def _allowed(cloud: Cloud, record: Release) -> tuple[str, ...]:
    return Loader(cloud.blobs).load(record).current_config.allow_destroy
