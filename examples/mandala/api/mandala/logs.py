"""Log lines: one JSON object per line on standard output, which Lambda hands to CloudWatch."""

import json
import sys


def log(level: str, message: str, **fields: object) -> None:
    """Write one line. Callers never pass a credential or a request's body."""
    line = {"level": level, "message": message, **fields}
    print(json.dumps(line, ensure_ascii=False, default=str), file=sys.stdout, flush=True)
