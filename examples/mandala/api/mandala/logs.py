"""Log lines: one JSON object per line on standard output, which Lambda hands to CloudWatch."""

import json
import sys
from datetime import UTC, datetime


def log(level: str, message: str, **fields: object) -> None:
    """Write one line, with level and time as Lambda's own lines have them: one filter finds both.

    Callers never pass a credential or a request's body.
    """
    timestamp = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    line = {"timestamp": timestamp, "level": level.upper(), "message": message, **fields}
    print(json.dumps(line, ensure_ascii=False, default=str), file=sys.stdout, flush=True)
