"""Release marks: one metric by which the dashboard shows when users were moved (MON-1)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from kanmon.aws import explained

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient

NAMESPACE = "Kanmon"


class Mark(StrEnum):
    """What happened, as the metric is called."""

    RELEASE = "Releases"
    """A release became stable."""
    ROLLBACK = "Rollbacks"
    """A release was taken back, by itself or by hand."""


@dataclass(frozen=True)
class Marks:
    """The marks of one app's environment."""

    cloudwatch: CloudWatchClient
    app: str
    environment: str

    def put(self, mark: Mark) -> None:
        """Put a mark at the present minute. Raises what AWS's errors become.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
        """
        with explained(f"putting the metric {NAMESPACE}/{mark}"):
            self.cloudwatch.put_metric_data(
                Namespace=NAMESPACE,
                MetricData=[
                    {
                        "MetricName": mark.value,
                        "Dimensions": [
                            {"Name": "App", "Value": self.app},
                            {"Name": "Environment", "Value": self.environment},
                        ],
                        "Value": 1,
                        "Unit": "Count",
                    }
                ],
            )
