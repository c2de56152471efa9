"""Figures for Prometheus, read from the line at each scrape: every replica shows the same.

Totals per queue are the line's own counters. Names follow prometheus.io/docs/practices/naming.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import get_args

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from coordinator.api.services import Services
from coordinator.line.types import AgentState, AgentView, BoxView, QueueView


class _Once(Collector):
    """Metrics collected before: the library asks without awaiting."""

    def __init__(self, metrics: list[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterator[Metric]:
        return iter(self._metrics)


async def figures(here: Services) -> bytes:
    """The exposition text. Raises what Redis raises."""
    queues = await here.engine.queues()
    agents = await here.engine.agents()
    boxes = await here.engine.boxes()
    listeners = GaugeMetricFamily("gvq_event_listeners", "Clients of /v1/events at this replica.")
    listeners.add_metric([], here.live.subscribers)
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Once([*_queues(queues), _agents(agents), *_boxes(boxes), listeners]))
    return generate_latest(registry)


def _queues(queues: list[QueueView]) -> Iterator[Metric]:
    gauges: dict[str, tuple[str, Callable[[QueueView], float]]] = {
        "callers": ("Callers in line.", lambda q: q.callers),
        "available_agents": ("Members who could be rung now.", lambda q: q.available),
        "members": ("Members of the queue.", lambda q: q.members),
        "hold_seconds": ("Moving average of the hold time.", lambda q: q.hold_us / 1e6),
        "talk_seconds": ("Moving average of the talk time.", lambda q: q.talk_us / 1e6),
    }
    for name, (text, value) in gauges.items():
        gauge = GaugeMetricFamily(f"gvq_{name}", text, labels=["queue"])
        for queue in queues:
            gauge.add_metric([queue.name], value(queue))
        yield gauge
    ended = CounterMetricFamily("gvq_calls", "Calls that are over.", labels=["queue", "end"])
    for queue in queues:
        ended.add_metric([queue.name, "completed"], queue.completed)
        ended.add_metric([queue.name, "abandoned"], queue.abandoned)
    yield ended


def _agents(agents: list[AgentView]) -> Metric:
    counted = Counter(agent.state for agent in agents)
    gauge = GaugeMetricFamily("gvq_agents", "Agents in each state.", labels=["state"])
    for state in get_args(AgentState):
        gauge.add_metric([state], counted[state])
    return gauge


def _boxes(boxes: list[BoxView]) -> Iterator[Metric]:
    attached = GaugeMetricFamily("gvq_box_attached", "1 while the box is heard.", labels=["box"])
    calls = GaugeMetricFamily("gvq_box_calls", "Callers held or talking there.", labels=["box"])
    for box in boxes:
        attached.add_metric([box.name], box.attached)
        calls.add_metric([box.name], box.calls)
    yield attached
    yield calls
