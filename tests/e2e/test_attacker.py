"""What was approved is what runs, against who holds the plan role or another environment's roles (TRU-1).

Between approval and deploy, before the plan, before a rollback and before an automatic one, each of them
changes what they may. Nothing of it runs or is served; the worst that they reach is a refusal with a code.
"""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from embedded.aws import ACCOUNT
from kanmon.naming import artifact_bucket
from tests.e2e.attacker import ATTACKER, Attacker, Contents, Place, Role, Tally
from tests.e2e.changes import break_live_only, repair_live, visible_change
from tests.e2e.poison import MARK, Poison, role_within
from tests.e2e.project import Project
from tests.e2e.repository import PROVIDER

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from embedded.aws import EmbeddedAws
    from tests.e2e.project import Ended

pytestmark = [pytest.mark.emulator, pytest.mark.timeout(1800)]

CONFIG = """
github:
  {repository: octo/mandala, repository_id: 456, owner_id: 123, existing_provider: true,
   environments: [staging, besieged]}
"""


@dataclass
class Siege:
    """The app in production, its own roles, and the attackers."""

    project: Project
    plan: dict[str, str]
    deploy: dict[str, str]
    attackers: list[Attacker]
    tally: Tally
    ran: Path
    made: set[tuple[str, str, str]] = field(default_factory=set)
    """The attackers' versions of objects: bucket, key, version."""
    outcomes: dict[str, str] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)
    """What ran, was served, or got rights, after each command."""

    def planned(self) -> Ended:
        """Build, and plan as the plan job does."""
        self.project.kanmon("build").check()
        return self.project.kanmon("plan", "--output", str(self.file), *self.lift, **self.plan)

    def approved(self) -> Ended:
        """Deploy the plan as the deploy job does. A reviewer approved this plan."""
        return self.project.kanmon("deploy", "--plan", str(self.file), "--yes", *self.lift, **self.deploy)

    @property
    def lift(self) -> tuple[str, ...]:
        """After a rollback, a release needs a reason."""
        return ("--lift-freeze", "the cause is known") if self.project.head()["freeze"] else ()

    @property
    def file(self) -> Path:
        """The plan, which the job's output holds with its digest."""
        return self.project.folder / "plan.json"

    def contents(self) -> dict[Place, bytes]:
        """Each object of the account's buckets."""
        s3 = self.project.client("s3")
        found: dict[Place, bytes] = {}
        for bucket in s3.list_buckets()["Buckets"]:
            if bucket["Name"].startswith("mandala-"):
                for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket["Name"]):
                    for one in page.get("Contents", []):
                        at = {"Bucket": bucket["Name"], "Key": one["Key"]}
                        found[bucket["Name"], one["Key"]] = s3.get_object(**at)["Body"].read()
        return found

    def stacks(self) -> dict[str, str]:
        """The templates of production's stacks."""
        cloudformation = self.project.client("cloudformation")
        pages = cloudformation.get_paginator("describe_stacks").paginate()
        names = [one["StackName"] for page in pages for one in page["Stacks"]]
        own = [name for name in names if name.startswith("mandala-besieged-")]
        return {name: _text(cloudformation.get_template(StackName=name)["TemplateBody"]) for name in own}

    def functions(self) -> list[dict[str, Any]]:
        """Production's functions."""
        found: list[dict[str, Any]] = self.project.client("lambda").list_functions()["Functions"]
        return [one for one in found if one["FunctionName"].startswith("mandala-besieged-")]

    def release(self, name: str, attack: Callable[[], object]) -> None:
        """A release with an attack between approval and deploy. After a refusal, it succeeds without one."""
        visible_change(self.project, name)
        self.planned().check()
        self.attacked(attack)
        ended = self.approved()
        self.outcome(name, ended)
        self.clean()
        if ended.status:
            assert self.found == []
            self.planned().check()
            self.approved().check()

    def attacked(self, attack: Callable[[], object]) -> None:
        """Let an attack happen, and remember its versions of objects."""
        before = self.versions()
        attack()
        self.made = self.versions() - before

    def clean(self) -> None:
        """An administrator removes what the attackers wrote: the version before counts again."""
        s3 = self.project.client("s3")
        for bucket, key, version in sorted(self.made):
            s3.delete_object(Bucket=bucket, Key=key, VersionId=version)
        self.made = set()

    def versions(self) -> set[tuple[str, str, str]]:
        """All versions and delete markers of the artifact bucket."""
        s3 = self.project.client("s3")
        found = set()
        for page in s3.get_paginator("list_object_versions").paginate(Bucket=self.artifacts):
            for one in [*page.get("Versions", []), *page.get("DeleteMarkers", [])]:
                found.add((self.artifacts, one["Key"], one["VersionId"]))
        return found

    @property
    def artifacts(self) -> str:
        """The artifact bucket."""
        return artifact_bucket("mandala", ACCOUNT, self.project.environment["AWS_REGION"])

    def forge(self, wanted: Callable[[Place, bytes], bool]) -> None:
        """Each attacker writes their version of the objects that are wanted; the rest stays whole."""
        contents = self.contents()
        for attacker in self.attackers:
            changed = attacker.forge(contents)
            attacker.put({place: body for place, body in changed.items() if wanted(place, contents[place])})

    def everything(self) -> None:
        """Everything at once, by everybody, and without care for what breaks."""
        contents, stacks = self.contents(), self.stacks()
        functions = [one["FunctionName"] for one in self.functions()]
        for attacker in self.attackers:
            attacker.change_objects(contents)
            attacker.put(self.invented(attacker.role, contents))
            attacker.replace_change_sets(stacks)
            attacker.try_everything_else(stacks, functions)

    def invented(self, role: Role, contents: Contents) -> Contents:
        """New objects where the role may write: names like those that are there, and later ones."""
        known = {bucket for bucket, _ in contents}
        names = [
            "r9.json",
            "r99.json",
            "r9999999999.json",
            "9.json",
            "head.json",
            "live.json",
            MARK,
            "r5.json",
        ]
        bodies = [b"{}", b"not JSON", b"[" * 5000]
        places: dict[Place, bytes] = {}
        for statement in role.statements:
            for pattern in statement.resources or () if "s3:PutObject" in (statement.actions or ()) else ():
                bucket, _, key = pattern.removeprefix("arn:aws:s3:::").partition("/")
                if bucket in known and not key.endswith("blobs/*"):
                    for number, name in enumerate(names):
                        places[bucket, key.replace("*", name)] = bodies[number % len(bodies)]
        return places

    def outcome(self, name: str, ended: Ended) -> None:
        """A command's end: all went well, or a refusal with a code that is no bug of Kanmon's."""
        printed = (ended.error + ended.output).replace("\n", " ")
        codes = re.findall(r"KNM-\d{3}", printed)
        reason = printed[printed.index(codes[0]) :][:160] if codes else "without a code"
        self.outcomes[name] = "as approved" if ended.status == 0 else f"refused, {reason}"
        assert ended.status == 0 or codes, ended.error
        assert "KNM-999" not in codes, ended.error
        self.found += [f"{name}: {one}" for one in self.traces()]

    def traces(self) -> list[str]:
        """Where something of the attackers runs, is served, or has rights."""
        found = [f"code ran: {self.ran}"] if self.ran.exists() else []
        packages = [
            one["FunctionName"] for one in self.functions() if one["CodeSha256"] in self.tally.packages
        ]
        found += [f"function {name}" for name in packages]
        found += [f"template of {name}" for name, body in self.stacks().items() if MARK in body]
        iam = self.project.client("iam")
        found += [
            f"role {one['RoleName']}"
            for one in iam.list_roles()["Roles"]
            if MARK in json.dumps(one, default=str)
        ]
        served = "mandala-besieged-edge" in self.stacks()
        for path in ("/", "/index.html", "/robots.txt", "/api/health", "/api/version") if served else ():
            answer = self.project.get(path)
            if MARK in answer.data.decode(errors="replace") + str(answer.headers):
                found.append(f"answer to {path}")
        web = f"mandala-besieged-web-{ACCOUNT}"
        found += [
            f"page {key}"
            for (bucket, key), body in self.contents().items()
            if bucket == web and MARK.encode() in body
        ]
        return found


@pytest.fixture(scope="module")
def siege(aws: EmbeddedAws, built_app: Path, tmp_path_factory: pytest.TempPathFactory) -> Siege:
    """Production before its first release; staging has roles, too."""
    folder = tmp_path_factory.mktemp("siege")
    project = Project.copy(built_app, folder / "app", "besieged", aws.environment)
    project.edit_config(lambda text: text + CONFIG)
    iam = project.client("iam")
    providers = [one["Arn"] for one in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]]
    if not any(arn.endswith(PROVIDER.removeprefix("https://")) for arn in providers):
        iam.create_open_id_connect_provider(Url=PROVIDER, ClientIDList=["sts.amazonaws.com"])
    project.kanmon("bootstrap", "--yes").check()
    roles = {one["RoleName"] for one in iam.list_roles()["Roles"] if one["RoleName"].startswith("mandala-")}
    plan, deploy = (Role.read(iam, f"mandala-besieged-{kind}") for kind in ("plan", "deploy"))
    foreign = [
        Role.read(iam, name) for name in sorted(roles) if re.fullmatch(r"mandala-staging-(plan|deploy)", name)
    ]
    assert len(foreign) == 2
    tally, ran = Tally(), folder / "ran"
    boundary = next(
        one["Arn"] for one in iam.list_policies(Scope="Local")["Policies"] if "besieged" in one["PolicyName"]
    )
    poison = Poison(ran, role_within(boundary))
    attackers = [
        Attacker(role, project, poison, tally, role.keys(project, ATTACKER)) for role in (plan, *foreign)
    ]
    return Siege(project, plan.keys(project), deploy.keys(project), attackers, tally, ran)


def test_nothing_of_an_attacker_runs_after_an_approval(
    siege: Siege, capsys: pytest.CaptureFixture[str]
) -> None:
    """TRU-1: at each stage; the count is printed. `scripts/attack` takes all stages."""
    between: list[Callable[[Siege], None]] = [
        _next_release,
        _before_the_plan,
        _on_the_change_sets,
        _before_a_rollback,
        _before_an_automatic_rollback,
    ]
    whole = os.environ.get("KANMON_ATTACKS") == "all"
    for stage in (_first_release, *(between if whole else ()), _everything_at_once):
        stage(siege)
    with capsys.disabled():
        rows = [f"  {name}: {outcome}" for name, outcome in siege.outcomes.items()]
        sys.stdout.write(
            "\n".join(
                [f"\nattackers {len(siege.attackers)}, {siege.tally}, ran {len(siege.found)}", *rows, ""]
            )
        )
    assert siege.found == []
    assert siege.tally.calls["allowed"] > 0
    # Each operation that began has ended, and the ledger can be read.
    assert all(one["result"] for one in siege.project.operations())
    assert siege.project.head()["operation"] is None


def test_every_right_of_an_attacker_was_tried(siege: Siege) -> None:
    """Whatever the rendered policies allow: a new right needs a new attack."""
    rights = {right for attacker in siege.attackers for right in attacker.role.actions}
    assert rights - siege.tally.actions == set()


def test_another_environments_roles_reach_nothing_of_production(siege: Siege) -> None:
    """TRU-1: neither stacks nor objects, functions, or the live pointer, by the rendered policies."""
    contents, stacks = siege.contents(), siege.stacks()
    region = siege.project.environment["AWS_REGION"]
    reached = [
        (attacker.role.name, action, resource)
        for attacker in siege.attackers
        if "staging" in attacker.role.name
        for action, resources in {
            "s3:PutObject": [f"arn:aws:s3:::{bucket}/{key}" for bucket, key in contents],
            "s3:DeleteObject": [f"arn:aws:s3:::{bucket}/{key}" for bucket, key in contents],
            "cloudformation:CreateChangeSet": [_stack_arn(region, name) for name in stacks],
            "cloudformation:ExecuteChangeSet": [_stack_arn(region, name) for name in stacks],
            "lambda:InvokeFunction": [one["FunctionArn"] for one in siege.functions()],
        }.items()
        for resource in resources
        if "staging" not in resource and attacker.role.allows(action, resource)
    ]
    assert reached == []


def _first_release(siege: Siege) -> None:
    """Its stacks are made from stored templates. What runs is changed after the approval."""
    siege.release("first release", lambda: siege.forge(_runs))


def _next_release(siege: Siege) -> None:
    siege.release("next release", lambda: siege.forge(_runs))


def _before_the_plan(siege: Siege) -> None:
    """The next release's blobs are known beforehand: wrong ones wait under their names."""
    visible_change(siege.project, "planted")
    before = siege.versions()
    siege.planned().check()
    contents = siege.contents()
    siege.made = siege.versions() - before
    new = {(bucket, key): contents[bucket, key] for bucket, key, _ in siege.made if (bucket, key) in contents}
    siege.clean()  # as if that plan had never been made
    siege.attacked(lambda: [one.put({**one.forge(new)}) for one in siege.attackers])
    planned = siege.planned()
    siege.outcome("plan over planted objects", planned)
    if planned.status == 0:
        siege.outcome("deploy over planted objects", siege.approved())
    siege.clean()
    if planned.status:
        siege.planned().check()
        siege.approved().check()


def _on_the_change_sets(siege: Siege) -> None:
    """The approved plan's change sets are deleted, and others stand under their names."""
    stacks = siege.stacks()

    def attack() -> None:
        for attacker in siege.attackers:
            attacker.replace_change_sets(stacks)

    siege.release("changed change sets", attack)


def _before_a_rollback(siege: Siege) -> None:
    """A reviewer approved it. The release is in neither slot: its stack is put up again as recorded."""
    slots = set(siege.project.head()["slots"].values())
    stable = [one["release"] for one in siege.project.operations() if one["result"] == "stable"]
    target = next(release for release in stable if release not in slots)
    siege.attacked(lambda: siege.forge(_recorded))
    ended = siege.project.kanmon("rollback", target, "--yes", **siege.deploy)
    siege.outcome("rollback over changed records", ended)
    siege.clean()


def _before_an_automatic_rollback(siege: Siege) -> None:
    """The release fails live: Kanmon goes to the former one by itself, without an approval."""
    break_live_only(siege.project)
    siege.planned().check()
    siege.attacked(lambda: siege.forge(_recorded))
    siege.outcome("automatic rollback", siege.approved())
    siege.clean()
    repair_live(siege.project)


def _everything_at_once(siege: Siege) -> None:
    visible_change(siege.project, "everything")
    siege.planned().check()
    siege.attacked(siege.everything)
    siege.outcome("everything at once", siege.approved())
    assert siege.project.kanmon("status").status == 0, "an operator still sees where users are"
    siege.clean()


def _runs(place: Place, body: bytes) -> bool:
    """Packages, pages and templates."""
    return _is_blob(place) and body[:1] != b"{"


def _recorded(place: Place, _body: bytes) -> bool:
    """The ledger's records of releases; the manifests and blobs stay as they are."""
    return not _is_blob(place)


def _is_blob(place: Place) -> bool:
    return re.fullmatch(r"[0-9a-f]{64}", place[1][-64:]) is not None


def _stack_arn(region: str, name: str) -> str:
    return f"arn:aws:cloudformation:{region}:{ACCOUNT}:stack/{name}/0"


def _text(body: Any) -> str:
    return body if isinstance(body, str) else json.dumps(body)
