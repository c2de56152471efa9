"""How long a free agent waits for the next caller on real boxes, and whether the order held.

    .venv/bin/python -m tests.bench.idle_gap [--callers 60] [--seed 1]

Three boxes, six agents over them (penalties 0, 0, 1, 1, 2, 2) whose phones talk 1–3 s and hang up,
callers arriving on all boxes faster than they are served. Times are read from SIP messages at the
phones: from a call's BYE to the next INVITE, and to the next answer. When the two can talk the
journal says, by the same machine's clock: to the `call.connected` of the offer that INVITE was.
As root on Debian.
"""

import argparse
import asyncio
import random
import statistics
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path

from ami_adapter import lab
from ami_adapter.lab.callers import Callers
from ami_adapter.lab.phones import Phone
from coordinator.audit import audit
from tests.e2e.lab_site import DIALPLAN, LabSite
from tests.e2e.rig import Rig

AGENTS = {"101": ("a", 0), "102": ("b", 0), "103": ("c", 1), "104": ("a", 1), "105": ("b", 2),
          "106": ("c", 2)}  # fmt: skip
ARRIVALS_PER_S = 9.0


#: Agent and caller's number → when the journal says that they were bridged, s since 1970.
Bridged = dict[tuple[str, str], float]


def bridged(rig: Rig) -> Bridged:
    """Every caller here calls once, so agent and caller name the offer."""
    joins = rig.coordinator.of("caller.joined")
    numbers = {join.data["call_id"]: join.data["caller_id_num"] for join in joins}
    return {
        (entry.data["agent"], numbers[entry.data["call_id"]]): entry.at_us / 1e6
        for entry in rig.coordinator.of("call.connected")
    }


def gaps(phones: list[Phone], talks: Bridged) -> tuple[list[float], list[float], list[float]]:
    """Milliseconds from each call's end to the phone's next INVITE, its answer, and the bridge."""
    rung, answered, talking = [], [], []
    for phone in phones:
        for before, after in zip(phone.invites, phone.invites[1:], strict=False):
            if before.ended and after.answered:
                rung.append((after.at - before.ended) * 1e3)
                answered.append((after.answered - before.ended) * 1e3)
                talking.append((talks[phone.agent, after.caller] - before.ended) * 1e3)
    return rung, answered, talking


def overtaken(joined: list[str], rung: list[str]) -> int:
    """Callers first rung after somebody who joined later."""
    place = {number: n for n, number in enumerate(joined)}
    return sum(
        any(place[later] > place[number] for later in rung[:at]) for at, number in enumerate(rung)
    )


def row(name: str, values: list[float]) -> str:
    cuts = statistics.quantiles(values, n=100, method="inclusive")
    return f"{name:37} median {cuts[49]:6.1f}   p90 {cuts[89]:6.1f}   p99 {cuts[98]:6.1f} ms"


async def measure(directory: Path, callers: int, seed: int) -> None:
    draw = random.Random(seed)
    boxes = lab.up(3, directory / "lab", print, extra_dialplan=DIALPLAN)
    by_name = {box.name: box for box in boxes.boxes}
    try:
        async with AsyncExitStack() as stack:
            rig = await stack.enter_async_context(Rig(LabSite(boxes, stack), directory))
            await rig.queue(strategy="leastrecent")
            phones = []
            for agent, (box, penalty) in AGENTS.items():
                phone = Phone(agent, by_name[box].sip, talk=lambda: draw.uniform(1, 3))
                phones.append(await stack.enter_async_context(phone))
                await rig.member(agent, box, sales=penalty)
            groups = [
                Callers(box, "sales", callers // 3, per_second=ARRIVALS_PER_S / 3,
                        first_number=5550000 + 1000 * n)
                for n, box in enumerate(boxes.boxes)
            ]  # fmt: skip
            for group in groups:
                await stack.enter_async_context(group)
                await asyncio.sleep(1 / ARRIVALS_PER_S)
            for group in groups:
                await group.finished(callers * 2.0)
            entries = await rig.coordinator.catch_up()
            report(phones, rig, audit(entries).violations)
    finally:
        lab.remove(directory / "lab")


def report(phones: list[Phone], rig: Rig, violations: object) -> None:
    joins = rig.coordinator.of("caller.joined")
    joined = [e.data["caller_id_num"] for e in sorted(joins, key=lambda e: int(e.data["rank"]))]
    calls = sorted((call for phone in phones for call in phone.invites), key=lambda c: c.at)
    rung = list(dict.fromkeys(call.caller for call in calls))
    offered = rig.offered_first()
    by_rank = [e.data["call_id"] for e in sorted(joins, key=lambda e: int(e.data["rank"]))]
    invite, answer, talk = gaps(phones, bridged(rig))
    print(f"{len(joined)} callers, {len(calls)} INVITEs, {len(invite)} gaps")
    print(row("call ended → next INVITE", invite))
    print(row("call ended → next call answered", answer))
    print(row("call ended → agent and caller bridged", talk))
    print(f"callers overtaken, as decided         {overtaken(by_rank, offered)}")
    print(f"callers overtaken, on the wire        {overtaken(joined, rung)}")
    print(f"second INVITE at a busy phone         {sum(call.while_busy for call in calls)}")
    print(f"rules broken (gvq verify)             {violations or 0}")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--callers", type=int, default=60)
    arguments.add_argument("--seed", type=int, default=1)
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        asyncio.run(measure(Path(directory), chosen.callers, chosen.seed))


if __name__ == "__main__":
    main()
