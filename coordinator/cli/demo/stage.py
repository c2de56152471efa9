"""Boxes, phones and callers: real ones (ami_adapter.lab) or simulated (ami_adapter.simulator)."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Protocol

from ami_adapter import lab
from ami_adapter.lab import root
from ami_adapter.lab.callers import Callers
from ami_adapter.lab.phones import Phone
from ami_adapter.simulator.dialplan import Request
from ami_adapter.simulator.phones import Behaviour
from ami_adapter.simulator.world import World
from coordinator.cli.demo.cast import BOXES, BUSY_ONCE, QUEUE, Agent, Caller

Progress = Callable[[str], None]

#: The demo's boxes stand beside those of `gvq lab`.
FIRST_ADDRESS = "127.0.0.81"

#: What a phone answers that refuses.
BUSY = "486 Busy Here"


class Stage(Protocol):
    """Where the demo plays. Everything it started ends with the stack it was opened on."""

    async def hire(self, agents: list[Agent]) -> None:
        """Register the agents' phones."""

    async def call(self, caller: Caller) -> None:
        """A caller dials."""

    def ami(self, box: str) -> Mapping[str, str]:
        """The adapter's settings that say where this box's AMI is."""


class RealStage:
    """Three Asterisk boxes on loopback, SIP phones, SIPp callers."""

    def __init__(self, stack: AsyncExitStack, boxes: list[lab.Box]) -> None:
        self._stack = stack
        self._boxes = {box.name: box for box in boxes}

    @classmethod
    async def open(cls, stack: AsyncExitStack, folder: Path, progress: Progress) -> "RealStage":
        """Raises LabError where there can be no real boxes."""
        # Registered first: what is half up when the demo is interrupted comes down too.
        stack.push_async_callback(asyncio.to_thread, lab.remove, folder)
        await asyncio.to_thread(install, progress)
        status = await asyncio.to_thread(
            lab.up, len(BOXES), folder, progress, FIRST_ADDRESS, agents=len(BOXES) * 2
        )
        return cls(stack, status.boxes)

    async def hire(self, agents: list[Agent]) -> None:
        """Register the phones; one of them is busy at first."""
        for agent in agents:
            moods = agent.moods()
            phone = Phone(
                agent.phone,
                self._boxes[agent.box].sip,
                answer_after=lambda moods=moods: next(moods)[0],  # type: ignore[misc]
                talk=lambda moods=moods: next(moods)[1],  # type: ignore[misc]
                refuse=BUSY if agent.phone == BUSY_ONCE else "",
            )
            await self._stack.enter_async_context(phone)
            if phone.refuse:
                relent = asyncio.create_task(_relent(phone))
                self._stack.callback(relent.cancel)

    async def call(self, caller: Caller) -> None:
        """One SIPp caller; it stays until the box ends the call, or patience does."""
        group = Callers(
            self._boxes[caller.box], QUEUE, numbers=[caller.number], stay_s=caller.patience
        )
        await self._stack.enter_async_context(group)

    def ami(self, box: str) -> Mapping[str, str]:
        """With the rights and filters of the shipped manager.conf."""
        there = self._boxes[box]
        host, _, port = there.ami.rpartition(":")
        return {
            "GVQ_AMI_HOST": host,
            "GVQ_AMI_PORT": port,
            "GVQ_AMI_USERNAME": there.adapter_username,
            "GVQ_AMI_SECRET": there.ami_secret,
        }


def install(progress: Progress) -> None:
    """What the boxes run in, made where it is not there yet. LabError when it cannot be.

    One line says so; the hundreds that the installers print are told only when they fail.
    """
    printed: list[str] = []

    def heard(line: str) -> None:
        if not printed:
            progress("installing Asterisk into a folder of its own, once: a minute or two")
        printed.append(line)

    try:
        root.ensure(heard)
    except lab.LabError:
        for line in printed:
            progress(line)
        raise


async def _relent(phone: Phone) -> None:
    """After its first call the phone is busy no more."""
    async with asyncio.timeout(None):
        await phone.until(lambda: bool(phone.invites), seconds=3600)
    phone.refuse = ""


class SimulatedStage:
    """Boxes that speak AMI over TCP with no Asterisk behind them."""

    def __init__(self, world: World) -> None:
        self._world = world

    @classmethod
    async def open(cls, stack: AsyncExitStack) -> "SimulatedStage":
        """Works everywhere."""
        return cls(await stack.enter_async_context(World(BOXES)))

    async def hire(self, agents: list[Agent]) -> None:
        """Register the phones; one of them is busy at first."""
        for agent in agents:
            phone = self._world.network.add_phone(agent.phone, agent.box)
            phone.choose = _behaviours(agent).__next__

    async def call(self, caller: Caller) -> None:
        """The channel appears at once."""
        self._world.network.call(
            caller.box, Request(QUEUE), number=caller.number, patience=caller.patience
        )

    def ami(self, box: str) -> Mapping[str, str]:
        """The box's own port on loopback."""
        account = self._world.account
        return {
            "GVQ_AMI_PORT": str(self._world.servers[box].port),
            "GVQ_AMI_USERNAME": account.username,
            "GVQ_AMI_SECRET": account.secret,
        }


def _behaviours(agent: Agent) -> Iterator[Behaviour]:
    if agent.phone == BUSY_ONCE:
        yield Behaviour("busy")
    for after, talk in agent.moods():
        yield Behaviour("answer", after, talk)


async def open_stage(
    stack: AsyncExitStack, simulated: bool, folder: Path, progress: Progress
) -> tuple[Stage, str]:
    """The stage, and what it is in words. Where no real boxes can be, simulated ones."""
    if not simulated:
        try:
            return await RealStage.open(stack, folder, progress), "three real Asterisk boxes"
        except (lab.LabError, OSError) as error:
            progress(f"No real boxes here: {error}")
    progress("The boxes are SIMULATED: they speak AMI, but there is no Asterisk and no SIP.")
    return await SimulatedStage.open(stack), "three simulated boxes"
