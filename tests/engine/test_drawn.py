"""random and wrandom: how often each member is drawn. The line's clock seeds the draws."""

from collections import Counter
from fractions import Fraction

import pytest

from tests.engine.conftest import Line

CALLS = 600
#: Three standard deviations of a share of one half, of so many draws.
TOLERANCE = 3 * (0.25 / CALLS) ** 0.5


async def shares(line: Line, strategy: str, penalties: list[int], tried: int = 0) -> list[float]:
    """How often each member is rung for a caller whom `tried` members have refused already."""
    await line.queue("sales", strategy, retry=0)
    names = [str(101 + n) for n in range(len(penalties))]
    for name, penalty in zip(names, penalties, strict=True):
        await line.agent(name, sales=penalty)
    a = await line.box("a", *names)
    rung: Counter[str] = Counter()
    for call in range(CALLS):
        line.wait(0.9)
        await a.join(str(call))
        for _ in range(tried):
            (offer,) = await a.rings()
            await a.ended(offer, "busy")
        (offer,) = await a.rings()
        rung[offer.agent] += 1
        await a.leave(str(call))
        await a.ended(offer)
    return [rung[name] / CALLS for name in names]


@pytest.mark.parametrize("tried", [0, 2])
async def test_random_draws_each_of_the_tier_alike(line: Line, tried: int) -> None:
    found = await shares(line, "random", [0, 0, 0, 1], tried)
    assert found[:3] == pytest.approx([1 / 3] * 3, abs=TOLERANCE)
    assert found[3] == 0


async def test_random_draws_each_alike_whom_a_raise_makes_one_tier(line: Line) -> None:
    await line.queue("sales", "random", retry=0)
    for name, penalty in (("101", 0), ("102", 1), ("103", 1), ("104", 1)):
        await line.agent(name, sales=penalty)
    a = await line.box("a", "101", "102", "103", "104")
    rung: Counter[str] = Counter()
    for call in range(CALLS):
        line.wait(0.9)
        await a.join(str(call), raise_penalty=1)
        (offer,) = await a.rings()
        rung[offer.agent] += 1
        await a.leave(str(call))
        await a.ended(offer)
    assert rung["101"] / CALLS == pytest.approx(1 / 4, abs=TOLERANCE)


async def test_wrandom_knows_no_tiers_but_prefers_low_penalties(line: Line) -> None:
    # Penalty 1 wins when its draw from [0, 2) is below two from [0, 1): ∫ (1 - x)² / 2 dx.
    last = float(Fraction(1, 6))
    first = (1 - last) / 2
    found = await shares(line, "wrandom", [0, 0, 1])
    assert found == pytest.approx([first, first, last], abs=TOLERANCE)


async def test_wrandom_honours_the_penalty_window(line: Line) -> None:
    await line.queue("sales", "wrandom")
    await line.agent("101", sales=0)
    await line.agent("102", sales=5)
    a = await line.box("a", "101", "102")
    for call in range(20):
        line.wait(0.9)
        await a.join(str(call), min_penalty=3)
        (offer,) = await a.rings()
        assert offer.agent == "102"
        await a.leave(str(call))
        await a.ended(offer)
