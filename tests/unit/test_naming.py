"""The shared names: AWS takes the longest of them, and no module types one of them again (INF-9)."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kanmon import naming
from kanmon.config.paths import is_api_path
from kanmon.naming import Alarm, Output, Parameter
from tests.fakes.app import make_config

PACKAGE = Path(naming.__file__).parent
APP, ENVIRONMENT = "a" * 28, "b" * 15
"""The longest names in a config with this region."""
PREFIX, REGION, ACCOUNT = f"{APP}-{ENVIRONMENT}", "ap-northeast-1", "0" * 12
RELEASE = "r9999999999"
# With AWS's limits, in characters:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStack.html
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
# https://docs.aws.amazon.com/AmazonCloudWatchLogs/latest/APIReference/API_CreateLogGroup.html
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_MetricDatum.html
# https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBCluster.html
# https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateDBClusterSnapshot.html
# https://docs.aws.amazon.com/apigateway/latest/api/API_CreateStage.html
# https://docs.aws.amazon.com/xray/latest/api/API_SamplingRule.html
LONGEST = {
    "the slot's stack": (naming.stack_name(PREFIX, naming.SLOT, "green"), 128),
    "the observability stack": (naming.stack_name(PREFIX, naming.OBSERVABILITY, ""), 128),
    "the bootstrap stack": (naming.bootstrap_stack(APP), 128),
    "the artifact bucket": (naming.artifact_bucket(APP, ACCOUNT, REGION), 63),
    "the web bucket": (naming.web_bucket(PREFIX, ACCOUNT), 63),
    "the trail's bucket": (naming.trail_bucket(PREFIX, ACCOUNT), 63),
    "the service role": (naming.service_role(PREFIX), 64),
    "the plan role": (naming.plan_role(PREFIX), 64),
    "the deploy role": (naming.deploy_role(PREFIX), 64),
    "the boundary": (naming.boundary(PREFIX), 128),
    "the slot's logs": (naming.slot_logs(PREFIX, "green"), 512),
    "the API's logs": (naming.api_logs(PREFIX), 512),
    "the database's logs": (naming.database_logs(naming.database_cluster(PREFIX)), 512),
    "the slot's rollback alarm": (naming.slot_rollback_alarm(PREFIX, "green"), 255),
    "the app's rollback alarm": (naming.app_rollback_alarm(PREFIX), 255),
    **{f"the alarm {alarm}": (naming.alarm_name(PREFIX, alarm), 255) for alarm in Alarm},
    "the metrics of logged errors": (naming.app_metrics(PREFIX), 255),
    "the topic of alarms": (naming.alarm_topic(PREFIX), 256),
    "the topic of releases": (naming.release_topic(APP), 256),
    "the database": (naming.database_cluster(PREFIX), 63),
    "a snapshot": (naming.snapshot_name(PREFIX, RELEASE, 9_999_999_999), 255),
    "the roles' path": (naming.role_path(APP, ENVIRONMENT), 512),
    "a preview's stage": (naming.preview_token(RELEASE, "0" * 32), 128),
    "the group of traces": (naming.trace_group(PREFIX), 32),
}
NAMES = st.from_regex(r"[a-z](-?[a-z0-9]){1,31}", fullmatch=True)


def test_a_config_takes_the_longest_names() -> None:
    assert make_config(app=APP, environment=ENVIRONMENT, region=REGION).prefix == PREFIX


@pytest.mark.parametrize(("name", "most"), LONGEST.values(), ids=LONGEST)
def test_aws_takes_the_longest_name(name: str, most: int) -> None:
    assert len(name) <= most


@given(NAMES)
@settings(deadline=None)
def test_a_logical_id_is_letters_and_digits(name: str) -> None:
    assert re.fullmatch("[A-Za-z0-9]+", naming.unique_id(name))


@given(NAMES, NAMES)
@settings(deadline=None)
def test_two_names_have_two_logical_ids(one: str, other: str) -> None:
    assert (naming.unique_id(one) == naming.unique_id(other)) is (one == other)


@pytest.mark.parametrize(("one", "other"), [("v-1", "v1"), ("a-1-b", "a1-b"), ("a-b", "ab")])
def test_names_alike_have_two_logical_ids(one: str, other: str) -> None:
    assert naming.unique_id(one) != naming.unique_id(other)


@given(NAMES)
@settings(deadline=None)
def test_lambda_takes_a_variable(name: str) -> None:
    """https://docs.aws.amazon.com/lambda/latest/api/API_Environment.html"""
    assert re.fullmatch("[A-Z][A-Z0-9_]+", naming.variable(name, "SECRET_ARN"))


def test_a_variable_has_the_name_and_an_ending() -> None:
    assert naming.variable("ai-key", "SECRET_ARN") == "AI_KEY_SECRET_ARN"


@given(NAMES, st.integers(9, 40))
@settings(deadline=None)
def test_a_short_name_fits(name: str, length: int) -> None:
    assert len(naming.short_name(name, length)) <= length


def test_a_name_with_room_stays() -> None:
    assert naming.short_name("shop-test", 9) == "shop-test"


def test_long_names_with_one_beginning_stay_different() -> None:
    assert naming.short_name("a" * 33, 32) != naming.short_name("a" * 34, 32)


def test_the_api_reaches_functions_by_its_variable() -> None:
    named = naming.slot_resource_name("shop-test", "${stageVariables.slot}", "api")
    assert named == "shop-test-${stageVariables.slot}-api"


def test_a_slots_stack_has_its_colour() -> None:
    assert naming.stack_name("shop-test", naming.SLOT, "blue") == "shop-test-slot-blue"


def test_other_stacks_have_no_colour() -> None:
    assert naming.stack_name("shop-test", naming.EDGE, "blue") == "shop-test-edge"


def test_an_environment_has_outputs_of_its_own() -> None:
    assert naming.environment_output("pre-production", Output.PLAN_ROLE) == "PreProductionPlanRole"


# The notifier runs on Lambda, without this module: a link's title, and the alarms that it has words for.
HONEST = {("notify/notifier.py", "Dashboard")} | {("notify/meanings.py", alarm.value) for alarm in Alarm}


def test_no_module_types_a_shared_name_again() -> None:
    shared = {*Output, *Parameter, *Alarm}
    typed = {
        (path.relative_to(PACKAGE).as_posix(), node.value)
        for path in PACKAGE.rglob("*.py")
        if path.name != "naming.py"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and node.value in shared
    }
    assert typed == HONEST


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/api/a", True), ("/api/", True), ("/api", False), ("/apix", False), ("/API/a", False),
        ("/x/keys.json", True), ("/x/keys.json/a", False), ("/x/keys", False), ("/", False),
    ],
)  # fmt: skip
def test_an_apis_paths_are_those_of_its_patterns(path: str, expected: bool) -> None:
    """CD-8: a check there waits for the candidate's stage, and the path function gives it one."""
    assert is_api_path(path, ("/api/*", "/x/keys.json")) is expected
    assert not is_api_path(path, ())
