"""The rights of the plan role and the deploy role, and their users (SEC-1): evaluated, not read."""

from __future__ import annotations

import json
from typing import Any

import pytest

from embedded.authorisation.evaluation import Request, statements_of
from kanmon import __version__
from kanmon.config import workflows
from kanmon.config.workflows import COMMIT, FILES, pinned
from kanmon.naming import service_role
from kanmon.templates.bootstrap import bootstrap_template
from tests.fakes.app import make_config
from tests.fakes.existing import DATABASE, DOMAIN, EXISTING, USER_POOL, WEB_ACL
from tests.unit.templates.bootstrapped import (
    ARTIFACTS,
    BY_SERVICE_ROLE,
    DEPLOY,
    GITHUB,
    KEY,
    PLAN,
    RELEASE,
    ROLES,
    SERVICE_ROLE,
    STACK,
    STAGES,
    TAGS,
    WEB,
    document,
    own,
    stack,
)
from tests.unit.templates.calls import actions, calls_in_code
from tests.unit.templates.iam import ACCOUNT, REGION, Document, allows, assumable
from tests.unit.templates.parsed import parse

PROTECTED_STACKS: list[tuple[str, dict[str, str]]] = [
    (stack("shop-test-foundation"), {}),
    (stack("shop-test-edge"), {}),
]
DEPLOYMENTS = f"arn:aws:apigateway:{REGION}::/restapis/a1/deployments"
POOL = own("cognito-idp", "userpool/eu-central-1_a")
# Every call in the code, and what each is made on. A new call fails the test below until it stands here.
CALLS: dict[str, list[tuple[str, dict[str, str]]]] = {
    "lambda.get_account_settings": [("*", {})],
    "sns.list_subscriptions_by_topic": [(own("sns", "shop-test-alarms"), {})],
    "apigateway.create_stage": [(STAGES, TAGS)],
    "apigateway.delete_deployment": [(f"{DEPLOYMENTS}/d1", TAGS)],
    "apigateway.get_deployments": [(DEPLOYMENTS, TAGS)],
    "apigateway.get_stages": [(STAGES, TAGS)],
    "apigateway.delete_stage": [(f"{STAGES}/r2-x", TAGS)],
    "apigateway.get_stage": [(f"{STAGES}/live", TAGS)],
    "apigateway.update_stage": [(f"{STAGES}/live", TAGS)],
    "cloudformation.create_change_set": [
        (STACK, BY_SERVICE_ROLE),
        (stack("shop-test-foundation"), BY_SERVICE_ROLE),
    ],
    "cloudformation.delete_change_set": [(STACK, {})],
    # Only through the service role: it may delete nothing of another's, and no data.
    "cloudformation.delete_stack": [
        (STACK, BY_SERVICE_ROLE),
        (stack("shop-test-foundation"), BY_SERVICE_ROLE),
    ],
    "cloudformation.describe_change_set": [(STACK, {})],
    "cloudformation.describe_events": [(STACK, {})],
    "cloudformation.describe_stack_events": [(STACK, {})],
    "cloudformation.describe_stacks": [(STACK, {}), (stack("shop-bootstrap"), {})],
    "cloudformation.execute_change_set": [(STACK, {}), (stack("shop-test-edge"), {})],
    "cloudformation.get_stack_policy": PROTECTED_STACKS,
    "cloudformation.get_template": [(STACK, {})],
    "cloudformation.list_change_sets": [(STACK, {})],
    "cloudformation.set_stack_policy": PROTECTED_STACKS,
    "cloudformation.update_termination_protection": PROTECTED_STACKS,
    # AWS shows composite alarms only to roles that may ask for any.
    "cloudwatch.describe_alarms": [("*", {})],
    "cloudwatch.put_metric_data": [("*", {"cloudwatch:namespace": "Kanmon"})],
    "cognito-idp.admin_initiate_auth": [(POOL, TAGS)],
    "lambda.get_function": [(own("lambda", "function:shop-test-green-api"), {})],
    "lambda.invoke": [(own("lambda", "function:shop-test-green-migrate"), {})],
    "rds.create_db_cluster_snapshot": [
        (own("rds", "cluster:shop-test-database"), {}),
        (own("rds", "cluster-snapshot:shop-test-r12-7"), {}),
    ],
    "rds.delete_db_cluster_snapshot": [(own("rds", "cluster-snapshot:shop-test-r12-7"), {})],
    "rds.describe_db_cluster_snapshots": [
        (own("rds", "cluster:shop-test-database"), {}),
        (own("rds", "cluster-snapshot:*"), {}),
    ],
    "s3.delete_object": [(f"{WEB}/index.html", {})],
    "s3.get_object": [(f"{ARTIFACTS}/test/blobs/aa", {}), (f"{ARTIFACTS}/test/ledger/head.json", {})],
    "s3.delete_objects": [(f"{WEB}/.previews/r1-a/index.html", {}), (f"{ARTIFACTS}/test/blobs/aa", {})],
    "s3.head_bucket": [(ARTIFACTS, {})],
    "s3.head_object": [(f"{ARTIFACTS}/test/blobs/aa", {}), (f"{WEB}/index.html", {})],
    "s3.list_objects_v2": [(ARTIFACTS, {})],
    "s3.put_object": [
        (f"{ARTIFACTS}/test/blobs/aa", {}),
        (f"{ARTIFACTS}/test/ledger/head.json", {}),
        (f"{ARTIFACTS}/test/ledger/releases/r3.json", {}),
        (f"{ARTIFACTS}/test/ledger/threads/r3.json", {}),
        (f"{ARTIFACTS}/test/ledger/deployed/r3.json", {}),
        (f"{ARTIFACTS}/test/ledger/operations/000001.json", {}),
        (f"{WEB}/index.html", {}),
        (f"{WEB}/.previews/r1-a/index.html", {}),
    ],
    "secretsmanager.get_secret_value": [(own("secretsmanager", "secret:shop-slack-AbCdEf"), {})],
    "sns.publish": [(own("sns", "shop-kanmon"), {})],
}
# Nobody but an administrator: no command of a workflow calls it.
NEVER = {
    "apigateway.get_account",
    # Of `kanmon bootstrap`.
    "cloudformation.describe_type",
    # Of `kanmon destroy`.
    *(f"cloudformation.list_{things}" for things in ("stack_resources", "stacks")),
    *("rds.describe_db_clusters", "rds.modify_db_cluster"),
    *("s3.delete_bucket", "s3.list_object_versions"),
}
# No permissions are required: https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
FREE = {"sts.get_caller_identity"}


def test_every_call_in_the_code_is_accounted_for() -> None:
    assert calls_in_code() == set(CALLS) | NEVER | FREE


@pytest.mark.parametrize("call", sorted(CALLS))
def test_the_deploy_role_may_make_every_call(call: str) -> None:
    for resource, context in CALLS[call]:
        for action in actions(call):
            assert allows(DEPLOY, Request(action, resource, context)), resource


PLANS = {
    "lambda.get_account_settings",
    "sns.list_subscriptions_by_topic",
    "cloudformation.create_change_set",
    "cloudformation.delete_change_set",
    "cloudformation.describe_change_set",
    "cloudformation.describe_events",
    "cloudformation.describe_stack_events",
    "cloudformation.describe_stacks",
    "cloudformation.get_template",
    "cloudformation.list_change_sets",
    "s3.get_object",
    "s3.head_bucket",
    "s3.list_objects_v2",
    "secretsmanager.get_secret_value",
    "sns.publish",
}


@pytest.mark.parametrize("call", sorted(CALLS))
def test_the_plan_role_reads_and_creates_change_sets_only(call: str) -> None:
    for resource, context in CALLS[call]:
        allowed = {allows(PLAN, Request(action, resource, context)) for action in actions(call)}
        if call in {"s3.head_object", "s3.put_object"}:
            planned = ("/blobs/", "/ledger/releases/", "/ledger/threads/")
            assert allowed == {any(folder in resource for folder in planned)}, resource
        else:
            assert allowed == {call in PLANS}, resource


def test_the_deploy_role_alone_deletes_old_blobs() -> None:
    """AWS-2, TRU-1: a plan role with this right could write a verified name again, with other content."""
    request = Request("s3:DeleteObject", f"{ARTIFACTS}/test/blobs/aa", {})
    assert allows(DEPLOY, request)
    assert not allows(PLAN, request)


def test_the_deploy_role_alone_lists_previews() -> None:
    """TRU-2: their names are the only secret of their addresses."""
    request = Request("s3:ListBucket", WEB, {})
    assert allows(DEPLOY, request)
    assert not allows(PLAN, request)


LOOKED_UP = {
    "rds:DescribeDBClusters": own("rds", "cluster:team-data"),
    "secretsmanager:DescribeSecret": DATABASE["secret"],
    "cognito-idp:DescribeUserPool": own("cognito-idp", f"userpool/{USER_POOL['id']}"),
    "cognito-idp:DescribeUserPoolClient": own("cognito-idp", f"userpool/{USER_POOL['id']}"),
    "acm:DescribeCertificate": DOMAIN["certificate"],
    "wafv2:GetWebACL": WEB_ACL,
    **{
        f"ec2:Describe{things}": "*"
        for things in ("Vpcs", "Subnets", "SecurityGroups", "RouteTables", "VpcEndpoints")
    },
}


def _existing(
    existing: dict[str, Any] | None, environment: str = "test", outputs: dict[str, str] | None = None
) -> tuple[Document, dict[str, Any]]:
    """The bootstrap stack of a config with existing things, and its outputs."""
    things = {"database": None, "existing": existing} if existing else {}
    github = {**GITHUB, "environments": ["staging", "test"]}
    config = make_config(environment=environment, github=github, **things)
    parsed = parse(bootstrap_template(config, outputs=outputs))
    return Document(parsed), parsed["Outputs"]


@pytest.mark.parametrize("action", LOOKED_UP)
def test_a_plan_looks_up_what_the_config_names(action: str) -> None:
    """ADP-3, SEC-1: each right is there with its thing, on that thing only; a deploy may make a plan, too."""
    (with_all, _), (without, _) = _existing(EXISTING), _existing(None)
    request = Request(action, LOOKED_UP[action])
    for role in ("TestPlanRole", "TestDeployRole"):
        assert allows(with_all.statements(role), request)
        assert not allows(without.statements(role), request)
        if LOOKED_UP[action] != "*":
            assert not allows(with_all.statements(role), Request(action, LOOKED_UP[action] + "x"))


def test_the_boundary_lets_functions_read_the_existing_secret() -> None:
    """ADP-3, SEC-1: by its ARN, and its key by way of Secrets Manager only."""
    policy = _existing(EXISTING)[0].of_type("AWS::IAM::ManagedPolicy")["TestBoundary"]
    boundary = statements_of(policy["PolicyDocument"])
    assert allows(boundary, Request("secretsmanager:GetSecretValue", DATABASE["secret"]))
    assert not allows(boundary, Request("secretsmanager:GetSecretValue", DATABASE["secret"] + "x"))
    assert not allows(boundary, Request("kms:Decrypt", DATABASE["secret_key"]))
    via = {"kms:ViaService": f"secretsmanager.{REGION}.amazonaws.com"}
    assert allows(boundary, Request("kms:Decrypt", DATABASE["secret_key"], via))


def test_the_bootstrap_of_another_environment_keeps_these_rights() -> None:
    """ADP-3: a config knows only its own environment's existing things."""
    first, outputs = _existing(EXISTING)
    recorded = {"TestExisting": outputs["TestExisting"]["Value"]}
    second, kept = _existing(None, "staging", recorded)
    for role in ("TestPlanRole", "TestServiceRole"):
        assert second.statements(role) == first.statements(role)
    policies = [one.of_type("AWS::IAM::ManagedPolicy")["TestBoundary"] for one in (first, second)]
    assert policies[0] == policies[1]
    assert kept["TestExisting"] == outputs["TestExisting"]
    # The environment's own config decides: without the things, nothing of them is left.
    assert "TestExisting" not in _existing(None, "test", recorded)[1]


def test_both_pass_the_service_role_to_cloudformation() -> None:
    passed = {"iam:PassedToService": "cloudformation.amazonaws.com"}
    for policy in (PLAN, DEPLOY):
        assert allows(policy, Request("iam:PassRole", SERVICE_ROLE, passed))
        assert allows(policy, Request("kms:GenerateDataKey", own("kms", "key/TopicKey"), _via("sns")))


def test_both_give_tags_to_a_stack_and_remove_them() -> None:
    """Making and executing a change set each need both rights, beside their own.

    https://docs.aws.amazon.com/service-authorization/latest/reference/list_cloudformation.html
    """
    for policy in (PLAN, DEPLOY):
        for name in (STACK, stack("shop-test-foundation")):
            for action in ("TagResource", "UntagResource"):
                assert allows(policy, Request(f"cloudformation:{action}", name))


def test_the_deploy_role_alone_reads_the_secrets_of_checks() -> None:
    """SEC-1, TRU-3: those that the environment's checks name; the plan role sees no user's password."""
    secret = Request(
        "secretsmanager:GetSecretValue", own("secretsmanager", "secret:shop-test-shopper-AbCdEf")
    )
    for request in (secret, Request("kms:Decrypt", KEY, _via("secretsmanager"))):
        assert allows(DEPLOY, request)
        assert not allows(PLAN, request)
    without = document(github=GITHUB).statements("TestDeployRole")
    assert not allows(without, secret)
    assert not allows(without, Request("cognito-idp:AdminInitiateAuth", POOL, TAGS))


def _via(service: str) -> dict[str, str]:
    return {"kms:ViaService": f"{service}.{REGION}.amazonaws.com"}


OUTSIDE = [
    # Imports: a foreign resource would become the app's own.
    Request(
        "cloudformation:CreateChangeSet",
        STACK,
        BY_SERVICE_ROLE | {"cloudformation:ImportResourceTypes": ["AWS::EC2::VPC"]},
    ),
    *(
        Request(f"cloudformation:{action}", stack(name), BY_SERVICE_ROLE)
        for action in ("CreateChangeSet", "ExecuteChangeSet", "DeleteChangeSet", "GetTemplate")
        for name in (
            "store-test-api", "shop-production-api", "shop-test-2-api", "shop-test-api-2", "shop-bootstrap",
        )
    ),
    *(
        Request(f"cloudformation:{action}", STACK)
        for action in ("CreateStack", "UpdateStack", "DeleteStack", "SetStackPolicy", "CancelUpdateStack")
    ),
    # Not by the caller's own rights, and not by a role of another's.
    Request("cloudformation:CreateChangeSet", STACK),
    Request("cloudformation:CreateChangeSet", STACK, {"cloudformation:RoleArn": f"{SERVICE_ROLE}-2"}),
    *(
        Request("iam:PassRole", f"arn:aws:iam::{ACCOUNT}:role/{name}", {"iam:PassedToService": service})
        for name, service in (
            ("shop-test-cloudformation", "lambda.amazonaws.com"),
            ("shop-production-cloudformation", "cloudformation.amazonaws.com"),
            ("admin", "cloudformation.amazonaws.com"),
            ("shop/test/Api", "lambda.amazonaws.com"),
        )
    ),
    Request("iam:PassRole", SERVICE_ROLE),
    *(
        Request(f"iam:{action}", f"arn:aws:iam::{ACCOUNT}:role/shop-test-deploy")
        for action in ("CreateUser", "CreateRole", "PutRolePolicy", "AttachRolePolicy", "CreateAccessKey")
    ),
    Request("sts:AssumeRole", SERVICE_ROLE),
    *(
        Request(f"s3:{action}", resource)
        for action in ("GetObject", "PutObject", "DeleteObject")
        for resource in (
            "arn:aws:s3:::store-kanmon/test/blobs/aa",
            f"arn:aws:s3:::shop-production-web-{ACCOUNT}/index.html",
            f"{ARTIFACTS}/production/ledger/head.json",
            f"{ARTIFACTS}/production/blobs/aa",
            f"{ARTIFACTS}/bootstrap/aa",
            f"{ARTIFACTS}/blobs/aa",
            f"{ARTIFACTS}/other",
        )
    ),
    # What was recorded stays: there is no way to take a record, or a version of a blob or a record away.
    *(
        Request("s3:DeleteObject", f"{ARTIFACTS}/test/ledger/{key}")
        for key in ("head.json", "releases/r1.json", "deployed/r1.json", "operations/000001.json")
    ),
    *(
        Request(f"s3:{action}", f"{ARTIFACTS}/{key}")
        for action in (
            *("DeleteObjectVersion", "PutObjectAcl", "PutObjectVersionAcl"),
            *("PutObjectTagging", "PutObjectVersionTagging", "DeleteObjectTagging", "RestoreObject"),
            *("PutObjectRetention", "BypassGovernanceRetention", "AbortMultipartUpload", "ReplicateObject"),
        )
        for key in ("test/blobs/aa", "test/ledger/head.json")
    ),
    *(
        Request(f"s3:{action}", bucket)
        for action in ("DeleteBucket", "PutBucketPolicy", "PutBucketVersioning", "PutLifecycleConfiguration")
        for bucket in (ARTIFACTS, WEB)
    ),
    *(
        Request(f"apigateway:{verb}", f"{STAGES}/live", context)
        for verb in ("GET", "PATCH", "DELETE")
        for context in (
            {},
            TAGS | {"aws:ResourceTag/app": "store"},
            TAGS | {"aws:ResourceTag/environment": "production"},
        )
    ),
    Request("apigateway:DELETE", f"{DEPLOYMENTS}/d1", {}),
    Request("apigateway:DELETE", f"{DEPLOYMENTS}/d1", TAGS | {"aws:ResourceTag/environment": "production"}),
    Request("apigateway:POST", DEPLOYMENTS, TAGS),
    Request("apigateway:DELETE", f"arn:aws:apigateway:{REGION}::/restapis/a1", TAGS),
    Request("apigateway:PUT", f"arn:aws:apigateway:{REGION}::/tags/a1", TAGS),
    Request("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": "AWS/Lambda"}),
    Request("cloudwatch:PutMetricData", "*"),
    Request("cloudwatch:SetAlarmState", own("cloudwatch", "alarm:shop-test-rollback")),
    Request("cloudwatch:DisableAlarmActions", own("cloudwatch", "alarm:shop-test-rollback")),
    Request("lambda:InvokeFunction", own("lambda", "function:store-test-blue-api")),
    Request("lambda:InvokeFunction", own("lambda", "function:shop-production-blue-api")),
    Request("lambda:UpdateFunctionCode", own("lambda", "function:shop-test-blue-api")),
    Request("rds:DeleteDBCluster", own("rds", "cluster:shop-test-database")),
    Request("rds:CreateDBClusterSnapshot", own("rds", "cluster:store-test-database")),
    Request("rds:DeleteDBClusterSnapshot", own("rds", "cluster-snapshot:before-the-move")),
    Request("rds:DeleteDBClusterSnapshot", own("rds", "cluster-snapshot:store-test-r1-1")),
    Request("secretsmanager:GetSecretValue", own("secretsmanager", "secret:shop-test-database-AbCdEf")),
    Request("secretsmanager:GetSecretValue", own("secretsmanager", "secret:shop-slack-two-AbCdEf")),
    Request("secretsmanager:GetSecretValue", own("secretsmanager", "secret:shop-test-jwt-AbCdEf")),
    Request("secretsmanager:GetSecretValue", own("secretsmanager", "secret:shop-production-shopper-AbCdEf")),
    Request("cognito-idp:AdminInitiateAuth", POOL, TAGS | {"aws:ResourceTag/environment": "production"}),
    Request("cognito-idp:AdminInitiateAuth", POOL),
    Request("cognito-idp:AdminGetUser", POOL, TAGS),
    Request("sns:Publish", own("sns", "store-kanmon")),
    Request("sns:Subscribe", own("sns", "shop-kanmon")),
    Request("kms:Decrypt", own("kms", "key/TopicKey")),
    Request("ec2:TerminateInstances", own("ec2", "instance/i-1"), TAGS),
]  # fmt: skip


@pytest.mark.parametrize("request_", OUTSIDE, ids=lambda one: f"{one.action} {one.resource[-40:]}")
def test_neither_role_acts_outside_the_apps_environment(request_: Request) -> None:
    assert not allows(PLAN, request_)
    assert not allows(DEPLOY, request_)


def _claims(**changes: str) -> dict[str, str]:
    return {
        "aud": "sts.amazonaws.com",
        "sub": "repo:octo/shop:environment:test",
        "repository_id": "456",
        "job_workflow_ref": RELEASE,
    } | changes


ROLLBACK = RELEASE.replace("release.yml", "rollback.yml")
TAKERS: list[tuple[dict[str, str], str]] = [
    (_claims(), "DeployRole"),
    (_claims(job_workflow_ref=ROLLBACK), "DeployRole"),
    (_claims(sub="repo:octo@123/shop@456:environment:test"), "DeployRole"),
    (_claims(sub="repo:octo/shop:ref:refs/heads/main"), "PlanRole"),
    (_claims(sub="repo:octo@123/shop@456:ref:refs/heads/main"), "PlanRole"),
    (_claims(sub="repo:octo/shop:ref:refs/heads/feature"), ""),
    (_claims(sub="repo:octo/shop:ref:refs/tags/main"), ""),
    (_claims(sub="repo:octo/shop:pull_request"), ""),
    (_claims(sub="repo:octo/shop:environment:test2"), ""),
    (_claims(sub="repo:octo/shop:environment:production"), ""),
    (_claims(sub="repo:octo/shop:environment:*"), ""),
    (_claims(sub="repo:octo/shop2:environment:test"), ""),
    (_claims(sub="repo:evil/shop:environment:test"), ""),
    (_claims(sub="repo:octo@124/shop@456:environment:test"), ""),
    (_claims(sub="repo:octo@123/shop@457:environment:test"), ""),
    (_claims(sub="repo:Octo/shop:environment:test"), ""),
    # The name was taken over by somebody else.
    (_claims(repository_id="999"), ""),
    (_claims(aud="https://github.com/octo"), ""),
    (_claims(job_workflow_ref=f"{FILES[0]}@refs/tags/v{__version__}"), "DeployRole"),
    # Another branch, a pull request, another version, a commit of a fork: GitHub finds it among all forks.
    *(
        (_claims(job_workflow_ref=f"{FILES[0]}@{ref}"), "")
        for ref in (
            "refs/heads/main",
            "refs/heads/x",
            "refs/pull/7/merge",
            "refs/tags/v0",
            "refs/tags/v1",
            "f" * 40,
            f"{COMMIT}0",
            "*",
        )
    ),
    (_claims(job_workflow_ref="octo/shop/.github/workflows/mine.yml@refs/heads/main"), ""),
    (_claims(job_workflow_ref="evil/kanmon/.github/workflows/release.yml@refs/tags/v1"), ""),
    (_claims(job_workflow_ref=RELEASE.replace(".yml", ".yml.yml")), ""),
    ({key: value for key, value in _claims().items() if key != "aud"}, ""),
    ({key: value for key, value in _claims().items() if key != "repository_id"}, ""),
    ({key: value for key, value in _claims().items() if key != "job_workflow_ref"}, ""),
    ({key: value for key, value in _claims().items() if key != "sub"}, ""),
]


@pytest.mark.parametrize(
    ("claims", "taken"), TAKERS, ids=lambda one: str(one.get("sub", "-")) if isinstance(one, dict) else one
)
def test_each_job_takes_its_role_only(claims: dict[str, str], taken: str) -> None:
    for role in ("PlanRole", "DeployRole"):
        assert assumable(ROLES[f"Test{role}"]["AssumeRolePolicyDocument"], claims) is (role == taken), role


def test_without_ids_the_name_alone_is_trusted() -> None:
    roles = document(github={"repository": "octo/shop", "workflows": []}).of_type("AWS::IAM::Role")
    trust = roles["TestDeployRole"]["AssumeRolePolicyDocument"]
    assert assumable(trust, {"aud": "sts.amazonaws.com", "sub": "repo:octo/shop:environment:test"})
    assert not assumable(trust, _claims(sub="repo:octo@123/shop@456:environment:test"))
    assert "@" not in json.dumps(trust["Statement"][0]["Condition"]).replace("sts.amazonaws.com", "")


def test_a_workflow_can_be_pinned_to_its_ref() -> None:
    pinned = "octo/shop/.github/workflows/go.yml@refs/heads/main"
    roles = document(github=GITHUB | {"workflows": [pinned]}).of_type("AWS::IAM::Role")
    trust = roles["TestDeployRole"]["AssumeRolePolicyDocument"]
    assert assumable(trust, _claims(job_workflow_ref=pinned))
    assert not assumable(trust, _claims(job_workflow_ref=pinned + "2"))


def _trusted(outputs: dict[str, str], **github: Any) -> set[str]:
    """The trusted refs. `outputs` become the stack's."""
    body = bootstrap_template(make_config(github=GITHUB | github), outputs=outputs)
    outputs["Workflows"] = parse(body)["Outputs"]["Workflows"]["Value"]
    role = Document(parse(body)).of_type("AWS::IAM::Role")["TestDeployRole"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    return set(statement["Condition"]["StringEquals"]["token.actions.githubusercontent.com:job_workflow_ref"])


def test_an_upgrade_trusts_the_former_version_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """SEC-1: a release between `kanmon bootstrap` and the new workflow files still runs."""
    outputs: dict[str, str] = {}
    first = _trusted(outputs)
    assert first == {ref for file in FILES for ref in pinned(file)}
    for commit in ("2" * 40, "3" * 40):
        monkeypatch.setattr(workflows, "COMMIT", commit)
        now = {ref for file in FILES for ref in pinned(file)}
        for _ in range(2):
            # A second run, perhaps from another environment's config, takes nothing away.
            assert _trusted(outputs) == now | first
        first = now


def test_a_workflow_out_of_the_list_loses_the_trust(monkeypatch: pytest.MonkeyPatch) -> None:
    """SEC-1: also at an upgrade."""
    outputs: dict[str, str] = {}
    nightly = "octo/shop/.github/workflows/nightly.yml@refs/heads/main"
    assert nightly in _trusted(outputs, workflows=[*FILES, nightly])
    assert nightly not in _trusted(outputs)
    assert nightly in _trusted(outputs, workflows=[*FILES, nightly])
    monkeypatch.setattr(workflows, "COMMIT", "2" * 40)
    assert nightly not in _trusted(outputs)


def test_an_exact_list_is_exact() -> None:
    """SEC-1: a former version's refs go as well."""
    outputs: dict[str, str] = {}
    _trusted(outputs)
    own = "octo/shop/.github/workflows/go.yml@refs/heads/main"
    assert _trusted(outputs, workflows=[own]) == {own}


@pytest.mark.parametrize(
    "wrong",
    [
        {"workflows": ["octo/shop/.github/workflows/go.yml"]},
        {"repository_id": 1},
        {"owner_id": 1},
        {"repository": "octo"},
        {"branch": "a*"},
        {"workflows": ["*"]},
    ],
)
def test_trust_in_too_many_or_nobody_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        make_config(github={"repository": "octo/shop"} | wrong)


def test_the_longest_names_still_name_roles() -> None:
    config = make_config(app="a" * 28, environment="e" * 15, github=GITHUB)
    assert len(service_role(config.prefix)) <= 64


def test_the_rights_for_the_checks_of_another_environment_stay() -> None:
    """SEC-1: a config knows its own environment's checks only."""
    both = GITHUB | {"environments": ["test", "staging"]}
    recorded = {"Checks": json.dumps({"staging": {"secrets": ["pay"], "sign_in": True}})}
    config = make_config(github=both, secrets={"key": {}}, checks=[
        {"name": "one", "path": "/", "headers": {"x-key": "${secrets.key}"}},
    ])  # fmt: skip
    parsed = parse(bootstrap_template(config, outputs=recorded))
    made = Document(parsed)

    def reads(role: str, secret: str) -> bool:
        request = Request("secretsmanager:GetSecretValue", own("secretsmanager", f"secret:{secret}-AbCdEf"))
        return allows(made.statements(role), request)

    assert reads("TestDeployRole", "shop-test-key")
    assert reads("StagingDeployRole", "shop-staging-pay")
    assert not reads("TestDeployRole", "shop-test-pay")
    assert not reads("StagingDeployRole", "shop-staging-key")
    now = json.loads(parsed["Outputs"]["Checks"]["Value"])
    assert now == {
        "staging": {"secrets": ["pay"], "sign_in": True},
        "test": {"secrets": ["key"], "sign_in": False},
    }


def test_an_environment_reads_the_records_of_the_one_it_requires() -> None:
    """SEC-1: the deploy's records alone, and only the one that requires it."""
    shared: dict[str, Any] = {"github": GITHUB, "environments": {"staging": {}, "test": {}}}
    staging = make_config(environment="staging", **shared)
    made = Document(parse(bootstrap_template(make_config(requires="staging", **shared), (staging,))))
    records = f"{ARTIFACTS}/staging/ledger"
    for role in ("PlanRole", "DeployRole"):
        own_role, other = made.statements(f"Test{role}"), made.statements(f"Staging{role}")
        assert allows(own_role, Request("s3:GetObject", f"{records}/deployed/r7.json", {}))
        assert not allows(own_role, Request("s3:GetObject", f"{records}/operations/000001.json", {}))
        assert not allows(own_role, Request("s3:GetObject", f"{ARTIFACTS}/staging/blobs/{'0' * 64}", {}))
        assert not allows(own_role, Request("s3:PutObject", f"{records}/deployed/r7.json", {}))
        assert not allows(other, Request("s3:GetObject", f"{ARTIFACTS}/test/ledger/deployed/r7.json", {}))
