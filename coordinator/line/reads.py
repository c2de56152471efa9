"""What the line shows: plain reads, never a decision. Also the two streams it writes."""

import json
from collections.abc import Awaitable, Collection
from typing import Any, cast

from redis.asyncio import Redis

from coordinator.errors import Refused
from coordinator.journal import Entry
from coordinator.line import keys, records
from coordinator.line.announcing import Announcing, unpacked
from coordinator.line.types import (
    RING_ON_S,
    AgentState,
    AgentView,
    BoxView,
    CallState,
    Membership,
    MemberView,
    PenaltyChange,
    QueueSettings,
    QueueView,
    Standing,
    WaitingCaller,
)
from coordinator.names import fold
from coordinator.protocol import COMMAND, Cancel, KeepTicket, Originate, Release
from coordinator.redis_client import server_time

#: Length of a place before the call id (lua/lib/index.lua: PLACE_HEAD).
PLACE_HEAD = 26

#: A queue's figures, absent until there is something to count.
FIGURES = (
    "completed", "abandoned", "hold_us", "talk_us", "completed_in_level", "abandoned_in_level",
)  # fmt: skip

#: What of an agent a member shows.
MEMBER = ("interface", "state", "device", "paused")

#: States of a device that nobody is at (lua/lib/agent.lua: registered); no box keeps INVALID.
NOT_REGISTERED = ("UNAVAILABLE", "INVALID")

#: A caller whose ring goes on beyond its timeout: longer than that, and its box has no line.
PATIENCE_S = 10


class Reads:
    """Reading half of the engine."""

    def __init__(self, redis: "Redis", tenant: str) -> None:
        self._redis = redis
        self._tenant = tenant

    def _key(self, name: str, about: str = "") -> str:
        return keys.key(self._tenant, name, about)

    async def now_us(self) -> int:
        """The line's time, µs since 1970 (lua/lib/time.lua)."""
        ahead = await self._redis.hget(self._key("meta"), "ahead")
        return await server_time(self._redis, self._key("journal")) + int(ahead or 0)

    # Queues and callers

    async def queues(self) -> list[QueueView]:
        """All queues, by name."""
        return await self._queues(await self._names("queues"))

    async def counts(self, queues: Collection[str] | None = None) -> dict[str, tuple[int, int]]:
        """Queue → callers who wait and agents available; of all, or those of these there are."""
        names = list(await self._names("queues") if queues is None else queues)
        pipe = self._redis.pipeline(transaction=False)
        for name in names:
            pipe.sismember(self._key("queues"), name)
            pipe.zcard(self._key("line", name))
            pipe.zcard(self._key("free", name))
        rows = iter(await pipe.execute())
        found = zip(names, rows, rows, rows, strict=True)
        return {name: (callers, free) for name, there, callers, free in found if there}

    async def queue(self, queue: str) -> QueueView:
        """Raises Refused: unknown_queue."""
        found = await self._queues([queue])
        if not found:
            raise Refused("unknown_queue", queue=queue)
        return found[0]

    async def _queues(self, names: list[str]) -> list[QueueView]:
        pipe = self._redis.pipeline(transaction=False)
        for name in names:
            pipe.hgetall(self._key("queue", name))
            pipe.zcard(self._key("line", name))
            pipe.zcard(self._key("free", name))
            pipe.scard(self._key("members", name))
        rows = iter(await pipe.execute())
        views = zip(names, rows, rows, rows, rows, strict=True)
        return [_queue_view(*view) for view in views if view[1]]  # deleted between the two reads

    async def callers(self, queue: str, limit: int = 1000, first: int = 1) -> list[WaitingCaller]:
        """The line in order, from that position on. Raises Refused: unknown_queue."""
        if not await self._await(self._redis.sismember(self._key("queues"), queue)):
            raise Refused("unknown_queue", queue=queue)
        places = await self._await(
            self._redis.zrange(self._key("line", queue), first - 1, first + limit - 2)
        )
        pipe = self._redis.pipeline(transaction=False)
        for place in places:
            pipe.hgetall(self._key("call", place[PLACE_HEAD:]))
        rows = await pipe.execute()
        return [
            _caller_view(place[PLACE_HEAD:], fields, position)
            for position, (place, fields) in enumerate(zip(places, rows, strict=True), first)
            if fields  # left between the two reads
        ]

    async def caller(self, call_id: str) -> WaitingCaller | None:
        """A caller who waits or talks now; position 0 when talking. None when neither."""
        fields = await self._await(self._redis.hgetall(self._key("call", call_id)))
        if not fields:
            return None
        line = self._key("line", fields["queue"])
        ahead = await self._await(self._redis.zrank(line, fields["place"]))
        return _caller_view(call_id, fields, 0 if ahead is None else ahead + 1)

    async def standing(self, call_id: str, box: str) -> Standing | None:
        """A caller who waits on this box now; None when none does."""
        names = ("box", "queue", "place", "state", "joined", "uniqueid", "conf")
        found = await self._await(self._redis.hmget(self._key("call", call_id), names))
        call = records.of(records.CALL, names, found)
        if call.get("box") != box:
            return None
        pipe = self._redis.pipeline(transaction=False)
        pipe.zrank(self._key("line", call["queue"]), call["place"])
        pipe.hmget(self._key("queue", call["queue"]), "deciding", "announcing", "hold_us")
        ahead, (deciding, announcing, hold_us) = await pipe.execute()
        if ahead is None:
            return None
        return Standing(
            uniqueid=call["uniqueid"],
            state=cast(CallState, call["state"]),
            position=ahead + 1,
            waited_us=max(0, await self.now_us() - int(call["joined"])),
            settings=Announcing(**unpacked(announcing)),
            hold_us=int(hold_us or 0),
            patience_s=_patience_s(deciding) if call["conf"] == "1" else 0,
        )

    async def reports(self, box: str, interface: str) -> bool:
        """Whether this box says that the interface is registered there."""
        devices = self._key("devices", box)
        state = await self._await(self._redis.hget(devices, fold(interface)))
        return state not in (None, *NOT_REGISTERED)

    async def rules(self) -> dict[str, tuple[PenaltyChange, ...]]:
        """All penalty rules: name → its changes by time."""
        rows = await self._await(self._redis.hgetall(self._key("rules")))
        return {
            name: tuple(PenaltyChange(*change) for change in json.loads(changes))
            for name, changes in rows.items()
        }

    # Agents and boxes

    async def agents(self, names: Collection[str] | None = None) -> list[AgentView]:
        """All agents by name, or those of these that there are."""
        return await self._agents(await self._names("agents") if names is None else names)

    async def members(self, queue: str) -> list[MemberView]:
        """Members of the queue in the order in which they were added."""
        names = await self._names("members", queue)
        pipe = self._redis.pipeline(transaction=False)
        for name in names:
            pipe.hmget(self._key("agent", name), *MEMBER)
            pipe.hget(self._key("memberships", name), queue)
        rows = await pipe.execute()
        pairs = zip(rows[::2], rows[1::2], strict=True)
        found = [_member_view(*pair) for pair in pairs if pair[1]]  # gone between the two reads
        return sorted(found, key=lambda member: member.membership.order)

    async def agent(self, agent: str) -> AgentView:
        """Raises Refused: unknown_agent."""
        found = await self._agents([agent])
        if not found:
            raise Refused("unknown_agent", agent=agent)
        return found[0]

    async def _agents(self, names: Collection[str]) -> list[AgentView]:
        pipe = self._redis.pipeline(transaction=False)
        for name in names:
            pipe.hgetall(self._key("agent", name))
            pipe.hgetall(self._key("memberships", name))
        rows = await pipe.execute()
        return [
            _agent_view(name, fields, memberships)
            for name, fields, memberships in zip(names, rows[::2], rows[1::2], strict=True)
            if fields  # deleted between the two reads
        ]

    async def boxes(self) -> list[BoxView]:
        """All boxes ever linked, by name."""
        names = await self._names("boxes")
        pipe = self._redis.pipeline(transaction=False)
        for name in names:
            pipe.hgetall(self._key("box", name))
            pipe.scard(self._key("calls", name))
        rows = await pipe.execute()
        return [
            _box_view(name, fields, calls)
            for name, fields, calls in zip(names, rows[::2], rows[1::2], strict=True)
        ]

    # Streams

    async def commands(
        self, box: str, after: str = "0", block_ms: int | None = None
    ) -> list[tuple[str, Originate | Cancel | Release | KeepTicket]]:
        """Commands of a box after that id, oldest first; waits up to block_ms for one."""
        rows = await self._stream(self._key("commands", box), after, 100, block_ms)
        return [(entry_id, COMMAND.validate_json(fields["command"])) for entry_id, fields in rows]

    async def command_done(self, box: str, *ids: str) -> None:
        """These are executed and are never sent again."""
        await self._redis.xdel(self._key("commands", box), *ids)

    async def journal(
        self, after: str = "0", limit: int = 1000, block_ms: int | None = None
    ) -> list[Entry]:
        """Journal entries after that id; waits up to block_ms for one."""
        rows = await self._stream(self._key("journal"), after, limit, block_ms)
        return [Entry.from_stream(entry_id, fields["entry"]) for entry_id, fields in rows]

    async def trim_journal(self, keep: int, upto: str) -> None:
        """Drops the oldest entries beyond about `keep`, none of them after the entry `upto`."""
        key = self._key("journal")
        excess = await self._redis.xlen(key) - keep
        if excess > 0:
            await self._redis.xtrim(key, minid=upto, approximate=True, limit=excess)

    async def oldest_entry(self) -> str | None:
        """Id of the oldest entry still in Redis."""
        rows = await self._redis.xrange(self._key("journal"), count=1)
        return str(rows[0][0]) if rows else None

    async def newest_entry(self) -> str:
        """Id of the last entry; "0-0" for none."""
        rows = await self._redis.xrevrange(self._key("journal"), count=1)
        return str(rows[0][0]) if rows else "0-0"

    async def _stream(
        self, key: str, after: str, count: int, block_ms: int | None
    ) -> list[tuple[str, dict[str, str]]]:
        answer = await self._await(self._redis.xread({key: after}, count=count, block=block_ms))
        return list(answer[0][1]) if answer else []

    async def _names(self, name: str, about: str = "") -> list[str]:
        return sorted(await self._await(self._redis.smembers(self._key(name, about))))

    @staticmethod
    async def _await(answer: Any) -> Any:
        """redis-py types its commands for both of its clients; ours is the asynchronous one."""
        return await cast(Awaitable[Any], answer)


def _queue_view(
    name: str, fields: dict[str, str], callers: int, available: int, members: int
) -> QueueView:
    counters = {field: int(fields.get(field, 0)) for field in FIGURES}
    return QueueView(name, _settings(fields), callers, available, members, **counters)


def _settings(fields: dict[str, str]) -> QueueSettings:
    texts = (unpacked(fields.get(name)) for name in ("deciding", "announcing", "calling"))
    return QueueSettings(**{name: value for text in texts for name, value in text.items()})


def _patience_s(deciding: str) -> int:
    return (int(unpacked(deciding)["timeout"]) or RING_ON_S) + PATIENCE_S


def _caller_view(call_id: str, found: dict[str, str], position: int) -> WaitingCaller:
    fields = records.whole(records.CALL, found)
    detached = fields["attached"] != "1" and fields["state"] == "waiting"
    return WaitingCaller(
        call_id=call_id,
        position=position,
        queue=fields["queue"],
        box=fields["box"],
        channel=fields["channel"],
        caller_id_num=fields["caller_id_num"],
        caller_id_name=fields["caller_id_name"],
        priority=int(fields["priority"]),
        rank=int(fields["rank"]),
        joined_us=int(fields["joined"]),
        state="detached" if detached else cast(CallState, fields["state"]),
        agent=fields["agent"],
        uniqueid=fields["uniqueid"],
    )


def _agent_view(name: str, found: dict[str, str], memberships: dict[str, str]) -> AgentView:
    fields = records.whole(records.AGENT, found)
    return AgentView(
        name=name,
        interface=fields["interface"],
        state=cast(AgentState, fields["state"]),
        reason=fields["state_why"],
        home=fields["home"],
        device=fields["device"],
        call_id=fields["call"],
        until_us=int(fields["until"]),
        last_call_us=int(fields["last_call"]),
        logged_in=fields["logged_in"] == "1",
        logged_in_us=int(fields["logged_in_at"]),
        paused=fields["paused"] == "1",
        autopaused=fields["autopaused"] == "1",
        pause_reason=fields["reason"],
        paused_us=int(fields["paused_at"]),
        state_interface=fields["phone"],
        memberships={queue: _membership(value) for queue, value in memberships.items()},
    )


def _member_view(fields: list[str | None], value: str) -> MemberView:
    agent = records.of(records.AGENT, MEMBER, fields)
    membership = _membership(value)
    return MemberView(
        agent["interface"],
        cast(AgentState, agent["state"]),
        agent["device"],
        agent["paused"] == "1" or membership.paused,
        membership,
    )


def _membership(value: str) -> Membership:
    """As lua/lib/index.lua has it: MEMBERSHIP."""
    penalty, order, calls, paused, paused_at, wrapup, own, rings, reason = value.split(":", 8)
    return Membership(
        penalty=int(penalty),
        order=int(order),
        calls=int(calls),
        paused=paused != "0",
        autopaused=paused == "2",
        reason=reason,
        paused_us=int(paused_at),
        wrapuptime=int(wrapup) if wrapup else None,
        ringinuse=own == "1" if own else None,
        rings_in_use=rings == "1",
    )


def _box_view(name: str, found: dict[str, str], calls: int) -> BoxView:
    fields = records.whole(records.BOX, found)
    return BoxView(
        name=name,
        attached=fields["attached"] == "1",
        linked=fields["linked"] == "1",
        seen_us=int(fields["seen"]),
        calls=calls,
        epoch=int(fields["epoch"]),
    )
