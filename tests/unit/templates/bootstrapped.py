"""The bootstrap stack of the tests: configs, and names inside and outside of the app."""

from __future__ import annotations

from typing import Any

from kanmon.config.workflows import COMMIT, FILES
from kanmon.templates.bootstrap import bootstrap_template
from tests.fakes.app import SECRETS, make_config
from tests.fakes.existing import EXISTING
from tests.unit.templates.iam import ACCOUNT, REGION, Document
from tests.unit.templates.parsed import parse

GITHUB = {"repository": "octo/shop", "repository_id": 456, "owner_id": 123}
RELEASE = f"{FILES[0]}@{COMMIT}"
SIGNED_IN: list[dict[str, Any]] = [
    {
        "name": "member", "sign_in": {"username": "a@b.example", "password": "${secrets.shopper.password}"},
        "capture": {"json": {"token": "IdToken"}},
    },
    {"name": "mine", "path": "/api/mine", "headers": {"authorization": "Bearer ${member.token}"}},
]  # fmt: skip
CONFIGS: dict[str, dict[str, Any]] = {
    "bare": {},
    "roles": {"github": GITHUB},
    "costs by topic": {"github": GITHUB, "costs": {}},
    "costs by mail": {"costs": {"monthly_usd": 250, "email": "ops@example.com"}},
    "everything": {
        "github": GITHUB | {"environments": ["staging", "test"], "existing_provider": True},
        "costs": {},
        "notifications": {"channels": {"slack": "shop-slack"}},
        "user_pool": {},
        "secrets": SECRETS | {"shopper": {}},
        "checks": SIGNED_IN,
    },
    "existing": {"github": GITHUB, "database": None, "existing": EXISTING},
}
BUCKET = f"shop-kanmon-{ACCOUNT}-{REGION}"
ARTIFACTS = f"arn:aws:s3:::{BUCKET}"
WEB = f"arn:aws:s3:::shop-test-web-{ACCOUNT}"
TAGS = {"aws:ResourceTag/app": "shop", "aws:ResourceTag/environment": "test"}
SERVICE_ROLE = f"arn:aws:iam::{ACCOUNT}:role/shop-test-cloudformation"
KEY = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/TestKey"
BOUNDARY = f"arn:aws:iam::{ACCOUNT}:policy/shop-test-boundary"


def own(service: str, name: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}"


def stack(name: str) -> str:
    return own("cloudformation", f"stack/{name}/0a1b2c3d")


def document(**changes: Any) -> Document:
    return Document(parse(bootstrap_template(make_config(**changes))))


EVERYTHING = document(**CONFIGS["everything"])
ROLES = EVERYTHING.of_type("AWS::IAM::Role")
PLAN, DEPLOY, SERVICE = (
    EVERYTHING.statements(f"Test{name}") for name in ("PlanRole", "DeployRole", "ServiceRole")
)
STACK = stack("shop-test-slot-blue")
STAGES = f"arn:aws:apigateway:{REGION}::/restapis/a1/stages"
BY_SERVICE_ROLE = {"cloudformation:RoleArn": SERVICE_ROLE}
