"""Every error that Kanmon prints: its code, what it means and what to do about it.

One member of :class:`Code` is one row of the error table in the documents. The first digit names the
room: 1 config, bundle and tests, 2 AWS, 3 plan and approval, 4 ledger and lock, 5 checks and traffic,
6 GitHub and messages, 9 the rest.
"""

from __future__ import annotations

from enum import Enum, IntEnum


class ExitStatus(IntEnum):
    """What the process ends with."""

    OK = 0
    FAILED = 1
    """The work was begun and did not succeed; users are on a complete release."""
    REFUSED = 2
    """The input or the situation was refused before anything changed."""
    HELD = 3
    """A person has to decide; the lock is kept."""
    INTERRUPTED = 130
    """Ctrl-C or a cancelled job; what was begun was undone first."""


class Code(Enum):
    """An error code with its general meaning and its general fix."""

    CONFIG_MISSING = (101, "The config file does not exist.", "Create it, or name it with --config.")
    CONFIG_EMPTY = (102, "The config file is empty.", "Start from the example in the README.")
    CONFIG_SYNTAX = (103, "The config file is not valid YAML.", "Correct the line that is named.")
    CONFIG_INVALID = (104, "A key of the config has a value that cannot be.", "Correct the key named.")
    CONFIG_UNKNOWN_KEY = (105, "The config has a key that Kanmon does not know.", "Correct or remove it.")
    BUILD_FAILED = (111, "A build command of the app failed.", "Run the command yourself and mend it.")
    ARTIFACT_MISSING = (
        112,
        "A function's artifact or the web directory is missing or empty after the build.",
        "Check the path in the config and what the build commands write.",
    )
    UNSAFE_PATH = (
        113,
        "A path is absolute, has `..`, or leads out of its directory through a symbolic link.",
        "Put a regular file inside the directory instead.",
    )
    BUNDLE_MISSING = (114, "There is no bundle to release.", "Run `kanmon build` first.")
    BUNDLE_DAMAGED = (
        115,
        "A file of the bundle is not the one that its manifest names.",
        "Build again; do not change a bundle after it was built.",
    )
    WORKFLOW_INVALID = (
        116,
        "A workflow's definition is not the Amazon States Language, or names a function that there is not.",
        "Correct the place that is named in the file.",
    )
    TESTS_FAILED = (121, "The app's tests failed.", "The failed tests are named first; mend them.")
    RESULTS_MISSING = (
        122,
        "The test commands wrote no report where the config looks for one, or no test ran.",
        "Check the patterns under `test` in the config and what the commands write.",
    )
    RESULTS_UNREADABLE = (
        123,
        "A test or coverage report can't be read.",
        "Write JUnit XML for results; Cobertura XML, LCOV or coverage.py's JSON for coverage.",
    )
    COVERAGE_LOW = (
        124,
        "The tests cover less than the config asks for.",
        "Test what is new, or lower `test.coverage` in the config where that is meant.",
    )
    CREDENTIALS_MISSING = (
        201,
        "There are no AWS credentials, or they are incomplete or expired.",
        "Sign in to AWS (`aws sso login`, or OIDC in a workflow), then run the command again.",
    )
    AWS_UNREACHABLE = (
        202,
        "AWS could not be reached.",
        "Check the network, the region and AWS_ENDPOINT_URL.",
    )
    AWS_DENIED = (203, "AWS denied a call.", "Give the role the permission that the message names.")
    AWS_FAILED = (204, "AWS answered a call with an error.", "Read AWS's message; try again if it passes.")
    NOT_BOOTSTRAPPED = (
        205,
        "The account has no artifact bucket for this app.",
        "Run `kanmon bootstrap` once with an administrator's credentials.",
    )
    STACK_FAILED = (
        211,
        "CloudFormation could not apply a stack.",
        "The first failed resource is named with AWS's reason; correct it and release again.",
    )
    STACK_BUSY = (
        212,
        "A stack is in a state from which it can't be updated.",
        "Wait for the operation under way, or repair the stack as the message says.",
    )
    CHANGE_SET_FAILED = (
        213,
        "CloudFormation refused a change set.",
        "Correct what AWS's reason names.",
    )
    TEMPLATE_WRONG = (
        214,
        "A template is not one that AWS would take.",
        "Correct what is named where it comes from the config; where it does not, please report it.",
    )
    TEMPLATE_TOO_BIG = (
        215,
        "A template is larger than CloudFormation takes.",
        "Put less into one app: fewer functions, routes or alarms.",
    )
    SLOT_CHANGED = (
        216,
        "A slot's stack is not as its release made it, so its background work can't be turned on or off.",
        "Look who changed the stack; then `kanmon recover`, or `kanmon recover --undo` to go back.",
    )
    HOOK_FAILED = (221, "A hook of the release failed.", "Read the function's log; mend it and release.")
    SNAPSHOT_FAILED = (
        222,
        "The database snapshot before the release could not be taken.",
        "Look at the cluster's state in RDS; nothing was changed.",
    )
    PLAN_UNREADABLE = (301, "The plan file is missing or is not a plan.", "Run `kanmon plan` again.")
    PLAN_ALTERED = (
        302,
        "The plan is not the one its digest was made of.",
        "Use the plan as `kanmon plan` wrote it.",
    )
    PLAN_STALE = (
        303,
        "Something moved since the plan was made, so what was approved is not what would run.",
        "Run `kanmon plan` again and have it approved.",
    )
    PLAN_DESTROYS = (
        304,
        "The plan replaces or deletes a resource that holds state.",
        "If this is meant, name the resource under `allow_destroy` in the config.",
    )
    NOT_APPROVED = (311, "Nobody approved the plan.", "Approve it, or run with --yes where that is meant.")
    FROZEN = (
        312,
        "A rollback froze this environment.",
        "When the cause is mended, deploy with --lift-freeze and a reason.",
    )
    ENVIRONMENT_MISSING = (
        321,
        "The GitHub environment does not exist, so nothing would hold a release back.",
        "Create it under Settings → Environments, with required reviewers and a branch rule.",
    )
    REVIEWERS_MISSING = (
        322,
        "The GitHub environment has no required reviewers.",
        "Settings → Environments → the environment → Required reviewers (private: on some plans only).",
    )
    BRANCHES_OPEN = (
        323,
        "Any branch may deploy to the GitHub environment.",
        "Settings → Environments → the environment → Deployment branches and tags: select main only.",
    )
    BRANCH_REFUSED = (
        324,
        "This branch may not deploy to the GitHub environment.",
        "Run the workflow on a branch that the environment's branch rule names.",
    )
    SELF_REVIEW_ALLOWED = (
        325,
        "The GitHub environment lets people approve what they started themselves.",
        "Settings → Environments → the environment → Prevent self-review.",
    )
    RUN_NOT_APPROVED = (
        326,
        "Nobody approved this run for the GitHub environment.",
        "Have a reviewer approve it. A run that got past the rules, as administrators can, is refused.",
    )
    APPROVED_BY_ACTOR = (
        327,
        "The run was approved by whoever started it.",
        "Have somebody else approve it.",
    )
    APPROVAL_TOO_OLD = (
        328,
        "What was approved is an earlier attempt of this run.",
        "Start a new run and have it approved.",
    )
    LOCKED = (
        401,
        "Another run holds this environment.",
        "Wait for it to end; a run that died loses the lock when its lease expires.",
    )
    LEASE_LOST = (
        402,
        "This run lost its lock to another one.",
        "Look at `kanmon status`; the run that has the lock finishes or undoes the release.",
    )
    LEDGER_CONFLICT = (403, "The ledger changed while it was being written.", "Run the command again.")
    LEDGER_UNREADABLE = (
        404,
        "A record of the ledger can't be read.",
        "Restore the object's former version in the artifact bucket.",
    )
    UNKNOWN_RELEASE = (411, "There is no such release.", "`kanmon history` lists the releases.")
    NO_ROLLBACK_TARGET = (
        412,
        "There is no release to go back to.",
        "Name one that was stable, see `kanmon history`.",
    )
    HELD = (
        413,
        "The environment is held: a person has to decide.",
        "`kanmon recover --keep` keeps the live release, `kanmon recover --undo` takes it back.",
    )
    UNFINISHED = (
        414,
        "An earlier run did not end.",
        "`kanmon recover` finishes or undoes it.",
    )
    CHECK_FAILED = (501, "A smoke check failed.", "The check's actual value is shown; mend the release.")
    CHECK_FAILS_EVERYWHERE = (
        502,
        "A smoke check fails on the release and on the stable release too.",
        "The check itself or something that both depend on is broken: mend that first.",
    )
    ALARM_FIRED = (
        503,
        "An alarm began to fire while the release was watched.",
        "Look at the alarm in CloudWatch; mend what it measures, then release again.",
    )
    ALARMS_UNREADABLE = (
        504,
        "The alarms can't be read, so nobody can tell whether the release is well.",
        "Look at them in CloudWatch, then `kanmon recover --keep` or `--undo`; mend what the message names.",
    )
    POINTER_MOVED = (
        511,
        "A pointer was moved by somebody else.",
        "Look who else changes the API stage or the live page; then `kanmon recover`.",
    )
    ASSET_CHANGED = (
        512,
        "A hashed asset exists already with other content.",
        "Give the file a name that changes with its content, or take it out of `immutable`.",
    )
    ROLLBACK_FAILED = (
        521,
        "Taking the release back failed.",
        "Run `kanmon recover`; the ledger says how far it came.",
    )
    GITHUB_MISSING = (
        601,
        "GitHub is needed, but this is not a workflow run or there is no token.",
        "Run it in a workflow and give the action its `token` (`github.token` by default).",
    )
    GITHUB_DENIED = (
        602,
        "GitHub denied a call.",
        "Give the job the permission that the message names.",
    )
    GITHUB_UNREACHABLE = (603, "GitHub could not be reached.", "Try again; see githubstatus.com.")
    GITHUB_FAILED = (604, "GitHub answered a call with an error.", "Read GitHub's message; try again.")
    NOTIFY_FAILED = (
        611,
        "A message could not be delivered; the release is not affected.",
        "Check the topic, and the Slack secret that the config names.",
    )
    MARK_FAILED = (
        612,
        "A release could not be marked in CloudWatch; it is not affected.",
        "Give the role the permission that the message names; apply the bootstrap stack again.",
    )
    USAGE = (901, "The command line is wrong.", "See `kanmon --help`.")
    INTERRUPTED = (902, "The run was interrupted.", "Run the command again.")
    FILE_REFUSED = (903, "A file could not be read or written.", "Give a path that may be read or written.")
    INTERNAL = (999, "Kanmon itself failed.", "Please report it with the output of `--debug`.")

    def __init__(self, number: int, meaning: str, fix: str) -> None:
        self.number = number
        self.meaning = meaning
        self.fix = fix

    @property
    def id(self) -> str:
        """The code as printed, `KNM-101`."""
        return f"KNM-{self.number}"


class KanmonError(Exception):
    """One thing that went wrong, as a person should read it.

    `message` says what happened, `where` names the file, key, stack or URL, and `fix` says what to do when
    the code's general fix can be made more precise.
    """

    def __init__(self, code: Code, message: str, *, where: str | None = None, fix: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.where = where
        self.fix = fix or code.fix

    def __str__(self) -> str:
        """The error as one message."""
        place = f" ({self.where})" if self.where else ""
        return f"{self.code.id}: {self.message}{place} {self.fix}"
