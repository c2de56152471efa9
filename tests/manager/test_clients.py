"""Clients that nobody here wrote: panoramisk (asyncio, plain login) and pystrix (threads, MD5).

What each makes of our answers is its own: they were written for Asterisk.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import panoramisk
import pytest
from pystrix.ami import Manager as Pystrix
from pystrix.ami import core

from coordinator.line.types import QueueSettings
from coordinator.manager.parts import Parts
from tests.api.lines import Box
from tests.manager.client import PATIENCE_S
from tests.manager.conftest import Manager
from tests.manager.test_feed import where
from tests.waiting import eventually

#: The events of one call of which a client makes something.
CALL = [
    "QueueCallerJoin", "AgentCalled", "QueueCallerLeave", "AgentConnect", "AgentComplete",
]  # fmt: skip


async def call(parts: Parts, box: Box) -> None:
    """Ann waits, alice comes, they talk, Ann hangs up."""
    await box.join("sales", 1, "Ann")
    await parts.directory.login("alice")
    offer = await where(parts)
    await box.connect(*offer)
    await box.complete(*offer)


# ── panoramisk ──────────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def panoramic(manager: Manager) -> AsyncIterator[Any]:
    """Logged in as boss."""
    client = panoramisk.Manager(
        loop=asyncio.get_running_loop(), host="127.0.0.1", port=manager.port, username="boss",
        secret="moved", ping_delay=3_600,
    )  # fmt: skip
    await client.connect()

    async def ready() -> bool:
        return bool(client.authenticated)

    await eventually(ready)
    yield client
    client.close()


async def test_panoramisk_lists_queues(box: Box, panoramic: Any) -> None:
    await box.join("sales", 1, "Ann")
    messages = await panoramic.send_action({"Action": "QueueStatus"}, as_list=True)
    events = [message.event for message in messages]
    assert events[1:] == ["QueueParams", "QueueMember", "QueueEntry", "QueueStatusComplete"]
    assert messages[0].success
    assert (messages[2].name, messages[3].calleridname) == ("Alice Adams", "Ann")
    messages = await panoramic.send_action({"Action": "QueueSummary"}, as_list=True)
    assert [message.event for message in messages][1:] == ["QueueSummary", "QueueSummaryComplete"]
    assert messages[1].callers == "1"


async def test_panoramisk_pauses(parts: Parts, box: Box, panoramic: Any) -> None:
    pause = {"Action": "QueuePause", "Interface": "PJSIP/101", "Paused": "true", "Reason": "lunch"}
    answer = await panoramic.send_action(pause)
    assert (answer.success, answer.message) == (True, "Interface paused successfully")
    assert (await parts.directory.agent("alice")).pause_reason == "lunch"
    refused = await panoramic.send_action({**pause, "Interface": "PJSIP/9"})
    assert (refused.success, refused.message) == (False, "Interface not found")


async def test_panoramisk_hears_a_whole_call(parts: Parts, box: Box, panoramic: Any) -> None:
    seen: list[Any] = []

    def note(_: Any, message: Any) -> None:
        seen.append(message)

    for name in CALL:
        panoramic.register_event(name, note)
    await call(parts, box)

    async def whole() -> bool:
        return len(seen) == len(CALL)

    await eventually(whole)
    assert [message.event for message in seen] == CALL
    assert {message.uniqueid for message in seen} == {"a-1"}
    assert (seen[3].membername, seen[4].reason) == ("Alice Adams", "caller")


# ── pystrix ─────────────────────────────────────────────────────────────────────────────────


class Strict:
    """pystrix, off the loop: it blocks. Keeps what it hears."""

    def __init__(self, port: int) -> None:
        self.heard: list[Any] = []
        self._client = Pystrix()
        self._client.register_callback("", self._note)
        self._client.connect("127.0.0.1", port, timeout=PATIENCE_S)

    def _note(self, event: Any, client: Any) -> None:
        self.heard.append(event)

    def login(self, name: str, secret: str) -> Any:
        """By challenge."""
        challenge = self._client.send_action(core.Challenge()).result["Challenge"]
        return self._client.send_action(core.Login(name, secret, challenge=challenge))

    def ask(self, request: Any) -> Any:
        return self._client.send_action(request)

    def listed(self, request: Any) -> Any:
        """The events of a list, once pystrix holds it complete."""
        request.synchronous = True
        answer = self._client.send_action(request)
        assert answer.success
        assert not answer.events_timeout
        return answer.events

    def close(self) -> None:
        """Its reader fails when the socket is closed under it, so it is let read a last answer."""
        reader = self._client._message_reader
        reader.kill()
        self._client.send_action(core.Ping())
        reader.join()
        self._client.close()


async def off(work: Callable[..., Any], *arguments: Any) -> Any:
    return await asyncio.to_thread(work, *arguments)


@pytest.fixture
async def strict(manager: Manager) -> AsyncIterator[Strict]:
    """Logged in as boss, by MD5."""
    client = await off(Strict, manager.port)
    assert (await off(client.login, "boss", "moved")).success
    yield client
    await off(client.close)


async def test_pystrix_lists_queues(parts: Parts, box: Box, strict: Strict) -> None:
    await parts.directory.put_queue("support", QueueSettings(weight=4))
    await box.join("sales", 1, "Ann")
    events = await off(strict.listed, core.QueueStatus())
    assert sorted(event["Queue"] for event in events["QueueParams"]) == ["sales", "support"]
    (member,) = events["QueueMember"]
    assert (member["Location"], member["Penalty"], member["Paused"]) == ("PJSIP/101", "2", "0")
    (entry,) = events["QueueEntry"]
    assert (entry["Position"], entry["CallerIDName"]) == ("1", "Ann")
    (summary,) = (await off(strict.listed, core.QueueSummary("sales")))["QueueSummary"]
    assert (summary["Queue"], summary["Callers"]) == ("sales", "1")


async def test_pystrix_manages_a_member(parts: Parts, box: Box, strict: Strict) -> None:
    added = await off(strict.ask, core.QueueAdd("PJSIP/102", "sales", "Ben", penalty=3))
    assert added.success
    assert (await off(strict.ask, core.QueuePenalty("PJSIP/102", 4, "sales"))).success
    assert (await off(strict.ask, core.QueuePause("PJSIP/102", True))).success
    ben = await parts.directory.agent("Ben")
    assert (ben.interface, ben.paused, ben.logged_in) == ("PJSIP/102", True, True)
    assert (await parts.directory.members("sales"))[1].settings.penalty == 4
    assert (await off(strict.ask, core.QueueRemove("PJSIP/102", "sales"))).success
    assert len(await parts.directory.members("sales")) == 1


async def test_pystrix_hears_a_whole_call(parts: Parts, box: Box, strict: Strict) -> None:
    await call(parts, box)

    async def whole() -> bool:
        return any(event.name == "AgentComplete" for event in list(strict.heard))

    await eventually(whole)
    assert [event.name for event in strict.heard if event.name in CALL] == CALL
