"""The root folder the lab runs Asterisk and SIPp from: found, or built by debootstrap.

Debian's sid carries both; stable releases carry no Asterisk. The folder is some 560 MB, shared by
all labs of this user, and built once. It is built beside its place and renamed, so an interrupted
build is never taken for a whole one.
"""

import fcntl
import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from ami_adapter.lab import mirror
from ami_adapter.lab.errors import LabError

Progress = Callable[[str], None]

SUITE = "sid"
PACKAGES = ("asterisk", "sip-tester")

#: What must be there for a folder to serve, however it was made.
NEEDED = ("usr/sbin/asterisk", "usr/bin/sipp")

#: Set to the path of a root folder to use that one.
OVERRIDE = "GVQ_LAB_ROOT"

_ELSEWHERE = (
    "The lab needs root, and Debian to build its root folder; elsewhere use docker/compose.yaml."
)


def ensure(progress: Progress) -> Path:
    """The root folder, built if there is none yet (a minute or two, from this machine's mirror).

    Raises LabError when it is not there and cannot be built.
    """
    if os.geteuid() != 0:  # chroot
        raise LabError(_ELSEWHERE)
    override = os.environ.get(OVERRIDE)
    if override:
        return _checked(Path(override))
    folder = cache() / f"lab-{SUITE}"
    if not folder.exists():
        _build(folder, progress)
    return _checked(folder)


def cache() -> Path:
    """Where this user's cached files of ours lie (XDG base directories)."""
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base).absolute() / "gvq"


def _checked(folder: Path) -> Path:
    missing = [name for name in NEEDED if not (folder / name).exists()]
    if missing:
        raise LabError(f"{folder} is no root folder for the lab: it has no {missing[0]}.")
    return folder.resolve()


def _build(folder: Path, progress: Progress) -> None:
    if not shutil.which("apt-get"):
        raise LabError(_ELSEWHERE)
    folder.parent.mkdir(parents=True, exist_ok=True)
    with _locked(folder.with_suffix(".lock"), progress):
        if folder.exists():  # somebody else built it while we waited
            return
        draft = folder.with_suffix(".building")
        _remove(draft)
        _install_debootstrap(progress)
        progress(f"building the lab's root folder {folder}, once (about 560 MB)")
        _run(_debootstrap(draft), progress)
        draft.rename(folder)


def _debootstrap(target: Path) -> list[str]:
    include = f"--include={','.join(PACKAGES)}"
    return ["debootstrap", "--variant=minbase", include, SUITE, str(target), mirror.find()]


def _install_debootstrap(progress: Progress) -> None:
    if shutil.which("debootstrap"):
        return
    progress("installing debootstrap")
    _run(["apt-get", "update", "-q"], progress)
    _run(["apt-get", "install", "-qy", "--no-install-recommends", "debootstrap"], progress)


def _run(command: list[str], progress: Progress) -> None:
    """Run it, telling each line it prints; LabError with its last line when it fails."""
    last = ""
    process = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    with process, _ended_with_us(process):
        assert process.stdout is not None
        for line in process.stdout:
            last = line.strip()
            progress(last)
    if process.returncode != 0:
        raise LabError(f"{command[0]} failed: {last or process.returncode}")


@contextmanager
def _ended_with_us(process: subprocess.Popen[str]) -> Iterator[None]:
    """Interrupted, take the process and its children along: debootstrap is a tree of them."""
    try:
        yield
    except BaseException:
        os.killpg(process.pid, signal.SIGKILL)
        raise


def _remove(draft: Path) -> None:
    """Remove what an interrupted build left; it may have left file systems mounted too."""
    for mounted in (draft / "proc", draft / "sys"):
        if mounted.is_mount():
            subprocess.run(["umount", str(mounted)], check=True)
    if draft.exists():
        shutil.rmtree(draft)


@contextmanager
def _locked(path: Path, progress: Progress) -> Iterator[None]:
    """One build at a time. The lock goes with the process that holds it."""
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            progress("waiting for another process that builds the root folder")
            fcntl.flock(file, fcntl.LOCK_EX)
        yield
