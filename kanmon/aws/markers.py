"""Deployment markers for the dashboard: two metrics with the times of releases and rollbacks (MON-1)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING

from kanmon.aws.calls import aws_errors
from kanmon.language import phrase
from kanmon.naming import METRICS, RELEASES_METRIC, ROLLBACKS_METRIC

if TYPE_CHECKING:
    from mypy_boto3_cloudwatch import CloudWatchClient


class Marker(StrEnum):
    """An event, as the name of its metric."""

    RELEASE = RELEASES_METRIC
    """A release became stable."""
    ROLLBACK = ROLLBACKS_METRIC
    """A release was rolled back, automatically or by hand."""


@dataclass(frozen=True)
class Markers:
    """The markers of one app's environment."""

    cloudwatch: CloudWatchClient
    app: str
    environment: str

    def put(self, marker: Marker) -> None:
        """Put a marker at the present minute. Raises AWS's errors as KanmonError.

        https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricData.html
        """
        with aws_errors(phrase("putting the metric {namespace}/{marker}", namespace=METRICS, marker=marker)):
            self.cloudwatch.put_metric_data(
                Namespace=METRICS,
                MetricData=[
                    {
                        "MetricName": marker.value,
                        "Dimensions": [
                            {"Name": "App", "Value": self.app},
                            {"Name": "Environment", "Value": self.environment},
                        ],
                        "Value": 1,
                        "Unit": "Count",
                    }
                ],
            )
