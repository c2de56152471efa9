"""The journal as AMI events: each entry once, in order, for all sessions together.

What an entry does not say is looked up: a caller by its joining and by who took its place since, an
agent by the line's live view (which may be further on by then; events.py says what is taken from
where).
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import aclosing, suppress
from dataclasses import replace

from sqlalchemy.exc import SQLAlchemyError

from coordinator.errors import Refused
from coordinator.history.live import Dropped
from coordinator.journal import Entry, stream_position
from coordinator.manager.events import Event, Scene, after, events, shows
from coordinator.manager.members import Caller, Person
from coordinator.manager.parts import Parts, everybody
from coordinator.redis_client import AWAY
from coordinator.tasks import to_its_end

log = logging.getLogger(__name__)

#: Seconds until another try when Redis or SQL is away.
RETRY_S = 0.5

#: Callers remembered. One who waits longer than so many others is looked up in history.
MOST_CALLERS = 20_000


class Feed:
    """Reads the journal from its end on. `deliver` is told each event and must not wait."""

    def __init__(self, parts: Parts, deliver: Callable[[Event], None]) -> None:
        self._parts = parts
        self._deliver = deliver
        self._last = ""
        self._well = True
        self._callers: dict[str, Caller] = {}
        self._people: dict[str, Person] = {}
        self._shown: dict[str, tuple[int, bool]] = {}
        #: Queues of which an agent is a member, as the entries have told by now.
        self._queues: dict[str, set[str]] = {}
        self._rang: dict[str, int] = {}
        self._claimed: set[str] = set()

    async def begin(self) -> None:
        """Takes its place in the journal: whatever happens from now on will be told.

        Unless Redis is away: then from when it is back.
        """
        with suppress(*AWAY):
            self._last = await self._parts.engine.newest_entry()

    async def run(self) -> None:
        """For ever. Nothing is passed over while Redis or SQL is away, only told later."""
        while True:
            try:
                self._last = self._last or await self._parts.engine.newest_entry()
                await self._meet_everybody()
                await self._follow()
            except Dropped as dropped:
                log.info("the manager's events fell behind, and go on: %s", dropped.reason)
            except (*AWAY, SQLAlchemyError) as error:
                if self._well:
                    log.error("the manager's events wait: %r", error)
                self._well = False
            except Exception:
                log.exception("the manager's events failed; they go on")
            await asyncio.sleep(RETRY_S)

    async def _meet_everybody(self) -> None:
        """So that of one who is deleted it is known who it was."""
        for person in await everybody(self._parts):
            self._people.setdefault(person.view.name, person)
            self._shown.setdefault(person.view.name, shows(person))
            self._queues.setdefault(person.view.name, set(person.view.memberships))

    async def _follow(self) -> None:
        async with aclosing(self._parts.live.follow(self._last)) as entries:
            async for entry in entries:
                for event in await self._events(entry):
                    self._deliver(event)
                self._last, self._well = entry.id, True

    async def _events(self, entry: Entry) -> list[Event]:
        """A defect of ours costs the events of one entry, and is told."""
        try:
            return await self._translated(entry)
        except (*AWAY, SQLAlchemyError):
            raise
        except Exception:
            log.exception("no events of the journal's entry %s", entry.id)
            return []

    async def _translated(self, entry: Entry) -> list[Event]:
        self._note(entry)
        caller = await self._caller(entry)
        agent, offer = entry.data.get("agent", ""), entry.data.get("offer_id", "")
        scene = Scene(
            caller,
            await self._person(agent),
            self._shown.get(agent),
            self._rang.get(offer, 0),
            offer in self._claimed,
        )
        if scene.person:
            scene = replace(scene, person=after(entry, self._as_told(scene.person)))
        told = events(entry, scene)
        if scene.person and any(event.name == "QueueMemberStatus" for event in told):
            self._shown[agent] = shows(scene.person)
        self._forget(entry)
        return told

    def _note(self, entry: Entry) -> None:
        data = entry.data
        self._meet(entry)
        if entry.type == "offer.claimed":
            self._claimed.add(data["offer_id"])
        elif entry.type == "offer.ended":
            self._rang[data["offer_id"]] = data["ring_us"]
        elif entry.type == "member.changed":
            queues = self._queues.setdefault(data["agent"], set())
            (queues.discard if data["removed"] else queues.add)(data["queue"])

    def _meet(self, entry: Entry) -> None:
        """Who is in the place from this entry on: who joined, or whom a transfer put there."""
        call_id = entry.data.get("call_id", "")
        if entry.type == "caller.joined":
            self._callers[call_id] = _caller(entry)
        elif entry.type == "caller.replaced" and call_id in self._callers:
            self._callers[call_id] = _instead(self._callers[call_id], entry)
        if len(self._callers) > MOST_CALLERS:
            del self._callers[next(iter(self._callers))]

    def _forget(self, entry: Entry) -> None:
        data = entry.data
        served = entry.type == "caller.left" and data["outcome"] == "answered"
        if entry.type == "call.completed" or (entry.type == "caller.left" and not served):
            self._callers.pop(data["call_id"], None)
        over = entry.type == "offer.ended" and data["outcome"] != "answered"
        if over or entry.type == "call.connected":
            self._rang.pop(data["offer_id"], None)
            self._claimed.discard(data["offer_id"])

    async def _caller(self, entry: Entry) -> Caller | None:
        """As of this entry. One who joined before this process began is in history, which may be
        further on."""
        call_id = entry.data.get("call_id", "")
        if call_id and call_id not in self._callers:
            told = stream_position(entry.id)
            for past in await to_its_end(self._parts.history.journal_of(call_id)):
                if stream_position(past.id) <= told:
                    self._meet(past)
        return self._callers.get(call_id)

    async def _person(self, agent: str) -> Person | None:
        """As the line has it now; one who was deleted since, as it last was."""
        with suppress(Refused):
            if agent:
                view = await self._parts.engine.agent(agent)
                self._people[agent] = Person(view, await self._display_name(agent))
        return self._people.get(agent)

    def _as_told(self, person: Person) -> Person:
        """Without memberships that a later entry tells of: one change may be several entries."""
        queues = self._queues.get(person.view.name, set())
        known = {q: member for q, member in person.view.memberships.items() if q in queues}
        return replace(person, view=replace(person.view, memberships=known))

    async def _display_name(self, agent: str) -> str:
        """SQL hears of a change after the line; of a new agent a moment later."""
        try:
            return (await to_its_end(self._parts.directory.agent(agent))).display_name
        except Refused:
            return ""


def _caller(joined: Entry) -> Caller:
    data = joined.data
    return Caller(
        call_id=data["call_id"],
        box=data["box"],
        queue=data["queue"],
        channel=data["channel"],
        uniqueid=data.get("uniqueid", ""),
        number=data["caller_id_num"],
        name=data["caller_id_name"],
        position=data["position"],
    )


def _instead(caller: Caller, replaced: Entry) -> Caller:
    """Another channel in that place."""
    data = replaced.data
    return replace(
        caller,
        channel=data["channel"],
        uniqueid=data["uniqueid"],
        number=data["caller_id_num"],
        name=data["caller_id_name"],
    )
