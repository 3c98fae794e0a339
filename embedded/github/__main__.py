"""Write the trimmed description of GitHub's API, from the package of `npm ci`."""

from __future__ import annotations

import json

from .trim import FULL, TRIMMED, trim

if __name__ == "__main__":
    TRIMMED.parent.mkdir(exist_ok=True)
    TRIMMED.write_text(json.dumps(trim(json.loads(FULL.read_text("utf-8"))), separators=(",", ":")), "utf-8")
