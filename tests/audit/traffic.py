"""A random day on the real line: callers, agents and boxes that do what real ones do."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random
from typing import get_args

from coordinator.errors import Refused
from coordinator.line.types import STRATEGIES, MemberSettings, Reply
from coordinator.protocol import LiveOffer, OfferFailure, Originate, Replaced, WaitingCall
from tests.engine.conftest import Box, Line

AGENTS = ("ann", "bob", "cal", "dan", "eva", "fay")
QUEUES = ("sales", "help")


class Day:
    """Two queues, three boxes, six agents; every step does one random thing."""

    def __init__(self, line: Line, seed: int) -> None:
        self.line, self.random = line, Random(seed)
        self.boxes: list[Box] = []
        self.silent: set[str] = set()
        self.waiting: dict[str, WaitingCall] = {}
        self.ringing: dict[str, Originate] = {}
        self.talking: dict[str, Originate] = {}
        self.strategies: dict[str, str] = {}
        self.joined = 0

    async def open(self) -> None:
        """Queues of drawn strategies and weights; agents with drawn penalties, all logged in."""
        for queue in QUEUES:
            self.strategies[queue] = self.random.choice(STRATEGIES)
            await self.line.queue(
                queue, self.strategies[queue], weight=self.random.randrange(2),
                wrapuptime=self.random.randrange(3), retry=2,
                ringinuse=self.random.random() < 0.4,
                autopause=self.random.choice(("no", "yes", "all")), autopause_after=2,
            )  # fmt: skip
        for number, name in enumerate("abc"):
            self.boxes.append(await self.line.box(name, *AGENTS[number * 2 : number * 2 + 2]))
        for agent in AGENTS:
            queues = self.random.sample(QUEUES, self.random.randint(1, 2))
            await self.line.agent(agent, **{q: self.random.randrange(3) for q in queues})

    async def run(self, steps: int) -> None:
        """So many random things, the clock going on between them."""
        deeds = (
            self.join, self.join, self.answer, self.answer, self.fail, self.hang_up, self.complete,
            self.complete, self.pause, self.unpause, self.device, self.move, self.resync,
            self.fall_silent, self.come_back, self.penalty, self.claim, self.replace,
        )  # fmt: skip
        for _ in range(steps):
            self.line.wait(self.random.choice((0, 0.000001, 0.3, 1, 3)))
            for box in self.boxes:
                if box.name not in self.silent:
                    await self.line.engine.heartbeat(box.name, box.link)
            await self.line.engine.tick()
            await self.random.choice(deeds)()
            await self.look()

    async def look(self) -> None:
        """What the boxes are told: phones to ring, phones to stop."""
        for box in self.boxes:
            for command in await box.commands():
                if isinstance(command, Originate):
                    self.ringing[command.offer_id] = command
                elif command.kind == "cancel":
                    self.ringing.pop(command.offer_id, None)
                    self.talking.pop(command.offer_id, None)

    def box_of(self, call_id: str) -> Box:
        return next(box for box in self.boxes if call_id.startswith(f"{box.name}-"))

    def pick(self, offers: dict[str, Originate]) -> Originate | None:
        """An offer on a box that is not silent."""
        live = [o for o in offers.values() if self.box_of(o.call_id).name not in self.silent]
        return self.random.choice(live) if live else None

    async def join(self) -> None:
        box = self.random.choice(self.boxes)
        if box.name in self.silent:
            return
        self.joined += 1
        bounds = {
            name: self.random.randrange(4)
            for name in ("min_penalty", "max_penalty", "raise_penalty")
            if self.random.random() < 0.15
        }
        priority = self.random.choice((0, 0, 0, 5))
        call = box.call(str(self.joined), self.random.choice(QUEUES), priority=priority, **bounds)
        age = self.random.choice((0, 0, 0, 400_000))
        reply = await self.line.engine.join(box.origin(age), call)
        rank = int(reply.data["rank"])
        self.waiting[call.call_id] = WaitingCall(join=call, age_us=0, rank=rank)

    async def answer(self) -> None:
        offer = self.pick(self.ringing)
        if offer and (await self.box_of(offer.call_id).connect(offer)).code == "ok":
            self.waiting.pop(offer.call_id)
            self.talking[offer.offer_id] = self.ringing.pop(offer.offer_id)

    async def claim(self) -> None:
        offer = self.pick(self.ringing)
        if offer:
            box = self.box_of(offer.call_id)
            await self.line.engine.answer(box.origin(), offer.offer_id, offer.fence)

    async def fail(self) -> None:
        offer = self.pick(self.ringing)
        if offer:
            outcome = self.random.choice(get_args(OfferFailure))
            await self.box_of(offer.call_id).ended(offer, outcome)
            self.ringing.pop(offer.offer_id)

    async def complete(self) -> None:
        offer = self.pick(self.talking)
        if offer:
            await self.box_of(offer.call_id).complete(offer)
            self.talking.pop(offer.offer_id)

    async def hang_up(self) -> None:
        if self.waiting and self.random.random() < 0.5:
            call = self.random.choice(list(self.waiting))
            box = self.box_of(call)
            if box.name not in self.silent:
                await self.line.engine.leave(box.origin(), call, "abandoned")
                self.waiting.pop(call)

    async def pause(self) -> None:
        await self._pause(self.line.engine.pause)

    async def unpause(self) -> None:
        await self._pause(self.line.engine.unpause)

    async def _pause(self, change: Callable[..., Awaitable[Reply]]) -> None:
        """In all queues, or in one."""
        agent, queue = self.random.choice(AGENTS), self.random.choice((None, *QUEUES))
        with suppress(Refused):  # no member
            await change(agent, queue=queue)

    async def device(self) -> None:
        box = self.random.choice(self.boxes)
        if box.name not in self.silent:
            state = self.random.choice(("NOT_INUSE", "INUSE", "UNAVAILABLE"))
            await box.device(self.random.choice(AGENTS), state)

    async def move(self) -> None:
        if self.waiting:
            call, priority = self.random.choice(list(self.waiting)), self.random.randrange(9)
            await self.line.engine.change_priority(call, priority)
            known = self.waiting[call]
            moved = known.join.model_copy(update={"priority": priority})
            self.waiting[call] = known.model_copy(update={"join": moved})

    async def replace(self) -> None:
        """An attended transfer: somebody else is in a place, or in a talk."""
        calls = [*self.waiting, *(offer.call_id for offer in self.talking.values())]
        call = self.random.choice(calls) if calls else ""
        if not call or self.box_of(call).name in self.silent:
            return
        heir = f"{call}-{self.random.randrange(10**6)}"
        box = self.box_of(call)
        await self.line.engine.replaced(box.origin(), Replaced(call_id=call, uniqueid=heir))
        if call in self.waiting:
            known = self.waiting[call]
            there = known.join.model_copy(update={"uniqueid": heir})
            self.waiting[call] = known.model_copy(update={"join": there})

    async def penalty(self) -> None:
        queue, agent = self.random.choice(QUEUES), self.random.choice(AGENTS)
        await self.line.engine.put_member(queue, agent, MemberSettings(self.random.randrange(3)))

    async def fall_silent(self) -> None:
        if self.random.random() < 0.3:
            self.silent.add(self.random.choice(self.boxes).name)

    async def come_back(self) -> None:
        for box in self.boxes:
            if box.name in self.silent:
                self.silent.discard(box.name)
                await self._snapshot(box)

    async def resync(self) -> None:
        box = self.random.choice(self.boxes)
        if box.name not in self.silent:
            await self._snapshot(box)

    async def _snapshot(self, box: Box) -> None:
        """A new AMI session: everything the box has, at once. Phones that ring may have stopped."""
        await box.attach()
        box.after = "0"
        self.ringing = {
            i: o
            for i, o in self.ringing.items()
            if self.box_of(o.call_id) is not box or self.random.random() < 0.7
        }
        offers = [
            LiveOffer(
                offer_id=o.offer_id, fence=o.fence, call_id=o.call_id, queue=o.queue,
                agent=o.agent, talking=o.offer_id in self.talking, age_us=0,
            )
            for o in (*self.ringing.values(), *self.talking.values())
            if self.box_of(o.call_id) is box
        ]  # fmt: skip
        devices = {f"PJSIP/{agent}": "NOT_INUSE" for agent in AGENTS if self.random.random() < 0.5}
        calls = [call for i, call in self.waiting.items() if self.box_of(i) is box]
        await box.snapshot(calls, offers, devices)
