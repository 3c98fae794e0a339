"""The foundation's clauses, one by one, in the rendered template: network, database, secrets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kanmon.stacks.changes import STATEFUL
from kanmon.stacks.user_triggers import POOL_PARAMETERS
from kanmon.templates.foundation import foundation_template
from kanmon.templates.slot import slot_template
from tests.fakes.app import GREETING, SECRETS, USER_POOL, make_config, make_definitions, make_full_config
from tests.fakes.linted import findings
from tests.unit.templates.parsed import Resource, of_kind, parse

if TYPE_CHECKING:
    from kanmon.config.schema import Config


_ALONE: dict[str, Any] = {
    "functions": {"api": {"handler": "shop.api", "artifact": "build/api"}},
    "hooks": [],
    "database": None,
}
EVERYTHING = make_full_config()
CONFIGS = {
    "database": make_config(),
    "secrets": make_config(**_ALONE, secrets=SECRETS),
    "nothing": make_config(**_ALONE),
    "everything": EVERYTHING,
}


def _resources(config: Config = EVERYTHING) -> dict[str, Resource]:
    resources: dict[str, Resource] = parse(foundation_template(config))["Resources"]
    return resources


def _of(kind: str, config: Config = EVERYTHING) -> dict[str, Resource]:
    return of_kind(foundation_template(config), kind)


@pytest.mark.parametrize("name", CONFIGS)
def test_cfn_lint_finds_nothing(name: str) -> None:
    """Not even a hint."""
    assert findings(foundation_template(CONFIGS[name])) == []


@pytest.mark.parametrize("name", CONFIGS)
def test_it_reads_as_one_text(name: str) -> None:
    body = foundation_template(CONFIGS[name])
    assert "\n\n\n" not in body
    assert not [line for line in body.splitlines() if line != line.rstrip()]
    assert body == foundation_template(CONFIGS[name].model_copy())


def test_only_configured_things_are_there() -> None:
    kinds = {name: {r["Type"] for r in _resources(config).values()} for name, config in CONFIGS.items()}
    assert kinds["nothing"] == {"AWS::Logs::LogGroup"}
    assert kinds["secrets"] == {"AWS::SecretsManager::Secret", "AWS::Logs::LogGroup"}
    assert "AWS::SecretsManager::Secret" not in kinds["database"]
    services = [
        endpoint.get("VpcEndpointType") for endpoint in _of("EC2::VPCEndpoint", make_config()).values()
    ]
    assert services == ["Gateway"]


def test_two_public_and_two_private_subnets_in_two_zones() -> None:
    """INF-1"""
    (vpc,) = _of("EC2::VPC").values()
    assert vpc["CidrBlock"] == "10.0.0.0/16"
    subnets = _of("EC2::Subnet")
    assert {name: subnet["CidrBlock"] for name, subnet in subnets.items()} == {
        "PublicSubnetA": "10.0.1.0/24",
        "PublicSubnetB": "10.0.2.0/24",
        "PrivateSubnetA": "10.0.11.0/24",
        "PrivateSubnetB": "10.0.12.0/24",
    }
    for name, subnet in subnets.items():
        zone = {"A": 0, "B": 1}[name[-1]]
        assert subnet["AvailabilityZone"]["Select"][0] == zone
        assert subnet["MapPublicIpOnLaunch"] is False


def test_private_subnets_go_out_by_the_one_nat_gateway() -> None:
    """INF-1"""
    (nat,) = _of("EC2::NatGateway").values()
    assert nat["SubnetId"] == {"Ref": "PublicSubnetA"}
    assert nat["AllocationId"] == {"GetAtt": "NatAddress.AllocationId"}
    assert list(_of("EC2::EIP")) == ["NatAddress"]
    table_of = {
        association["SubnetId"]["Ref"]: association["RouteTableId"]["Ref"]
        for association in _of("EC2::SubnetRouteTableAssociation").values()
    }
    ways = {route["RouteTableId"]["Ref"]: route for route in _of("EC2::Route").values()}
    for subnet in _of("EC2::Subnet"):
        way = ways[table_of[subnet]]
        assert way["DestinationCidrBlock"] == "0.0.0.0/0"
        if subnet.startswith("Private"):
            assert way["NatGatewayId"] == {"Ref": "NatGateway"}
        else:
            assert way["GatewayId"] == {"Ref": "InternetGateway"}


def test_endpoints() -> None:
    """INF-1: S3's always, the others as configured, for functions only."""
    endpoints = _of("EC2::VPCEndpoint")
    s3 = endpoints.pop("BucketEndpoint")
    assert s3["VpcEndpointType"] == "Gateway"
    assert s3["ServiceName"]["Sub"].endswith(".s3")
    assert s3["RouteTableIds"] == [{"Ref": "PrivateRoutes"}]
    services = {endpoint["ServiceName"]["Sub"].rpartition(".")[2] for endpoint in endpoints.values()}
    assert services == {"secretsmanager", "kms", "bedrock-runtime"}
    for endpoint in endpoints.values():
        assert endpoint["PrivateDnsEnabled"] is True
        assert endpoint["SubnetIds"] == [{"Ref": "PrivateSubnetA"}, {"Ref": "PrivateSubnetB"}]
        assert endpoint["SecurityGroupIds"] == [{"GetAtt": "EndpointSecurityGroup.GroupId"}]


@pytest.mark.parametrize("name", ["database", "everything"])
def test_only_functions_reach_the_database(name: str) -> None:
    """INF-2: the database hears the functions on 5432; nobody calls a function; nothing else goes out."""
    config = CONFIGS[name]
    for group in _of("EC2::SecurityGroup", config).values():
        assert "SecurityGroupIngress" not in group
        (inline,) = group["SecurityGroupEgress"]
        assert inline["CidrIp"] == "127.0.0.1/32"
    functions = {"GetAtt": "FunctionSecurityGroup.GroupId"}
    database = {"GetAtt": "DatabaseSecurityGroup.GroupId"}
    endpoints = {"GetAtt": "EndpointSecurityGroup.GroupId"}
    inbound = [
        (rule["GroupId"], rule["FromPort"], rule["ToPort"], rule["SourceSecurityGroupId"])
        for rule in _of("EC2::SecurityGroupIngress", config).values()
    ]
    wanted = [(database, 5432, 5432, functions)]
    assert inbound == wanted + ([(endpoints, 443, 443, functions)] if name == "everything" else [])
    outbound = [
        (rule["GroupId"], rule["IpProtocol"], rule["FromPort"], rule["ToPort"],
         rule.get("CidrIp") or rule["DestinationSecurityGroupId"])
        for rule in _of("EC2::SecurityGroupEgress", config).values()
    ]  # fmt: skip
    assert outbound == [
        (functions, "tcp", 443, 443, "0.0.0.0/0"),
        (functions, "tcp", 5432, 5432, database),
    ]


def test_the_databases_cluster() -> None:
    """INF-3, SEC-4"""
    (cluster,) = _of("RDS::DBCluster").values()
    assert cluster["Engine"] == "aurora-postgresql"
    assert cluster["ServerlessV2ScalingConfiguration"] == {"MinCapacity": 0.5, "MaxCapacity": 2.0}
    assert cluster["StorageEncrypted"] is True
    assert cluster["KmsKeyId"] == {"Ref": "KeyArn"}
    assert cluster["BackupRetentionPeriod"] == 7
    assert cluster["PreferredBackupWindow"] == "03:00-04:00"
    assert cluster["DeletionProtection"] == {"Ref": "ProtectDatabase"}
    assert cluster["EnableIAMDatabaseAuthentication"] is True
    assert cluster["EnableCloudwatchLogsExports"] == ["postgresql"]
    assert cluster["VpcSecurityGroupIds"] == [{"GetAtt": "DatabaseSecurityGroup.GroupId"}]
    (parameters,) = _of("RDS::DBClusterParameterGroup").values()
    assert parameters["Parameters"]["rds.force_ssl"] == "1"
    (subnets,) = _of("RDS::DBSubnetGroup").values()
    assert subnets["SubnetIds"] == [{"Ref": "PrivateSubnetA"}, {"Ref": "PrivateSubnetB"}]
    resource = _resources()["DatabaseCluster"]
    assert resource["DeletionPolicy"] == "Snapshot"
    assert resource["UpdateReplacePolicy"] == "Snapshot"


def test_a_writer_and_a_reader_in_different_zones() -> None:
    """INF-3"""
    instances = _of("RDS::DBInstance")
    assert [instance["AvailabilityZone"]["Select"][0] for instance in instances.values()] == [0, 1]
    for instance in instances.values():
        assert instance["DBClusterIdentifier"] == {"Ref": "DatabaseCluster"}
        assert instance["DBInstanceClass"] == "db.serverless"
        assert instance["PubliclyAccessible"] is False
        assert instance["EnablePerformanceInsights"] is True
        assert instance["PerformanceInsightsKMSKeyId"] == {"Ref": "KeyArn"}
    # So the first is the writer.
    assert _resources()["DatabaseInstanceB"]["DependsOn"] == "DatabaseInstanceA"


def test_the_databases_logs_are_encrypted_and_end() -> None:
    """INF-3, MON-4, SEC-4: the group is there before the cluster writes to it."""
    logs = _of("Logs::LogGroup")["DatabaseLogs"]
    (cluster,) = _of("RDS::DBCluster").values()
    assert logs["LogGroupName"] == f"/aws/rds/cluster/{cluster['DBClusterIdentifier']}/postgresql"
    assert logs["RetentionInDays"] == 30
    assert logs["KmsKeyId"] == {"Ref": "KeyArn"}
    longer = _of("Logs::LogGroup", make_full_config(logs={"days": 60})).values()
    assert {one["RetentionInDays"] for one in longer} == {60}
    assert _resources()["DatabaseCluster"]["DependsOn"] == "DatabaseLogs"


def test_the_databases_credentials_rotate() -> None:
    """INF-4: every 30 days, by RDS itself, encrypted with the app's key."""
    (cluster,) = _of("RDS::DBCluster").values()
    assert cluster["ManageMasterUserPassword"] is True
    assert cluster["MasterUserSecret"] == {"KmsKeyId": {"Ref": "KeyArn"}}
    (rotation,) = _of("SecretsManager::RotationSchedule").values()
    assert rotation["SecretId"] == {"GetAtt": "DatabaseCluster.MasterUserSecret.SecretArn"}
    assert rotation["RotationRules"] == {"AutomaticallyAfterDays": 30}


def test_the_apps_secrets() -> None:
    """INF-4: signing key, webhook and provider key, encrypted with the app's key."""
    secrets = _of("SecretsManager::Secret")
    assert {secret["Name"] for secret in secrets.values()} == {
        "shop-test-jwt",
        "shop-test-slack",
        "shop-test-ai-provider",
    }
    for secret in secrets.values():
        assert secret["KmsKeyId"] == {"Ref": "KeyArn"}
    generated = {name: "GenerateSecretString" in secret for name, secret in secrets.items()}
    assert generated == {"JwtSecret": True, "SlackSecret": False, "AiProviderSecret": False}


def test_a_description_does_not_change_a_generated_secret() -> None:
    """INF-4: any change there would make a new value."""
    secrets = {"jwt": {"value": "generated", "description": "Other."}}
    (other,) = _of("SecretsManager::Secret", make_config(secrets=secrets)).values()
    assert other["GenerateSecretString"] == _of("SecretsManager::Secret")["JwtSecret"]["GenerateSecretString"]


@pytest.mark.parametrize("name", CONFIGS)
def test_no_secrets_value_is_anywhere(name: str) -> None:
    """INF-4: not in the template, a parameter, an output or a function's environment."""
    config = CONFIGS[name]
    keys = dict.fromkeys(config.functions, "test/blobs/" + "a" * 64)
    for template in (foundation_template(config), slot_template(config, keys, make_definitions(config))):
        for word in ("SecretString:", "MasterUserPassword:", "{{resolve", "NoEcho"):
            assert word not in template.replace("GenerateSecretString:", "").replace("ManageMaster", ""), word
    values = {key: output["Value"] for key, output in parse(foundation_template(config))["Outputs"].items()}
    for key, value in values.items():
        if "Secret" in key:
            # Return values of these are ARNs.
            assert value in (
                {"Ref": key.removesuffix("Arn")},
                {"GetAtt": "DatabaseCluster.MasterUserSecret.SecretArn"},
            ), key


def _slot() -> dict[str, Resource]:
    keys = dict.fromkeys(EVERYTHING.functions, "test/blobs/" + "a" * 64)
    resources: dict[str, Resource] = parse(slot_template(EVERYTHING, keys, make_definitions(EVERYTHING)))[
        "Resources"
    ]
    return resources


def test_functions_read_their_own_secrets_at_run_time() -> None:
    """INF-4, SEC-2: each has the ARNs of the secrets it names, and may read no other."""
    resources = _slot()
    wanted = {
        "Api": ["DatabaseSecretArn", "AiProviderSecretArn", "JwtSecretArn"],
        "Migrate": ["DatabaseSecretArn"],
        "Notify": ["SlackSecretArn"],
        "Plain": [],
    }
    variable = {
        "DatabaseSecretArn": "DATABASE_SECRET_ARN",
        "AiProviderSecretArn": "AI_PROVIDER_SECRET_ARN",
        "JwtSecretArn": "JWT_SECRET_ARN",
        "SlackSecretArn": "SLACK_SECRET_ARN",
    }
    for function, secrets in wanted.items():
        (policy,) = resources[f"{function}Role"]["Properties"]["Policies"]
        statements = {item["Sid"]: item for item in policy["PolicyDocument"]["Statement"]}
        readable = statements.get("OwnSecrets", {}).get("Resource", [])
        assert readable == [{"Ref": secret} for secret in secrets]
        assert ("OwnSecretsKey" in statements) is bool(secrets)
        variables = resources[f"{function}Function"]["Properties"]["Environment"]["Variables"]
        given = {key: value for key, value in variables.items() if key.endswith("_SECRET_ARN")}
        assert given == {variable[secret]: {"Ref": secret} for secret in secrets}
        assert ("DATABASE_HOST" in variables) is ("DatabaseSecretArn" in secrets)


@pytest.mark.parametrize("name", CONFIGS)
def test_resources_with_state_have_a_policy_for_their_end(name: str) -> None:
    """INF-3, INF-4"""
    for logical_id, resource in _resources(CONFIGS[name]).items():
        if resource["Type"] in STATEFUL:
            kept = {"RetainExceptOnCreate", "Snapshot"}
            # The cluster's storage is not its instances'.
            kept |= {"Delete"} if resource["Type"] == "AWS::RDS::DBInstance" else set()
            assert resource["DeletionPolicy"] in kept, logical_id
            assert resource["UpdateReplacePolicy"] in kept | {"Retain"}, logical_id


def test_it_stays_far_below_cloudformations_limits() -> None:
    """500 resources, 200 outputs, 1 MB; 51,200 bytes without S3."""
    template: str = foundation_template(EVERYTHING)
    parsed = parse(template)
    assert len(parsed["Resources"]) < 60
    assert len(parsed["Outputs"]) < 20
    assert len(template) < 51_200


def test_queues_outlive_releases_and_are_encrypted() -> None:
    """SEC-4: each with a queue beside it for its function's failures; plain HTTP is refused."""
    queues = _of("SQS::Queue")
    assert {queue["QueueName"] for queue in queues.values()} == {
        "shop-test-mail",
        "shop-test-mail-dead",
        "shop-test-bulk",
        "shop-test-bulk-dead",
    }
    mail, dead = queues["MailQueue"], queues["MailDeadLetters"]
    assert mail["RedrivePolicy"] == {
        "deadLetterTargetArn": {"GetAtt": "MailDeadLetters.Arn"},
        "maxReceiveCount": 3,
    }
    assert mail["MessageRetentionPeriod"] == 4 * 86400
    assert dead["MessageRetentionPeriod"] == 14 * 86400
    # Their functions may take 30 seconds; 100 messages are gathered for one more.
    assert mail["VisibilityTimeout"] == 180
    assert queues["BulkQueue"]["VisibilityTimeout"] == 181
    guarded = {policy["Queues"][0]["Ref"]: policy for policy in _of("SQS::QueuePolicy").values()}
    for name, queue in queues.items():
        assert queue["KmsMasterKeyId"] == {"Ref": "KeyArn"}
        (statement,) = guarded[name]["PolicyDocument"]["Statement"]
        assert statement["Effect"] == "Deny"
        assert statement["Resource"] == {"GetAtt": f"{name}.Arn"}
        assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_a_message_is_hidden_as_long_as_its_function_may_need() -> None:
    functions = {"api": {"handler": "a", "artifact": "b", "timeout": 100}}
    config = make_config(**_ALONE | {"functions": functions}, queues={"mail": {"function": "api"}})
    assert _of("SQS::Queue", config)["MailQueue"]["VisibilityTimeout"] == 600


@pytest.mark.parametrize(
    ("user_pool", "closed", "mfa", "factors"),
    [
        ({}, True, "OPTIONAL", ["SOFTWARE_TOKEN_MFA"]),
        ({"sign_up": "anybody", "mfa": "off"}, False, "OFF", None),
        ({"mfa": "required"}, True, "ON", ["SOFTWARE_TOKEN_MFA"]),
    ],
)
def test_the_apps_user_pool(
    user_pool: dict[str, str], closed: bool, mfa: str, factors: list[str] | None
) -> None:
    (pool,) = _of("Cognito::UserPool", make_config(user_pool=user_pool)).values()
    assert pool["AdminCreateUserConfig"] == {"AllowAdminCreateUserOnly": closed}
    assert pool["MfaConfiguration"] == mfa
    assert pool.get("EnabledMfas") == factors
    assert pool["DeletionProtection"] == {"If": ["UserPoolProtected", "ACTIVE", "INACTIVE"]}
    password = pool["Policies"]["PasswordPolicy"]
    assert password["MinimumLength"] >= 12
    assert {key for key, value in password.items() if value is True} == {
        "RequireLowercase",
        "RequireUppercase",
        "RequireNumbers",
        "RequireSymbols",
    }
    assert "UserPoolAddOns" not in pool
    (client,) = _of("Cognito::UserPoolClient", make_config(user_pool=user_pool)).values()
    assert client["UserPoolId"] == {"Ref": "UserPool"}
    assert client["GenerateSecret"] is False
    assert client["EnableTokenRevocation"] is True
    assert client["PreventUserExistenceErrors"] == "ENABLED"


def test_a_pool_says_all_that_its_section_says() -> None:
    """INF-4: in Cognito's words."""
    config = make_config(user_pool=USER_POOL)
    (pool,) = _of("Cognito::UserPool", config).values()
    assert {one["Name"]: one for one in pool["Schema"]} == {
        "given_name": {"Name": "given_name", "Required": True, "Mutable": True},
        "plan": {
            "Name": "plan",
            "AttributeDataType": "String",
            "Mutable": True,
            "StringAttributeConstraints": {"MinLength": "0", "MaxLength": "20"},
        },
        "seats": {
            "Name": "seats",
            "AttributeDataType": "Number",
            "Mutable": False,
            "NumberAttributeConstraints": {"MinValue": "1"},
        },
        "theme": {"Name": "theme", "AttributeDataType": "String", "Mutable": True},
    }
    password = pool["Policies"]["PasswordPolicy"]
    assert (password["MinimumLength"], password["RequireSymbols"]) == (16, False)
    assert pool["EmailConfiguration"] == {
        "EmailSendingAccount": "DEVELOPER",
        "From": "Shop <no-reply@mail.shop.example.com>",
        "SourceArn": USER_POOL["mail"]["identity"],
        "ReplyToEmailAddress": "help@shop.example.com",
        "ConfigurationSet": "users",
    }
    assert pool["VerificationMessageTemplate"]["EmailSubject"] == "Your c\u00f6de"
    invited = pool["AdminCreateUserConfig"]
    assert invited["AllowAdminCreateUserOnly"] is False
    assert invited["InviteMessageTemplate"]["EmailMessage"] == "{username}: {####}"


def test_the_client_signs_users_in_by_cognitos_pages() -> None:
    config = make_config(user_pool=USER_POOL)
    (client,) = _of("Cognito::UserPoolClient", config).values()
    assert client["AllowedOAuthFlowsUserPoolClient"] is True
    assert client["AllowedOAuthFlows"] == ["code"]
    assert client["AllowedOAuthScopes"] == ["openid", "orders/write"]
    assert client["CallbackURLs"] == USER_POOL["hosted_login"]["callback_urls"]
    assert (client["AccessTokenValidity"], client["IdTokenValidity"]) == (15, 2)
    assert client["TokenValidityUnits"] == {
        "AccessToken": "minutes", "IdToken": "hours", "RefreshToken": "days"
    }  # fmt: skip
    assert _resources(config)["UserPoolClient"]["DependsOn"] == ["OrdersScopes"]
    (domain,) = _of("Cognito::UserPoolDomain", config).values()
    assert domain == {"UserPoolId": {"Ref": "UserPool"}, "Domain": "shop-login"}
    (server,) = _of("Cognito::UserPoolResourceServer", config).values()
    assert [one["ScopeName"] for one in server["Scopes"]] == ["read", "write"]


def test_the_pool_calls_the_functions_of_one_slot() -> None:
    """CD-8: each template has every trigger, so no update of the foundation adds or removes one."""
    config = make_config(user_pool=USER_POOL | GREETING)
    template = parse(foundation_template(config))
    (pool,) = _of("Cognito::UserPool", config).values()
    assert pool == _of("Cognito::UserPool", make_config(user_pool=USER_POOL))["UserPool"]
    function = (
        "arn:${AWS::Partition}:lambda:${AWS::Region}:${AWS::AccountId}:function:shop-test-${UserTriggers}"
    )
    nothing = {"Ref": "AWS::NoValue"}
    for name, key in POOL_PARAMETERS.items():
        calls, called = f"Calls{name}", {"Sub": f"{function}-${{{name}}}"}
        assert template["Conditions"][calls] == {"Not": [{"Equals": [{"Ref": name}, ""]}]}
        if key == "pre_token_generation_v2":
            second = {"LambdaVersion": "V2_0", "LambdaArn": called}
            assert pool["LambdaConfig"]["PreTokenGenerationConfig"] == {"If": [calls, second, nothing]}
        else:
            assert pool["LambdaConfig"]["".join(map(str.capitalize, key.split("_")))] == {
                "If": [calls, called, nothing]
            }
    assert template["Parameters"]["UserTriggers"]["AllowedValues"] == ["none", "blue", "green"]


@pytest.mark.parametrize(
    ("triggers", "flows"),
    [
        ({}, []),
        ({"user_migration": "api"}, ["ALLOW_USER_PASSWORD_AUTH"]),
        (
            dict.fromkeys(
                ("define_auth_challenge", "create_auth_challenge", "verify_auth_challenge_response"), "api"
            ),
            ["ALLOW_CUSTOM_AUTH"],
        ),
    ],
)
def test_the_client_takes_the_logins_of_the_triggers(triggers: dict[str, str], flows: list[str]) -> None:
    """SEC-2: and no others."""
    (client,) = _of("Cognito::UserPoolClient", make_config(user_pool={"triggers": triggers})).values()
    assert client["ExplicitAuthFlows"] == ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", *flows]


def test_users_change_only_attributes_that_are_writable() -> None:
    """SEC-2: what a user pays is no attribute that the user's own token may change."""
    (client,) = _of("Cognito::UserPoolClient", make_config(user_pool=USER_POOL)).values()
    assert {one for one in client["WriteAttributes"] if ":" in one} == {"custom:theme"}
    assert {one for one in client["ReadAttributes"] if ":" in one} == {
        "custom:plan", "custom:seats", "custom:theme"
    }  # fmt: skip
    (closed,) = _of("Cognito::UserPoolClient", make_config(user_pool={"attributes": {"plan": {}}})).values()
    assert "WriteAttributes" not in closed
    assert "custom:plan" in closed["ReadAttributes"]
    assert "email_verified" not in client["WriteAttributes"]


def test_resources_with_state_are_kept() -> None:
    """Also of the parts of some apps only."""
    for name, resource in _resources().items():
        if resource["Type"] in STATEFUL - {"AWS::RDS::DBInstance"}:
            assert resource["DeletionPolicy"] in {"RetainExceptOnCreate", "Snapshot"}, name
            assert resource["UpdateReplacePolicy"] in {"Retain", "Snapshot"}, name


@pytest.mark.parametrize("case", CONFIGS)
def test_the_access_log_is_encrypted_and_ends(case: str) -> None:
    """MON-4, SEC-4: it outlives the API. Otherwise its name would stop the next creation of the stack."""
    resources = _resources(CONFIGS[case])
    groups = [resources[name]["Properties"] for name in ("AccessLogs", "CanaryAccessLogs")]
    names = ["/aws/apigateway/shop-test-api", "/aws/apigateway/shop-test-api/Canary"]
    assert [logs["LogGroupName"] for logs in groups] == names
    for logs in groups:
        assert logs["KmsKeyId"] == {"Ref": "KeyArn"}
        assert logs["RetentionInDays"] == 30


def test_a_queue_without_a_function_keeps_its_messages() -> None:
    """INF-5: nobody takes them by itself, so there is no queue for messages after too many failures."""
    queues = of_kind(
        foundation_template(make_config(queues={"failed": {"retention_days": 14}})), "SQS::Queue"
    )
    (failed,) = queues.values()
    assert failed == {
        "QueueName": "shop-test-failed",
        "KmsMasterKeyId": {"Ref": "KeyArn"},
        "MessageRetentionPeriod": 1_209_600,
    }


def test_the_databases_log() -> None:
    """INF-3, MON-4: slow statements, connections, and days of its own. Nothing of it by default."""
    (plain,) = of_kind(foundation_template(make_config()), "RDS::DBClusterParameterGroup").values()
    assert plain["Parameters"] == {"rds.force_ssl": "1"}
    logs = {"min_duration_statement": "250ms", "connections": True, "days": 7}
    body = foundation_template(make_config(database={"name": "shop", "logs": logs}))
    (tuned,) = of_kind(body, "RDS::DBClusterParameterGroup").values()
    assert tuned["Parameters"] == {
        "rds.force_ssl": "1",
        "log_connections": "1",
        "log_disconnections": "1",
        "log_min_duration_statement": "250",
    }
    groups = of_kind(body, "Logs::LogGroup")
    assert groups["DatabaseLogs"]["RetentionInDays"] == 7
    assert groups["AccessLogs"]["RetentionInDays"] == 30
    every = make_config(database={"name": "shop", "logs": {"min_duration_statement": 0}})
    (all_of_them,) = of_kind(foundation_template(every), "RDS::DBClusterParameterGroup").values()
    assert all_of_them["Parameters"]["log_min_duration_statement"] == "0"
