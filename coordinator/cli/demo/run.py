"""The demo from start to end, and everything it started stopped again."""

import asyncio
import fcntl
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ami_adapter.lab.root import cache
from coordinator.audit import Report
from coordinator.cli.client import Client, path
from coordinator.cli.demo.cast import BOXES, QUEUE, Agent, agents, callers
from coordinator.cli.demo.children import Child, announced, running
from coordinator.cli.demo.screen import Screen
from coordinator.cli.demo.stage import Stage, open_stage
from coordinator.cli.demo.story import Story
from coordinator.cli.errors import CliError

#: Seconds between looks at the journal, and that boxes and phones, and then all calls, may take.
LOOK_S = 0.15
READY_S = 30.0
PLAY_S = 120.0


@dataclass(frozen=True, slots=True)
class Options:
    """What the user asked for."""

    callers: int
    seed: int
    simulated: bool
    keep: bool


@dataclass(slots=True)
class Result:
    """How it went. `boxes`: what they were, in words."""

    story: Story
    report: Report
    boxes: str

    @property
    def ok(self) -> bool:
        """Every caller accounted for, served in order, and no rule broken."""
        return self.report.ok and self.story.served_in_order()

    def to_json(self) -> dict[str, Any]:
        """For programs."""
        rows = [
            {
                "number": part.number, "box": part.box, "joined": position,
                "served": part.served or None, "agent": part.agent or None,
                "outcome": part.outcome, "waited_s": part.wait_us / 1e6,
            }
            for position, part in enumerate(self.story.in_order_of_joining(), start=1)
        ]  # fmt: skip
        return {
            "ok": self.ok, "boxes": self.boxes, "callers": rows, "verify": self.report.to_json(),
        }  # fmt: skip


async def play(options: Options, screen: Screen) -> Result:
    """Raises CliError when something does not come up or does not end in time."""
    _cancel_on_term()
    async with AsyncExitStack() as stack:
        try:
            result = await _whole(stack, options, screen)
        finally:
            screen.progress("stopping everything")
    screen.progress("done")
    return result


async def _whole(stack: AsyncExitStack, options: Options, screen: Screen) -> Result:
    """What `play` plays; all that it starts is on the stack."""
    home = stack.enter_context(_alone())
    folder = Path(stack.enter_context(_scratch()))
    screen.progress("starting the coordinator with its own Valkey and SQLite, and three boxes")
    on_stage = await stack.enter_async_context(AsyncExitStack())
    opening = asyncio.create_task(
        open_stage(on_stage, options.simulated, home / "lab", screen.progress)
    )
    stack.push_async_callback(_cancelled, opening)
    client, token = await _coordinator(stack, folder)
    cast = agents(options.seed)
    await asyncio.to_thread(_configure, client, cast)
    screen.progress(f"the coordinator is up, with queue {QUEUE} and {len(cast)} agents")
    stage, boxes = await opening
    await _furnish(stack, client, stage, cast, folder, screen)
    story = await _perform(on_stage, client, stage, cast, options, screen)
    result = Result(story, story.checker.report(), boxes)
    _tell(result, cast, screen)
    if options.keep:
        await _stay(client.url, token, screen)
    return result


def _cancel_on_term() -> None:
    """SIGTERM ends the demo as Ctrl-C does: in order."""
    task = asyncio.current_task()
    assert task is not None
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, task.cancel)


@contextmanager
def _alone() -> Iterator[Path]:
    """The demo's folder; its boxes have fixed addresses, so one demo runs at a time."""
    home = cache() / "demo"
    home.mkdir(parents=True, exist_ok=True)
    with (home / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CliError("Another gvq demo is running.") from None
        yield home


@contextmanager
def _scratch() -> Iterator[str]:
    """A folder for data and logs, kept when the demo fails so that its logs can be read."""
    folder = tempfile.mkdtemp(prefix="gvq-demo-")
    try:
        yield folder
    except CliError as error:
        raise CliError(f"{error} (logs: {folder})") from None
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)


async def _cancelled(task: "asyncio.Task[Any]") -> None:
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def _coordinator(stack: AsyncExitStack, folder: Path) -> tuple[Client, str]:
    """A coordinator of its own, and its first admin token."""
    env = {"GVQ_DATA_DIR": str(folder / "data"), "GVQ_LISTEN": "127.0.0.1:0"}
    serve = Child("serve", ["serve"], env, folder)
    await stack.enter_async_context(running(serve))
    url, token = await announced(serve)
    return Client(url, token), token


async def _furnish(
    stack: AsyncExitStack,
    client: Client,
    stage: Stage,
    cast: list[Agent],
    folder: Path,
    screen: Screen,
) -> None:
    """Adapters beside the boxes, and the agents' phones; returns when all are ready."""
    screen.progress("starting an adapter beside each box; the phones register")
    adapters = [_adapter(client, stage, box, folder) for box in BOXES]
    await stack.enter_async_context(running(*adapters))
    await stage.hire(cast)
    await _until(lambda: _all_attached(client), "the boxes were not linked", *adapters)
    await _until(lambda: _all_available(client), "the agents were not available", *adapters)


def _configure(client: Client, cast: list[Agent]) -> None:
    client.put(path("queues", QUEUE), {"strategy": "leastrecent", "timeout": 15, "retry": 2})
    for agent in cast:
        client.put(path("agents", agent.name), {"interface": f"PJSIP/{agent.phone}"})
        client.put(path("queues", QUEUE, "members", agent.name), {"penalty": agent.penalty})
        client.post(path("agents", agent.name, "login"))
    for box in BOXES:
        client.put(path("boxes", box))


def _adapter(client: Client, stage: Stage, box: str, folder: Path) -> Child:
    token = client.post("/v1/tokens", {"role": "box", "box": box, "label": "demo"})["token"]
    env = {"GVQ_COORDINATOR_URL": client.url, "GVQ_BOX": box, "GVQ_TOKEN": token, **stage.ami(box)}
    return Child(f"adapter-{box}", ["adapter"], env, folder)


def _all_attached(client: Client) -> bool:
    return all(box["attached"] for box in client.get("/v1/boxes"))


def _all_available(client: Client) -> bool:
    return all(agent["state"] == "available" for agent in client.get("/v1/agents"))


async def _until(condition: Callable[[], bool], failure: str, *children: Child) -> None:
    """Look until it holds. CliError when a child died or the time is over."""
    try:
        async with asyncio.timeout(READY_S):
            while not await asyncio.to_thread(condition):
                for child in children:
                    child.check()
                await asyncio.sleep(LOOK_S)
    except TimeoutError:
        raise CliError(f"After {READY_S:.0f} s {failure}.") from None


async def _perform(
    stack: AsyncExitStack,
    client: Client,
    stage: Stage,
    cast: list[Agent],
    options: Options,
    screen: Screen,
) -> Story:
    """Callers come; the journal tells. Returns when all have gone."""
    story = Story()
    await _read(client, story)  # how everything was set up
    screen.progress(f"{options.callers} callers dial {QUEUE} at all boxes, in a mixed order")
    dialling = asyncio.create_task(_dial(stage, options))
    stack.callback(dialling.cancel)
    with screen:
        try:
            async with asyncio.timeout(PLAY_S):
                while not story.over(options.callers):
                    for line in await _read(client, story):
                        screen.event(line)
                    screen.show(story, cast)
                    if dialling.done():
                        dialling.result()  # raises what went wrong
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            raise CliError(f"The calls were not over after {PLAY_S:.0f} s.") from None
    await dialling
    return story


async def _dial(stage: Stage, options: Options) -> None:
    start = asyncio.get_running_loop().time()
    for caller in callers(options.callers, options.seed):
        await asyncio.sleep(max(0.0, start + caller.at - asyncio.get_running_loop().time()))
        await stage.call(caller)


async def _read(client: Client, story: Story) -> list[str]:
    """Whatever is new in the journal, as lines of the log."""
    entries = await asyncio.to_thread(lambda: list(client.journal(story.last_id)))
    return [line for entry in entries if (line := story.read(entry))]


def _tell(result: Result, cast: list[Agent], screen: Screen) -> None:
    screen.result(result.story, cast)
    order = "in" if result.story.served_in_order() else "NOT in"
    screen.say(f"On {result.boxes}, callers got an agent {order} the order in which they joined.")
    screen.say(f"gvq verify: {result.report.sentence}", "green" if result.ok else "red")
    for violation in result.report.violations:
        screen.say(f"  {violation.rule}: {violation.sentence}")


async def _stay(url: str, token: str, screen: Screen) -> None:
    """Up until Ctrl-C, for looking around."""
    screen.say(f"\nStill up. In another terminal:\n\n  export GVQ_URL={url} GVQ_API_TOKEN={token}")
    screen.say(
        f"  gvq queue show {QUEUE}; gvq agent list; gvq verify    {url}/docs\n\nCtrl-C ends it."
    )
    await asyncio.Event().wait()
