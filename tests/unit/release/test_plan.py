"""The plan: everything a release would change, approved as a whole by its digest."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.model import Result, Slot
from kanmon.release.guard import refuse_destruction
from kanmon.release.plan import Plan, PlannedStack, read_plan, template_digest
from kanmon.stacks.changes import STATEFUL, Change, ChangeSet
from kanmon.stacks.cloudformation import DeployedStack
from kanmon.stacks.preflight import LIMITS, outline
from kanmon.stacks.statements import permission_changes
from kanmon.templates.stack_set import stacks_of, tags
from tests.fakes.app import make_bundle, make_config, make_full_config
from tests.fakes.cloud import BOOTSTRAPPED, WEB
from tests.fakes.existing import DATABASE, NETWORK
from tests.fakes.runs import plan_of, release

if TYPE_CHECKING:
    from pathlib import Path

    from kanmon.config.schema import Config
    from tests.fakes.cloud import Cloud


def test_the_first_release_goes_into_the_blue_slot(cloud: Cloud) -> None:
    """CD-4"""
    plan = plan_of(cloud, make_bundle(cloud, "one"))
    assert plan.release == "r1"
    assert plan.base is None
    assert plan.slot is Slot.BLUE
    assert all(change.sign == "+" for stack in plan.stacks for change in stack.changes)


def test_a_stack_is_deferred_until_those_it_needs_exist(cloud: Cloud) -> None:
    """CD-4"""
    plan = plan_of(cloud, make_bundle(cloud, "one"))
    deferred = {stack.kind: stack.deferred for stack in plan.stacks}
    later = ("slot", "api", "edge", "observability")
    assert deferred == {"foundation": False, **dict.fromkeys(later, True)}


def _template(cloud: Cloud, stack: PlannedStack) -> str:
    """A stack's template, as the deploy will use it."""
    return cloud.blobs.get(stack.template, LIMITS["bytes"]).decode()


def test_a_new_stack_shows_all_of_its_template(cloud: Cloud) -> None:
    """CD-4, TRU-1: before any change set can show it; each resource, each permission."""
    plan = plan_of(cloud, make_bundle(cloud, "one", config=make_full_config()))
    for stack in plan.stacks:
        body = _template(cloud, stack)
        assert tuple(sorted(outline(body).resources)) == tuple(one.logical_id for one in stack.changes)
        assert {one.sign for one in stack.changes} == {"+"}
        assert stack.permissions == permission_changes("", body)
    slot = plan.stacks[1]
    assert "+ Allow OwnSecrets: secretsmanager:GetSecretValue" in slot.permissions["ApiRole"]
    touching = {one.type for one in slot.changes if one.touches_permissions}
    assert touching == {"AWS::IAM::Role"}


def _without_api(cloud: Cloud, edge: str | None = None) -> PlannedStack:
    """The edge in the plan of a second release, after somebody deleted the API's stack.

    `edge` is its deployed template.
    """
    release(cloud, "one")
    del cloud.stacks.stacks["shop-test-api"]
    cloud.stacks.bodies["shop-test-edge"] = edge or cloud.stacks.bodies["shop-test-edge"]
    (stack,) = (one for one in plan_of(cloud, make_bundle(cloud, "two")).stacks if one.kind == "edge")
    assert stack.deferred
    return stack


def test_a_deferred_stack_shows_what_an_unknown_value_changes(cloud: Cloud) -> None:
    """TRU-1: its template is the same, and the API will be another."""
    stack = _without_api(cloud)
    assert [(one.sign, one.logical_id, one.properties) for one in stack.changes] == [
        ("~", "Distribution", ("value of ApiId",))
    ]
    assert stack.permissions == {}
    assert "read from its template" in stack.effect
    assert "users get it at once" in stack.effect


def test_a_deferred_stack_is_compared_with_the_deployed_one(cloud: Cloud) -> None:
    """TRU-1: all that the template adds, changes and removes, with the permissions."""
    role = (
        "AWS::IAM::Role\n    Properties:\n      ManagedPolicyArns: [arn:aws:iam::aws:policy/ReadOnlyAccess]"
    )
    deployed = "Resources:\n  Former:\n    Type: " + role + "\n  WebBucket:\n    Type: AWS::S3::Bucket\n"
    stack = _without_api(cloud, edge=deployed)
    signs = {one.logical_id: one.sign for one in stack.changes}
    assert signs["Former"] == "-"
    assert signs["WebBucket"] == "~"
    assert signs["Distribution"] == "+"
    assert stack.permissions["Former"] == ("- ManagedPolicyArns: arn:aws:iam::aws:policy/ReadOnlyAccess",)
    assert stack.deployed == template_digest(deployed)


def test_an_unreadable_deployed_template_is_said(cloud: Cloud) -> None:
    """TRU-1: somebody changed the stack by other means."""
    stack = _without_api(cloud, edge='{"Resources": {}}')
    assert not stack.comparable
    assert {one.sign for one in stack.changes} == {"~"}
    assert "the deployed template can't be read" in stack.effect
    assert "+ Deny RefusePlainHttp: s3:*" in stack.permissions["WebBucketPolicy"]


def test_beside_an_unreadable_template_permissions_are_new(cloud: Cloud) -> None:
    """TRU-1: a change set has the changes; the statements that go are unknown."""
    release(cloud, "one")
    cloud.stacks.bodies["shop-test-edge"] = "{}"
    (edge,) = (one for one in plan_of(cloud, make_bundle(cloud, "two")).stacks if one.kind == "edge")
    assert edge.change_set
    assert "+ Deny RefusePlainHttp: s3:*" in edge.permissions["WebBucketPolicy"]
    assert "the deployed template can't be read" in edge.effect


def test_a_deferred_stack_deleting_state_is_refused(cloud: Cloud) -> None:
    """CD-4, TRU-1: nobody has to approve it first."""
    release(cloud, "one")
    body = cloud.stacks.bodies["shop-test-edge"]
    with pytest.raises(KanmonError, match="deletes Orders"):
        _without_api(
            cloud,
            edge=body.replace("\nResources:\n", "\nResources:\n  Orders:\n    Type: AWS::DynamoDB::Table\n"),
        )


def test_a_change_set_shows_the_statements_that_change(cloud: Cloud) -> None:
    """CD-4, TRU-1: in the slot of the last release but one."""
    release(cloud, "one")
    release(cloud, "two")
    functions = make_config().model_dump()["functions"]
    functions["api"]["database"] = False
    slot = plan_of(cloud, make_bundle(cloud, "three", config=make_config(functions=functions))).stacks[1]
    assert slot.change_set
    assert slot.permissions.keys() == {"ApiRole"}
    assert "- Allow OwnSecrets: secretsmanager:GetSecretValue" in slot.permissions["ApiRole"]


def test_a_stack_is_deferred_after_a_failed_creation(cloud: Cloud) -> None:
    """AWS-1: CloudFormation takes no change set for it, and the plan's role may delete no stack."""
    cloud.stacks.undone.add("shop-test-foundation")
    plan = plan_of(cloud, make_bundle(cloud, "one"))
    assert [stack.kind for stack in plan.stacks if not stack.deferred] == []
    assert cloud.stacks.undone == {"shop-test-foundation"}


def test_state_is_made_without_deletion_protection(cloud: Cloud) -> None:
    """AWS-1, CD-4: a failed creation can be undone, and reviewers see when the protection begins."""
    plan = plan_of(cloud, make_bundle(cloud, "one", config=make_full_config()))
    change_set = plan.stacks[0].change_set
    assert change_set
    assert change_set.unprotected == ("AWS::Cognito::UserPool", "AWS::RDS::DBCluster")
    assert plan.stacks[0].effect == (
        "deletion protection of DatabaseCluster and UserPool is switched on right after the creation"
    )


def test_new_state_leaves_the_protection_of_the_old_on(cloud: Cloud) -> None:
    """AWS-1, INF-3"""
    release(cloud, "one")
    plan = plan_of(cloud, make_bundle(cloud, "two", config=make_config(user_pool={})))
    change_set = plan.stacks[0].change_set
    assert change_set
    assert change_set.unprotected == ("AWS::Cognito::UserPool",)


@pytest.mark.parametrize("kind", ["AWS::Cognito::UserPool", "AWS::RDS::DBCluster"])
def test_no_plan_switches_deletion_protection_off(cloud: Cloud, kind: str) -> None:
    """AWS-1, INF-3: the plan's role can make such a change set, so the deploy looks, too."""
    change = Change(action="Modify", logical_id="State", type=kind, properties=("DeletionProtection",))
    exposing = ChangeSet(stack="s", id="arn", creates=False, changes=(change,), unprotected=(kind,))
    foundation = plan_of(cloud, make_bundle(cloud, "one")).stacks[0]
    with pytest.raises(KanmonError) as caught:
        refuse_destruction(make_config(), [foundation.model_copy(update={"change_set": exposing})])
    assert caught.value.code is Code.PLAN_DESTROYS
    protecting = exposing.model_copy(update={"unprotected": ()})
    refuse_destruction(make_config(), [foundation.model_copy(update={"change_set": protecting})])


def test_a_change_that_cognito_never_makes_is_refused(cloud: Cloud) -> None:
    """CD-4, INF-4: before any stack changes, and not in the middle of the release."""
    release(cloud, "one", config=make_config(user_pool={"attributes": {"plan": {}}}))
    more = make_config(user_pool={"attributes": {"plan": {}, "more": {}}})
    assert plan_of(cloud, make_bundle(cloud, "two", config=more)).stacks[0].touched
    other = make_config(user_pool={"attributes": {"plan": {"type": "number"}}})
    with pytest.raises(KanmonError, match="never changes an attribute, and plan") as refused:
        plan_of(cloud, make_bundle(cloud, "three", config=other))
    assert refused.value.code is Code.PLAN_IMPOSSIBLE


@pytest.mark.parametrize(("properties", "lasting"), [(("Schema",), True), (("Policies",), False)])
def test_a_plan_says_that_cognito_takes_no_attribute_back(
    cloud: Cloud, properties: tuple[str, ...], lasting: bool
) -> None:
    """CD-4, CD-10: the rollback would keep the stack, and people approve this, too."""
    change = Change(
        action="Modify", logical_id="UserPool", type="AWS::Cognito::UserPool", properties=properties
    )
    changes = ChangeSet(stack="s", id="arn", creates=False, changes=(change,))
    release(cloud, "one")
    foundation = plan_of(cloud, make_bundle(cloud, "two", config=make_config(tags={"a": "b"}))).stacks[0]
    effect = foundation.model_copy(update={"change_set": changes}).effect
    assert effect.endswith("a rollback leaves this stack as it is") is lasting
    assert effect.startswith("users get it at once; ")


def test_the_next_release_touches_the_idle_slot_only(cloud: Cloud) -> None:
    """CD-8"""
    release(cloud, "one")
    plan = plan_of(cloud, make_bundle(cloud, "two"))
    assert plan.base == "r1"
    assert plan.slot is Slot.GREEN
    assert [stack.kind for stack in plan.stacks if stack.touched] == ["slot"]
    assert plan.web.changed == ("index.html", "sw.js")


def test_it_names_changed_headers_and_settings_of_pages(cloud: Cloud) -> None:
    """CD-4: no stack has them, and reviewers want to see them."""
    web = {"directory": "web/dist"}
    old = make_config(web=web | {"settings": {"A": "1", "B": "2", "C": ""}})
    release(cloud, "one", config=old)
    new = make_config(
        web=web
        | {"settings": {"A": "3", "C": ""}, "content_security_policy": "default-src *"}
        | {"response_headers": {"X-Robots-Tag": "none"}}
    )
    plan = plan_of(cloud, make_bundle(cloud, "one", config=new))
    assert plan.web.changed == ()
    assert plan.web.served == {
        "web.content_security_policy": "default-src *",
        "web.response_headers.X-Robots-Tag": "none",
        "web.settings.A": "3",
        "web.settings.B": None,
    }


def test_a_hashed_asset_of_the_live_release_keeps_its_kind(cloud: Cloud) -> None:
    """INF-8, CD-10: browsers have it for a year, and a rollback would not bring it back."""
    release(cloud, "one")
    (asset,) = (name for name in cloud.s3.objects(WEB) if name.startswith("assets/"))
    with pytest.raises(KanmonError, match=f"the live release's {asset} for a year") as caught:
        plan_of(cloud, make_bundle(cloud, "two", fixed=(asset,)))
    assert caught.value.code is Code.ASSET_CHANGED


def test_the_plan_names_the_confirmation_of_new_addresses(cloud: Cloud) -> None:
    """MON-2: in a first release, too."""
    asks = "AWS asks each new e-mail address to confirm"

    def effect(version: str) -> str:
        config = make_config(notifications={"emails": ["team@example.com"]})
        stacks = plan_of(cloud, make_bundle(cloud, version, config=config)).stacks
        return next(stack.effect for stack in stacks if stack.kind == "observability")

    assert effect("one") == f"created from its template during the deploy; {asks}"
    release(cloud, "none")
    assert asks in effect("two")
    release(cloud, "two", config=make_config(notifications={"emails": ["team@example.com"]}))
    assert asks not in effect("three")


def test_a_plan_changes_nothing(cloud: Cloud) -> None:
    release(cloud, "one")
    stacks, pages, stages = dict(cloud.stacks.stacks), cloud.pages(), dict(cloud.gateway.stages)
    plan_of(cloud, make_bundle(cloud, "two"))
    assert cloud.stacks.stacks == stacks
    assert cloud.pages() == pages
    assert cloud.gateway.stages == stages


def test_the_live_release_again_is_nothing_to_do(cloud: Cloud) -> None:
    """CD-6, NFR-2"""
    release(cloud, "one")
    plan = plan_of(cloud, make_bundle(cloud, "one"))
    assert plan.unchanged
    assert plan.release == "r1"
    assert plan.stacks == ()
    assert release(cloud, "one").result is Result.UNCHANGED


def test_a_stack_changed_by_hand_makes_the_same_bundle_a_release(cloud: Cloud) -> None:
    release(cloud, "one")
    cloud.stacks.bodies["shop-test-edge"] += "# by hand\n"
    plan = plan_of(cloud, make_bundle(cloud, "one"))
    assert not plan.unchanged


def test_a_second_plan_of_a_bundle_has_the_same_id(cloud: Cloud) -> None:
    assert plan_of(cloud, make_bundle(cloud, "one")).release == "r1"
    assert plan_of(cloud, make_bundle(cloud, "one")).release == "r1"


def test_a_plan_of_another_bundle_has_the_next_id(cloud: Cloud) -> None:
    assert plan_of(cloud, make_bundle(cloud, "one")).release == "r1"
    assert plan_of(cloud, make_bundle(cloud, "two")).release == "r2"


def test_the_id_of_a_deployed_release_is_not_used_again(cloud: Cloud) -> None:
    cloud.functions.failing.add("migrate")
    assert release(cloud, "one").result is Result.ABORTED
    assert plan_of(cloud, make_bundle(cloud, "one")).release == "r2"


def test_a_plan_replacing_state_is_refused(cloud: Cloud) -> None:
    """CD-4"""
    release(cloud, "one")
    cloud.stacks.replacing.add("DatabaseCluster")
    with pytest.raises(KanmonError) as caught:
        plan_of(cloud, make_bundle(cloud, "two", config=make_config(tags={"team": "b"})))
    assert caught.value.code is Code.PLAN_DESTROYS
    assert "replaces DatabaseCluster (AWS::RDS::DBCluster)" in caught.value.message
    assert "allow_destroy" in caught.value.fix


def test_a_plan_may_replace_state_named_in_the_config(cloud: Cloud) -> None:
    """CD-4"""
    release(cloud, "one")
    cloud.stacks.replacing.add("DatabaseCluster")
    config = make_config(tags={"team": "b"}, allow_destroy=["DatabaseCluster"])
    assert plan_of(cloud, make_bundle(cloud, "two", config=config)).stacks[0].changes[0].destroys


def test_an_existing_database_in_place_of_kanmons_deletes_it_by_name_only(cloud: Cloud) -> None:
    """ADP-3, CD-4: the guard is that of any deletion; the plan notes what Kanmon then does not do."""
    release(cloud, "one")
    existing = {"network": NETWORK, "database": DATABASE}
    with pytest.raises(KanmonError, match="deletes Database"):
        plan_of(cloud, make_bundle(cloud, "two", config=make_config(database=None, existing=existing)))
    given_up = ["DatabaseCluster", "DatabaseInstanceA", "DatabaseInstanceB"]
    config = make_config(database=None, existing=existing, allow_destroy=given_up)
    plan = plan_of(cloud, make_bundle(cloud, "three", config=config))
    assert plan.existing_ids == config.existing.ids
    assert any("no snapshot before the release" in one for one in plan.existing)


def test_a_plan_deleting_state_is_refused(cloud: Cloud) -> None:
    """CD-4"""
    release(cloud, "one")
    body = cloud.stacks.bodies["shop-test-edge"]
    table = "\n  Orders:\n    Type: AWS::DynamoDB::Table\n"
    cloud.stacks.bodies["shop-test-edge"] = body.replace("\n  WebBucket:\n", f"{table}\n  WebBucket:\n", 1)
    with pytest.raises(KanmonError, match="deletes Orders"):
        plan_of(cloud, make_bundle(cloud, "two"))


REPLACED = {
    "DatabaseCluster": "AWS::RDS::DBCluster",
    "DatabaseInstanceA": "AWS::RDS::DBInstance",
    "JwtSecret": "AWS::SecretsManager::Secret",
    "MailQueue": "AWS::SQS::Queue",
    "MailDeadLetters": "AWS::SQS::Queue",
    "UserPool": "AWS::Cognito::UserPool",
    "WebBucket": "AWS::S3::Bucket",
}


def _provision(cloud: Cloud, config: Config) -> None:
    """Foundation, API and edge as they are after a release."""
    manifest = make_bundle(cloud, "one", config=config)
    outputs = {"api": {"ApiId": "a1"}, "foundation": {"KeyArn": "arn:key"}}
    for spec in stacks_of(config, manifest, "r1", Slot.BLUE, BOOTSTRAPPED):
        if spec.kind != "slot":
            stack = DeployedStack(
                spec.name, f"arn:{spec.name}", "CREATE_COMPLETE", {}, outputs.get(spec.kind, {}), tags(config)
            )
            cloud.stacks.stacks[spec.name] = stack
            cloud.stacks.bodies[spec.name] = spec.body


def _plan_with(cloud: Cloud, **changes: Any) -> Plan:
    return plan_of(cloud, make_bundle(cloud, "two", config=make_full_config(**changes)))


@pytest.mark.parametrize(("name", "kind"), REPLACED.items())
def test_no_resource_with_state_is_replaced(cloud: Cloud, name: str, kind: str) -> None:
    """INF-3, INF-4, INF-8, CD-4"""
    _provision(cloud, make_full_config())
    cloud.stacks.replacing.add(name)
    with pytest.raises(KanmonError) as caught:
        _plan_with(cloud, tags={"team": "b"})
    assert caught.value.code is Code.PLAN_DESTROYS
    assert caught.value.message == f"The plan replaces {name} ({kind})."
    assert f"add {name} to `allow_destroy`" in caught.value.fix


@pytest.mark.parametrize("name", REPLACED)
def test_a_resource_under_allow_destroy_may_be_replaced(cloud: Cloud, name: str) -> None:
    """INF-3, INF-4, INF-8, CD-4"""
    _provision(cloud, make_full_config())
    cloud.stacks.replacing.add(name)
    plan = _plan_with(cloud, tags={"team": "b"}, allow_destroy=[name])
    assert [change.logical_id for stack in plan.stacks for change in stack.changes if change.destroys] == [
        name
    ]


@pytest.mark.parametrize(
    ("without", "named"),
    [
        ({"queues": {"mail": {"function": "notify"}}}, "BulkDeadLetters"),
    ],
)
def test_no_resource_with_state_is_deleted_with_its_section(
    cloud: Cloud, without: dict[str, Any], named: str
) -> None:
    """SEC-3, CD-4"""
    _provision(cloud, make_full_config())
    with pytest.raises(KanmonError) as caught:
        _plan_with(cloud, **without)
    assert caught.value.code is Code.PLAN_DESTROYS
    assert caught.value.message.startswith(f"The plan deletes {named} (")
    assert f"add {named} to `allow_destroy`" in caught.value.fix


def test_every_type_with_state_in_the_templates_is_tested() -> None:
    # No template of a release has a table or a key: the bootstrap stack has the key.
    assert set(REPLACED.values()) == STATEFUL - {"AWS::DynamoDB::Table", "AWS::KMS::Key"}


def test_too_many_functions_are_refused_before_any_change_set(cloud: Cloud) -> None:
    """INF-9"""
    function = make_config().functions["api"].model_dump()
    config = make_config(functions={f"f{n}": function for n in range(300)} | {"api": function}, hooks=[])
    with pytest.raises(KanmonError) as caught:
        plan_of(cloud, make_bundle(cloud, "one", config=config))
    assert caught.value.code is Code.TEMPLATE_TOO_BIG
    assert caught.value.where == "shop-test-slot-blue"
    assert "of its 301 functions are too many" in caught.value.message
    assert cloud.stacks.change_sets == {}


def test_plan_file_round_trip(cloud: Cloud, tmp_path: Path) -> None:
    plan = plan_of(cloud, make_bundle(cloud, "one"))
    file = tmp_path / "plan.json"
    file.write_text(plan.text(), "utf-8")
    assert read_plan(file) == plan


def test_the_digest_covers_every_field(cloud: Cloud) -> None:
    """CD-4: the approved plan runs, and no other."""
    release(cloud, "one")
    plan = plan_of(cloud, make_bundle(cloud, "two"))
    content = plan.model_dump(mode="json")
    digests = {plan.digest}
    others: dict[str, object] = {
        "origin": {"deployment": "other", "slot": "green"}, "slot": "blue", "made": "2020-01-01T00:00:00Z",
        "stacks": content["stacks"][1:], "web": {"files": 0, "assets": 0, "changed": []}, "unchanged": True,
        "config_changes": ["altered"], "existing_ids": {"network": "altered"}, "assets": ["altered"],
            "proof": {"release": "altered", "environment": "altered"},
    }  # fmt: skip
    for key in content:
        altered = Plan.model_validate(content | {key: others.get(key, "altered")})
        digests.add(altered.digest)
    assert len(digests) == len(content) + 1


def _leaves(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    if isinstance(value, dict):
        return [leaf for key, item in value.items() for leaf in _leaves(item, (*path, key))]
    if isinstance(value, list):
        return [leaf for index, item in enumerate(value) for leaf in _leaves(item, (*path, index))]
    return [path] if isinstance(value, str) else []


def test_an_altered_text_in_a_plan_file_is_refused(cloud: Cloud, tmp_path: Path) -> None:
    """CD-4"""
    release(cloud, "one")
    text = plan_of(cloud, make_bundle(cloud, "two")).text()
    file = tmp_path / "plan.json"
    for path in _leaves(json.loads(text)):
        content = json.loads(text)
        place = content
        for key in path[:-1]:
            place = place[key]
        place[path[-1]] += "x"
        file.write_text(json.dumps(content), "utf-8")
        with pytest.raises(KanmonError) as caught:
            read_plan(file)
        assert caught.value.code in {Code.PLAN_ALTERED, Code.PLAN_UNREADABLE}, path


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"plan": {}, "digest": ""}', "null"])
def test_a_file_without_a_plan_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "plan.json"
    file.write_text(text, "utf-8")
    with pytest.raises(KanmonError) as caught:
        read_plan(file)
    assert caught.value.code is Code.PLAN_UNREADABLE


def test_a_missing_plan_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(KanmonError) as caught:
        read_plan(tmp_path / "none.json")
    assert caught.value.code is Code.PLAN_UNREADABLE


def test_a_planned_release_is_recorded(cloud: Cloud) -> None:
    """CD-11"""
    plan = plan_of(cloud, make_bundle(cloud, "one"))
    record = cloud.ledger.planned("r1")
    assert record
    assert record.bundle == plan.bundle
    assert record.commit == plan.commit


@pytest.mark.parametrize("text", ["[" * 100_000, '{"plan": ' + "9" * 5000 + "}", "\ud800"])
def test_an_extreme_plan_is_refused_in_own_words(tmp_path: Path, text: str) -> None:
    """TRU-6"""
    file = tmp_path / "plan.json"
    file.write_text(text, "utf-8", "surrogatepass")
    with pytest.raises(KanmonError, match="The file is not a plan of this Kanmon"):
        read_plan(file)


def test_a_pipe_is_no_plan(tmp_path: Path) -> None:
    """TRU-6: reading it would never end."""
    os.mkfifo(tmp_path / "plan.json")
    with pytest.raises(KanmonError, match="is a named pipe"):
        read_plan(tmp_path / "plan.json")
