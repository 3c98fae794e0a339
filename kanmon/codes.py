"""The table of error codes: each with its meaning and its fix.

One member of :class:`Code` is one row of the error table in the documents. The first digit names the
area: 1 config, bundle and tests, 2 AWS, 3 plan and approval, 4 ledger and lease, 5 checks and traffic,
6 GitHub and messages, 9 the rest.
"""

from __future__ import annotations

from enum import Enum

from kanmon.documentation import ISSUES
from kanmon.language import phrase


class Code(Enum):
    """An error code with its general meaning and its general fix."""

    CONFIG_MISSING = (
        101,
        "The config file does not exist.",
        (
            "Run the command in your app's folder, or name the file with `--config FILE`. A new app needs it "
            "first: create it."
        ),
    )
    CONFIG_EMPTY = (102, "The config file is empty.", "Copy the example from the README into it.")
    CONFIG_SYNTAX = (
        103,
        "The config file is not valid YAML.",
        "Compare the named line with the example in the README: indent with spaces, quote a text with `: `.",
    )
    CONFIG_INVALID = (104, "A key of the config has an invalid value.", "Correct each key at the named line.")
    CONFIG_UNKNOWN_KEY = (105, "The config has an unknown key.", "Correct the key's spelling, or remove it.")
    CONFIG_TOO_BIG = (
        106,
        "The config is larger than Kanmon reads.",
        "Remove what repeats itself: aliases of aliases, and data that belongs into a file of the app.",
    )
    BUILD_FAILED = (
        111,
        "A build command of the app failed.",
        "Run the named command in the app's folder, fix it, and run `kanmon build` again.",
    )
    ARTIFACT_MISSING = (
        112,
        "A function's artifact, the web directory or a definition is missing, empty or of another kind.",
        "Compare the path in the config with the files from the build commands.",
    )
    UNSAFE_PATH = (
        113,
        "A path is absolute, has `..`, is not in UTF-8, or is a symbolic link out of its directory.",
        "Put a regular file inside the directory instead.",
    )
    BUNDLE_MISSING = (114, "There is no bundle to release.", "Run `kanmon build` first.")
    BUNDLE_DAMAGED = (
        115,
        "A file of the bundle differs from the bundle's manifest.",
        "Run `kanmon build` again, and do not change a bundle after its build.",
    )
    STATE_MACHINE_INVALID = (
        116,
        "A state machine's definition is not valid, or names an unknown function.",
        "Compare the named state with https://states-language.net, and each `${name}` with your `functions`.",
    )
    BUNDLE_OTHER_VERSION = (
        117,
        "Another version of Kanmon built the bundle, and this one can't use it.",
        "Run `kanmon build` again, with the Kanmon of the plan and the deploy.",
    )
    BLOB_REPLACED = (
        118,
        (
            "The content of a file in the artifact bucket does not fit its name, or its writer can withhold "
            "it. Nothing uses it."
        ),
        (
            "Find the writer in CloudTrail. As an administrator, run the named `aws s3api delete-object`. "
            "Then plan the release again."
        ),
    )
    BUNDLE_TOO_BIG = (
        119,
        "The build's output is larger than AWS takes or Kanmon releases.",
        "Remove the named files from the build's output. Put large data into a bucket of your own.",
    )
    TESTS_FAILED = (121, "The app's tests failed.", "Fix the failed tests: the message names the first.")
    RESULTS_MISSING = (
        122,
        "The test commands wrote no report where the config looks for one, or no test ran.",
        "Compare the patterns under `test` in the config with the files from the commands.",
    )
    RESULTS_UNREADABLE = (
        123,
        "A test or coverage report, or the verdict on them, can't be read.",
        "Write JUnit XML for results; Cobertura XML, LCOV or coverage.py's JSON for coverage.",
    )
    COVERAGE_LOW = (
        124,
        "The tests cover less code than the config requires.",
        "Test the new code, or lower `test.coverage` in the config.",
    )
    DIGEST_MISSING = (
        125,
        "A workflow gave no digest of the bundle or the plan to release.",
        "Give the output `digest` of the job behind it. GitHub drops outputs with a masked value in them.",
    )
    REPORT_TOO_BIG = (
        126,
        "A test or coverage report is larger than Kanmon reads.",
        "Have the test command write several reports, and less output of passed tests into them.",
    )
    HANDLER_MISSING = (
        131,
        "A function's handler is not among the files of its artifact.",
        "Correct the function's `handler` or its `artifact`, or the build command that writes the file.",
    )
    NATIVE_CODE_FOREIGN = (
        132,
        "A function has code for another system, processor, C library or Python: it can't load this code.",
        "Install the packages for Linux, for the function's `architecture` and its `runtime`.",
    )
    REQUEST_CUT_OFF = (
        133,
        "A function behind the API may run longer than its request waits.",
        (
            "Give the route a function of its own with `timeout: 30` or less. It starts a state machine or "
            "sends to a queue, and answers at once."
        ),
    )
    STACK_TEMPLATE_INVALID = (
        134,
        "A template of your own stacks can't be released as it is.",
        "Correct the template. `aws cloudformation validate-template` and cfn-lint find more.",
    )
    ACTION_UNKNOWN = (
        135,
        "A permission names an action that IAM doesn't know, so it has no effect.",
        "Correct the name. Is the action newer than your Kanmon? Then ignore this warning.",
    )
    MODULE_MISSING = (
        136,
        "A Node function's code names a declared package that its artifact lacks.",
        "Install the package into the artifact, or bundle the code into one file.",
    )
    CREDENTIALS_MISSING = (
        201,
        "AWS credentials are missing, incomplete or expired.",
        (
            "Sign in with `aws sso login`; in a workflow, use `aws-actions/configure-aws-credentials`. In a "
            "region that is switched off, AWS answers like this, too: see `aws account list-regions`."
        ),
    )
    AWS_UNREACHABLE = (
        202,
        "AWS could not be reached.",
        "Check the network, the region in the config, and the variable AWS_ENDPOINT_URL.",
    )
    AWS_DENIED = (
        203,
        "AWS denied a call.",
        "Give your role the named permission; for Kanmon's roles, run `kanmon bootstrap` again.",
    )
    AWS_FAILED = (
        204,
        "AWS answered a call with an error.",
        (
            "Is a value in AWS's message from your config? Change it there. If not, see "
            "https://health.aws.amazon.com/health/status. Then run the command again."
        ),
    )
    NOT_BOOTSTRAPPED = (
        205,
        "The account lacks the app's bootstrap stack, or the stack lacks the environment.",
        (
            "Is that your region and account? If not, correct `region` in the config, or take other "
            "credentials. Else run `kanmon bootstrap` once with an administrator's credentials."
        ),
    )
    NAMES_ALIKE = (
        206,
        "Two environments of the account begin alike, so the roles of one could use the other.",
        "Rename one: change `app` or `environment` in its config. An account of its own works, too.",
    )
    STACK_FAILED = (
        211,
        "CloudFormation could not apply a stack.",
        (
            "Read all reasons with `aws cloudformation describe-stack-events --stack-name STACK`. Change "
            "the named resource's key in your config, then release again."
        ),
    )
    STACK_BUSY = (
        212,
        "A stack is in a state without updates.",
        "Wait until CloudFormation has finished, then run the command again.",
    )
    CHANGE_SET_FAILED = (
        213,
        "CloudFormation refused a change set.",
        "Find the resource of AWS's reason in your config. Change it there, and run `kanmon plan` again.",
    )
    TEMPLATE_WRONG = (
        214,
        "CloudFormation would refuse a template.",
        f"Send your config to {ISSUES}: this is an error of Kanmon.",
    )
    TEMPLATE_TOO_BIG = (
        215,
        "A template is larger than CloudFormation allows.",
        "Put less into one app: fewer functions, routes or alarms.",
    )
    SLOT_CHANGED = (
        216,
        "Somebody changed a slot's stack or the foundation after its release, so triggers can't be switched.",
        (
            "Find the change with `aws cloudformation describe-stack-events --stack-name STACK`; then run "
            "`kanmon recover`, or `kanmon recover --undo`."
        ),
    )
    CODE_REPLACED = (
        217,
        "A deployed function has other code than the approved package. No user is on it.",
        (
            "Find the writer in CloudTrail. Restore the approved code with the command in the message. Then "
            "run the command again."
        ),
    )
    API_TOO_BIG = (
        218,
        "The API's routes need more resources than API Gateway takes.",
        (
            "Join routes with the same beginning: `{path: /api/goals/{proxy+}, function: goals}` takes every "
            "path below `/api/goals/`. The function gets the whole path."
        ),
    )
    API_FULL = (
        219,
        "The API has as many stages as API Gateway takes.",
        (
            "Show them with `aws apigateway get-stages --rest-api-id API`. Delete those of your own with "
            "`aws apigateway delete-stage --rest-api-id API --stage-name STAGE`, never `live`."
        ),
    )
    NOT_REMOVED = (
        220,
        "`kanmon destroy` could not remove something.",
        "Remove the named cause, then run the same command again: it goes on where it ended.",
    )
    HOOK_FAILED = (
        221,
        "A hook of the release failed.",
        ("Read the log with `aws logs tail LOG_GROUP --since 1h`, fix the function, and release again."),
    )
    SNAPSHOT_FAILED = (
        222,
        "The database snapshot before the release failed; nothing was changed.",
        (
            "Read `aws rds describe-events --source-type db-cluster --source-identifier CLUSTER "
            "--duration 60`, then release again."
        ),
    )
    SNAPSHOTS_FULL = (
        223,
        "The region has its quota of manual snapshots of Aurora clusters; nothing was changed.",
        (
            "List them with `aws rds describe-db-cluster-snapshots --snapshot-type manual --query "
            "'DBClusterSnapshots[].DBClusterSnapshotIdentifier'`, and delete those that nobody needs. To "
            "keep fewer of this app, lower `database.snapshots`. Then release again."
        ),
    )
    CONCURRENCY_MISSING = (
        241,
        "The account has no room for the functions' reserved concurrency.",
        (
            "Lower `reserved_concurrency`, or ask AWS for a larger quota: Service Quotas, AWS Lambda, "
            "Concurrent executions. Without a reservation, functions share the account's quota."
        ),
    )
    PLAN_UNREADABLE = (301, "The plan file is missing or is not a plan.", "Run `kanmon plan` again.")
    PLAN_ALTERED = (302, "The plan differs from its digest.", "Use the plan file as `kanmon plan` wrote it.")
    PLAN_STALE = (
        303,
        "Something moved since the plan, so an approval of it would not fit.",
        "Run `kanmon plan` again and have the new plan approved.",
    )
    PLAN_DESTROYS = (
        304,
        "The plan replaces or deletes a resource with state.",
        "If you want this, add the resource's logical id to `allow_destroy` in the config.",
    )
    ABOVE_BOUNDARY = (
        305,
        "A permission in the config is above the permission boundary of the app's roles.",
        "Add it to `boundary.allow` in the config. Then an administrator runs `kanmon bootstrap`.",
    )
    PLAN_IMPOSSIBLE = (
        306,
        "AWS never makes such a change. The update would fail in the middle of the release.",
        "Take the change back in the config, or make a new resource beside the old one.",
    )
    EXISTING_MISSING = (
        307,
        "A thing that the config names under `existing` is not there.",
        "Correct its id. Kanmon looks in the account of the release, and in the app's region.",
    )
    EXISTING_UNFIT = (
        308,
        "The app can't use a thing that the config names under `existing`.",
        "Change the thing as the message asks, or name another one.",
    )
    NETWORK_MOVES = (
        309,
        "The plan would move the database to another network, and Aurora can't do that.",
        (
            "Keep `existing.network` as it was. To move, restore a snapshot of the database in the other "
            "network and name it under `existing.database`."
        ),
    )
    NOT_APPROVED = (
        311,
        "Nobody approved what the command would do.",
        "Approve it at the prompt, or use `--yes` on a terminal of your own.",
    )
    FROZEN = (
        312,
        "A rollback froze this environment.",
        'Fix the cause, then run `kanmon deploy --lift-freeze "the fix"`.',
    )
    NOT_STABLE_BEFORE = (
        313,
        "The bundle was never stable in the environment that the config requires before.",
        "Release the same bundle there first. Then plan again.",
    )
    ENVIRONMENT_MISSING = (
        321,
        "The GitHub environment does not exist, so nothing would hold a release back.",
        "In GitHub, open Settings → Environments → New environment. Add reviewers and a branch rule.",
    )
    REVIEWERS_MISSING = (
        322,
        "The GitHub environment has no required reviewers.",
        "In GitHub, open Settings → Environments → the environment. Turn on Required reviewers.",
    )
    BRANCHES_OPEN = (
        323,
        "Any branch or any tag may deploy to the GitHub environment.",
        "In GitHub, open Settings → Environments → the environment. Select your release branch only.",
    )
    BRANCH_REFUSED = (
        324,
        "This branch may not deploy to the GitHub environment.",
        "Run the workflow on a branch of the environment's branch rule.",
    )
    SELF_REVIEW_ALLOWED = (
        325,
        "The GitHub environment lets people approve their own runs.",
        "In GitHub, open Settings → Environments → the environment. Turn on Prevent self-review.",
    )
    RUN_NOT_APPROVED = (
        326,
        "No reviewer approved this run for the GitHub environment.",
        "Start the run again, and ask a reviewer to approve it. An administrator can't skip the review.",
    )
    APPROVED_BY_ACTOR = (
        327,
        "The person behind the run approved it, too.",
        "Ask somebody else to approve it.",
    )
    APPROVAL_TOO_OLD = (
        328,
        "The approval belongs to an earlier run attempt.",
        "Start a new run and have it approved.",
    )
    RULE_NOT_SUPPORTED = (
        329,
        "The GitHub environment has a rule that fails every job without a deployment of its own.",
        "In GitHub, open Settings → Environments → the environment. Turn off the named rule.",
    )
    TAG_REFUSED = (
        330,
        "A release has no GitHub Release: its tag is refused or somebody else's. The deployment is there.",
        "Push the tag yourself, as the message shows. The next run makes the GitHub Release.",
    )
    RECORD_INCOMPLETE = (
        331,
        "GitHub's record lacks a deployment or a GitHub Release. The release itself is not concerned.",
        "The next run adds it. To add it now, run the job's action `record` again.",
    )
    LOCKED = (
        401,
        "Another run holds the lease of this environment.",
        "Wait for its end. If it died, run `kanmon recover --wait`.",
    )
    LEASE_LOST = (
        402,
        "This run lost its lease to another run.",
        "Run `kanmon status`: the other run finishes or undoes the release.",
    )
    LEDGER_CONFLICT = (403, "The ledger changed during a write.", "Run the command again.")
    LEDGER_UNREADABLE = (
        404,
        "A record of the ledger can't be read.",
        (
            "Find its versions: `aws s3api list-object-versions --bucket BUCKET --prefix KEY`. Restore "
            "the last good one: `aws s3api copy-object --bucket BUCKET --key KEY --copy-source "
            "'BUCKET/KEY?versionId=ID'`."
        ),
    )
    UNKNOWN_RELEASE = (411, "There is no such release.", "Run `kanmon history` for a list of releases.")
    NO_ROLLBACK_TARGET = (
        412,
        "There is no release to roll back to.",
        (
            "Name a release with the result `stable`: `kanmon history` lists them. Is there none? Then "
            "repair the app, and release it with `kanmon deploy`."
        ),
    )
    HELD = (
        413,
        "The environment is held: a person has to decide.",
        "Run `kanmon recover --keep`: all users get the held release. Or run `kanmon recover --undo`.",
    )
    UNFINISHED = (
        414,
        "An earlier run did not end.",
        "Run `kanmon recover`: it finishes or undoes the operation.",
    )
    NOTHING_RUNS = (
        415,
        "There is no running release to promote or to abort.",
        "Look at `kanmon status`. Use `kanmon rollback` when the release is stable already.",
    )
    RELEASE_PRUNED = (
        416,
        "The release is too old for a rollback: its files are not kept.",
        (
            "Choose a kept release: `kanmon history` names them. Or release the commit of the old one again. "
            "To keep more releases from now on, raise `releases.kept`."
        ),
    )
    SCHEMA_TOO_NEW = (
        417,
        "A release can't run on the present schema of the database: a migration removed what it needs.",
        "Choose a later release: `kanmon history` lists them. Or repair the app, and release it.",
    )
    CHECK_FAILED = (
        501,
        "A smoke check failed.",
        (
            "Compare the actual value in the message with the check's `expect` in your config. Then read "
            "the log: `aws logs tail LOG_GROUP --since 1h`."
        ),
    )
    CHECK_FAILS_EVERYWHERE = (
        502,
        "A smoke check fails on the release and on the stable release too.",
        "Fix the check, or the service behind both releases, first.",
    )
    ALARM_FIRED = (
        503,
        "An alarm began to fire during the release.",
        (
            "Read its history with `aws cloudwatch describe-alarm-history --alarm-types MetricAlarm "
            "CompositeAlarm --alarm-name ALARM`, fix the "
            "release, then release again."
        ),
    )
    ALARMS_UNREADABLE = (
        504,
        "The alarms can't be read, so the health of the release is unknown.",
        (
            "Read them with `aws cloudwatch describe-alarms --state-value ALARM`, then run `kanmon "
            "recover --keep` or `kanmon recover --undo`."
        ),
    )
    CHANGE_HARMS_LIVE = (
        505,
        "A change outside of the slot harms the live release.",
        "Kanmon restores the stack. Fix the change that the plan shows for it, then release again.",
    )
    ABORT_REQUESTED = (
        506,
        "A person aborted the release.",
        'Read the reason with `kanmon history`, then run `kanmon deploy --lift-freeze "the fix"`.',
    )
    CANDIDATE_REFUSED = (
        507,
        "Your own tests (`verify`) refuse the candidate. No user was on it.",
        "Look at the failed tests in the job summary, and at the kept files of `$KANMON_RESULTS`.",
    )
    CONTAINER_FAILED = (
        508,
        "The container for your own tests (`verify`) can't run.",
        (
            "Run the release where Docker's command `docker` reaches an engine: a job on Linux without a "
            "container of its own, with the workflow files or the composite action. Is the image private? "
            "Log in to its registry in a step before: see docs/checks.md."
        ),
    )
    COMMIT_MISSING = (
        509,
        "The repository lacks the commit of the bundle, so your own tests (`verify`) can't run.",
        "Commit all files and build again. In a workflow, let `actions/checkout` fetch the bundle's commit.",
    )
    POINTER_MOVED = (
        511,
        "Another process moved a pointer.",
        (
            "Find the other writer with `aws cloudtrail lookup-events --lookup-attributes "
            "AttributeKey=EventName,AttributeValue=UpdateStage`; then run `kanmon recover`."
        ),
    )
    ASSET_CHANGED = (
        512,
        "A hashed asset exists already with other content.",
        "Give the file another name, with a hash of its content or outside of `web.immutable`.",
    )
    WEB_FILE_REFUSED = (
        513,
        "The web directory has files that may not be published.",
        (
            "Let `web.directory` name a folder with the built pages alone, or remove the named files in "
            "`build.commands`."
        ),
    )
    WEB_FILE_UNSEEN = (
        514,
        "The web app has pages that people reach by their full name only.",
        (
            "Link to the full name, such as `/about.html`. With a file for each page, write "
            "`web.routes: files`, or `web.routes_in: {docs/*: files}` for one folder."
        ),
    )
    ASSET_NOT_HASHED = (
        515,
        "A folder of `web.immutable` has names without a hash.",
        (
            "Browsers keep such a file for a year. Move it to another folder, outside of `web.immutable`, or "
            "let the build add a hash of its content to its name."
        ),
    )
    WEB_FILE_UNREACHABLE = (
        516,
        "The web app has files whose paths are the app's own.",
        (
            "Give them a common ending such as `.txt`, or their folder the rule "
            "`web.routes_in: {models/*: files}`. Nobody needs them? Remove them in `build.commands`."
        ),
    )
    HOST_FILE_IGNORED = (
        517,
        "The web app has settings for another host.",
        (
            "Write headers into `web.response_headers` and `web.content_security_policy`, and rules for "
            "paths into `web.routes` and `web.routes_in`. Then remove the file in `build.commands`."
        ),
    )
    POLICY_FORBIDS = (
        518,
        "The content security policy forbids pages to ask an address that the config has.",
        "If pages ask it, add it to `connect-src` in `web.content_security_policy`.",
    )
    ROLLBACK_FAILED = (
        521,
        "The rollback of a release failed.",
        "Run `kanmon status` to see the live release, then `kanmon recover`: it repeats the failed step.",
    )
    GITHUB_MISSING = (
        601,
        "This command needs GitHub, but there is no workflow run or no token.",
        "Run it in a workflow and give the action its `token` (`github.token` by default).",
    )
    GITHUB_DENIED = (602, "GitHub denied a call.", "Give the job the named permission.")
    GITHUB_UNREACHABLE = (
        603,
        "GitHub could not be reached.",
        "Look at https://www.githubstatus.com, then run the command again.",
    )
    GITHUB_FAILED = (
        604,
        "GitHub answered a call with an error.",
        (
            "Compare the job's `permissions` with the README of the action, and look at "
            "https://www.githubstatus.com. Then run the command again."
        ),
    )
    NOTIFY_FAILED = (
        611,
        "A message could not be delivered; the release is not affected.",
        "Check the topic, and the channel's secret under `notifications.channels`.",
    )
    MARKER_FAILED = (
        612,
        "A deployment marker could not be put into CloudWatch; the release is not affected.",
        "Give your role the named permission: run `kanmon bootstrap` again.",
    )
    USAGE = (901, "The command line is wrong.", "Run `kanmon --help`.")
    INTERRUPTED = (
        902,
        "The run was interrupted.",
        "Run `kanmon status`. Run `kanmon recover` if an operation is open, else the command again.",
    )
    FILE_REFUSED = (
        903,
        "The system refused to read or write a file.",
        "Give the path of a readable file, or of a folder with write permission.",
    )
    ENVIRONMENT_BROKEN = (
        906,
        "An environment variable of the runner or of Kanmon has an impossible value.",
        "Correct the named variable, or unset it. On a self-hosted runner, restart the runner.",
    )
    INTERNAL = (
        999,
        "Kanmon itself failed.",
        f"Report it, with the output of `--debug`: {ISSUES}",
    )

    def __init__(self, number: int, meaning: str, fix: str) -> None:
        self.number = number
        self.meaning = meaning
        self.fix = fix

    @property
    def id(self) -> str:
        """The code as printed, `KNM-101`."""
        return f"KNM-{self.number}"

    def fix_with(self, **names: str) -> str:
        """The general fix with your names in its commands: `STACK="shop-prod-edge"` for its `STACK`."""
        command = phrase(self.fix)
        for placeholder, name in names.items():
            command = command.replace(placeholder, name)
        return command


OF_GITHUB = frozenset({Code.GITHUB_DENIED, Code.GITHUB_FAILED, Code.GITHUB_UNREACHABLE})
"""The errors of a call to GitHub. They refuse a run only where its rules and approvals are read."""
