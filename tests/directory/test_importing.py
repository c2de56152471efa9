"""An import into the directory: what differs is written, all of it or nothing."""

from contextlib import AsyncExitStack
from dataclasses import replace

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from coordinator.database import Database
from coordinator.directory import Difference, Directory, Imported, Wanted, WantedAgent
from coordinator.errors import Refused
from coordinator.line.engine import Engine
from coordinator.line.types import MemberSettings, PenaltyChange, QueueSettings
from coordinator.redis_client import connected
from tests.api.lines import Box
from tests.postgres import unused_port

WANTED = Wanted(
    queues={"sales": {"strategy": "linear", "timeout": 20, "defaultrule": "patience"}, "help": {}},
    agents={
        "ann": WantedAgent("PJSIP/101", "Ann Adams"),
        "ben": WantedAgent("PJSIP/102"),
        "cal": WantedAgent("PJSIP/103"),
    },
    members={
        ("sales", "cal"): MemberSettings(2, wrapuptime=30),
        ("sales", "ann"): MemberSettings(),
        ("help", "ann"): MemberSettings(1),
        ("sales", "ben"): MemberSettings(paused=True),
    },
    rules={"patience": (PenaltyChange(30, "+2", "", "r5"),), "none": ()},
)


def of_penalty(*members: tuple[str, str, int]) -> dict[tuple[str, str], MemberSettings]:
    """(queue, agent, penalty)."""
    return {(queue, agent): MemberSettings(penalty) for queue, agent, penalty in members}


def changed(imported: Imported) -> list[Difference]:
    return [one for one in imported.differences if not one.same]


async def in_sql(directory: Directory) -> object:
    queues = await directory.queues()
    members = {queue.name: await directory.members(queue.name) for queue in queues}
    return queues, await directory.agents(), members, await directory.rules()


async def in_line(engine: Engine) -> object:
    agents = [(one.name, one.interface, one.state, one.queues) for one in await engine.agents()]
    queues = [(one.name, one.settings) for one in await engine.queues()]
    return queues, agents, await engine.rules()


async def members(directory: Directory, queue: str) -> list[tuple[str, int]]:
    return [(one.agent, one.settings.penalty) for one in await directory.members(queue)]


async def phones_are_registered(engine: Engine) -> None:
    await Box(engine, "a").attach(
        PJSIP_101="NOT_INUSE", PJSIP_102="NOT_INUSE", PJSIP_103="NOT_INUSE"
    )


async def test_what_is_wanted_is_there_in_its_order(directory: Directory, engine: Engine) -> None:
    await phones_are_registered(engine)

    imported = await directory.import_all(WANTED)

    assert imported.applied
    assert len(changed(imported)) == len(imported.differences) == 11
    assert await members(directory, "sales") == [("cal", 2), ("ann", 0), ("ben", 0)]
    views = {view.name: view for view in await engine.agents()}
    assert {(view.state, view.home) for view in views.values()} == {("available", "a")}
    assert [view.queues for view in views.values()] == [
        {"sales": 0, "help": 1},
        {"sales": 0},
        {"sales": 2},
    ]
    assert views["cal"].memberships["sales"].wrapuptime == 30
    assert views["ben"].memberships["sales"].paused
    assert (await engine.queue("sales")).available == 2
    assert not await directory.mirror()
    assert not await directory.lags()


async def test_again_it_changes_nothing(directory: Directory, engine: Engine) -> None:
    await directory.import_all(WANTED)
    before, length = await in_sql(directory), len(await engine.journal())

    imported = await directory.import_all(WANTED)

    assert changed(imported) == []
    assert await in_sql(directory) == before
    assert len(await engine.journal()) == length


async def test_a_dry_run_tells_what_would_be(directory: Directory, engine: Engine) -> None:
    told = await directory.import_all(WANTED, dry_run=True)

    assert await in_sql(directory) == ([], [], {}, [])
    assert await in_line(engine) == ([], [], {})
    assert told == replace(await directory.import_all(WANTED), applied=False)


async def test_what_is_not_wanted_stays(directory: Directory) -> None:
    await directory.put_queue("old", QueueSettings("random"))
    await directory.put_agent("zoe", "PJSIP/199", "Zoe")
    await directory.put_member("old", "zoe", 3)

    await directory.import_all(WANTED)

    assert await members(directory, "old") == [("zoe", 3)]
    assert (await directory.queue("old")).settings.strategy == "random"


async def test_of_a_queue_that_is_there_only_what_is_given_changes(directory: Directory) -> None:
    """A defaultrule and `ringing`, set by hand, and any other field."""
    await directory.put_rule("mine", [])
    before = QueueSettings(defaultrule="mine", ringing=True, weight=3, timeout=40, maxlen=9)
    await directory.put_queue("help", before)
    wanted = replace(WANTED, queues=WANTED.queues | {"help": {"timeout": 20, "maxlen": 0}})

    imported = await directory.import_all(wanted)

    assert (await directory.queue("help")).settings == replace(before, timeout=20, maxlen=0)
    (fields,) = [one.fields for one in changed(imported) if one.queue == "help" and not one.agent]
    assert fields == {"timeout": (40, 20), "maxlen": (9, 0)}


async def test_rules_are_there_before_the_queues_that_name_them(
    directory: Directory, engine: Engine
) -> None:
    imported = await directory.import_all(WANTED)

    assert [one.rule for one in changed(imported)][:2] == ["patience", "none"]
    assert (await directory.queue("sales")).settings.defaultrule == "patience"
    assert await engine.rules() == {"patience": WANTED.rules["patience"], "none": ()}
    other = (PenaltyChange(60, "10"),)
    again = await directory.import_all(Wanted({}, {}, {}, {"patience": other}))
    assert [one.fields for one in changed(again)] == [
        {"changes": (WANTED.rules["patience"], other)}
    ]
    assert (await engine.rules())["patience"] == other


async def test_an_agent_who_is_there_keeps_what_the_person_chose(directory: Directory) -> None:
    await directory.put_agent("ann", "PJSIP/199", "Ann")
    await directory.put_agent("ben", "PJSIP/102", "Ben")
    await directory.pause("ann", "lunch")

    imported = await directory.import_all(WANTED)

    ann, ben = await directory.agent("ann"), await directory.agent("ben")
    assert (ann.interface, ann.display_name) == ("PJSIP/101", "Ann Adams")
    assert (ann.logged_in, ann.paused, ann.pause_reason) == (False, True, "lunch")
    assert (ben.display_name, ben.logged_in, ben.paused) == ("Ben", False, False)
    assert {one.agent: one.fields for one in changed(imported) if one.kind == "agent"} == {
        "ann": {
            "interface": ("PJSIP/199", "PJSIP/101"),
            "display_name": ("Ann", "Ann Adams"),
        },
        "cal": {"interface": (None, "PJSIP/103")},
    }


async def test_members_keep_their_places_and_it_is_said(directory: Directory) -> None:
    await directory.import_all(WANTED)
    other = of_penalty(
        ("sales", "ann", 0), ("sales", "cal", 2), ("sales", "ben", 0), ("help", "cal", 0)
    )

    imported = await directory.import_all(replace(WANTED, members=other))

    assert imported.out_of_order == ["sales"]
    assert await members(directory, "sales") == [("cal", 2), ("ann", 0), ("ben", 0)]
    assert await members(directory, "help") == [("ann", 1), ("cal", 0)]


async def test_one_who_comes_before_those_there_is_out_of_order(directory: Directory) -> None:
    behind = of_penalty(("sales", "cal", 2), ("sales", "ann", 0))
    await directory.import_all(replace(WANTED, members=behind))
    before = of_penalty(("sales", "ben", 0)) | behind

    told = await directory.import_all(replace(WANTED, members=before), dry_run=True)

    assert told.out_of_order == ["sales"]
    assert (await directory.import_all(WANTED)).out_of_order == []


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        (Wanted({}, {"zoe": WantedAgent("PJSIP/101")}, {}), "interface_taken"),
        (Wanted({}, {"zoe": WantedAgent("Local/1@x", None, "PJSIP/101")}, {}), "interface_taken"),
        (
            Wanted(
                {},
                {
                    "yan": WantedAgent("PJSIP/9", None, "Custom:x"),
                    "zoe": WantedAgent("Local/1@x", None, "PJSIP/9"),
                },
                {},
            ),
            "interface_taken",
        ),
        (Wanted({}, {}, of_penalty(("none", "ann", 0))), "unknown_queue"),
        (Wanted({}, {}, of_penalty(("sales", "none", 0))), "unknown_agent"),
        (Wanted({"sales": {"defaultrule": "gone"}}, {}, {}), "unknown_rule"),
    ],
)
@pytest.mark.parametrize("dry_run", [True, False])
async def test_what_cannot_be_is_refused_first(
    directory: Directory, wanted: Wanted, code: str, dry_run: bool
) -> None:
    await directory.import_all(WANTED)
    before = await in_sql(directory)
    with pytest.raises(Refused) as caught:
        await directory.import_all(wanted, dry_run)
    assert caught.value.code == code
    assert await in_sql(directory) == before


@pytest.mark.parametrize("table", ["rules", "queues", "agents", "members"])
async def test_a_fault_of_sql_in_the_middle_leaves_nothing_done(
    directory: Directory, database: Database, engine: Engine, table: str
) -> None:
    await directory.put_queue("help", QueueSettings("random"))
    await directory.put_agent("ann", "PJSIP/101")
    sql, line = await in_sql(directory), await in_line(engine)

    def fail(*arguments: object) -> None:
        if f"INSERT INTO {table}" in str(arguments[2]):
            raise OperationalError("INSERT", {}, Exception("disk full"))

    event.listen(database.engine.sync_engine, "before_cursor_execute", fail)
    with pytest.raises(OperationalError):
        await directory.import_all(WANTED)
    event.remove(database.engine.sync_engine, "before_cursor_execute", fail)

    assert await in_sql(directory) == sql
    assert await in_line(engine) == line


async def ann_is_rung(directory: Directory, engine: Engine) -> None:
    await directory.import_all(WANTED)
    box = Box(engine, "a")
    await box.attach(PJSIP_101="NOT_INUSE")
    await box.join("sales", 1)
    assert (await engine.agent("ann")).state == "ringing"


async def test_an_agent_who_is_rung_keeps_the_phone_and_nothing_is_done(
    directory: Directory, engine: Engine
) -> None:
    await ann_is_rung(directory, engine)
    await directory.mirror()
    sql, line = await in_sql(directory), await in_line(engine)
    wanted = Wanted(
        queues={"sales": {"strategy": "random"}, "new": {}},
        agents={
            "ben": WantedAgent("PJSIP/202"),
            "ann": WantedAgent("PJSIP/201"),
            "new": WantedAgent("PJSIP/203"),
        },
        members=of_penalty(("new", "new", 0)),
    )

    with pytest.raises(Refused) as caught:
        await directory.import_all(wanted)

    assert (caught.value.code, caught.value.details["agent"]) == ("agent_busy", "ann")
    assert await in_sql(directory) == sql
    # Others' phones were told before; what SQL lacks is taken out again.
    assert await directory.lags()
    assert await directory.mirror() == []
    assert await in_line(engine) == line


async def test_a_line_that_is_away_follows_later(
    database: Database, directory: Directory, engine: Engine
) -> None:
    await directory.mirror()
    async with AsyncExitStack() as stack:
        nowhere = connected(f"redis://127.0.0.1:{unused_port()}/0")
        cut_off = Directory(database, Engine(await stack.enter_async_context(nowhere)))
        assert not (await cut_off.import_all(WANTED)).applied

    assert await directory.lags()
    assert await directory.mirror() == []
    await phones_are_registered(engine)
    assert (await engine.agent("ben")).memberships["sales"].paused


async def test_many_may_share_a_switch(directory: Directory, engine: Engine) -> None:
    agents = {name: WantedAgent(f"Local/{name}@x", None, "Custom:open") for name in ("ann", "ben")}
    await directory.import_all(Wanted({}, agents, {}))
    assert {view.state_interface for view in await engine.agents()} == {"Custom:open"}
