"""What an administrator sees of the permissions in a template (SEC-1)."""

from __future__ import annotations

from kanmon.stacks.statements import resource_types, statement_changes
from kanmon.templates.bootstrap import bootstrap_template
from tests.fakes.app import make_config
from tests.fakes.configs import GITHUB

WHOLE = bootstrap_template(make_config(github=GITHUB))


def test_every_resource_has_its_type() -> None:
    types = resource_types(WHOLE)
    assert types["ArtifactBucket"] == "AWS::S3::Bucket"
    assert types["TestDeployRole"] == "AWS::IAM::Role"


def test_the_same_template_changes_no_statement() -> None:
    assert statement_changes(WHOLE, WHOLE) == {}


def test_a_changed_statement_is_shown_whole_before_and_after() -> None:
    """TRU-1"""
    changed = WHOLE.replace("Action: cloudformation:ExecuteChangeSet", 'Action: "*"')
    changes = statement_changes(WHOLE, changed)
    assert changes.keys() == {"StagingDeployRole", "TestDeployRole"}
    before, after = changes["TestDeployRole"]
    assert before.startswith(
        '- {"Sid": "Execute", "Effect": "Allow", "Action": "cloudformation:ExecuteChangeSet"'
    )
    assert after.startswith('+ {"Sid": "Execute", "Effect": "Allow", "Action": "*", "Resource": [{"Sub": ')


def test_a_new_role_shows_its_trust_and_its_permissions() -> None:
    """TRU-1"""
    owner = """
  Owner:
    Type: AWS::IAM::Role
    Properties:
      AssumeRolePolicyDocument:
        Statement: [{Effect: Allow, Principal: {AWS: "666666666666"}, Action: sts:AssumeRole}]
Outputs:"""
    (line,) = statement_changes(WHOLE, WHOLE.replace("\nOutputs:", owner))["Owner"]
    assert line.startswith("+ ")
    assert '"666666666666"' in line


def test_a_removed_statement_is_shown() -> None:
    """TRU-1: a bucket policy that lets anybody write again."""
    bucket_policy = WHOLE.replace("Sid: RefusePlainHttp", "Sid: Other")
    (gone, come) = statement_changes(WHOLE, bucket_policy)["ArtifactBucketPolicy"]
    assert gone.startswith('- {"Sid": "RefusePlainHttp"')
    assert come.startswith('+ {"Sid": "Other"')
