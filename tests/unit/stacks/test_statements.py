"""What a person sees of the permissions in a template, before it is applied (SEC-1, TRU-1)."""

from __future__ import annotations

import pytest

from kanmon.stacks.statements import alike, permission_changes, wrapped
from kanmon.templates.api import api_template
from kanmon.templates.bootstrap import bootstrap_template
from tests.fakes.app import make_config
from tests.fakes.configs import GITHUB

OPEN = (
    "+ PublicAccessBlockConfiguration: BlockPublicAcls = true; BlockPublicPolicy = false; "
    "IgnorePublicAcls = true; RestrictPublicBuckets = true"
)
WHOLE = bootstrap_template(make_config(github=GITHUB))


def _changed(old: str, new: str) -> dict[str, tuple[str, ...]]:
    assert old in WHOLE
    return permission_changes(WHOLE, WHOLE.replace(old, new))


def _resource(kind: str, properties: str) -> dict[str, tuple[str, ...]]:
    """A new resource."""
    return permission_changes("", f"Resources:\n  One:\n    Type: {kind}\n    Properties:\n{properties}")


def _statement(statement: str) -> list[str]:
    """The lines of one statement in flow style."""
    policy = f"      PolicyDocument:\n        Statement: [{statement}]\n"
    return [line.removeprefix("+ ") for line in _resource("AWS::SQS::QueuePolicy", policy)["One"]]


def test_the_same_template_changes_no_permission() -> None:
    assert permission_changes(WHOLE, WHOLE) == {}


def test_a_changed_statement_is_shown_whole_before_and_after() -> None:
    """TRU-1"""
    changes = _changed("Action: cloudformation:ExecuteChangeSet", 'Action: "*"')
    assert changes.keys() == {"StagingDeployStacksPolicy", "TestDeployStacksPolicy"}
    lines = changes["TestDeployStacksPolicy"]
    assert lines[0] == "- Allow Execute: cloudformation:ExecuteChangeSet"
    assert lines[1].startswith("-   Resource: cloudformation:::stack/shop-test-foundation/*, ")
    assert lines[2] == "+ Allow Execute: *"
    assert lines[3] == lines[1].replace("-", "+", 1)


def test_a_new_role_shows_its_trust_and_its_permissions() -> None:
    """TRU-1"""
    owner = """
  Owner:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {AWS: "666666666666"}, Action: sts:AssumeRole}]
      Policies:
        - PolicyName: all
          PolicyDocument:
            Version: "2012-10-17"
            Statement: {Effect: Allow, Action: "*", Resource: "*"}
Outputs:"""
    assert _changed("\nOutputs:", owner)["Owner"] == (
        "+ Allow: sts:AssumeRole",
        "+   Principal: AWS = 666666666666",
        "+ Allow: *",
        "+   Resource: *",
    )


def test_a_removed_statement_is_shown() -> None:
    """TRU-1: a bucket policy that lets anybody write again."""
    lines = _changed("Sid: RefusePlainHttp", "Sid: Other")["ArtifactBucketPolicy"]
    assert lines[0] == "- Deny RefusePlainHttp: s3:*"
    assert "+ Deny Other: s3:*" in lines


@pytest.mark.parametrize(
    ("old", "new", "resource", "line"),
    [
        (
            "        - !Ref TestTaggedPolicy\n",
            "        - arn:aws:iam::aws:policy/AdministratorAccess\n",
            "TestServiceRole",
            "+ ManagedPolicyArns: ${TestDataPolicy}, arn:aws:iam::aws:policy/AdministratorAccess",
        ),
        (
            "MaxSessionDuration: 7200",
            "MaxSessionDuration: 43200",
            "TestDeployRole",
            "+ MaxSessionDuration: 43200",
        ),
        (
            "ClientIdList: [sts.amazonaws.com]",
            "ClientIdList: [sts.amazonaws.com, evil]",
            "GithubProvider",
            "+ ClientIdList: sts.amazonaws.com, evil",
        ),
        (
            "Url: https://token.actions.githubusercontent.com",
            "Url: https://evil.example",
            "GithubProvider",
            "+ Url: https://evil.example",
        ),
        (
            "BlockPublicPolicy: true",
            "BlockPublicPolicy: false",
            "ArtifactBucket",
            OPEN,
        ),
        ("EnableKeyRotation: true", "EnableKeyRotation: false", "TestKey", "+ EnableKeyRotation: false"),
        (
            "    Type: AWS::KMS::Key\n    DeletionPolicy: RetainExceptOnCreate",
            "    Type: AWS::KMS::Key\n    DeletionPolicy: Delete",
            "TestKey",
            "+ DeletionPolicy: Delete",
        ),
    ],
)
def test_a_changed_property_is_shown(old: str, new: str, resource: str, line: str) -> None:
    """TRU-1: a resource's permissions are not in its statements alone."""
    lines = _changed(old, new)[resource]
    assert line in lines
    assert lines[0].startswith(f"- {line.removeprefix('+ ').partition(':')[0]}: ")


@pytest.mark.parametrize(
    ("properties", "line"),
    [
        ("      Users: [eve]\n", "+ Users: eve"),
        ("      Roles: [!Ref Owner]\n", "+ Roles: ${Owner}"),
        ("      Groups: [all]\n", "+ Groups: all"),
        (
            '      PermissionsBoundary: !Sub "arn:${AWS::Partition}:iam::${AWS::AccountId}:policy/none"\n',
            "+ PermissionsBoundary: iam:::policy/none",
        ),
        ("      Enabled: false\n", "+ Enabled: false"),
        ("      PolicyDocument: {Version: '2008-10-17'}\n", "+ PolicyDocument: Version = 2008-10-17"),
    ],
)
def test_every_property_of_iam_is_shown(properties: str, line: str) -> None:
    """TRU-1: the rule has no list of properties, so it misses none."""
    assert _resource("AWS::IAM::ManagedPolicy", properties)["One"] == (line,)


def test_other_resources_show_their_statements_alone() -> None:
    """TRU-1: a policy may be anywhere; a function's memory decides about no permission."""
    body = "      Body:\n        x-policy:\n          Statement: [{Effect: Allow, Action: a}]\n"
    assert _resource("AWS::ApiGateway::RestApi", f"      Name: x\n{body}")["One"] == ("+ Allow: a",)
    assert _resource("AWS::Lambda::Function", "      MemorySize: 512\n") == {}


def test_each_key_of_a_statement_has_its_line() -> None:
    statement = (
        "{Effect: Deny, Sid: Some, NotAction: [a:B, a:C], NotPrincipal: {AWS: [v, w]}, NotResource: r, "
        "Condition: {StringEquals: {k: [1, 2], l: m}, Bool: {m: false}}, Other: o}"
    )
    assert _statement(statement) == [
        "Deny Some:",
        "  NotAction: a:B, a:C",
        "  NotPrincipal: AWS = v, w",
        "  NotResource: r",
        "  Other: o",
        "  Condition StringEquals: k = 1, 2",
        "  Condition StringEquals: l = m",
        "  Condition Bool: m = false",
    ]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ('!Sub "arn:${AWS::Partition}:sqs:${AWS::Region}:${AWS::AccountId}:q"', "sqs:::q"),
        ('!Sub "arn:${AWS::Partition}:sqs:${AWS::Region}:666666666666:q"', None),
        ('!Sub "arn:${AWS::Partition}:sqs:*:*:q"', None),
        ('"arn:aws:sqs:eu-west-1:666666666666:q"', None),
        ("!GetAtt Queue.Arn", "${Queue.Arn}"),
        ("!Ref Queue", "${Queue}"),
        ("!If [Live, a, b]", "!If = Live, a, b"),
    ],
)
def test_only_the_own_account_is_left_out_of_an_arn(value: str, shown: str | None) -> None:
    """TRU-1: a foreign account stands there in full."""
    expected = shown or value.partition('"')[2].rstrip('"')
    assert _statement(f"{{Effect: Allow, Action: a, Resource: {value}}}")[1] == f"  Resource: {expected}"


def test_a_foreign_text_adds_no_line_to_a_statement() -> None:
    """TRU-5"""
    lines = _statement(r'{Effect: Allow, Sid: "a\n+ Deny all: *", Action: "b\u2028- c", Resource: "\e[2Jx"}')
    assert lines == ["Allow a + Deny all: *: b - c", "  Resource: [2Jx"]


@pytest.mark.parametrize("statement", ["text", "[]", "{Effect: [a], Condition: x}", "{Condition: {a: b}}"])
def test_a_broken_statement_is_shown_as_it_is(statement: str) -> None:
    """TRU-6: somebody else may have written the deployed template."""
    assert all(_statement(statement))


def test_a_deployed_template_in_another_form_shows_all_as_new() -> None:
    assert permission_changes('{"Resources": {}}', WHOLE) == permission_changes("", WHOLE)


def test_a_long_line_is_wrapped_below_its_sign() -> None:
    line = "+   Resource: " + ", ".join(f"lambda:::function:shop-test-{number}" for number in range(4))
    assert wrapped(line, 60) == [
        "+   Resource: lambda:::function:shop-test-0,",
        "+       lambda:::function:shop-test-1,",
        "+       lambda:::function:shop-test-2,",
        "+       lambda:::function:shop-test-3",
    ]


def test_environments_are_alike_but_for_their_names() -> None:
    changes = permission_changes("", WHOLE)
    test, staging = changes["TestDeployRole"], changes["StagingDeployRole"]
    assert alike(test, staging, "test", "staging")
    assert not alike((*test, "+ Allow: *"), staging, "test", "staging")
    assert not alike(test, staging, "test", "production")


def test_a_layer_is_shown_beside_the_permissions() -> None:
    """TRU-1: it is the code of others, and runs with the function's permissions."""
    layers = (
        "Layers: [arn:aws:lambda:eu-central-1:444455556666:layer:fonts:3, arn:aws:lambda:x:1:layer:log:1]"
    )
    found = _resource("AWS::Lambda::Function", f"      Handler: shop.api\n      {layers}\n")["One"]
    assert found == (
        "+ Layers: arn:aws:lambda:eu-central-1:444455556666:layer:fonts:3, arn:aws:lambda:x:1:layer:log:1",
    )
    old = f"Resources:\n  One:\n    Type: AWS::Lambda::Function\n    Properties:\n      {layers}\n"
    changed = permission_changes(old, old.replace("fonts:3", "fonts:4"))["One"]
    assert [line[:10] for line in changed] == ["- Layers: ", "+ Layers: "]
    assert _resource("AWS::Lambda::Function", "      Handler: shop.api\n") == {}


def _api(**api: object) -> str:
    routes = [
        {"path": "/api/{proxy+}", "function": "api"},
        {"path": "/api/old", "method": "GET", "mock": {"status": 301}},
    ]
    given = {"routes": routes, "authorizers": {"users": {"user_pool": True}}, "authorizer": "users"}
    return api_template(make_config(user_pool={}, api=given | api))


def test_an_api_shows_who_may_ask_it() -> None:
    """TRU-1, INF-6: a route that is opened is a permission, too."""
    shown = permission_changes("", _api())["RestApi"]
    pool = "providerARNs = cognito-idp:::userpool/${UserPoolId}"
    asked = "identitySource = method.request.header.Authorization"
    assert shown == (
        f"+ authorizer users: type = cognito_user_pools; {asked}; {pool}",
        "+ GET /api/old: everybody",
        "+ ANY /api/{proxy+}: users",
    )


def test_an_opened_route_and_another_scope_are_shown() -> None:
    """TRU-1"""
    routes = [
        {"path": "/api/{proxy+}", "function": "api", "authorizer": "none"},
        {"path": "/api/a", "function": "api", "scopes": ["email", "openid"]},
    ]
    assert permission_changes(_api(), _api(routes=routes))["RestApi"] == (
        "- GET /api/old: everybody",
        "- ANY /api/{proxy+}: users",
        "+ ANY /api/a: users with email or openid",
        "+ ANY /api/{proxy+}: everybody",
    )


def test_an_api_without_authorizers_shows_no_routes() -> None:
    """Each is for everybody, and the functions decide."""
    assert "RestApi" not in permission_changes("", api_template(make_config()))
