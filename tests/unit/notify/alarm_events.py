"""The messages of CloudWatch to a topic, and of SNS to a function.

https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/Notify_Users_Alarm_Changes.html
https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html
"""

from __future__ import annotations

import json
from typing import Any

ALARM: dict[str, Any] = {
    "AlarmName": "shop-test-api-p95",
    "AlarmDescription": "Users wait too long. Look at the slowest requests.",
    "AWSAccountId": "111122223333",
    "AlarmConfigurationUpdatedTimestamp": "2026-11-24T07:20:00.000+0000",
    "NewStateValue": "ALARM",
    "NewStateReason": "Threshold Crossed: 3 out of the last 5 datapoints [2412.0 (25/11/26 02:01:00)] were "
    "greater than the threshold (2000.0) (minimum 3 datapoints for OK -> ALARM transition).",
    "StateChangeTime": "2026-11-25T02:04:11.305+0000",
    "Region": "Asia Pacific (Tokyo)",
    "AlarmArn": "arn:aws:cloudwatch:ap-northeast-1:111122223333:alarm:shop-test-api-p95",
    "OldStateValue": "OK",
    "OKActions": ["arn:aws:sns:ap-northeast-1:111122223333:shop-test-alarms"],
    "AlarmActions": ["arn:aws:sns:ap-northeast-1:111122223333:shop-test-alarms"],
    "InsufficientDataActions": [],
    "Trigger": {
        "MetricName": "Latency",
        "Namespace": "AWS/ApiGateway",
        "StatisticType": "ExtendedStatistic",
        "ExtendedStatistic": "p95",
        "Unit": None,
        "Dimensions": [{"value": "shop-test", "name": "ApiName"}, {"value": "live", "name": "Stage"}],
        "Period": 60,
        "EvaluationPeriods": 5,
        "DatapointsToAlarm": 3,
        "ComparisonOperator": "GreaterThanThreshold",
        "Threshold": 2000.0,
        "TreatMissingData": "notBreaching",
        "EvaluateLowSampleCountPercentile": "",
    },
}
MATH = ALARM["Trigger"] | {
    "MetricName": None,
    "Threshold": 5.0,
    "Metrics": [
        {"Id": "errors", "ReturnData": False, "MetricStat": {"Stat": "Sum", "Period": 60}},
        {"Id": "percent", "Expression": "100 * errors / requests", "Label": "5xx %", "ReturnData": True},
    ],
}
COMPOSITE = {key: value for key, value in ALARM.items() if key != "Trigger"} | {
    "AlarmName": "shop-test-blue-rollback",
    "AlarmRule": 'ALARM("shop-test-blue-errors-1")',
    "NewStateReason": "arn:aws:cloudwatch:ap-northeast-1:111122223333:alarm:shop-test-blue-errors-1 "
    "transitioned to ALARM at Wednesday 25 November, 2026 02:04:11 UTC",
}


def event(*alarms: dict[str, Any]) -> dict[str, Any]:
    """SNS's call of a function."""
    return {"Records": [_record(alarm) for alarm in alarms]}


def _record(alarm: dict[str, Any]) -> dict[str, Any]:
    topic = "arn:aws:sns:ap-northeast-1:111122223333:shop-test-alarms"
    return {
        "EventVersion": "1.0",
        "EventSource": "aws:sns",
        "EventSubscriptionArn": f"{topic}:21be56ed-a058-49f5-8c98-aedd2564c486",
        "Sns": {
            "Type": "Notification",
            "MessageId": "95df01b4-ee98-5cb9-9903-4c221d41eb5e",
            "TopicArn": topic,
            "Subject": f'{alarm["NewStateValue"]}: "{alarm["AlarmName"]}" in Asia Pacific (Tokyo)',
            "Message": json.dumps(alarm),
            "Timestamp": "2026-11-25T02:04:11.400Z",
            "MessageAttributes": {},
        },
    }
