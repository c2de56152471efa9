"""The line's typed door: one method a transition. Nothing else calls Redis for the line.

Every method runs exactly one Lua function (lua/NAME.lua), so each is atomic over all replicas.
Requests of the API raise `Refused`; events of a box return a `Reply` with the refusal's code,
because a refused event is taken all the same and the link goes on. A transition that fails by a
defect of ours raises `TransitionFailed`; lua/lib/transition.lua tells what becomes of its effects.
"""

import json
import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import asdict, astuple
from typing import Any, cast

from redis.asyncio import Redis
from redis.exceptions import ResponseError

from coordinator.errors import Refused
from coordinator.line import announcing, calling, keys, reads
from coordinator.line.scripts import Timing, library
from coordinator.line.types import MemberSettings, Origin, PenaltyChange, QueueSettings, Reply
from coordinator.protocol import Join, Logged, Replaced, Snapshot
from coordinator.redis_client import is_outage

log = logging.getLogger(__name__)


class TransitionFailed(Exception):
    """A transition raised an error in Redis: a defect of ours, no outage. Not one of AWAY."""


class Engine(reads.Reads):
    """The line of one tenant in one Redis.

    Args:
        redis: a client with decode_responses=True.
        tenant: whose line; all its keys share one hash tag.
        timing: lease and graces.
        clock: µs, for tests only; without it Redis's own time rules.
        on_timer: told of each Reply that sets a timer, so that the ticker wakes in time.
    """

    def __init__(
        self,
        redis: "Redis",
        tenant: str = "default",
        timing: Timing | None = None,
        clock: Callable[[], int] | None = None,
        on_timer: Callable[[Reply], None] | None = None,
    ) -> None:
        super().__init__(redis, tenant)
        self._name, self._source = library(timing or Timing())
        self._prefix = keys.prefix(tenant)
        self._clock = clock
        self.on_timer = on_timer
        self._asked: dict[str, str] = {}

    def asked(self, by: str, uniqueid: str) -> "Engine":
        """The same line; the journal says by whom, and on which channel, it was asked so."""
        same = copy(self)
        same._asked = {"asked_by": by, "asked_on": uniqueid}
        return same

    # Configuration, mirrored from the directory

    async def put_queue(self, queue: str, settings: QueueSettings) -> Reply:
        """Creates a queue or changes its settings; the line itself is untouched."""
        fields = asdict(settings)
        # Texts: no transition looks into what is heard, and each ask of a caller reads it
        # (reads.standing); the others are read as one (lua/lib/queue.lua).
        apart = {*announcing.DEFAULTS, *calling.DEFAULTS}
        deciding = {name: value for name, value in fields.items() if name not in apart}
        return await self._ask(
            "put_queue",
            queue=queue,
            deciding=json.dumps(deciding, sort_keys=True),
            announcing=announcing.packed(fields),
            calling=calling.packed(fields),
            meeting=calling.meeting(fields),
        )

    async def delete_queue(self, queue: str) -> Reply:
        """Raises Refused: unknown_queue, queue_in_use."""
        return await self._ask("delete_queue", queue=queue)

    async def reset_queue(self, queue: str) -> Reply:
        """Figures and members' calls count from nothing. Raises Refused: unknown_queue."""
        return await self._ask("reset_queue", queue=queue)

    async def log(
        self, queue: str, event: str, uniqueid: str = "", interface: str = "", message: str = ""
    ) -> Reply:
        """A line of their own for queue_log; `message`'s fields are parted by |."""
        return await self._ask(
            "log", queue=queue, uniqueid=uniqueid, interface=interface, event=event, message=message
        )

    async def put_rule(self, rule: str, changes: Sequence[PenaltyChange]) -> Reply:
        """Creates a penalty rule or changes it; callers who wait keep the old one."""
        return await self._ask("put_rule", rule=rule, changes=[astuple(c) for c in changes])

    async def delete_rule(self, rule: str) -> Reply:
        """Raises Refused: unknown_rule."""
        return await self._ask("delete_rule", rule=rule)

    async def put_agent(self, agent: str, interface: str, state_interface: str = "") -> Reply:
        """Creates an agent, logged out. Raises Refused: interface_taken, agent_busy.

        state_interface: the device whose state counts; "" for the interface itself.
        """
        return await self._ask("put_agent", **_phone(agent, interface, state_interface))

    async def delete_agent(self, agent: str) -> Reply:
        """Raises Refused: unknown_agent, agent_busy."""
        return await self._ask("delete_agent", agent=agent)

    async def put_member(
        self, queue: str, agent: str, settings: MemberSettings | None = None
    ) -> Reply:
        """Not paused: by no person; what autopause did stays. Raises Refused: unknown_queue,
        unknown_agent."""
        return await self._ask("put_member", **_member(queue, agent, settings or MemberSettings()))

    async def delete_member(self, queue: str, agent: str) -> Reply:
        """Raises Refused: unknown_queue, unknown_agent, not_a_member."""
        return await self._ask("delete_member", queue=queue, agent=agent)

    # The same for many, in order and in one round trip; what each was refused with, or None

    async def put_agents(self, agents: Iterable[tuple[str, str, str]]) -> list[Refused | None]:
        """(agent, interface, state_interface)."""
        return await self._ask_all("put_agent", [_phone(*agent) for agent in agents])

    async def put_members(
        self, members: Iterable[tuple[str, str, MemberSettings]]
    ) -> list[Refused | None]:
        """(queue, agent, settings)."""
        return await self._ask_all("put_member", [_member(*member) for member in members])

    async def change_agents(self, changes: Iterable[tuple[str, str, str]]) -> list[Refused | None]:
        """(agent, login | logout | pause | end_pause, reason). end_pause leaves an autopause."""
        names = ("agent", "change", "reason")
        each = [dict(zip(names, change, strict=True)) for change in changes]
        return await self._ask_all("agent_state", each)

    # Agents

    async def login(self, agent: str) -> Reply:
        """Raises Refused: unknown_agent. So do the three below."""
        return await self._ask("agent_state", agent=agent, change="login")

    async def logout(self, agent: str) -> Reply:
        """Stops a phone that rings; a call goes on."""
        return await self._ask("agent_state", agent=agent, change="logout")

    async def pause(self, agent: str, reason: str = "", queue: str | None = None) -> Reply:
        """In that queue, or in all. A phone that rings goes on ringing, as Queue() has it.

        With a queue raises Refused unknown_queue, not_a_member too; so does unpause.
        """
        if queue is None:
            return await self._ask("agent_state", agent=agent, change="pause", reason=reason)
        return await self._ask("pause_member", queue=queue, agent=agent, paused=1, reason=reason)

    async def unpause(self, agent: str, reason: str = "", queue: str | None = None) -> Reply:
        """The end of every pause, of autopause too, in that queue or in all. Who was paused
        everywhere stays paused in the other queues."""
        if queue is None:
            return await self._ask("agent_state", agent=agent, change="unpause", reason=reason)
        return await self._ask("pause_member", queue=queue, agent=agent, paused=0, reason=reason)

    # Calls

    async def change_priority(self, call_id: str, priority: int) -> Reply:
        """data: position. Raises Refused: unknown_call, not_waiting."""
        return await self._ask("change_priority", call_id=call_id, priority=priority)

    async def withdraw(self, call_id: str, reason: str = "") -> Reply:
        """Raises Refused: unknown_call, not_waiting."""
        return await self._ask("withdraw", call_id=call_id, reason=reason)

    # A box's link

    async def attach(self, box: str, link: str, instance: str, epoch: int, owner: str) -> Reply:
        """data: seq, fresh ("1": a snapshot must come).

        Raises Refused: not_ready (the line has not been given the directory), box_already_linked,
        stale_link.
        """
        return await self._ask(
            "attach", box=box, link=link, instance=instance, epoch=epoch, owner=owner
        )

    async def heartbeat(self, box: str, link: str) -> Reply:
        """Renews the lease. data: fresh "1" while a snapshot must come first."""
        return await self._call("heartbeat", box=box, link=link)

    async def unlink(self, box: str, link: str) -> Reply:
        """The link is closed; the lease runs on."""
        return await self._call("unlink", box=box, link=link)

    # Events of a box, in order

    async def join(self, origin: Origin, join: Join) -> Reply:
        """data: rank, position, priority, and age_cut "1" when an impossible age was cut."""
        return await self._event(
            "join", origin, age_us=origin.age_us, join=join.model_dump(exclude_none=True)
        )

    async def leave(self, origin: Origin, call_id: str, outcome: str, reason: str = "") -> Reply:
        """The caller is no longer waiting."""
        return await self._event("leave", origin, call_id=call_id, outcome=outcome, reason=reason)

    async def answer(self, origin: Origin, offer_id: str, fence: int) -> Reply:
        """The agent has claimed the caller; the bridge comes after an announcement."""
        return await self._event("answer", origin, offer_id=offer_id, fence=fence)

    async def connect(self, origin: Origin, offer_id: str, fence: int) -> Reply:
        """Caller and agent are in one bridge."""
        return await self._event("connect", origin, offer_id=offer_id, fence=fence)

    async def offer_ended(
        self, origin: Origin, offer_id: str, fence: int, outcome: str, reason: str = ""
    ) -> Reply:
        """The offer ended without a bridge."""
        return await self._event(
            "offer_ended", origin, offer_id=offer_id, fence=fence, outcome=outcome, reason=reason
        )

    async def complete(
        self, origin: Origin, offer_id: str, fence: int, ended_by: str, transfer: str = ""
    ) -> Reply:
        """A connected call is over; `transfer` as `protocol.Complete` has it."""
        return await self._event(
            "complete", origin, offer_id=offer_id, fence=fence, ended_by=ended_by, transfer=transfer
        )

    async def replaced(self, origin: Origin, replaced: Replaced) -> Reply:
        """Another channel has a caller's place or talk."""
        return await self._event("replaced", origin, **replaced.model_dump(exclude={"kind"}))

    async def transferred(self, origin: Origin, interface: str, transfer: str) -> Reply:
        """The home box of an agent says that it has transferred a call another channel holds."""
        return await self._event("transferred", origin, interface=interface, transfer=transfer)

    async def device(self, origin: Origin, interface: str, state: str) -> Reply:
        """A device's state as the box sees it."""
        return await self._event("device", origin, interface=interface, state=state)

    async def logged(self, origin: Origin, line: Logged) -> Reply:
        """A line of a box's dialplan for queue_log."""
        return await self._event("log", origin, **line.model_dump(exclude={"kind"}))

    async def snapshot(self, origin: Origin, snapshot: Snapshot) -> Reply:
        """data: restored, gone (numbers of callers)."""
        body = snapshot.model_dump(exclude_none=True, exclude={"kind"})
        return await self._event("snapshot", origin, age_us=origin.age_us, **body)

    # Time

    async def start(self, run_id: str, boxes: tuple[str, ...] = ()) -> Reply:
        """A coordinator begins, or has found its Redis again; `run_id` is the server's own.

        Holds all decisions until all boxes have been heard of or the lease has passed.
        data: empty "1" when there is no line yet, restarted "1" when the server is a new process
        (all links must resync), mirror "1" until `mirrored` is told for this server.
        """
        return await self._ask("start", run_id=run_id, boxes=list(boxes))

    async def mirrored(self, run_id: str) -> Reply:
        """The line of this server has the directory."""
        return await self._ask("mirrored", run_id=run_id)

    async def tick(self) -> Reply:
        """Does what is due. data: next, when the earliest timer is due (µs), 0 for none."""
        return await self._call("tick")

    # The one way in

    async def _event(self, name: str, origin: Origin, **arguments: Any) -> Reply:
        return await self._call(name, box=origin.box, link=origin.link, seq=origin.seq, **arguments)

    async def _ask(self, name: str, **arguments: Any) -> Reply:
        reply = await self._call(name, **arguments, **self._asked)
        if refused := _refusal(reply, arguments):
            raise refused
        return reply

    async def _ask_all(self, name: str, each: Sequence[Mapping[str, Any]]) -> list[Refused | None]:
        """Only for transitions that may be made twice: one that fails is made again alone, which
        loads the library where it was missing and else raises what is to be raised. One that fails
        by a defect of ours does not stop the others; its log says why.
        """
        refused = []
        pipe = self._redis.pipeline(transaction=False)
        for arguments in each:
            pipe.fcall(*self._words(name, arguments))
        answers = await pipe.execute(raise_on_error=False)
        for arguments, raw in zip(each, answers, strict=True):
            failed = isinstance(raw, Exception)
            try:
                reply = await self._call(name, **arguments) if failed else self._reply(raw)
                refused.append(_refusal(reply, arguments))
            except TransitionFailed:
                log.exception("%s: %s", name, arguments)
                refused.append(Refused("internal"))
        return refused

    async def _call(self, name: str, **arguments: Any) -> Reply:
        words = self._words(name, arguments)
        try:
            return self._reply(await self._fcall(words))
        except ResponseError as error:
            if is_outage(error):
                raise
            raise TransitionFailed(f"the transition {name!r} failed: {error}") from error

    def _words(self, name: str, arguments: Mapping[str, Any]) -> tuple[Any, ...]:
        body = json.dumps(arguments, separators=(",", ":"))
        clock = (str(self._clock()),) if self._clock else ()
        return (f"{self._name}_{name}", 1, self._prefix, body, *clock)

    async def _fcall(self, words: tuple[Any, ...]) -> list[str]:
        try:
            return cast(list[str], await self._redis.fcall(*words))
        except ResponseError as error:
            if "Function not found" not in str(error):
                raise
        await self._redis.function_load(self._source, replace=True)
        return cast(list[str], await self._redis.fcall(*words))

    def _reply(self, raw: list[str]) -> Reply:
        data = dict(zip(raw[3::2], raw[4::2], strict=True))
        reply = Reply(raw[0], data, int(raw[1]), int(raw[2]))
        if self.on_timer and reply.next_due_us:
            self.on_timer(reply)
        return reply


def _phone(agent: str, interface: str, state_interface: str) -> dict[str, Any]:
    return {"agent": agent, "interface": interface, "phone": state_interface or interface}


def _member(queue: str, agent: str, settings: MemberSettings) -> dict[str, Any]:
    """wrapuptime, ringinuse: as text, empty for the queue's."""
    return {
        "queue": queue,
        "agent": agent,
        "penalty": settings.penalty,
        "wrapuptime": "" if settings.wrapuptime is None else str(settings.wrapuptime),
        "ringinuse": "" if settings.ringinuse is None else str(int(settings.ringinuse)),
        "paused": int(settings.paused),
        "reason": settings.reason,
    }


def _refusal(reply: Reply, arguments: Mapping[str, Any]) -> Refused | None:
    if reply.code == "ok":
        return None
    return Refused(reply.code, **{**arguments, **reply.data})
