"""The demo on a terminal: the line live; elsewhere a plain log."""

import sys
import time
from collections import deque
from types import TracebackType
from typing import Self, TextIO

from rich.columns import Columns
from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from coordinator.cli.demo.cast import Agent
from coordinator.cli.demo.story import Part, Story

COLOURS = {"a": "cyan", "b": "magenta", "c": "yellow"}
STATES = {"available": "green", "ringing": "yellow", "talking": "red"}

#: Rows of the line and lines of the log that are shown, so that the picture keeps its height.
ROWS = 12
LOG_LINES = 8


class Screen:
    """Where the demo speaks. `live` shows the picture; without it every event is one line."""

    def __init__(self, out: TextIO | None = None) -> None:
        self._console = Console(file=out or sys.stdout, highlight=False, soft_wrap=True)
        self._start = time.monotonic()
        self._log: deque[str] = deque(maxlen=LOG_LINES)
        self._live: Live | None = None

    def progress(self, line: str) -> None:
        """A step is begun or done."""
        self._console.print(f"{self._elapsed()} {line}", markup=False)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        if self._live:
            self._live.stop()
            self._live = None

    def event(self, line: str) -> None:
        """Something happened."""
        if self._live:
            self._log.append(f"{self._elapsed()} {line}")
        else:
            self.progress(line)

    def show(self, story: Story, agents: list[Agent]) -> None:
        """The picture as it is now."""
        if self._live:
            tables = Columns([_line(story), _agents(story, agents)], padding=(0, 4))
            log = Text("\n".join(self._log), style="dim")
            log.truncate(10_000)
            padding = "\n" * (LOG_LINES - len(self._log))
            picture = Group(tables, Panel(Text.assemble(log, padding), title="journal"))
            self._live.update(picture, refresh=True)

    def result(self, story: Story, agents: list[Agent]) -> None:
        """Join order beside service order."""
        self._console.print(_result(story, {agent.name: agent for agent in agents}))

    def say(self, text: str, style: str = "") -> None:
        """A line without a time."""
        self._console.print(text, style=style or None, markup=False)

    def _elapsed(self) -> str:
        return f"{time.monotonic() - self._start:5.1f} s"


def _caller(part: Part) -> Text:
    """A caller in its box's colour."""
    return Text(f"{part.number} ({part.box})", style=COLOURS.get(part.box, ""))


def _line(story: Story) -> Table:
    """The one line, over all boxes."""
    table = Table(title="the one line", title_justify="left")
    for heading, width in (("#", 3), ("caller (box)", 14), ("offered to", 12)):
        table.add_column(heading, width=width)
    calls = story.waiting()
    for position, call in enumerate(calls[:ROWS], start=1):
        offers = story.world.callers[call].offers.values()
        rung = ", ".join(offer.agent for offer in offers)
        table.add_row(str(position), _caller(story.parts[call]), rung)
    for _ in range(ROWS - len(calls)):
        table.add_row("", "", "")
    table.caption = f"… and {len(calls) - ROWS} more" if len(calls) > ROWS else " "
    return table


def _agents(story: Story, agents: list[Agent]) -> Table:
    """Who does what."""
    table = Table(
        "agent", "penalty", "box", "state", "caller", title="agents", title_justify="left"
    )
    for agent in agents:
        state, call = story.state(agent.name)
        part = story.parts.get(call)
        table.add_row(
            agent.name,
            str(agent.penalty),
            Text(agent.box, style=COLOURS.get(agent.box, "")),
            Text(state, style=STATES.get(state, "dim")),
            _caller(part) if part else "",
        )
    return table


def _result(story: Story, agents: dict[str, Agent]) -> Table:
    """One row a caller, in the order of joining."""
    table = Table(
        "joined",
        "caller (box)",
        "got an agent",
        "agent (box)",
        "waited",
        title="who came, who went",
    )
    for position, part in enumerate(story.in_order_of_joining(), start=1):
        home = f" ({agents[part.agent].box})" if part.agent in agents else ""
        table.add_row(
            str(position),
            _caller(part),
            str(part.served) if part.served else part.outcome,
            f"{part.agent}{home}",
            f"{part.wait_us / 1e6:.1f} s",
        )
    return table
