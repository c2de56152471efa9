"""gvq bench line, profile: that the load is the engine's own, and that its counts add up."""

import pytest

from coordinator.cli.bench.load import TIMING, Box, Offer, Words
from coordinator.cli.bench.resp import Pipe, ServerError, packed
from coordinator.line.engine import Engine
from coordinator.line.types import Origin
from coordinator.protocol import Join
from tests.bench.conftest import Bench


class _Recorder:
    """A Redis that only writes down what it is asked."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []

    async def fcall(self, *words: str | int) -> list[str]:
        self.asked.append(packed("FCALL", *words))
        return ["ok", "0", "0"]


async def test_the_load_is_what_the_engine_sends() -> None:
    redis = _Recorder()
    engine = Engine(redis, "t", TIMING)  # type: ignore[arg-type]
    box = Box("a", Words("t"), "t", None, link="l")  # type: ignore[arg-type]
    join = Join(
        call_id="a-1-1", channel="PJSIP/trunk-a-1", uniqueid="a-1", queue="sales",
        caller_id_num="5550100",
    )  # fmt: skip
    await engine.join(Origin("a", "l", 1), join)
    await engine.connect(Origin("a", "l", 2), "gvq-1", 1)
    await engine.complete(Origin("a", "l", 3), "gvq-1", 1, "agent")
    offer = Offer("gvq-1", 1, "a-1-1")
    assert [box.join(), box.connect(offer), box.complete(offer)] == redis.asked


class _Bytes:
    """A connection whose peer has said these bytes, one at a time."""

    def __init__(self, said: bytes) -> None:
        self.said = iter(said)

    async def read(self, most: int) -> bytes:
        return bytes([next(self.said)])

    def write(self, data: bytes) -> None:
        """Nobody listens."""


async def test_a_pipe_reads_whatever_way_its_answers_are_cut() -> None:
    peer = _Bytes(b"$2\r\nab\r\n*3\r\n:-5\r\n*1\r\n$0\r\n\r\n$-1\r\n+OK\r\n*-1\r\n")
    pipe = Pipe(peer, peer)  # type: ignore[arg-type]
    assert await pipe.ask([b""] * 3) == ["ab", [-5, [""], None], "OK"]
    assert await pipe.ask([b""]) == [None]


async def test_a_pipe_speaks_with_valkey(valkey: str) -> None:
    pipe = await Pipe.open(valkey.removeprefix("unix://"))
    words = ["a", "", "ä" * 1000, "x" * 600_000]
    commands = [packed("ECHO", word) for word in words] + [packed("GET", "no such key")]
    assert await pipe.ask(commands) == [*words, None]
    assert await pipe.ask([packed("EVAL", "return {1, {'b', {}}, false}", 0)]) == [
        [1, ["b", []], None]
    ]
    with pytest.raises(ServerError, match="unknown command"):
        await pipe.ask([packed("NONE"), packed("PING")])
    assert await pipe.ask([packed("PING")]) == ["PONG"]
    await pipe.close()


def test_lifecycles_add_up(bench: Bench) -> None:
    body = bench("line")
    assert body.wrong() == []
    [lifecycles], [transitions] = (body.values("line", n) for n in ("lifecycles", "transitions"))
    # A turn ends in the middle of some calls.
    assert transitions == pytest.approx(3 * lifecycles, rel=0.2)
    assert {"bare script (2)", "script (17)"} <= {row["subject"] for row in body["measures"]}
    assert body.values("BullMQ", "lifecycles") or "BullMQ left out" in str(body["notes"])


def test_a_transition_is_counted_with_all_its_commands(bench: Bench) -> None:
    body = bench("profile")
    assert body.wrong() == []
    assert body.values("heartbeat", "commands") == [6]
    [ringing] = body.values("join, one free and offered", "commands")
    [waiting] = body.values("join, nobody free", "commands")
    assert ringing > waiting > 12
    for kind in ("connect", "leave"):
        assert body.values(kind, "of it in commands") < body.values(kind, "time")
        assert body.values(kind, "log") > [100]
