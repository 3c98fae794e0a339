"""The pointers when others meddle or answers are lost, and what errors tell of a trial (CD-8, CD-13)."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, cast

import boto3
import pytest
from botocore.config import Config as ClientConfig
from moto import mock_aws

from kanmon.bundle.blobs import blob_key
from kanmon.bundle.manifest import Manifest, WebFile
from kanmon.config import Throttle
from kanmon.errors import Code, KanmonError
from kanmon.ledger import Pointer, Slot
from kanmon.traffic import ApiStages, StageSettings, WebPages
from tests.fakes.app import make_config
from tests.fakes.objects import refusal
from tests.fakes.stages import MemoryApiGateway

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from mypy_boto3_s3 import S3Client

BLUE, GREEN = Pointer(deployment="d1", slot=Slot.BLUE), Pointer(deployment="d2", slot=Slot.GREEN)
SECRET = "0123456789abcdef"
TOKEN = f"r2-{SECRET}"
WEB, ARTIFACTS = "web-bucket", "artifacts"
OLD = {"index.html": "old", "assets/a-1.js": "1", "sw.js": "old", "robots.txt": "all"}
NEW = {"index.html": "new", "assets/b-2.js": "2", "sw.js": "new", "robots.txt": "all", "icon.svg": "<svg/>"}


def stages_on(gateway: object) -> ApiStages:
    return ApiStages(cast("Any", gateway), "api-1", StageSettings(Throttle(), "arn:logs"))


def test_a_slot_that_kanmon_does_not_know_is_somebody_else_s_doing() -> None:
    gateway = MemoryApiGateway(deployments={"d1", "d2"})
    api = stages_on(gateway)
    api.move(BLUE, allowed=frozenset())
    gateway.stages["live"]["variables"]["slot"] = "purple"
    with pytest.raises(KanmonError) as caught:
        api.move(GREEN, allowed=frozenset({BLUE}))
    assert caught.value.code is Code.POINTER_MOVED


class LosingAnswers(MemoryApiGateway):
    """Does not show a stage that it has just made, as when the answer to the first call was lost."""

    def get_stage(self, *, restApiId: str, stageName: str) -> dict[str, Any]:  # noqa: N803 - boto3's names
        del restApiId, stageName
        raise refusal("NotFoundException", "GetStage")


def test_a_stage_that_is_there_already_is_set_up_all_the_same() -> None:
    """CD-13: the answer to CreateStage was lost and the call repeated."""
    gateway = LosingAnswers(deployments={"d1", "d2"})
    for _ in range(2):
        stages_on(gateway).open_trial(TOKEN, GREEN)
    assert gateway.stages[TOKEN]["methodSettings"]["*/*"]["throttlingBurstLimit"] == 200


class RefusingGateway:
    """Refuses everything, with one message."""

    def __init__(self, message: str) -> None:
        self.message = message

    def get_stage(self, **_: str) -> None:
        raise refusal("AccessDeniedException", "GetStage", self.message)

    def delete_stage(self, **_: str) -> None:
        raise refusal("AccessDeniedException", "DeleteStage", self.message)


def trial_error(gateway: object, operation: str) -> KanmonError:
    api = stages_on(gateway)
    calls = {"open": lambda: api.open_trial(TOKEN, GREEN), "close": lambda: api.close_trial(TOKEN)}
    with pytest.raises(KanmonError) as caught:
        calls[operation]()
    return caught.value


@pytest.mark.parametrize("operation", ["open", "close"])
def test_a_refused_trial_is_told_without_its_token(operation: str) -> None:
    error = trial_error(RefusingGateway("Too many requests"), operation)
    assert "the trial of r2" in error.message
    assert SECRET not in str(error)


@pytest.mark.parametrize("operation", ["open", "close"])
def test_a_denial_that_names_the_stage_is_told_without_its_token(operation: str) -> None:
    """AWS's AccessDenied names the resource: `on resource: arn:aws:apigateway:…/stages/<name>`."""
    arn = f"arn:aws:apigateway:ap-northeast-1::/restapis/api-1/stages/{TOKEN}"
    gateway = RefusingGateway(f"not authorized to perform: apigateway:X on resource: {arn}")
    assert SECRET not in str(trial_error(gateway, operation))


@pytest.mark.parametrize("operation", ["open", "close"])
def test_an_unreachable_aws_is_told_without_a_trial_s_token(operation: str) -> None:
    client = boto3.client(
        "apigateway",
        region_name="us-east-1",
        endpoint_url="http://127.0.0.1:1",
        config=ClientConfig(retries={"mode": "standard", "total_max_attempts": 1}),
    )
    assert SECRET not in str(trial_error(client, operation))


class Watched:
    """An S3 that remembers what was written, and does something just before content is read."""

    def __init__(self, s3: S3Client) -> None:
        self.s3 = s3
        self.written: list[str] = []
        self.before_read: Callable[[], object] = lambda: None

    def __getattr__(self, name: str) -> Any:
        return getattr(self.s3, name)

    def get_object(self, **options: Any) -> Any:
        self.before_read()
        return self.s3.get_object(**options)

    def put_object(self, **options: Any) -> Any:
        answer = self.s3.put_object(**options)
        self.written.append(options["Key"])
        return answer

    def copy_object(self, **options: Any) -> Any:
        answer = self.s3.copy_object(**options)
        self.written.append(options["Key"])
        return answer


@pytest.fixture
def s3() -> Iterator[Watched]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        for bucket in (WEB, ARTIFACTS):
            client.create_bucket(Bucket=bucket)
        yield Watched(client)


@pytest.fixture
def web(s3: Watched) -> WebPages:
    return WebPages(cast("Any", s3), WEB, ARTIFACTS)


def bundle(s3: Watched, files: dict[str, str]) -> Manifest:
    """A manifest whose files lie in the artifact bucket."""
    listed = {}
    for name, content in files.items():
        sha256 = hashlib.sha256(content.encode()).hexdigest()
        s3.s3.put_object(Bucket=ARTIFACTS, Key=blob_key(sha256), Body=content.encode())
        listed[name] = WebFile(sha256=sha256, size=len(content), immutable=name.startswith("assets/"))
    return Manifest(app="shop", commit="c", tools={}, functions={}, web=listed, config=make_config())


def text(s3: Watched, name: str) -> str:
    return str(s3.s3.get_object(Bucket=WEB, Key=name)["Body"].read().decode())


def test_a_move_against_s3_writes_what_differs_and_the_entry_page_last(web: WebPages, s3: Watched) -> None:
    """CD-8: nobody gets a page whose other files aren't there yet; CD-13: a second time writes nothing."""
    old, new = bundle(s3, OLD), bundle(s3, NEW)
    web.publish("r1", old)
    assert web.move("r1", old, None) == 3
    web.publish("r2", new)
    s3.written.clear()
    assert web.move("r2", new, old) == 3
    assert sorted(s3.written[:-1]) == ["icon.svg", "sw.js"]
    assert s3.written[-1] == "index.html"
    assert web.live() == "r2"
    assert web.move("r2", new, old) == 0


@pytest.mark.parametrize("first", [True, False], ids=["first release", "later release"])
def test_a_page_that_somebody_else_replaced_meanwhile_is_not_overwritten(
    web: WebPages, s3: Watched, *, first: bool
) -> None:
    old, new = bundle(s3, OLD), bundle(s3, NEW)
    if not first:
        web.move("r1", old, None)
    s3.before_read = lambda: s3.s3.put_object(Bucket=WEB, Key="index.html", Body=b"theirs")
    with pytest.raises(KanmonError, match="replaced the live page") as caught:
        web.move("r2", new, None if first else old)
    assert caught.value.code is Code.POINTER_MOVED
    assert text(s3, "index.html") == "theirs"


def test_a_page_that_somebody_else_removed_meanwhile_is_a_moved_pointer(web: WebPages, s3: Watched) -> None:
    old, new = bundle(s3, OLD), bundle(s3, NEW)
    web.move("r1", old, None)
    s3.before_read = web.clear
    with pytest.raises(KanmonError) as caught:
        web.move("r2", new, old)
    assert caught.value.code is Code.POINTER_MOVED


def test_a_page_whose_write_s_answer_was_lost_counts_as_done(
    web: WebPages, s3: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    """CD-13: botocore repeats the call, and the repetition meets our own page."""

    def write_and_refuse(**options: Any) -> None:
        s3.s3.put_object(**options)
        raise refusal("PreconditionFailed", "PutObject")

    new = bundle(s3, NEW)
    monkeypatch.setattr(s3, "put_object", write_and_refuse)
    assert web.move("r2", new, None) == 4
    assert web.live() == "r2"
