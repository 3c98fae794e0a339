"""Every shared name: templates, code, users and GitHub must agree on it.

`prefix` is `<app>-<environment>`. Every resource's name begins with it (INF-9). Templates use these
functions too: `{{ naming.slot_resource_name(prefix, "${Slot}", name) }}`.
"""

from __future__ import annotations

import hashlib
import re
from enum import StrEnum

LIVE_STAGE = "live"
"""The API's stage for users. Its deployment and its `STAGE_VARIABLE` are the API pointer."""
SNAPSHOT = "routes "
"""The beginning of the description of Kanmon's deployments: snapshots of an API's routes."""
CANARY_STAGE = f"{LIVE_STAGE}/Canary"
"""The live stage's canary, as API Gateway's metrics name it."""
STAGE_VARIABLE = "slot"
"""The variable of a stage with the slot behind it."""
ENTRY_PAGE = "index.html"
"""The web pointer: the page that users get first."""
PREVIEW_PARAMETER = "kanmon-preview"
"""The query parameter with the preview's token: the preview's address."""
PREVIEW_COOKIE = "kanmon-preview"
"""The viewer's cookie with the preview's token, on CloudFront's own domain: see `preview_cookie`."""
PREVIEW_METADATA = "kanmon-preview"
"""The metadata in S3 of a preview's pages with the token. The headers function makes the cookie of it."""
RELEASE_HEADER = "x-kanmon-release"
"""The response header with the release of the function."""
RELEASE_METADATA = "kanmon-release"
"""A page's metadata in S3 with its release."""
DIGEST_METADATA = "sha256"
"""A web file's metadata in S3 with the SHA-256 of its content in the bundle."""
HEADER_METADATA = "kanmon-header-"
"""How a web file's metadata in S3 with a response header begins. The headers function sends the header."""
PAGE_DATA = "kanmon"
"""The id of the JSON block in each page: the release and its settings."""
RELEASE_HEADERS = (RELEASE_HEADER, f"x-amz-meta-{RELEASE_METADATA}")
"""Where an answer has its release: functions send the first header, the edge a page's metadata."""
API_HEADER = "x-kanmon-api"
"""The response header of API Gateway's own errors: the stage exists where the answer comes from."""
METRICS = "Kanmon"
"""CloudWatch's namespace for Kanmon's own metrics."""
PREVIEWS = ".previews"
"""The folder of all previews in the web bucket. No app has it: web files may not begin with a dot."""
WELL_KNOWN = ".well-known/"
"""The folder in which every path is a file, also one without a dot: https://www.rfc-editor.org/rfc/rfc8615.html"""
RELEASE_NUMBER = "[1-9][0-9]{0,8}"
"""The number in a release's id, as a pattern."""
RELEASES_METRIC, ROLLBACKS_METRIC = "Releases", "Rollbacks"
ON, OFF = "ENABLED", "DISABLED"
"""The two values of `Parameter.TRIGGERS`."""
EMAIL = "Email"
"""How the logical ids of e-mail subscriptions begin, in the observability stack."""
DATABASE_ERROR_METRIC = "database-errors"
"""The metric of the database's logged errors."""

FOUNDATION, SLOT, API, EDGE, OBSERVABILITY = "foundation", "slot", "api", "edge", "observability"
STACK_KINDS = (FOUNDATION, SLOT, API, EDGE, OBSERVABILITY)
"""The kinds of stack of an environment. Each kind comes after the kinds it needs."""
SHARED_KINDS = tuple(kind for kind in STACK_KINDS if kind != SLOT)
"""The kinds outside of the slots: users get their changes at once."""

RESERVED = "kanmon"
"""In the place of an environment's name: the app's own things in the account, such as the artifact bucket."""


class Output(StrEnum):
    """The outputs of the stacks. Another stack takes an output as its parameter of the same name.

    The outputs for functions are not here: `stacks/grants.py` derives them from the config.
    """

    # Of the bootstrap stack.
    TOPIC = "Topic"
    ARTIFACT_BUCKET = "ArtifactBucket"
    API_LOGS_ROLE = "ApiLogsRole"
    ENVIRONMENTS = "Environments"
    WORKFLOWS = "Workflows"
    COSTS = "Costs"
    CHECKS = "Checks"
    # Of the bootstrap stack, for each environment: see `environment_output`. The foundation has the key, too.
    PLAN_ROLE = "PlanRole"
    DEPLOY_ROLE = "DeployRole"
    KEY_ARN = "KeyArn"
    TRAIL_BUCKET = "TrailBucket"
    EXISTING = "Existing"
    STACK_TYPES = "StackTypes"
    # Of the foundation.
    DATABASE_CLUSTER = "DatabaseCluster"
    # Of a slot.
    RELEASE = "Release"
    # Of the API.
    API_ID = "ApiId"
    DEPLOYMENT = "Deployment"
    ACCESS_LOGS = "AccessLogs"
    # Of the edge.
    WEB_BUCKET = "WebBucket"
    DISTRIBUTION = "Distribution"
    DOMAIN = "Domain"
    URL = "Url"
    """The app's address, without a slash at its end."""
    # Of observability, beside its own topic.
    DASHBOARD = "Dashboard"


class Parameter(StrEnum):
    """The parameters of stacks with a value from the release."""

    SLOT = "Slot"
    RELEASE = "Release"
    COMMIT = "Commit"
    ARTIFACT_BUCKET = "ArtifactBucket"
    TRIGGERS = "Triggers"
    """Switches the slot's schedules and queues on or off."""
    USER_TRIGGERS = "UserTriggers"
    PROTECT_DATABASE = "ProtectDatabase"
    PROTECT_USER_POOL = "ProtectUserPool"


class Alarm(StrEnum):
    """The metric alarms of the observability stack."""

    API_ERRORS = "api-errors"
    API_P95 = "api-p95"
    CANARY_ERRORS = "canary-errors"
    CANARY_P95 = "canary-p95"
    EDGE_ERRORS = "edge-errors"
    DATABASE_CONNECTIONS = "database-connections"
    DATABASE_ERRORS = "database-errors"
    DATABASE_CAPACITY = "database-capacity"
    THROTTLES = "throttles"
    UNDELIVERED = "notifier-undelivered"


def environment_output(environment: str, output: str) -> str:
    """The output of the bootstrap stack for one environment, such as `StagingPlanRole`."""
    return f"{logical_id(environment)}{output}"


def stack_name(prefix: str, kind: str, slot: str) -> str:
    """`<app>-<environment>-<kind>`; a slot's stack also has its colour: `shop-production-slot-blue`."""
    return f"{prefix}-{kind}-{slot}" if kind == SLOT else f"{prefix}-{kind}"


def bootstrap_stack(app: str) -> str:
    """The bootstrap stack, applied by an administrator."""
    return f"{app}-bootstrap"


def artifact_bucket(app: str, account: str, region: str) -> str:
    """The bucket of bundles, plans and the ledger."""
    return f"{app}-{RESERVED}-{account}-{region}"


def blob_key(environment: str, sha256: str) -> str:
    """The object key of an environment's blob in the artifact bucket.

    Each environment has blobs of its own: no role of another one can write them.
    """
    return f"{environment}/blobs/{sha256}"


def bootstrap_key(sha256: str) -> str:
    """The object key of a template of the bootstrap stack. No role may write it."""
    return f"bootstrap/{sha256}"


DEPLOYED = "deployed/"
"""The ledger's folder for the deploy's records of releases."""
PLANNED, THREADS = "releases/", "threads/"
"""The ledger's folders for the plan's role: its records of releases, and the threads of their messages."""


def ledger_folder(environment: str) -> str:
    """The folder of an environment's ledger in the artifact bucket."""
    return f"{environment}/ledger/"


def web_bucket(prefix: str, account: str) -> str:
    """The bucket of the web app's files."""
    return f"{prefix}-web-{account}"


def preview_folder(token: str) -> str:
    """The folder of a preview's files in the web bucket. Only the whole token leads to it."""
    return f"{PREVIEWS}/{token}/"


def preview_cookie(*, own_name: bool) -> str:
    """The viewer's cookie with the preview's token.

    `cloudfront.net` is a public suffix (https://publicsuffix.org), so no other host can set a cookie there. A
    host beside a domain name of one's own could: browsers refuse it a name with this prefix.
    https://developer.mozilla.org/docs/Web/HTTP/Reference/Headers/Set-Cookie#cookie_prefixes
    """
    return f"__Host-{PREVIEW_COOKIE}" if own_name else PREVIEW_COOKIE


def preview_token(release: str, secret: str) -> str:
    """The preview's only secret: the value of its cookie, the name of its stage and of its folder."""
    return f"{release}-{secret}"


def slot_resource_name(prefix: str, slot: str, name: str) -> str:
    """A function, state machine or schedule of a slot.

    The API names a function by its stage's variable, in the slot's place: so one call moves all routes.
    """
    return f"{prefix}-{slot}-{name}"


def queue_name(prefix: str, name: str) -> str:
    """A queue."""
    return f"{prefix}-{name}"


def dead_letters_name(prefix: str, name: str) -> str:
    """The dead-letter queue of a queue: for messages after too many failures."""
    return f"{prefix}-{name}-dead"


def secret_name(prefix: str, name: str) -> str:
    """A secret of the app's own in Secrets Manager."""
    return f"{prefix}-{name}"


def trail_logs(prefix: str) -> str:
    """The log group of the audit trail. No role of an app may use a group with such a name."""
    return f"cloudtrail/{prefix}"


def trail_bucket(prefix: str, account: str) -> str:
    """The bucket of the audit trail."""
    return f"{prefix}-trail-{account}"


def slot_logs(prefix: str, slot: str) -> str:
    """The log group of a slot's functions."""
    return f"/aws/lambda/{prefix}-{slot}"


def state_machine_logs(prefix: str, slot: str) -> str:
    """The log group of a slot's state machines."""
    return f"/aws/vendedlogs/states/{prefix}-{slot}"


def api_logs(prefix: str) -> str:
    """The log group of the API's access log."""
    return f"/aws/apigateway/{prefix}-api"


def canary_logs(prefix: str) -> str:
    """The log group of a canary's access log. API Gateway chooses the end of its name.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/canary-release.html
    """
    return f"{api_logs(prefix)}/Canary"


def database_logs(cluster: str) -> str:
    """The log group of an Aurora cluster. RDS chooses the name."""
    return f"/aws/rds/cluster/{cluster}/postgresql"


def app_metrics(prefix: str) -> str:
    """CloudWatch's namespace for the metrics from an app's logs."""
    return f"{METRICS}/{prefix}"


def error_metric(slot: str) -> str:
    """The metric of a slot's logged errors."""
    return f"{slot}-errors"


def alarm_name(prefix: str, alarm: Alarm) -> str:
    """A metric alarm of the observability stack."""
    return f"{prefix}-{alarm}"


def app_alarm(prefix: str, name: str) -> str:
    """An alarm of the team's own, in the observability stack. No name of Kanmon's alarms begins like it."""
    return f"{prefix}-alarm-{name}"


def slot_alarm(prefix: str, slot: str, name: str) -> str:
    """An alarm of the team's own about one slot, in the slot's own stack."""
    return f"{prefix}-{slot}-alarm-{name}"


def pattern_metric(slot: str, name: str) -> str:
    """The metric of the log entries that an alarm of the team's own counts."""
    return f"{slot}-alarm-{name}"


def slot_rollback_alarm(prefix: str, slot: str) -> str:
    """The rollback alarm of one slot, in the slot's own stack."""
    return f"{prefix}-{slot}-rollback"


def app_rollback_alarm(prefix: str) -> str:
    """The rollback alarm of the shared resources, in the observability stack."""
    return f"{prefix}-rollback"


def alarm_topic(prefix: str) -> str:
    """The SNS topic for all alarms, in the observability stack."""
    return f"{prefix}-alarms"


def release_topic(app: str) -> str:
    """The SNS topic for messages about releases, in the bootstrap stack."""
    return f"{app}-{RESERVED}"


def service_role(prefix: str) -> str:
    """CloudFormation's role for an environment's stacks."""
    return f"{prefix}-cloudformation"


def plan_role(prefix: str) -> str:
    """The role of jobs with a plan to make."""
    return f"{prefix}-plan"


def deploy_role(prefix: str) -> str:
    """The role of jobs with an approved plan or rollback."""
    return f"{prefix}-deploy"


def integration_role(prefix: str, region: str) -> str:
    """The role of the API's integrations. Its ARN is in every snapshot of the API, so it never changes."""
    return f"{prefix}-api-{region}"


def role_path(app: str, environment: str) -> str:
    """The path of all roles in an environment's stacks. CloudFormation may make no others."""
    return f"/{app}/{environment}/"


def boundary(prefix: str) -> str:
    """The permission boundary of all roles in an environment's stacks."""
    return f"{prefix}-boundary"


def database_cluster(prefix: str) -> str:
    """The Aurora cluster."""
    return f"{prefix}-database"


def snapshot_name(prefix: str, release: str, operation: int) -> str:
    """The database snapshot of an operation, made before any change."""
    return f"{prefix}-{release}-{operation}"


def snapshot_operation(prefix: str, name: str) -> int | None:
    """The number of a database snapshot's operation; None for one that Kanmon did not make."""
    found = re.fullmatch(rf"{re.escape(prefix)}-r{RELEASE_NUMBER}-([1-9][0-9]*)", name)
    return int(found[1]) if found else None


def trace_group(prefix: str) -> str:
    """The app's group and sampling rule in X-Ray.

    https://docs.aws.amazon.com/xray/latest/api/API_CreateGroup.html, API_SamplingRule.html
    """
    return short_name(prefix, 32)


def variable(name: str, suffix: str) -> str:
    """An environment variable of a function, for a thing it uses: `AI_KEY_SECRET_ARN` for `ai-key`."""
    return f"{name.upper().replace('-', '_')}_{suffix}"


def logical_id(name: str) -> str:
    """A name as part of a CloudFormation logical id: `goal-api` becomes `GoalApi`."""
    return "".join(part.capitalize() for part in re.split(r"[^A-Za-z0-9]+", name) if part)


def unique_id(name: str) -> str:
    """A name as part of a logical id, unique among the config's names."""
    # `v-1` and `v1` would both become `V1`. A name with a hyphen before a digit or a hyphen gets a hash.
    alike = re.search(r"-[^a-z]", name)
    return logical_id(name) + (hashlib.sha256(name.encode()).hexdigest()[:6] if alike else "")


def begins(name: str, other: str) -> bool:
    """Whether a name begins another one, or is the same. Then a pattern for one also fits the other."""
    return f"{other}-".startswith(f"{name}-")


def short_name(name: str, length: int) -> str:
    """A name of at most `length` characters, for AWS's shorter limits.

    `length` must be more than 8.
    """
    if len(name) <= length:
        return name
    return f"{name[: length - 9]}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"
