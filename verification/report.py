"""The report: `verify-aws.md` and `verify-aws.json`, with nothing secret in them."""

from __future__ import annotations

import json
import re
import statistics
from collections import Counter
from typing import TYPE_CHECKING, Any

from .findings import Outcome

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from .findings import Proof, State

_SECRET = (
    (re.compile(r"arn:[\w-]+:[^\s\"'|,)]+"), "arn:…"),
    (re.compile(r"\b(?:AKIA|ASIA|AROA|AIDA)[A-Z0-9]{12,}\b"), "…key…"),
    (re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+"), "…address…"),
    (re.compile(r"\b(?:gh[pousr]_|github_pat_|xox[a-z]-|eyJ)[\w.-]{10,}"), "…token…"),
    (re.compile(r"\b(?:r\d+-)?[0-9a-f]{32,}\b"), "…token…"),
    # Keys and session tokens of AWS: long, with letters of both sizes and digits.
    (re.compile(r"(?<![\w/+=])(?=[\w/+=]*[a-z])(?=[\w/+=]*[A-Z])(?=[\w/+=]*\d)[\w/+=]{40,}"), "…key…"),
    (re.compile(r"(?<!\d)\d{12}(?!\d)"), "…account…"),
)
"""What may look like a secret, and what stands for it. An ARN has the account's number, and more."""
_HOST = re.compile(r"\b[\w-]+\.(?:cloudfront\.net|execute-api\.[\w-]+\.amazonaws\.com)")


def redacted(text: str) -> str:
    """The text without ARNs, account numbers, keys, tokens, addresses of people and of the app."""
    for pattern, stand_in in (*_SECRET, (_HOST, "…host…")):
        text = pattern.sub(stand_in, text)
    return text


def document(state: State, *, embedded: bool, left: int | None) -> dict[str, Any]:
    """The content of `verify-aws.json`."""
    times: dict[str, list[float]] = {}
    for done in state.done.values():
        for name, seconds in done.times.items():
            times.setdefault(name, []).extend(seconds)
    content = {
        "kanmon": state.kanmon,
        "began": state.began.isoformat(timespec="seconds"),
        "region": state.region,
        "account": f"…{state.account[-4:]}",
        "aws": "embedded" if embedded else "real",
        "outcomes": dict(Counter(proof.outcome.value for proof in state.proofs)),
        "proofs": [proof.model_dump(mode="json") for proof in state.proofs],
        "times": {name: summary(seconds) for name, seconds in sorted(times.items())},
        "steps": {name: done.seconds for name, done in state.done.items()},
        "left": left,
        "failure": state.failure,
        "notes": {
            name: text
            for done in state.done.values()
            for name, text in done.notes.items()
            if not name.startswith("stack ")
        },
    }
    cleaned: dict[str, Any] = _cleaned(content)
    return cleaned


def _cleaned(value: Any) -> Any:
    if isinstance(value, dict):
        return {redacted(str(key)): _cleaned(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_cleaned(one) for one in value]
    return redacted(value) if isinstance(value, str) else value


def summary(seconds: list[float]) -> dict[str, float]:
    """Least, median, most and number."""
    return {
        "min": min(seconds),
        "median": round(statistics.median(seconds), 3),
        "max": max(seconds),
        "n": len(seconds),
    }


def markdown(content: dict[str, Any]) -> str:
    """The content of `verify-aws.md`."""
    proofs = content["proofs"]
    requirements = [one for one in proofs if "-" in one["id"]]
    points = [one for one in proofs if "-" not in one["id"]]
    outcomes = ", ".join(f"{content['outcomes'].get(one.value, 0)} {one.value}" for one in Outcome)
    place = "the embedded AWS, on this machine" if content["aws"] == "embedded" else "a real account"
    left = "not looked yet" if content["left"] is None else f"{content['left']} things"
    blocks = [
        "# Kanmon on AWS",
        f"Kanmon {content['kanmon']} on {place}, {content['region']}, account {content['account']}.",
        f"Begun {content['began']}.",
        f"**{outcomes}.** Left in the account: **{left}**.",
    ]
    if content["failure"]:
        blocks.append(f"**The run ended before its last step:** {_cell(content['failure'])}")
    blocks += [
        "## Promises\n\n`docs/requirements.md` has the ids.",
        _proofs(requirements),
        "## Points about AWS\n\n`docs/verify-aws.md` has the ids.",
        _proofs(points),
        "## Times\n\nIn seconds.",
        _table(
            ("measured", "min", "median", "max", "n"),
            ([name, *map(str, one.values())] for name, one in content["times"].items()),
        ),
        "## Steps\n\nIn seconds.",
        _table(("step", "took"), ([name, str(seconds)] for name, seconds in content["steps"].items())),
    ]
    if content["notes"]:
        blocks += ["## Notes", _table(("what", "is"), (list(one) for one in content["notes"].items()))]
    return "\n\n".join(blocks) + "\n"


def _proofs(proofs: list[dict[str, str]]) -> str:
    rows = ([one["id"], one["claim"], f"**{one['outcome']}**", one["fact"]] for one in proofs)
    return _table(("id", "what", "outcome", "figure or reason"), rows)


def _table(head: tuple[str, ...], rows: Iterable[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(_cell(one) for one in line) + " |" for line in lines)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def write(folder: Path, content: dict[str, Any]) -> None:
    """Write both files."""
    (folder / "verify-aws.json").write_text(json.dumps(content, indent=1) + "\n", "utf-8")
    (folder / "verify-aws.md").write_text(markdown(content), "utf-8")


def failed(proofs: Iterable[Proof]) -> list[Proof]:
    """The promises that do not hold."""
    return [proof for proof in proofs if proof.outcome is Outcome.FAILED]
