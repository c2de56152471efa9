"""Start, find and stop real Asterisk boxes on loopback addresses of this machine.

A box is a daemon: `up` returns, the boxes stay, and a later `up`, `status` or `down`, from any
process, finds them in `<directory>/lab.json`. Configuration lies inside the root folder under
the same absolute path as outside (`<directory>/chroot` links there), so one path serves both
Asterisk, which runs in a chroot, and whoever edits the files.
"""

import fcntl
import json
import secrets
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from ipaddress import IPv4Address
from pathlib import Path

from ami_adapter.lab import config, root
from ami_adapter.lab.errors import LabError
from ami_adapter.lab.process import Process, wait_until

#: Box a; b, c, … follow.
FIRST_ADDRESS = "127.0.0.11"

#: How long a box may take to start, seconds. It takes two; a loaded machine takes more.
START_S = 60.0

Progress = Callable[[str], None]
Queues = Callable[[str], str]


def no_queues(box: str) -> str:
    """A box without app_queue."""
    return ""


@dataclass(frozen=True)
class Box:
    """One box: where its SIP and AMI are, and who may log in.

    `ami_username` may do and see everything; `adapter_username` has the rights and filters of
    the shipped manager.conf. Both have one secret. `etc_dir` is the same path inside `root`.
    """

    name: str
    address: str
    sip: str
    ami: str
    ami_username: str
    ami_secret: str
    adapter_username: str
    etc_dir: str
    root: str
    pid: int = 0
    started: int = 0
    running: bool = False

    @property
    def process(self) -> Process:
        return Process(self.pid, self.started)

    def cli(self, command: str) -> str:
        """What Asterisk's console answers."""
        done = subprocess.run(
            [
                "chroot",
                self.root,
                "asterisk",
                "-C",
                f"{self.etc_dir}/asterisk.conf",
                "-rx",
                command,
            ],
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout


@dataclass(frozen=True)
class LabStatus:
    """Every box of the lab; `asdict` of it is what `gvq lab status --json` prints."""

    boxes: list[Box]
    directory: str

    @property
    def path(self) -> Path:
        """The directory, to be given to the functions below."""
        return Path(self.directory)


def up(
    boxes: int,
    directory: Path,
    progress: Progress = lambda line: None,
    first_address: str = FIRST_ADDRESS,
    agents: int = 20,
    extra_dialplan: str = "",
    queues: Queues = no_queues,
) -> LabStatus:
    """Bring up this many boxes and wait until each answers. LabError when one does not.

    queues: a box's name → its queues.conf, to hold Queue() beside ours; "": without app_queue.
    A lab of the same boxes that already runs is left as it is; one that runs in part, or with
    other boxes, is stopped first.
    """
    directory = _prepare(directory)
    with _locked(directory):
        there = status(directory)
        if len(there.boxes) == boxes and all(box.running for box in there.boxes):
            progress(f"{boxes} boxes are up already")
            _wait_booted(there.boxes)
            return there
        _down(directory, progress)
        folder = root.ensure(progress)
        _link(directory, folder)
        wanted = _plan(boxes, directory, folder, IPv4Address(first_address))
        for number, box in enumerate(wanted):
            _configure(box, number, wanted, agents, extra_dialplan, queues)
        try:
            _start(wanted, directory, progress)
        except BaseException:
            _down(directory, progress)
            raise
        return status(directory)


def status(directory: Path) -> LabStatus:
    """The boxes this directory knows, and whether each runs."""
    directory = directory.resolve()
    try:
        rows = json.loads((directory / "lab.json").read_text("utf-8"))
    except FileNotFoundError:
        rows = []
    boxes = [Box(**row) for row in rows]
    return LabStatus([replace(box, running=box.process.alive()) for box in boxes], str(directory))


def down(directory: Path, progress: Progress = lambda line: None) -> LabStatus:
    """Stop exactly the boxes that `up` started here; nothing happens when none runs."""
    directory = _prepare(directory)
    with _locked(directory):
        _down(directory, progress)
        return status(directory)


def remove(directory: Path) -> None:
    """Stop the boxes and delete all that they wrote, inside the root folder too."""
    down(directory)
    link = directory.resolve() / "chroot"
    if link.is_symlink():
        shutil.rmtree(link.resolve())
        link.unlink()


def stop_box(directory: Path, name: str, kill: bool = False) -> None:
    """Stop one box, politely or as a power cut does. LabError when there is no such box."""
    box = find(directory, name)
    if kill:
        box.process.kill()
    else:
        box.process.stop()


def start_box(directory: Path, name: str) -> Box:
    """Start one stopped box again, with what it kept (registrations), and wait until it is up."""
    directory = _prepare(directory)
    with _locked(directory):
        box = find(directory, name)
        if box.running:
            return box
        fresh = _launch(box)
        rows = status(directory).boxes
        _save(directory, [fresh if row.name == name else row for row in rows])
        _wait_booted([fresh])
        return find(directory, name)


def find(directory: Path, name: str) -> Box:
    """The box of this name. LabError when there is none."""
    for box in status(directory).boxes:
        if box.name == name:
            return box
    raise LabError(f"There is no box {name!r} in the lab at {directory}.")


# ── How ─────────────────────────────────────────────────────────────────────────────────────


def _prepare(directory: Path) -> Path:
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    return directory


@contextmanager
def _locked(directory: Path) -> Iterator[None]:
    """One `up` or `down` at a time. The lock goes with the process that holds it."""
    with (directory / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _link(directory: Path, folder: Path) -> None:
    """Make `<directory>/chroot` the folder of the same path inside the root folder."""
    inside = folder / directory.relative_to("/") / "chroot"
    inside.mkdir(parents=True, exist_ok=True)
    link = directory / "chroot"
    link.unlink(missing_ok=True)
    link.symlink_to(inside)


def _plan(count: int, directory: Path, folder: Path, first: IPv4Address) -> list[Box]:
    if not 1 <= count <= 26:
        raise LabError(f"A lab has 1 to 26 boxes, not {count}.")
    secret = secrets.token_hex(16)
    return [
        Box(
            name=(name := chr(ord("a") + number)),
            address=(address := str(first + number)),
            sip=f"{address}:{config.SIP_PORT}",
            ami=f"{address}:{config.AMI_PORT}",
            ami_username="lab",
            ami_secret=secret,
            adapter_username="gvq",
            etc_dir=f"{directory}/chroot/{name}/etc",
            root=str(folder),
        )
        for number in range(count)
    ]


def _configure(
    box: Box, number: int, boxes: list[Box], agents: int, extra: str, queues: Queues
) -> None:
    etc = Path(box.etc_dir)
    var = etc.parent / "var"
    for folder in (etc, var / "moh", var / "run", var / "log", var / "spool"):
        folder.mkdir(parents=True, exist_ok=True)
    plan = config.Plan(
        box=box.name,
        address=box.address,
        peers=[(peer.name, peer.address) for peer in boxes if peer != box],
        agents=agents,
        rtp_start=10_000 + number * config.RTP_PORTS,
        secret=box.ami_secret,
        etc=etc,
        var=var,
        extra_dialplan=extra,
        queues=queues(box.name),
    )
    for name, text in config.files_of(plan).items():
        (etc / name).write_text(text, "utf-8")
    config.write_music(var / "moh" / "tone.wav")


def _launch(box: Box) -> Box:
    """Start Asterisk as its own daemon; LabError when it says no or its address is taken."""
    _require_free(box)
    pid_file = Path(box.etc_dir).parent / "var" / "run" / "asterisk.pid"
    pid_file.unlink(missing_ok=True)
    command = ["chroot", box.root, "asterisk", "-n", "-C", f"{box.etc_dir}/asterisk.conf"]
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, cwd="/"
    )
    if done.returncode != 0 or not wait_until(lambda: _pid(pid_file) is not None, START_S):
        raise LabError(f"Box {box.name} does not start: {done.stderr or done.stdout}")
    process = _pid(pid_file)
    assert process is not None
    return replace(box, pid=process.pid, started=process.started)


def _pid(file: Path) -> Process | None:
    try:
        return Process.find(int(file.read_text()))
    except (FileNotFoundError, ValueError):
        return None


def _require_free(box: Box) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((box.address, config.SIP_PORT))
        except OSError as error:
            raise LabError(f"Something else holds {box.sip}: {error.strerror}.") from error


def _start(boxes: list[Box], directory: Path, progress: Progress) -> None:
    """Start them side by side, noting each at once, so that `down` finds what was started."""
    started: list[Box] = []
    for box in boxes:
        progress(f"starting box {box.name} on {box.address}")
        started.append(_launch(box))
        _save(directory, started)
    _wait_booted(started)
    for box in started:
        progress(f"box {box.name} is up: SIP {box.sip}, AMI {box.ami}")


def _wait_booted(boxes: list[Box]) -> None:
    """Return when the AMI of each says FullyBooted: modules are loaded, calls are taken."""
    for box in boxes:
        _wait_one_booted(box)


def _wait_one_booted(box: Box) -> None:
    alive = box.process.alive
    if not wait_until(lambda: _booted(box) or not alive(), START_S):
        raise LabError(f"Box {box.name} was not up within {START_S:.0f} s; see {_log(box)}.")
    if not alive():
        raise LabError(f"Box {box.name} died while starting; see {_log(box)}.")


def _log(box: Box) -> Path:
    return Path(box.etc_dir).parent / "var" / "log" / "messages"


def _booted(box: Box) -> bool:
    login = f"Action: Login\r\nUsername: {box.ami_username}\r\nSecret: {box.ami_secret}\r\n\r\n"
    try:
        with socket.create_connection((box.address, config.AMI_PORT), timeout=1.0) as ami:
            ami.sendall(login.encode())
            answer = b""
            while b"Event: FullyBooted" not in answer and (more := ami.recv(4096)):
                answer += more
            return b"Event: FullyBooted" in answer
    except OSError:
        return False


def _down(directory: Path, progress: Progress) -> None:
    running = [box for box in status(directory).boxes if box.running]
    for box in running:
        box.process.send(signal.SIGTERM)
    for box in running:
        progress(f"stopping box {box.name}")
        box.process.stop()
    _save(directory, [])


def _save(directory: Path, boxes: list[Box]) -> None:
    """Replace the file in one step: a reader sees the old boxes or the new ones."""
    rows = [asdict(box) for box in boxes]
    draft = directory / "lab.json.new"
    draft.write_text(json.dumps(rows, indent=1), "utf-8")
    draft.rename(directory / "lab.json")
