"""I1–I5 and I6 checked on what the line itself shows and journals, with no help of the model."""

from collections import Counter
from collections.abc import Iterable

from coordinator.journal import Entry
from coordinator.line.types import AgentView, QueueSettings, WaitingCaller
from coordinator.protocol import Join


class Ledger:
    """Double-entry book-keeping over a growing journal."""

    def __init__(self) -> None:
        self.ranks: dict[str, int] = {}
        self.rung: dict[str, str] = {}
        self.talking: dict[str, str] = {}
        self.present: set[str] = set()
        self.windows: dict[str, dict[str, int | bool | None]] = {}
        self.new_offers: list[tuple[str, str, str]] = []
        self.settings: dict[str, QueueSettings] = {}
        self.members: Counter[str] = Counter()

    def follow(self, entries: Iterable[Entry]) -> None:
        """Book the entries of one step. I3 and I5 are checked entry by entry."""
        self.new_offers = []
        for entry in entries:
            data = entry.data
            if entry.type == "caller.joined":
                assert data["call_id"] not in self.present, f"I5: {data['call_id']} joined twice"
                self.present.add(data["call_id"])
                self.ranks[data["call_id"]] = data["rank"]
            elif entry.type == "caller.moved" and data["by"] in ("resync", "placed"):
                self.ranks[data["call_id"]] = data["rank"]
            elif entry.type == "caller.window":
                bounds = ("min_penalty", "max_penalty", "raise_penalty")
                window: dict[str, int | bool | None] = {name: data.get(name) for name in bounds}
                self.windows[data["call_id"]] = window | {"raise_keeps_min": "keeps_min" in data}
            elif entry.type == "caller.left":
                assert data["call_id"] in self.present, f"I5: {data['call_id']} left twice"
                self.present.remove(data["call_id"])
            elif entry.type == "offer.made":
                self._offer(data["queue"], data["call_id"], data["agent"])
            elif entry.type == "offer.ended" and data["outcome"] != "answered":
                del self.rung[data["agent"]]
            elif entry.type == "call.connected":
                self._connect(data["call_id"], data["agent"])
            elif entry.type == "call.completed":
                assert self.talking.pop(data["call_id"]) == data["agent"]

    def check(
        self,
        lines: dict[str, list[WaitingCaller]],
        agents: dict[str, AgentView],
        joins: dict[str, Join],
        settings: dict[str, QueueSettings],
        held: bool,
    ) -> None:
        """I1, I2, I4, I5 and I6 on the state after the step."""
        self.settings = settings
        joins = {
            name: join.model_copy(update=self.windows.get(name, {})) for name, join in joins.items()
        }
        self.members = Counter(queue for agent in agents.values() for queue in agent.queues)
        listed = [view for views in lines.values() for view in views]
        assert {view.call_id for view in listed} == self.present, "I5: line and journal differ"
        for view in listed:
            assert view.rank == self.ranks[view.call_id], f"I4: {view.call_id} lost its place"
        for views in lines.values():
            assert [view.position for view in views] == list(range(1, len(views) + 1))
        self._check_order(lines, agents, joins)
        if not held:
            self._check_idle_pairs(lines, agents, joins)

    def _offer(self, queue: str, call_id: str, agent: str) -> None:
        assert agent not in self.rung, f"I3: {agent} is rung twice"
        assert agent not in self.talking.values(), f"I3: {agent} is rung while talking"
        assert call_id not in self.talking, f"I3: {call_id} has an agent and gets another"
        self.rung[agent] = call_id
        self.new_offers.append((queue, call_id, agent))

    def _connect(self, call_id: str, agent: str) -> None:
        assert call_id not in self.talking, f"I3: {call_id} has two agents"
        assert self.rung.pop(agent, call_id) == call_id, f"I3: {agent} talks with another"
        assert call_id not in self.rung.values(), f"I3: {call_id} talks and rings"
        self.talking[call_id] = agent

    def _check_order(
        self,
        lines: dict[str, list[WaitingCaller]],
        agents: dict[str, AgentView],
        joins: dict[str, Join],
    ) -> None:
        for queue, call_id, agent in self.new_offers:
            order = [view.call_id for view in lines[queue]]
            for view in lines[queue][: order.index(call_id)]:
                taken = view.state == "waiting" and self.matches(joins[view.call_id], agents[agent])
                assert not taken, f"I1: {view.call_id} was left behind for {call_id}"
            if self.settings[queue].strategy == "wrandom":  # knows no tiers
                continue
            if joins[call_id].once:  # passes over whom it has tried
                continue
            given = self.effective(joins[call_id], agents[agent])
            for other in agents.values():
                if self.free(other, queue) and self.matches(joins[call_id], other):
                    better = self.effective(joins[call_id], other) < given
                    assert not better, f"I2: {other.name} was better than {agent} for {call_id}"

    def _check_idle_pairs(
        self,
        lines: dict[str, list[WaitingCaller]],
        agents: dict[str, AgentView],
        joins: dict[str, Join],
    ) -> None:
        for queue, views in lines.items():
            idle = [agent for agent in agents.values() if self.free(agent, queue)]
            for view in views:
                for agent in idle if view.state == "waiting" else []:
                    pair = self.matches(joins[view.call_id], agent)
                    assert not pair, f"I6: {view.call_id} and {agent.name} stay unmatched"

    def free(self, agent: AgentView, queue: str) -> bool:
        """Whether this queue may ring the agent, who is its member."""
        member = agent.memberships.get(queue)
        if member is None or member.paused:
            return False
        own = member.ringinuse
        rings = self.settings[queue].ringinuse if own is None else own
        return agent.state == "available" or (agent.state == "in_use" and rings)

    def penalties_count(self, queue: str) -> bool:
        """Whether the queue has more members than its penaltymemberslimit."""
        return self.members[queue] > self.settings[queue].penaltymemberslimit

    def effective(self, join: Join, agent: AgentView) -> int:
        """The agent's penalty for this caller."""
        if not self.penalties_count(join.queue):
            return 0
        penalty = agent.queues[join.queue]
        if join.raise_keeps_min and penalty < (join.min_penalty or 0):
            return penalty
        return max(penalty, join.raise_penalty or 0)

    def matches(self, join: Join, agent: AgentView) -> bool:
        """Whether membership and penalty window allow the pair."""
        if join.queue not in agent.queues:
            return False
        if not self.penalties_count(join.queue):
            return True
        penalty = self.effective(join, agent)
        low = join.min_penalty is None or penalty >= join.min_penalty
        return low and (join.max_penalty is None or penalty <= join.max_penalty)
