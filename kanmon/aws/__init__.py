"""The room of AWS: the only place that makes AWS's clients and turns their errors into Kanmon's."""

from kanmon.aws.calls import error_code, explained, write_was_refused
from kanmon.aws.clients import Aws, upload

__all__ = ["Aws", "error_code", "explained", "upload", "write_was_refused"]
