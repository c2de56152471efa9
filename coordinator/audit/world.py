"""The line as the journal alone tells it: what the rules look at. Pure.

Nothing here is shared with the engine: the words of coordinator/README.md are written a second
time, so that an error in one of the two shows. Times are µs of the line's clock.
"""

from bisect import bisect_left, insort
from collections.abc import Iterator
from dataclasses import dataclass, field

#: (−priority, rank, call id): sorts as callers stand in line.
Place = tuple[int, int, str]

#: The tier of a caller for whom nobody may be rung beside the one who is: below any penalty.
EXCLUSIVE = -1


@dataclass(slots=True)
class Offer:
    """An agent held by a caller: `ringing`, perhaps `claimed`, then `answered`, `connected`.

    `adopted`: never made in this journal, but found on a box by a snapshot.
    """

    offer_id: str
    call_id: str
    queue: str
    agent: str
    fence: int
    penalty: int
    state: str = "ringing"
    adopted: bool = False


@dataclass(slots=True)
class Caller:
    """A call from caller.joined to the end of its conversation.

    tier: the lowest effective penalty that ringall has rung since nobody rang for it: it rings
    nobody above. EXCLUSIVE when another strategy rang.
    once: it joined for one pass, in which nobody is rung twice.
    """

    call_id: str
    queue: str
    box: str
    priority: int
    rank: int
    min_penalty: int | None = None
    max_penalty: int | None = None
    raise_penalty: int | None = None
    keeps_min: bool = False
    once: bool = False
    in_line: bool = True
    detached: bool = False
    tier: int = EXCLUSIVE
    tried: set[str] = field(default_factory=set)
    offers: dict[str, Offer] = field(default_factory=dict)

    @property
    def place(self) -> Place:
        """Where it stands among the callers of its queue."""
        return (-self.priority, self.rank, self.call_id)

    @property
    def claimed(self) -> bool:
        """An agent has answered: nobody else may be rung for it."""
        return any(offer.state != "ringing" for offer in self.offers.values())

    def penalty_of(self, penalty: int) -> int | None:
        """A member's penalty as this caller's window shows it; None when it does not admit it."""
        lifted = not (self.keeps_min and self.min_penalty and penalty < self.min_penalty)
        effective = max(penalty, self.raise_penalty or 0) if lifted else penalty
        low = self.min_penalty is None or effective >= self.min_penalty
        high = self.max_penalty is None or effective <= self.max_penalty
        return effective if low and high else None


@dataclass(slots=True)
class Agent:
    """An agent; `state` is what it falls back to when no offer or call holds it."""

    name: str
    state: str = "offline"
    home: str = ""
    last_call_us: int = 0
    holds: dict[str, Offer] = field(default_factory=dict)


@dataclass(slots=True)
class Member:
    """A membership. `order` grows in the order in which members were added.

    paused: in this queue. ringinuse: its own, None for the queue's.
    """

    penalty: int
    order: int
    paused: bool = False
    ringinuse: bool | None = None


@dataclass(slots=True)
class Queue:
    """A queue, its members and its line. `rung`: order of the member rung last."""

    name: str
    strategy: str = "ringall"
    weight: int = 0
    penalty_members_limit: int = 0
    ringinuse: bool = False
    members: dict[str, Member] = field(default_factory=dict)
    line: list[Place] = field(default_factory=list)
    rung: int = -1
    completed: dict[str, int] = field(default_factory=dict)

    @property
    def flat(self) -> bool:
        """Whether penalties do not count, as there are few members."""
        return len(self.members) <= self.penalty_members_limit

    def position(self, place: Place) -> int:
        """1-based position that this place has, or would have, in the line."""
        return bisect_left(self.line, place) + 1


@dataclass(slots=True)
class World:
    """All of it.

    partial: the journal begins midway, so what is unknown is no fault. free: agents who are
    available, or would be if their device were not in use.
    waiting_queues: queues with a line. seen: every call id so far. unsettled: call → entry of a
    caller who left as answered and whose connection must follow in the same step. last_rank,
    last_join: by box, the highest rank, and the highest given to a caller who joined live.
    """

    partial: bool = False
    queues: dict[str, Queue] = field(default_factory=dict)
    agents: dict[str, Agent] = field(default_factory=dict)
    callers: dict[str, Caller] = field(default_factory=dict)
    offers: dict[str, Offer] = field(default_factory=dict)
    free: set[str] = field(default_factory=set)
    waiting_queues: set[str] = field(default_factory=set)
    seen: set[str] = field(default_factory=set)
    unsettled: dict[str, str] = field(default_factory=dict)
    last_rank: dict[str, int] = field(default_factory=dict)
    last_join: dict[str, int] = field(default_factory=dict)
    last_fence: int = 0
    last_id: tuple[int, int] = (0, 0)
    last_us: int = 0
    held: bool = False

    def caller(self, call_id: object) -> Caller | None:
        """The caller still in line by this id, if any."""
        caller = self.callers.get(str(call_id))
        return caller if caller and caller.in_line else None

    def line(self, queue: str) -> Iterator[Caller]:
        """The callers of a queue, first one first; a line may be long and one look short."""
        return (self.callers[place[2]] for place in self.queues[queue].line)

    def stand(self, caller: Caller) -> None:
        """Give a caller its place in its queue's line."""
        queue = self.queues.setdefault(caller.queue, Queue(caller.queue))
        insort(queue.line, caller.place)
        self.waiting_queues.add(queue.name)

    def step_out(self, caller: Caller) -> None:
        """Take a caller out of the line."""
        queue = self.queues[caller.queue]
        queue.line.remove(caller.place)
        if not queue.line:
            self.waiting_queues.discard(queue.name)

    def refresh(self, agent: Agent) -> None:
        """Keep `free` true after a change to an agent."""
        if agent.state in ("available", "in_use") and not agent.holds:
            self.free.add(agent.name)
        else:
            self.free.discard(agent.name)

    def free_members(self, queue: Queue) -> list[tuple[str, Member]]:
        """The members whom a queue may ring now, in order."""
        members = self.free & queue.members.keys()
        names = [name for name in members if self.may_ring(queue, name)]
        return sorted(((name, queue.members[name]) for name in names), key=lambda row: row[1].order)

    def may_ring(self, queue: Queue, agent: str) -> bool:
        """Whether the queue may ring this member now, as far as the agent goes.

        Not paused there; and not in use, unless that does not bar it.
        """
        if agent not in self.free:
            return False
        member = queue.members[agent]
        rings = queue.ringinuse if member.ringinuse is None else member.ringinuse
        return not member.paused and (rings or self.agents[agent].state != "in_use")

    def is_open(self, caller: Caller) -> bool:
        """Whether it waits on an attached box and nobody has answered it."""
        return caller.in_line and not caller.detached and not caller.claimed

    def member(self, caller: Caller, agent: str) -> Member | None:
        """The membership that makes this agent one for this caller's queue."""
        queue = self.queues.get(caller.queue)
        return queue.members.get(agent) if queue else None

    def may_take(self, caller: Caller, agent: str) -> bool:
        """Whether caller and agent may be matched now, as coordinator/README.md says."""
        member = self.member(caller, agent)
        if member is None or not self.is_open(caller):
            return False
        if not self.may_ring(self.queues[caller.queue], agent):
            return False
        if caller.once and (caller.offers or agent in caller.tried):
            return False
        penalty = self.penalty(caller, member)
        if penalty is None or not caller.offers:
            return penalty is not None
        # A caller being rung takes more agents only by ringall, and only up to the tier rung.
        return self.queues[caller.queue].strategy == "ringall" and penalty <= caller.tier

    def penalty(self, caller: Caller, member: Member) -> int | None:
        """A member's effective penalty for this caller; None when its window does not admit it."""
        queue = self.queues.get(caller.queue)
        return 0 if queue and queue.flat else caller.penalty_of(member.penalty)
