"""Each existing thing is looked up before a plan makes anything (ADP-3)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from kanmon.codes import Code
from kanmon.errors import KanmonError
from kanmon.stacks.lookup import refuse_unfit
from tests.fakes.app import make_config
from tests.fakes.existing import DATABASE, EXISTING, FakeReaders

if TYPE_CHECKING:
    from collections.abc import Callable

    from kanmon.config.schema import Config


def _config(**database: Any) -> Config:
    existing = EXISTING | {"database": {**DATABASE, **database}}
    return make_config(database=None, existing=existing)


def _refused(aws: FakeReaders, config: Config | None = None) -> KanmonError:
    with pytest.raises(KanmonError) as raised:
        refuse_unfit(config or _config(), aws)
    return raised.value


def test_what_fits_is_taken_by_reading_calls_alone() -> None:
    """ADP-3, SEC-1: certificates and web ACLs of CloudFront are in us-east-1."""
    aws = FakeReaders()
    refuse_unfit(_config(), aws)
    assert sorted(set(aws.calls)) == [
        "acm.describe_certificate in us-east-1",
        "cognito-idp.describe_user_pool in ap-northeast-1",
        "cognito-idp.describe_user_pool_client in ap-northeast-1",
        "ec2.describe_route_tables in ap-northeast-1",
        "ec2.describe_security_groups in ap-northeast-1",
        "ec2.describe_subnets in ap-northeast-1",
        "ec2.describe_vpcs in ap-northeast-1",
        "rds.describe_db_clusters in ap-northeast-1",
        "secretsmanager.describe_secret in ap-northeast-1",
        "wafv2.get_web_acl in us-east-1",
    ]


def test_without_existing_things_nothing_is_asked() -> None:
    """ADP-3."""
    aws = FakeReaders()
    refuse_unfit(make_config(), aws)
    assert aws.calls == []


@pytest.mark.parametrize(
    ("call", "place", "value"),
    [
        ("describe_db_clusters", "existing.database.cluster", "team-data"),
        ("describe_secret", "existing.database.secret", DATABASE["secret"]),
        ("describe_user_pool", "existing.user_pool.id", "ap-northeast-1_Ab12Cd34E"),
        ("describe_user_pool_client", "existing.user_pool.client", "1h57kf5cpq17m0eml12"),
        ("describe_certificate", "existing.domain.certificate", EXISTING["domain"]["certificate"]),
        ("get_web_acl", "existing.web_acl", EXISTING["web_acl"]),
    ],
)
def test_a_missing_one_is_named(call: str, place: str, value: str) -> None:
    """ADP-3: its place in the config, its value, where Kanmon looked."""
    error = _refused(FakeReaders(missing={call}))
    assert (error.code, error.where) == (Code.EXISTING_MISSING, place)
    assert value in error.message
    assert ("us-east-1" if call in {"describe_certificate", "get_web_acl"} else "of the app") in error.fix


@pytest.mark.parametrize("key", ["secret", "certificate", "web_acl"])
def test_one_of_another_account_is_refused(key: str) -> None:
    """ADP-3: the roles have no rights there."""
    foreign = "444455556666"
    existing: dict[str, Any] = {
        "secret": {"database": {**DATABASE, "secret": DATABASE["secret"].replace("111122223333", foreign)}},
        "certificate": {
            "domain": {
                **EXISTING["domain"],
                "certificate": EXISTING["domain"]["certificate"].replace("111122223333", foreign),
            }
        },
        "web_acl": {"web_acl": EXISTING["web_acl"].replace("111122223333", foreign)},
    }
    error = _refused(FakeReaders(), make_config(database=None, existing=EXISTING | existing[key]))
    assert error.code is Code.EXISTING_UNFIT
    assert foreign in error.message
    assert "111122223333" in error.fix


@pytest.mark.parametrize(
    ("change", "place", "words"),
    [
        (
            lambda one: one["cluster"].update(Endpoint="other.example.com"),
            "existing.database.host",
            "no endpoint",
        ),
        (lambda one: one["cluster"].update(Port=3306), "existing.database.port", "Write `port: 3306`."),
        (lambda one: one["secret"].update(DeletedDate=1), "existing.database.secret", "restore-secret"),
        (lambda one: one["secret"].pop("KmsKeyId"), "existing.database.secret_key", "Remove `secret_key`."),
        (
            lambda one: one["secret"].update(KmsKeyId="arn:aws:kms:x:1:key/other"),
            "existing.database.secret_key",
            "Write `secret_key: arn:aws:kms:x:1:key/other`.",
        ),
        (
            lambda one: one["certificate"].update(Status="PENDING_VALIDATION"),
            "existing.domain.certificate",
            "PENDING_VALIDATION",
        ),
        (
            lambda one: one["certificate"].update(SubjectAlternativeNames=["shop.example.com"]),
            "existing.domain.names",
            "not for www.example.com",
        ),
        (
            lambda one: one["groups"]["sg-0000000d"].update(IpPermissions=[]),
            "existing.database",
            "aws ec2 authorize-security-group-ingress --group-id sg-0000000d",
        ),
    ],
)
def test_an_unfit_one_is_refused_with_its_fix(
    change: Callable[[dict[str, Any]], object], place: str, words: str
) -> None:
    """ADP-3."""
    aws = FakeReaders()
    change(aws.things)
    error = _refused(aws)
    assert (error.code, error.where) == (Code.EXISTING_UNFIT, place)
    assert words in f"{error.message} {error.fix}"


def test_a_wildcard_is_for_one_label() -> None:
    """ADP-3."""
    domain = {**EXISTING["domain"], "names": ["a.shop.example.com"]}
    error = _refused(FakeReaders(), make_config(database=None, existing=EXISTING | {"domain": domain}))
    assert "not for a.shop.example.com" in error.message


@pytest.mark.parametrize("key", ["alias/aws/secretsmanager", "arn:aws:kms:x:1:alias/aws/secretsmanager"])
def test_the_services_own_key_needs_no_name(key: str) -> None:
    """ADP-3."""
    aws = FakeReaders()
    aws.things["secret"]["KmsKeyId"] = key
    refuse_unfit(_config(secret_key=None), aws)
    assert _refused(aws).where == "existing.database.secret_key"


def test_without_a_cluster_only_the_secret_is_looked_up() -> None:
    """ADP-3: an RDS instance or a proxy."""
    aws = FakeReaders(missing={"describe_db_clusters"})
    refuse_unfit(_config(cluster=None, host="db.internal.example.com"), aws)
    assert not any(call.startswith("rds") for call in aws.calls)
