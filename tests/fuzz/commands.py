"""Hostile command lines and environments."""

from __future__ import annotations

from tests.fuzz.case import Case

_STEP = {
    "GITHUB_ACTIONS": "true", "GITHUB_RUN_ID": "5", "GITHUB_RUN_ATTEMPT": "1", "GITHUB_REPOSITORY": "acme/shop",
    "GITHUB_TOKEN": "t", "GITHUB_ACTOR": "taro", "GITHUB_API_URL": "http://127.0.0.1:9", "GITHUB_SHA": "c" * 40,
}  # fmt: skip
_VALUES: dict[str, tuple[str, ...]] = {
    "GITHUB_RUN_ID": ("x", "-1", "1.5", "9" * 5000, "٣", " "),
    "GITHUB_RUN_ATTEMPT": ("x", "1e3"),
    "GITHUB_REPOSITORY": ("shop", "a/b/c", "../..", "a b/c"),
    "GITHUB_TOKEN": ("tökèn☃", "a\nb", "a b"),
    "GITHUB_API_URL": (
        "file:///etc/passwd",
        "nonsense",
        "http://",
        "http://[::1",
        "https://a:99999",
        "ftp://a",
    ),
    "GITHUB_SERVER_URL": ("x", "javascript:alert(1)"),
    "GITHUB_OUTPUT": ("/missing/x", "/", "/proc/self/mem/x"),
    "GITHUB_STATE": ("/missing/x", "/", "FOLDER/build"),
    "GITHUB_STEP_SUMMARY": ("/missing/x", "/", "/dev/full"),
    "GITHUB_WORKSPACE": ("/missing", "\n", "x" * 5000),
    "GITHUB_EVENT_PATH": ("/dev/zero", "/", "/missing", "FOLDER/kanmon.yml"),
    "GITHUB_ACTOR": ("::error::x", "\x1b[2J"),
    "AWS_ENDPOINT_URL": ("nonsense", "http://", "http://a b", "file:///etc", "http://127.0.0.1:99999"),
    "AWS_ENDPOINT_URL_STS": ("nonsense",),
    "AWS_CA_BUNDLE": ("/missing", "/"),
    "AWS_MAX_ATTEMPTS": ("x", "-1"),
    "AWS_RETRY_MODE": ("x",),
    "AWS_PROFILE": ("nobody",),
    "AWS_CONFIG_FILE": ("FOLDER/kanmon.yml",),
    "KANMON_EDGE_ENDPOINT_URL": ("nonsense",),
    "KANMON_GITHUB_WRITE_PAUSE": ("x", "nan", "-1", "1e9"),
}
_ARGUMENTS: tuple[tuple[str, ...], ...] = (
    (), ("",), ("nothing",), ("--config",), ("--config", ""), ("--config", "x" * 5000, "status"), ("status", "\ud800"),
    ("rollback", "r" + "9" * 50), ("rollback", "../x"), ("action",), ("action", "x"), ("deploy", "--digest", "x", "--plan", ""),
    ("--config", "/dev/zero", "render"), ("--config", "/", "render"), ("history", "--limit", "9" * 5000), ("status", "--json", "x"),
)  # fmt: skip
_SHELLS = (">&-", "2>&-", ">&- 2>&-", "<&-", "> /dev/full", "| true", "2> /dev/full")


def command_cases() -> list[Case]:
    """All of them."""
    group = "environment"
    values = [
        Case(group, f"{name}={value[:12]!r} {command}", lambda _: None, (command,), {**_STEP, name: value})
        for name, some in _VALUES.items()
        for value in some
        for command in (("status",) if name.startswith(("AWS", "KANMON")) else ("build", "gate"))
    ]
    lines = [
        Case("command line", f"{number}: {' '.join(line)[:20]!r}", lambda _: None, line)
        for number, line in enumerate(_ARGUMENTS)
    ]
    shells = [
        Case("command line", f"{command} {shell}", lambda _: None, (command,), shell=shell)
        for shell in _SHELLS
        for command in ("render", "--help")
    ]
    return [*values, *lines, *shells]
