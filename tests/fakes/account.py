"""The account of a command, on the fake AWS."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast

from kanmon.bundle.blobs import Blobs
from tests.fakes.cloud import ARTIFACTS, BOOTSTRAPPED

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from kanmon.config.schema import Config
    from kanmon.templates.stack_set import Bootstrapped
    from tests.fakes.cloud import Cloud


@dataclass
class FakeAccount:
    """See :class:`kanmon.cli.account.Account`."""

    cloud: Cloud
    config: Config
    markers: list[str]
    """The deployment markers on the dashboard."""
    bucket: str = ARTIFACTS
    service_role: str = ""
    bootstrapped: Bootstrapped = BOOTSTRAPPED
    aws: Any = field(init=False)

    def __post_init__(self) -> None:
        self.aws = SimpleNamespace(account="1" * 12, cloudwatch=SimpleNamespace(put_metric_data=self._put))

    @property
    def blobs(self) -> Blobs:
        return Blobs(cast("Any", self.cloud.s3), self.bucket, self.config.environment)

    def refuse_new_types(self, types: Mapping[str, Iterable[str]]) -> None:
        """Nothing is refused: `tests/unit/cli/test_account.py` has the rules."""

    def _put(self, *, Namespace: str, MetricData: list[dict[str, Any]]) -> None:  # noqa: N803 - boto3's names
        assert Namespace == "Kanmon"
        self.markers += [data["MetricName"] for data in MetricData]
