"""What an end-to-end test may ask for, whatever the boxes are made of."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from ami_adapter.simulator.phones import Behaviour
from tests.e2e.programs import WITHIN_S, Coordinator, Program, adapter, gvq
from tests.waiting import eventually

#: Queues' devices for which the boxes' dialplan has hints.
LAMPS = ("sales", "sales_avail", "sales_pause_101")


@dataclass(frozen=True, slots=True)
class Ring:
    """One INVITE at an agent's phone: when (seconds since 1970), whose phone, for which caller."""

    at: float
    agent: str
    number: str
    answered: bool
    doubled: bool


class Phone(Protocol):
    """An agent's phone."""

    def behave(self, behaviour: Behaviour) -> None:
        """What the agent does from the next call on."""
        ...

    def hang_up(self) -> None:
        """End the present call, ringing or talking."""
        ...

    async def move(self, box: str) -> None:
        """Register at another box, and no longer at this one."""
        ...

    async def away(self) -> None:
        """Unregister; nobody is at the phone any more."""
        ...


class Lamp(Protocol):
    """A key of a phone that is lit by a queue's device."""

    @property
    def state(self) -> str:
        """The device's state, as the phone is told it."""
        ...


class Person(Protocol):
    """Somebody calling."""

    @property
    def number(self) -> str: ...

    async def hang_up(self) -> None: ...

    async def press(self, digit: str) -> None:
        """A key of the phone. So that it is heard, the site listens to this box."""
        ...

    @property
    def said(self) -> list[str]:
        """Words heard while waiting: sound files, numbers as #12. The site listens to this box."""
        ...

    @property
    def ended(self) -> bool:
        """Whether the call is over."""
        ...

    @property
    def status(self) -> str:
        """QUEUESTATUS with which the dialplan went on after the queue; "" when it did not."""
        ...


@dataclass(frozen=True)
class Asked:
    """How a caller comes into the queue: the QUEUE_* variables, Queue()'s timeout, seconds,
    whether the agent hears an announcement of some seconds first (0, 1), Queue()'s position,
    whether it wants one pass only (option n: 0, 1), and Queue()'s rule."""

    priority: int | None = None
    min_penalty: int | None = None
    max_penalty: int | None = None
    timeout: int | None = None
    announce: int = 0
    position: int | None = None
    once: int = 0
    rule: str = ""


class Site(Protocol):
    """The boxes and the people at them. Two implementations: sim_site.py, lab_site.py."""

    boxes: tuple[str, ...]

    def ami(self, box: str) -> tuple[str, int, str, str]:
        """Host, port, username, secret for the box's adapter."""
        ...

    async def phone(self, agent: str, box: str, behaviour: Behaviour) -> Phone:
        """A phone registered at a box; agents are named by their endpoint, 101 to 120."""
        ...

    async def call(self, box: str, queue: str, number: str, asked: Asked) -> Person:
        """Somebody calls. It may have joined when this returns, or not yet."""
        ...

    def rings(self) -> list[Ring]:
        """Every INVITE at every phone, in order of time."""
        ...

    async def listen(self, box: str) -> None:
        """From now on it is heard what is said to callers of this box."""
        ...

    async def lamp(self, box: str, name: str) -> Lamp:
        """A key at this box for `Custom:Queue:` and this name: one of LAMPS."""
        ...

    async def restart(self, box: str) -> None:
        """The box loses its power, and is there again; its phones ask for their lamps anew."""
        ...


@dataclass
class Caller:
    """A caller who has joined."""

    person: Person
    call_id: str

    @property
    def number(self) -> str:
        return self.person.number

    async def hang_up(self) -> None:
        await self.person.hang_up()


class Rig:
    """Boxes, their adapters, one coordinator. Use as an async context manager."""

    def __init__(self, site: Site, directory: Path) -> None:
        self.site = site
        self.boxes = site.boxes
        self.coordinator = Coordinator(directory)
        self.adapters: dict[str, Program] = {}
        self.phones: dict[str, Phone] = {}
        self._directory = directory
        self.people: list[Person] = []
        self._rings_before = 0

    async def __aenter__(self) -> "Rig":
        await self.coordinator.start()
        for box in self.boxes:
            await self._let_in(box)
        await self.attached()
        return self

    async def __aexit__(self, *failure: object) -> None:
        programs = [program.stop() for program in self.adapters.values()]
        await asyncio.gather(*programs, self.coordinator.close())

    async def _let_in(self, box: str) -> None:
        ask = self.coordinator.ask
        await ask("PUT", f"/v1/boxes/{box}", {"enabled": True})
        made = await ask("POST", "/v1/tokens", {"role": "box", "box": box})
        log = self._directory / f"adapter-{box}.log"
        program = adapter(box, made["token"], self.coordinator.url, self.site.ami(box), log)
        self.adapters[box] = program
        await program.start()

    async def attached(self) -> None:
        """Wait until every box is linked and attached."""
        await eventually(self._all_attached, WITHIN_S)

    async def kill_adapter(self, box: str) -> None:
        """SIGKILL the box's adapter, and wait until the coordinator has lost its link."""
        await self.adapters[box].kill()

        async def unlinked() -> bool:
            return not (await self._boxes())[box]["linked"]

        await eventually(unlinked, WITHIN_S)

    async def _all_attached(self) -> bool:
        for program in self.adapters.values():
            program.check()
        boxes = await self._boxes()
        return all(boxes[box]["linked"] and boxes[box]["attached"] for box in self.boxes)

    async def _boxes(self) -> dict[str, dict[str, Any]]:
        return {row["name"]: row for row in await self.coordinator.ask("GET", "/v1/boxes")}

    async def clear(self) -> None:
        """Everybody hangs up and goes home; the next test finds no queue, no agent at work."""
        ask = self.coordinator.ask
        for person in self.people:
            await person.hang_up()
        await eventually(self._idle, WITHIN_S)
        for agent in await ask("GET", "/v1/agents"):
            await ask("POST", f"/v1/agents/{agent['name']}/logout")
        for queue in await ask("GET", "/v1/queues"):
            await ask("DELETE", f"/v1/queues/{queue['name']}")
        for phone in self.phones.values():
            await phone.away()
        self.phones.clear()
        await self.coordinator.catch_up()
        self.coordinator.begin()
        self._rings_before = len(self.site.rings())

    async def _idle(self) -> bool:
        queues = await self.coordinator.ask("GET", "/v1/queues")
        agents = await self.coordinator.ask("GET", "/v1/agents")
        return not any(queue["callers"] for queue in queues) and not any(
            agent["state"] in ("ringing", "talking") for agent in agents
        )

    # ── furnishing ──────────────────────────────────────────────────────────────────────────

    async def queue(self, name: str = "sales", **settings: Any) -> None:
        """A queue. By default agents are tried in the order in which they were added."""
        body = {"strategy": "linear", "timeout": 10, "retry": 1} | settings
        await self.coordinator.ask("PUT", f"/v1/queues/{name}", body)

    async def agent(
        self,
        name: str,
        box: str,
        behaviour: Behaviour = Behaviour(),  # noqa: B008
        **penalties: int,
    ) -> Phone:
        """An agent at work: a phone at `box`, logged in, a member with these penalties."""
        phone = await self.phone(name, box, behaviour)
        await self.member(name, box, **penalties)
        return phone

    async def member(self, name: str, box: str, **penalties: int) -> None:
        """An agent, logged in, whose phone is registered at `box`."""
        ask = self.coordinator.ask
        await ask("PUT", f"/v1/agents/{name}", {"interface": f"PJSIP/{name}"})
        for queue, penalty in (penalties or {"sales": 0}).items():
            await ask("PUT", f"/v1/queues/{queue}/members/{name}", {"penalty": penalty})
        await ask("POST", f"/v1/agents/{name}/login")
        await self.agent_is(name, home=box)

    async def phone(self, agent: str, box: str, behaviour: Behaviour = Behaviour()) -> Phone:  # noqa: B008
        """A phone registered at a box; nobody knows its agent yet."""
        self.phones[agent] = await self.site.phone(agent, box, behaviour)
        return self.phones[agent]

    async def agent_is(self, name: str, **wanted: str) -> None:
        """Wait until the API shows the agent so."""

        async def so() -> bool:
            shown = await self.coordinator.ask("GET", f"/v1/agents/{name}")
            return bool(wanted.items() <= shown.items())

        await eventually(so, WITHIN_S)

    # ── calling ─────────────────────────────────────────────────────────────────────────────

    async def dial(self, box: str, queue: str = "sales", *, rule: str = "", **asked: int) -> Person:
        """Somebody calls; nothing is waited for."""
        number = f"5550{len(self.people):03d}"
        person = await self.site.call(box, queue, number, Asked(rule=rule, **asked))
        self.people.append(person)
        return person

    async def call(self, box: str, queue: str = "sales", *, rule: str = "", **asked: int) -> Caller:
        """Somebody calls and has joined."""
        person = await self.dial(box, queue, rule=rule, **asked)
        return await self.joined(person)

    async def joined(self, person: Person) -> Caller:
        """Wait for the caller's place in the line."""
        entry = await self.coordinator.happens("caller.joined", caller_id_num=person.number)
        return Caller(person, entry.data["call_id"])

    async def answered_by(self, caller: Caller) -> str:
        """Wait for the caller's agent: journal and phone must say the same."""
        entry = await self.coordinator.happens("call.connected", call_id=caller.call_id)
        agent: str = entry.data["agent"]
        answered = [(ring.agent, ring.number) for ring in self.rings() if ring.answered]
        assert (agent, caller.number) in answered
        return agent

    async def outcome(self, caller: Caller) -> str:
        """Wait for how the caller left the queue."""
        entry = await self.coordinator.happens("caller.left", call_id=caller.call_id)
        outcome: str = entry.data["outcome"]
        return outcome

    async def history_says(self, caller: Caller, outcome: str) -> None:
        """Wait until the history, which follows the journal, shows this outcome."""

        async def so() -> bool:
            shown = await self.coordinator.ask("GET", f"/v1/calls/{caller.call_id}")
            return bool(shown["outcome"] == outcome)

        await eventually(so, WITHIN_S)

    async def hears(self, caller: Caller, words: list[str]) -> None:
        """Wait until these words were the last that were said to a waiting caller."""

        async def so() -> bool:
            return caller.person.said[-len(words) :] == words

        await eventually(so, 2 * WITHIN_S)

    async def until_ended(self, caller: Caller | Person) -> None:
        """Wait until the call itself is over."""
        person = caller.person if isinstance(caller, Caller) else caller

        async def over() -> bool:
            return person.ended

        await eventually(over, WITHIN_S)

    async def verify(self) -> str:
        """What `gvq verify` finds wrong with the whole journal so far; "" for nothing."""
        await self.coordinator.catch_up()
        lines = (json.dumps(entry.to_json()) for entry in self.coordinator.entries)
        status, output = await gvq("verify", "-", text="\n".join(lines))
        return output if status else ""

    async def waiting(self, queue: str = "sales") -> list[str]:
        """Call ids in line, first to be served first."""
        callers = await self.coordinator.ask("GET", f"/v1/queues/{queue}/callers")
        return [caller["call_id"] for caller in callers]

    # ── what the phones saw ─────────────────────────────────────────────────────────────────

    def rings(self) -> list[Ring]:
        """Every INVITE of this test, in order of time."""
        return self.site.rings()[self._rings_before :]

    def first_rings(self) -> list[Ring]:
        """For each caller the first INVITE, in order of time."""
        first: dict[str, Ring] = {}
        for ring in self.rings():
            first.setdefault(ring.number, ring)
        return list(first.values())

    def offered_first(self) -> list[str]:
        """Calls in the order of their first offers."""
        offers = self.coordinator.of("offer.made")
        return list(dict.fromkeys(offer.data["call_id"] for offer in offers))

    def rung(self, caller: Caller) -> list[str]:
        """The agents rung for a caller, in order."""
        return [ring.agent for ring in self.rings() if ring.number == caller.number]

    def double_invites(self) -> list[Ring]:
        """INVITEs that reached a phone which had one already."""
        return [ring for ring in self.rings() if ring.doubled]
