"""No test leaves an unexplained key behind, and finished calls leave none at all."""

import re

from coordinator.line import keys
from tests.engine.conftest import Line

#: Keys that stay: configuration, boxes, registered phones, the streams, timers of leases.
LASTING = {
    "meta", "queues", "queue", "members", "agents", "agent", "memberships", "interfaces", "boxes",
    "phones",
    "box", "homed", "devices", "timers", "commands", "journal", "free",
}  # fmt: skip


def name_of(key: str, tenant: str) -> str:
    rest = key.removeprefix(keys.prefix(tenant))
    for name, entry in keys.TABLE.items():
        if re.fullmatch(re.escape(entry.template).replace(r"\{\}", ".+"), rest):
            return name
    raise AssertionError(f"{key} is not in the table")


async def test_after_all_calls_only_lasting_keys_remain_and_types_are_as_said(line: Line) -> None:
    await line.queue("sales", "ringall")
    for agent in ("101", "102"):
        await line.agent(agent, sales=0)
    a = await line.box("a", "101", "102")
    await a.join("1")
    first, second = await a.rings()
    await a.join("2")
    await a.ended(second, "busy")
    await a.connect(first)
    await a.complete(first)
    (again,) = await a.rings()
    await a.connect(again)
    await a.complete(again)
    await a.join("3")
    rings = await a.rings()
    await a.leave("3")
    for ring in rings:
        await a.ended(ring)
    found = {}
    async for key in line.redis.scan_iter(f"{keys.prefix(line.tenant)}*"):
        found[name_of(key, line.tenant)] = await line.redis.type(key)
    assert set(found) <= LASTING
    assert all(keys.TABLE[name].type == kind for name, kind in found.items())
