"""One caller over REST: waiting, moved, withdrawn, talking, over; and why."""

import pytest

from coordinator.api.services import Services
from tests.api.client import Client
from tests.api.lines import Box
from tests.waiting import eventually


@pytest.fixture
async def box(admin: Client, services: Services) -> Box:
    """A box with one phone; its agent is at work in the queue sales."""
    await admin.ask("PUT", "/v1/queues/sales", 201, json={})
    await admin.ask("PUT", "/v1/agents/alice", 201, json={"interface": "PJSIP/101"})
    await admin.ask("PUT", "/v1/queues/sales/members/alice", 201)
    box = Box(services.engine, "a")
    await box.attach(PJSIP_101="NOT_INUSE")
    return box


async def test_waiting(admin: Client, box: Box) -> None:
    await box.join("sales", 1, "Ann")
    call_id = await box.join("sales", 2, "Ben")
    call = await admin.ask("GET", f"/v1/calls/{call_id}")
    assert (call["state"], call["position"], call["position_now"]) == ("waiting", 2, 2)
    assert (call["caller_id"], call["caller_id_name"], call["outcome"]) == ("2", "Ben", None)
    assert call["offers"] == []


async def test_another_priority(admin: Client, box: Box) -> None:
    for number in (1, 2, 3):
        await box.join("sales", number)
    moved = await admin.ask("PATCH", "/v1/calls/a-3-1", json={"priority": 5})
    assert moved == {"call_id": "a-3-1", "priority": 5, "position": 1}
    callers = await admin.ask("GET", "/v1/queues/sales/callers")
    assert [caller["call_id"] for caller in callers] == ["a-3-1", "a-1-1", "a-2-1"]


async def test_withdrawn(admin: Client, box: Box) -> None:
    call_id = await box.join("sales", 1)
    await admin.ask("DELETE", f"/v1/calls/{call_id}?reason=closing", 204)
    assert await admin.ask("GET", "/v1/queues/sales/callers") == []

    async def over() -> bool:
        # History follows the line by a moment; a call it has not met at all is not there.
        answer = await admin.get(f"/v1/calls/{call_id}")
        return answer.status_code == 200 and bool(answer.json()["outcome"])

    await eventually(over)
    call = await admin.ask("GET", f"/v1/calls/{call_id}")
    assert (call["outcome"], call["reason"], call["state"]) == ("withdrawn", "closing", None)


async def test_from_the_first_ring_to_the_end(admin: Client, services: Services, box: Box) -> None:
    call_id = await box.join("sales", 1)
    await admin.ask("POST", "/v1/agents/alice/login")
    (caller,) = await admin.ask("GET", "/v1/queues/sales/callers")
    assert (caller["state"], caller["agent"]) == ("ringing", "alice")
    (offer,) = [e for e in await services.engine.journal() if e.type == "offer.made"]
    where = (str(offer.data["offer_id"]), int(offer.data["fence"]))
    assert (await box.connect(*where)).code == "ok"
    live = await admin.ask("GET", f"/v1/calls/{call_id}")
    assert (live["state"], live["position_now"]) == ("talking", None)
    await admin.refused("not_waiting", "PATCH", f"/v1/calls/{call_id}", json={"priority": 1})
    await admin.refused("not_waiting", "DELETE", f"/v1/calls/{call_id}")
    assert (await box.complete(*where)).code == "ok"

    async def over() -> bool:
        return bool((await admin.ask("GET", f"/v1/calls/{call_id}"))["completed_us"])

    await eventually(over)
    call = await admin.ask("GET", f"/v1/calls/{call_id}")
    assert (call["outcome"], call["agent"], call["ended_by"]) == ("answered", "alice", "caller")
    assert call["state"] is None
    (rung,) = call["offers"]
    assert (rung["agent"], rung["outcome"]) == ("alice", "answered")


async def test_why(admin: Client, box: Box) -> None:
    await box.join("sales", 1)
    call_id = await box.join("sales", 2)
    await admin.ask("POST", "/v1/agents/alice/login")
    why = await admin.ask("GET", f"/v1/calls/{call_id}/why")
    assert why["call_id"] == call_id
    story = "\n".join(why["sentences"])
    assert "joined in queue sales on box a" in story
    assert "a-1-1" in story, "who was served first must be told"


async def test_one_nobody_knows(admin: Client) -> None:
    await admin.refused("unknown_call", "GET", "/v1/calls/none")
    await admin.refused("unknown_call", "GET", "/v1/calls/none/why")
    await admin.refused("unknown_call", "PATCH", "/v1/calls/none", json={"priority": 1})
    await admin.refused("unknown_call", "DELETE", "/v1/calls/none")


async def test_past_calls_are_listed_and_paged(admin: Client, box: Box) -> None:
    for number in (1, 2, 3):
        await box.join("sales", number)
        await admin.ask("DELETE", f"/v1/calls/a-{number}-1", 204)

    async def written() -> bool:
        return len(await admin.ask("GET", "/v1/calls?outcome=withdrawn")) == 3

    await eventually(written)
    page = await admin.ask("GET", "/v1/calls?queue=sales&limit=2")
    assert [call["call_id"] for call in page] == ["a-3-1", "a-2-1"]
    rest = await admin.ask("GET", f"/v1/calls?before={page[-1]['call_id']}")
    assert [call["call_id"] for call in rest] == ["a-1-1"]
    assert await admin.ask("GET", "/v1/calls?outcome=answered") == []
    await admin.refused("invalid", "GET", "/v1/calls?limit=0")
