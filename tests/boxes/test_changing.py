"""What agents change by phone: over a link into the directory, and what the phone is told."""

import asyncio
from typing import Any, get_args

import pytest
from sqlalchemy import text

from coordinator.boxes import changing
from coordinator.database import Database
from coordinator.directory import Directory
from coordinator.directory.mirror import lock
from coordinator.line.types import MemberSettings, QueueSettings
from coordinator.protocol import AgentChange, Change, Device, OfferEnded
from coordinator.queue_log.lines import Style, rows
from tests.boxes.conftest import Replica
from tests.boxes.peer import Peer
from tests.waiting import eventually


@pytest.fixture
async def sql(database: Database) -> Database:
    """With tables, on SQLite and on PostgreSQL."""
    return database


@pytest.fixture
async def directory(one: Replica) -> Directory:
    """Agent ann, logged out, with phone 101; queues sales and support."""
    for queue in ("sales", "support"):
        await one.directory.put_queue(queue, QueueSettings())
    await one.directory.put_agent("ann", "PJSIP/201", "Ann")
    return one.directory


@pytest.fixture
async def a(one: Replica, directory: Directory) -> Peer:
    """Box a, where phones 201 and 202 are registered."""
    return await one.linked("a", "201", "202")


class Phone:
    """A phone at a box, and what its person does there."""

    def __init__(self, box: Peer, interface: str = "PJSIP/201") -> None:
        self.box, self.interface, self.number = box, interface, 0

    def change(self, what: AgentChange, **more: Any) -> Change:
        self.number += 1
        fields = {"uniqueid": f"{self.box.box}-1.1", "number": self.number, "what": what}
        return Change.model_validate(fields | {"interface": self.interface} | more)

    async def does(self, what: AgentChange, queue: str = "", **more: Any) -> str:
        changed = await self.box.changes(self.change(what, queue=queue, **more))
        assert (changed.uniqueid, changed.number) == (f"{self.box.box}-1.1", self.number)
        return changed.result


async def test_a_day_at_the_phone(a: Peer, one: Replica, directory: Directory) -> None:
    """Each answer, what SQL has then, and what the line has."""
    phone = Phone(a)
    steps: list[tuple[AgentChange, str, str, tuple[bool, bool, str]]] = [
        ("logout", "", "NOTINQUEUE", (False, False, "")),
        ("login", "", "ADDED", (True, False, "")),
        ("login", "", "MEMBERALREADY", (True, False, "")),
        ("pause", "lunch", "PAUSED", (True, True, "lunch")),
        ("pause", "tea", "PAUSED", (True, True, "tea")),
        ("unpause", "", "UNPAUSED", (True, False, "")),
        ("unpause", "", "UNPAUSED", (True, False, "")),
        ("logout", "", "REMOVED", (False, False, "")),
    ]
    for what, reason, answer, state in steps:
        assert await phone.does(what, reason=reason) == answer
        agent = await directory.agent("ann")
        assert (agent.logged_in, agent.paused, agent.pause_reason) == state
        view = await one.engine.agent("ann")
        assert (view.logged_in, view.paused, view.pause_reason) == state


async def test_joining_and_leaving_a_queue(a: Peer, one: Replica, directory: Directory) -> None:
    phone = Phone(a)
    assert await phone.does("remove", "sales") == "NOTINQUEUE"
    assert await phone.does("add", "sales", penalty=3) == "ADDED"
    assert [(m.agent, m.settings.penalty) for m in await directory.members("sales")] == [("ann", 3)]
    assert (await one.engine.agent("ann")).state == "available"
    assert await phone.does("add", "sales") == "MEMBERALREADY"
    assert await phone.does("add", "support", paused=True, reason="not yet") == "ADDED"
    assert await directory.queues_of("ann") == ["sales", "support"]
    assert await pauses(directory) == {"sales": None, "support": "not yet"}
    assert await phone.does("remove", "sales") == "REMOVED"
    assert await phone.does("remove", "sales") == "NOTINQUEUE"
    assert await directory.queues_of("ann") == ["support"]


async def test_a_pause_in_one_queue(a: Peer, one: Replica, directory: Directory) -> None:
    phone = Phone(a)
    for queue in ("sales", "support"):
        await phone.does("add", queue)
    assert await phone.does("pause", "sales", reason="tea") == "PAUSED"
    assert await pauses(directory) == {"sales": "tea", "support": None}
    assert not (await directory.agent("ann")).paused
    assert (await one.engine.agent("ann")).state == "available"
    assert await phone.does("unpause", "sales") == "UNPAUSED"
    assert await pauses(directory) == {"sales": None, "support": None}
    assert await phone.does("pause", "support") == "PAUSED"
    assert await phone.does("unpause") == "UNPAUSED"
    assert await pauses(directory) == {"sales": None, "support": None}


@pytest.mark.parametrize("what", ["pause", "unpause"])
async def test_a_pause_in_a_queue_one_is_not_in(
    a: Peer, directory: Directory, what: AgentChange
) -> None:
    await Phone(a).does("add", "sales")
    for queue in ("support", "nowhere"):
        assert await Phone(a).does(what, queue) == "NOTFOUND"
    assert await pauses(directory) == {"sales": None}


async def test_a_penalty_and_ringinuse_in_one_queue_and_in_all(
    a: Peer, one: Replica, directory: Directory
) -> None:
    phone = Phone(a)
    for queue in ("sales", "support"):
        await phone.does("add", queue)
    steps: list[tuple[AgentChange, str, dict[str, int], list[tuple[int, bool | None]]]] = [
        ("penalty", "sales", {"penalty": 7}, [(7, None), (0, None)]),
        ("penalty", "", {"penalty": 3}, [(3, None), (3, None)]),
        ("ringinuse", "support", {"ringinuse": 1}, [(3, None), (3, True)]),
        ("ringinuse", "", {"ringinuse": 0}, [(3, False), (3, False)]),
    ]
    for what, queue, value, state in steps:
        assert await phone.does(what, queue, **value) == "SET"
        members = (await one.engine.agent("ann")).memberships
        kept = [members[name] for name in ("sales", "support")]
        assert [(m.penalty, m.ringinuse) for m in kept] == state
        saved = [(await directory.member(m, "ann")).settings for m in ("sales", "support")]
        assert [(m.penalty, m.ringinuse) for m in saved] == state


@pytest.mark.parametrize("what", ["penalty", "ringinuse"])
async def test_what_is_set_where_one_is_no_member_is_not_found(a: Peer, what: AgentChange) -> None:
    for queue in ("sales", "nowhere", ""):
        assert await Phone(a).does(what, queue) == "NOTFOUND"
    assert await Phone(a, "PJSIP/202").does(what, "sales") == "NOTFOUND"


async def pauses(directory: Directory) -> dict[str, str | None]:
    """Why ann is paused in each of her queues; None: she is not."""
    kept = [await directory.member(queue, "ann") for queue in await directory.queues_of("ann")]
    return {m.queue: m.settings.reason if m.settings.paused else None for m in kept}


async def test_an_agent_judged_by_a_hint_changes_where_the_hint_is(
    a: Peer, one: Replica, directory: Directory
) -> None:
    """The interface itself is no device: Local/105@agents, whose phone is hint:105@phones."""
    phone, local = Phone(a, "Local/105@agents"), {"state_interface": "hint:105@phones"}
    assert await phone.does("add", "sales", **local) == "NOTHERE"
    await a.tell(Device(interface="hint:105@phones", state="NOT_INUSE"))
    assert await phone.does("add", "sales", **local, wrapuptime=9, name="Eve") == "ADDED"
    member = await directory.member("sales", "Eve")
    assert member.settings.wrapuptime == 9
    assert (await one.engine.agent("Eve")).state == "available"
    assert await phone.does("logout") == "REMOVED"


async def test_another_agents_phone_is_no_state(a: Peer, directory: Directory) -> None:
    await directory.put_agent("ann", "PJSIP/201", "Ann", "Custom:ann")
    of_ann = {"state_interface": "PJSIP/201"}
    assert await Phone(a, "Local/9@agents").does("add", "sales", **of_ann) == "INVALID"
    assert await directory.agent_at("Local/9@agents") is None


async def test_the_journal_and_queue_log_say_who_asked(a: Peer, one: Replica) -> None:
    """Of a change by phone only; callid is then the phone's channel, as in app_queue."""
    phone = Phone(a)
    await phone.does("add", "sales", penalty=1)
    await phone.does("pause", reason="tea")
    await phone.does("unpause", reason="back")
    await phone.does("pause", "sales", reason="lunch")
    await phone.does("unpause", "sales", reason="fed")
    await phone.does("pause", reason="tea")
    await phone.does("logout")
    await phone.does("login")
    await phone.does("remove", "sales")
    await one.directory.pause("ann")
    changes = [
        entry
        for entry in await one.engine.journal()
        if entry.data.get("agent") == "ann" and entry.type in ("agent.changed", "member.changed")
    ]
    by_phone = {"by": "phone", "uniqueid": "a-1.1"}
    assert all(by_phone.items() <= entry.data.items() for entry in changes[:-1])
    assert by_phone["by"] != changes[-1].data.get("by")
    log = [row.line.partition("|")[2] for entry in changes for row in rows(entry, Style())]
    assert log == [
        "a-1.1|sales|PJSIP/201|ADDMEMBER|",
        "NONE|NONE|PJSIP/201|PAUSEALL|tea",
        "NONE|sales|PJSIP/201|PAUSE|tea",
        "NONE|NONE|PJSIP/201|UNPAUSEALL|back",
        "NONE|sales|PJSIP/201|UNPAUSE|back",
        "NONE|sales|PJSIP/201|PAUSE|lunch",
        "NONE|sales|PJSIP/201|UNPAUSE|fed",
        "NONE|NONE|PJSIP/201|PAUSEALL|tea",
        "NONE|sales|PJSIP/201|PAUSE|tea",
        "a-1.1|sales|PJSIP/201|REMOVEMEMBER|",
        "a-1.1|sales|PJSIP/201|ADDMEMBER|PAUSED",
        "a-1.1|sales|PJSIP/201|REMOVEMEMBER|",
    ]


async def test_a_member_who_is_logged_out_comes_back_by_joining(
    a: Peer, directory: Directory
) -> None:
    """With what it had for itself, but for what is said."""
    await directory.put_member("sales", "ann", 3, 30, True)
    assert await Phone(a).does("add", "sales", wrapuptime=0) == "ADDED"
    assert (await directory.agent("ann")).logged_in
    assert (await directory.member("sales", "ann")).settings == MemberSettings(3, None, True)


async def test_a_member_anew_is_not_paused_by_an_autopause_of_before(
    a: Peer, one: Replica, directory: Directory
) -> None:
    """autopause=all is the line's alone: SQL does not know of it."""
    await directory.put_queue("support", QueueSettings(strategy="linear", autopause="all"))
    phone = Phone(a)
    await phone.does("add", "support")
    await a.tell(a.caller("1", queue="support"))
    rung = await a.rung()
    await a.tell(OfferEnded(offer_id=rung.offer_id, fence=rung.fence, outcome="no_answer"))
    assert (await one.engine.agent("ann")).autopaused
    await phone.does("remove", "support")
    assert await phone.does("add", "support") == "ADDED"
    assert not (await one.engine.agent("ann")).paused


@pytest.mark.parametrize("what", ["add", "remove"])
async def test_no_such_queue(a: Peer, directory: Directory, what: AgentChange) -> None:
    assert await Phone(a).does(what, "nowhere") == "NOSUCHQUEUE"
    assert await Phone(a, "PJSIP/202").does(what, "nowhere") == "NOSUCHQUEUE"
    assert [agent.name for agent in await directory.agents()] == ["ann"]


@pytest.mark.parametrize("what", ["login", "logout", "pause", "unpause"])
async def test_a_phone_of_no_agent(a: Peer, what: AgentChange) -> None:
    assert await Phone(a, "PJSIP/202").does(what) == "NOTFOUND"


async def test_a_phone_of_no_agent_joins_a_queue_as_a_new_one(
    a: Peer, directory: Directory
) -> None:
    phone = Phone(a, "PJSIP/202")
    assert await phone.does("remove", "sales") == "NOTINQUEUE"
    assert await phone.does("add", "sales", name="Bo B") == "ADDED"
    agent = await directory.agent("Bo_B")
    assert (agent.interface, agent.display_name, agent.logged_in) == ("PJSIP/202", "Bo B", True)


@pytest.mark.parametrize("what", get_args(AgentChange))
async def test_a_box_changes_nobody_whose_phone_is_elsewhere(
    a: Peer, one: Replica, directory: Directory, what: AgentChange
) -> None:
    """Not of another box, nor of none, nor one that has left: a stolen token reaches no further
    than its own phones."""
    b = await one.linked("b", "301")
    await b.tell(Device(interface="PJSIP/201", state="UNAVAILABLE"))
    await directory.put_agent("eve", "PJSIP/401")
    before = await directory.agents()
    for interface in ("PJSIP/201", "PJSIP/401", "PJSIP/501"):
        assert await Phone(b, interface).does(what, "sales") == "NOTHERE"
    assert await directory.agents() == before
    assert await directory.members("sales") == []


async def test_sql_that_is_slow_holds_up_nobody_and_what_waits_too_long_is_not_made(
    a: Peer, database: Database, directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Race: the link goes on while somebody else holds the directory's lock."""
    monkeypatch.setattr(changing, "BEGIN_S", 0.0)
    phone = Phone(a)
    a.send(phone.change("login"))  # too late already
    assert (await a.tell(a.caller("1"))).code == "ok"
    monkeypatch.setattr(changing, "BEGIN_S", 60.0)
    async with database.write() as session:
        await lock(session)
        a.send(phone.change("pause", reason="late"))
        assert (await a.tell(a.caller("2"))).code == "ok"
    changed = await a.changed()
    assert (changed.number, changed.result) == (2, "PAUSED")
    agent = await directory.agent("ann")
    assert (agent.logged_in, agent.paused) == (False, True)


async def test_more_changes_than_people_dial_are_refused_at_once(
    a: Peer, one: Replica, directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A box that floods its link holds up neither the link nor others' changes."""
    begun, let_go = asyncio.Event(), asyncio.Event()
    reports = one.engine.reports

    async def slowly(box: str, interface: str) -> bool:
        begun.set()
        await let_go.wait()
        return await reports(box, interface)

    monkeypatch.setattr(one.engine, "reports", slowly)
    monkeypatch.setattr(changing, "BEGIN_S", 600.0)
    phone = Phone(a)
    a.send(phone.change("login"))
    await begun.wait()
    for _ in range(changing.WAITING + 19):
        a.send(phone.change("logout"))
    assert (await a.tell(a.caller("1"))).code == "ok"
    refused = [await a.changed() for _ in range(19)]
    assert {changed.result for changed in refused} == {"LINEAWAY"}
    assert refused[-1].number == changing.WAITING + 20
    let_go.set()
    made = [(await a.changed()).number for _ in range(changing.WAITING + 1)]
    assert made == list(range(1, changing.WAITING + 2))
    assert await phone.does("login") == "ADDED"


async def test_an_sql_that_is_away_is_told_and_the_link_stays(a: Peer, database: Database) -> None:
    phone = Phone(a)
    async with database.write() as session:
        await session.execute(text("ALTER TABLE agents RENAME TO gone"))
    assert await phone.does("login") == "LINEAWAY"
    assert (await a.tell(a.caller("1"))).code == "ok"


async def test_a_line_that_is_away_is_told_and_nothing_is_changed(
    a: Peer, one: Replica, directory: Directory, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(box: str, interface: str) -> bool:
        raise ConnectionError("no Redis")

    monkeypatch.setattr(one.engine, "reports", away)
    assert await Phone(a).does("login") == "LINEAWAY"
    assert not (await directory.agent("ann")).logged_in


async def test_a_change_lasts_through_an_emptied_line(
    a: Peer, one: Replica, directory: Directory
) -> None:
    assert await Phone(a).does("add", "sales", penalty=2) == "ADDED"
    for key in await one.redis.keys(one.engine._key("meta").removesuffix("meta") + "*"):
        await one.redis.delete(key)
    await directory.mirror()
    view = await one.engine.agent("ann")
    assert (view.logged_in, view.queues) == (True, {"sales": 2})


async def test_what_a_link_may_not_say_ends_it(a: Peer) -> None:
    frame = Phone(a).change("login").model_dump_json()
    a.say(frame.replace("PJSIP/201", "PJSIP/201&PJSIP/202"))
    code, reason = await a.closed()
    assert (code, "interface" in reason) == (4400, True)
    await eventually(lambda: _is_over(a))


async def _is_over(peer: Peer) -> bool:
    return peer.serving is not None and peer.serving.done()
