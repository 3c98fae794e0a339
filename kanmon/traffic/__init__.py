"""The room of traffic: the two pointers that decide who gets which release, and the trials beside them."""

from kanmon.traffic.absent import NoApi, NoWeb
from kanmon.traffic.api import ApiStages
from kanmon.traffic.stage import StageSettings
from kanmon.traffic.web import WebPages

__all__ = ["ApiStages", "NoApi", "NoWeb", "StageSettings", "WebPages"]
